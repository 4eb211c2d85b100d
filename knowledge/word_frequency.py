"""How ordinary a word is, in English and in the languages that a server's documents are written in.

wordfreq's lists count words of subtitles, the web, books, news and chat, and so hold names, brands and places beside
what a dictionary has: a question about Venmo must not become one about venom. Frequencies are Zipf values: the
logarithm to base 10 of how often a word comes in a billion words (van Heuven et al., 2014); 3 is once in a million.
"""

import math
from collections.abc import Iterable, Sequence
from functools import lru_cache

TELLTALES = {
    "de": "und", "fr": "les", "es": "los", "it": "della", "pt": "uma", "nl": "het", "pl": "nie", "sv": "och",
    "da": "ikke", "nb": "ikke", "tr": "bir", "cs": "nebo", "hu": "hogy", "ro": "pentru", "fi": "mutta", "ru": "это",
}  # fmt: skip
"""By language, a word that texts of some length in it hold and texts in English seldom do."""
ORDINARY = 3.0
"""Zipf value from which a word is an ordinary one."""
_USUAL = 60_000  # words of English; the last of them come about 0.2 times in a million words


def frequency(word: str, languages: Iterable[str] = ("en",)) -> float:
    """Return the Zipf value of a word in the language that uses it most; 0 where none does."""
    from wordfreq import get_frequency_dict

    return max(_zipf(get_frequency_dict(language, "best").get(word.lower(), 0.0)) for language in languages)


@lru_cache(64)
def usual(initial: str) -> Sequence[str]:
    """Return the usual English words that begin with a letter."""
    from wordfreq import top_n_list

    return [word for word in top_n_list("en", _USUAL) if word.startswith(initial)]


def _zipf(share: float) -> float:
    return math.log10(share * 1e9) if share else 0.0
