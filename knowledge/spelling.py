"""A question with its words as the server's documents write them: misspelt ones mended, shortenings written out.

Only a word that the server does not have is looked at, and only if it is no ordinary word of a language: a question
about what the documents leave out has to stay one. Distances are optimal string alignment (rapidfuzz): letters put
in, left out, exchanged, or two neighbours swapped.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.index_terms import terms
from knowledge.shortenings import written_out
from knowledge.store import COMMON, Store
from knowledge.word_frequency import ORDINARY, TELLTALES, frequency, usual

_WORD = re.compile(r"(?<![\w@#/.:<])(?<!\W-)[^\W\d_]{4,40}(?![\w@/]|['\u2019]t\b|[.:]\w)")
"""Not part of a link, an address, a mention or a code, and not the beginning of "couldn't"."""
_RARE = 2.0
"""Zipf value below which a word may be misspelt; from there to an ordinary one, only where what it is mended to is a
hundred times as frequent ("recieved" and "received", but not "Venmo" and "venom")."""
_TIMES = 2.0
_OWN = 1.0
"""How much more likely, as a power of ten, a word of the server's is meant than another one as frequent."""
_SHORT, _LONG = 5, 8
"""Letters below which, in both words, only swapped neighbours count, and from which two edits are bridged."""
_CANDIDATES = 12
_READ = 3  # passages, for how a word is written


def mended(store: Store, server: str, question: str, channels: Sequence[str] = ()) -> str:
    """Return the question in the documents' words, those that are put in in small letters.

    They are taken from passages alone that may be used from the channels. Raises BadServer, UnknownServer.
    """
    whole = written_out(question, lambda word: _holding(store, server, word) > 0)
    return _WORD.sub(lambda found: _meant(store, server, found[0], channels) or found[0], whole)


def _meant(store: Store, server: str, written: str, channels: Sequence[str]) -> str | None:
    word = written.lower()
    own = frequency(word)
    if own >= ORDINARY or not word.islower() or _holding(store, server, word):
        return None
    near = _near_words(word)
    held = {other: _holding(store, server, other, channels) for other in near}
    near |= _near_terms(store, server, word, channels)
    held |= {other: _holding(store, server, other, channels) for other in near if other not in held}
    meant = min((other for other in near if held[other]), key=lambda o: (near[o], -held[o], -frequency(o)), default="")
    if not meant or (own >= _RARE and frequency(meant) - own < _TIMES):
        return None
    bound = frequency(meant) + _OWN
    if any(near[other] <= near[meant] and frequency(other) > bound for other in near if not held[other]):
        return None  # rather an ordinary word that the server does not use
    languages = [language for language, tells in TELLTALES.items() if _holding(store, server, tells)]
    return None if languages and frequency(word, languages) >= _RARE else meant


def _holding(store: Store, server: str, word: str, channels: Sequence[str] = ()) -> int:
    """Return how many passages hold a word, at most one more than ``COMMON``."""
    found = store.matches(server, word, channels)
    return COMMON + 1 if found is None else len(found[0])


def _near_words(word: str) -> dict[str, float]:
    """Return the words of English that may be meant, each with its edits."""
    return _bridged(word, _close(word, [other for initial in _initials(word) for other in usual(initial)]))


def _near_terms(store: Store, server: str, word: str, channels: Sequence[str]) -> dict[str, float]:
    """Return the server's words that may be meant, names above all, each with its edits."""
    forms = dict.fromkeys((word, *terms(word)))
    known = [term for initial in _initials("".join(forms)) for term in store.terms(server, initial)]
    close = dict.fromkeys(term for form in forms for term in _close(form, known))
    return _bridged(word, [spelled for term in close for spelled in _spelled(store, server, term, channels)])


def _initials(word: str) -> str:
    """Return the letters that a word may begin with: its first, which is seldom wrong (Kukich, 1992), or its second."""
    return "".join(dict.fromkeys(word[:2]))


def _close(word: str, among: Sequence[str]) -> list[str]:
    bridged = 1 if len(word) < _LONG else 2
    found = process.extract(word, among, scorer=OSA.distance, score_cutoff=bridged, limit=_CANDIDATES)
    return [other for other, _, _ in found]


def _bridged(word: str, others: Iterable[str]) -> dict[str, float]:
    """Return the edits between a word and those that may be meant; swapped letters are half an edit nearer."""
    most = 1 if len(word) < _LONG else 2
    edits = {other: OSA.distance(word, other) - (sorted(word) == sorted(other)) / 2 for other in others}
    long = {other for other in edits if max(len(word), len(other)) >= _SHORT}
    return {other: some for other, some in edits.items() if some < 1 or (some <= most and other in long)}


def _spelled(store: Store, server: str, term: str, channels: Sequence[str]) -> Iterator[str]:
    """Yield how passages that may be seen write a term's words."""
    # A stem need not be its own stem: "purchas" is found by "purchase".
    asked = next((one for one in (term, f"{term}e", f"{term}es") if terms(one) == [term]), None)
    found = store.matches(server, asked, channels) if asked else None
    if found is None or not len(found[0]):
        return
    for stored in store.load(server, "", found[0][:_READ].tolist()):
        for word in dict.fromkeys(re.findall(r"[^\W\d_]+", stored.passage.searchable.lower())):
            if terms(word) == [term]:
                yield word
