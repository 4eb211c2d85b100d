"""A question with its words as the server's documents write them: misspelt ones mended, shortenings written out.

Only a word that the server does not have is looked at, and only if it is no ordinary word of a language: a question
about what the documents leave out has to stay one. Distances are optimal string alignment (rapidfuzz): letters put
in, left out, exchanged, or two neighbours swapped.
"""

import re
from collections.abc import Iterator, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from knowledge.index_terms import terms
from knowledge.shortenings import written_out
from knowledge.store import Store
from knowledge.word_frequency import ORDINARY, TELLTALES, common, frequency

_WORD = re.compile(r"(?<![\w@#/.:<-])[^\W\d_]{4,40}(?![\w@/]|['\u2019]t\b|[.:]\w)")
"""Not part of a link, an address, a mention or a code, and not the beginning of "couldn't"."""
_RARE = 2.0
"""Zipf value below which a word may be misspelt; from there to an ordinary one, only where what it is mended to is a
hundred times as frequent ("recieved" and "received", but not "Venmo" and "venom")."""
_TIMES = 2.0
_OWN = 1.0
"""How much more likely, as a power of ten, a word of the server's is meant than another one as frequent."""
_SHORT, _LONG = 5, 8
"""Letters below which only two swapped neighbours count, and from which two edits are bridged, else one."""
_CANDIDATES = 8
_READ = 3  # passages, for how a word is written


def mended(store: Store, server: str, question: str, channels: Sequence[str] = ()) -> str:
    """Return the question in the documents' words, those that are put in in small letters.

    They are taken from passages alone that may be used from the channels. Raises BadServer, UnknownServer.
    """
    whole = written_out(question, lambda word: _held(store, server, word))
    return _WORD.sub(lambda found: _meant(store, server, found[0], channels) or found[0], whole)


def _meant(store: Store, server: str, written: str, channels: Sequence[str]) -> str | None:
    word = written.lower()
    usual = frequency(word)
    if usual >= ORDINARY or not word.islower() or _held(store, server, word):
        return None
    edits, _, meant = min(_near(store, server, word, channels), default=(0.0, 0, ""))
    if not meant or (usual >= _RARE and frequency(meant) - usual < _TIMES) or _rather_ordinary(word, meant, edits):
        return None
    languages = [language for language, tells in TELLTALES.items() if _held(store, server, tells)]
    return None if languages and frequency(word, languages) >= _RARE else meant


def _held(store: Store, server: str, word: str) -> bool:
    found = store.matches(server, word)
    return found is None or len(found[0]) > 0


def _near(store: Store, server: str, word: str, channels: Sequence[str]) -> Iterator[tuple[float, int, str]]:
    """Yield (edits, less the passages that hold it, how it is written) of the server's words that may be meant.

    The first letter is seldom wrong (Kukich, 1992): it is taken as it is, or as the second of two that were swapped.
    """
    bridged = 1 if len(word) < _LONG else 2
    forms = dict.fromkeys((word, *terms(word)))
    known = [
        term for initial in dict.fromkeys("".join(form[:2] for form in forms)) for term in store.terms(server, initial)
    ]
    close = {
        term
        for form in forms
        for term, _, _ in process.extract(
            form, known, scorer=OSA.distance, score_cutoff=bridged, limit=_CANDIDATES, processor=None
        )
    }
    for term in sorted(close):
        for spelled, passages in _spelled(store, server, term, channels):
            edits = _edits(word, spelled)
            if edits <= bridged and (edits < 1 or len(word) >= _SHORT):
                yield edits, -passages, spelled


def _spelled(store: Store, server: str, term: str, channels: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Yield how passages that may be seen write a term's words, each with how many passages hold the term."""
    # A stem need not be its own stem: "purchas" is found by "purchase".
    asked = next((one for one in (term, f"{term}e", f"{term}es") if terms(one) == [term]), None)
    held = store.matches(server, asked, channels) if asked else None
    if held is None or not len(held[0]):
        return
    for stored in store.load(server, "", held[0][:_READ].tolist()):
        for word in dict.fromkeys(re.findall(r"[^\W\d_]+", stored.passage.searchable.lower())):
            if terms(word) == [term]:
                yield word, len(held[0])


def _edits(word: str, other: str) -> float:
    """Return how many edits lie between two words; letters in another order are half an edit nearer."""
    return float(OSA.distance(word, other)) - (sorted(word) == sorted(other)) / 2


def _rather_ordinary(word: str, meant: str, edits: float) -> bool:
    """Tell whether a common word that the server does not use is written as nearly so and is far more frequent."""
    bound = frequency(meant) + _OWN
    near = process.extract(
        word,
        [other for initial in dict.fromkeys(word[:2]) for other in common(initial)],
        scorer=OSA.distance,
        score_cutoff=int(edits + 0.5),
        limit=None,
    )
    return any(other != meant and _edits(word, other) <= edits and frequency(other) > bound for other, _, _ in near)
