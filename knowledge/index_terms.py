"""Text to the terms that its words are found by, where no full text index does it.

The same words as SQLite's ``porter unicode61 remove_diacritics 2`` finds: runs of letters and digits, in small
letters without accents, cut by Porter's algorithm (SQLite's stems of words in -bly and -logy are one letter shorter;
of 327,000 words of English help pages 99.95 % are cut alike).
"""

import functools
import re
import unicodedata

import snowballstemmer

_ACCENT = re.compile("[\u0300-\u036f]")
_RUN = re.compile(r"[^\W_]+")
_LONGEST = 400  # characters; PostgreSQL takes no lexeme of more than 2,046 bytes
_LEAST, _MOST = 3, 64  # bytes; SQLite cuts no shorter and no longer word


def terms(text: str) -> list[str]:
    """Return the term of each word, its stem, in their order."""
    if not text.isascii():
        text = unicodedata.normalize("NFC", _ACCENT.sub("", unicodedata.normalize("NFD", text)))
    # A sigma at the end of a word is the same letter.
    return [_stem(word[:_LONGEST]) for word in _RUN.findall(text.lower().replace("\u03c2", "\u03c3"))]


@functools.lru_cache(100_000)
def _stem(word: str) -> str:
    if not _LEAST <= len(word.encode(errors="replace")) <= _MOST:
        return word
    return str(snowballstemmer.stemmer("porter").stemWord(word))  # a new one: two threads cannot share a stemmer
