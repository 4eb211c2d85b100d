"""Whether each clause of a reply restates its notes, or is the voice's own flourish.

A clause that shares a word with notes or question is held to the notes: nearly all of its content words must be
theirs, its values and names must stand together in one sentence there, and it must deny where they deny.
"""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import pairwise

from knowledge.claims import MONTHS, WEEKDAYS, claims, names, stem, stems
from knowledge.clauses import clauses, sentences
from knowledge.placement import days_in
from knowledge.polarity import denies, negative
from knowledge.question import STOP_WORDS, asked, content

# Words that carry no fact of their own beside the names and values that they join.
_NEUTRAL = frozenset(
    map(
        stem,
        "cost come need make made happen take pay head grab bring visit set look pick only just list note".split(),
    )
)
# Words that relate two things, which the notes must relate in some such word too.
_RELATIONS = tuple(
    (re.compile(said, re.IGNORECASE), re.compile(there, re.IGNORECASE))
    for said, there in (
        (r"\bsame\b", r"\bsame\b"),
        (r"\bany other\b|\bthan\b", r"\bother\b|\bthan\b"),
        (r"\b(?:gets?|earns?|wins?|receives?)\b", r"\b(?:gets?|gives?|earns?|wins?|receives?|rewards?|pays?)\b"),
    )
)
_DAYS = frozenset(map(stem, (*WEEKDAYS, *MONTHS)))  # compared as days, ranges included
_LIST = 3  # names or values from which a clause counts as a list, which may gather from several sentences
_ENOUGH = 0.8  # share of a clause's content words that must be known
_REGRET = re.compile(r"\b(?:sorry|afraid|alas|sadly|no (?:worries|problem))\b", re.IGNORECASE)
_ITEM = re.compile(r",|\b(?:or|and|to)\b")
_LISTED = re.compile(r"\b(?:list|listed|notes?|log|logbook|map|menu)\b", re.IGNORECASE)
_TURN = re.compile(r"\b(?:though|but|yet)\b[^.,!?]*\b(?:does|do|is|are|can|will|did)\W*$", re.IGNORECASE)


@dataclass(frozen=True)
class _Sentence:
    """A sentence of the notes with its note's title line, which is about all of the note's sentences."""

    text: str
    words: frozenset[str]
    values: frozenset[tuple[str, str]]
    days: frozenset[str]


def unsupported(reply: str, question: str, notes: str, voice: AbstractSet[str]) -> Iterator[str]:
    """Yield the clauses of a reply that do not restate the notes though they speak of the same things.

    A sentence that stutters, or runs names together that the notes hold apart, is yielded whole.
    """
    for _, sentence in sentences(reply):
        if _stutters(sentence) or _splices(sentence, notes) or _TURN.search(sentence):
            yield sentence
    known = frozenset(stems(notes))
    queried = frozenset(content(question))
    own = frozenset(map(stem, voice)) | _NEUTRAL
    basis = list(_sentences(notes))
    title = basis[0].words if basis else frozenset()
    yes_no = asked(question).yes_no
    for _, sentence in sentences(reply):
        subjects = set(content(" ".join(word for word, _, _ in names(sentence)))) & known - title
        for _, clause in clauses(sentence):
            if sentence.rstrip().endswith("?"):
                continue
            if not _stands(clause, known, queried, own, basis, notes, yes_no=yes_no) or not _of_subject(
                clause, subjects, basis
            ):
                yield clause


def beside_the_point(reply: str, question: str, notes: str) -> bool:
    """Tell whether the sentence of the notes that a reply restates fits the question worse than another one does."""
    said, wanted = set(content(reply)), set(content(question))
    fits = [(len(said & s.words), len(wanted & s.words)) for s in _sentences(notes) if not s.text.endswith("?")]
    best = max((fit for _, fit in fits), default=0)
    nearest = max((near for near, _ in fits), default=0)
    return bool(fits) and all(fit < best for near, fit in fits if near == nearest)


def _of_subject(clause: str, subjects: AbstractSet[str], basis: list[_Sentence]) -> bool:
    """Tell whether what a clause says is said of a name of its sentence: "That's Pickle, the oldest brewer"."""
    words = set(content(clause)) - subjects
    fits = [(len(words & set(content(s.text))), bool(subjects & s.words)) for s in basis]
    best = max((fit for fit, _ in fits), default=0)
    return not subjects or best < 2 or any(of for fit, of in fits if fit == best)  # noqa: PLR2004 -- one word is chance


def _stutters(sentence: str) -> bool:
    """Tell whether a sentence says one content word twice in a row, or lists one thing twice."""
    words = [stem(word) for word in re.findall(r"[^\W\d_]{4,}", sentence)]
    items = [part.strip(" .!").lower() for part in _ITEM.split(sentence) if part.strip()[:1].isupper()]
    return any(one == other for one, other in pairwise(words)) or len(items) != len(set(items))


def _splices(sentence: str, notes: str) -> bool:
    """Tell whether two capitalised words that stand side by side stand apart in the notes."""
    there = " ".join(stems(notes))
    found = list(names(sentence))
    for (first, start, _), (second, next_start, opens) in pairwise(found):
        beside = sentence[start + len(first) : next_start] in {" ", "'s ", "\u2019s "}
        if beside and not opens and f"{' '.join(stems(first))} {' '.join(stems(second))}" not in there:
            return stem(first) in there and stem(second) in there
    return False


def _stands(  # noqa: PLR0913, PLR0917 -- what the clause is held against, read off once for all clauses
    clause: str,
    known: frozenset[str],
    queried: frozenset[str],
    own: frozenset[str],
    basis: list[_Sentence],
    notes: str,
    *,
    yes_no: bool,
) -> bool:
    words = set(content(clause)) - _DAYS
    values = {(c.kind, c.value) for c in claims(clause) if c.kind not in {"weekday", "month"}}
    topical = (words & (known | queried)) - (own - known)
    if not topical and not values:
        return True
    if negative(clause) and words & (queried - known) and (yes_no or _LISTED.search(clause)):
        return True
    named = _named(clause, own) & known
    strangers = words - known - own - (frozenset() if values or named else queried)
    if len(strangers) > (0 if values or named else 1 - _ENOUGH) * len(words):
        return False
    if any(word.search(clause) and not there.search(notes) for word, there in _RELATIONS):
        return False
    together = values | {("name", part) for part in named}
    days = days_in(clause)
    if len(together) < _LIST:
        basis = [s for s in basis if together <= s.values | {("name", w) for w in s.words}]
    if days:
        basis = [s for s in basis if days <= s.days]
    return bool(basis) and _denies_alike(clause, words, queried, basis)


def _named(clause: str, own: frozenset[str]) -> set[str]:
    """Return the stems of a clause's names, without words of the voice that only open it."""
    found = ((word, opens) for word, _, opens in names(clause))
    return {
        s
        for word, opens in found
        if not (opens and (stem(word) in own or word.lower() in STOP_WORDS))
        for s in stems(word)
    }


def _denies_alike(clause: str, words: set[str], queried: frozenset[str], basis: list[_Sentence]) -> bool:
    """Tell whether a clause denies only where the sentences that it is nearest to deny."""
    fits = [(2 * len(words & s.words) + len(queried & s.words), s.text) for s in basis]
    best = max(fit for fit, _ in fits)
    nearest = [text for fit, text in fits if fit == best]
    denying = negative(_REGRET.sub("", clause))
    return not denying or any(denies(text, tuple(words | queried)) for text in nearest)


def _sentences(notes: str) -> Iterator[_Sentence]:
    title, _, rest = notes.partition("\n")
    above = frozenset(stems(title)) if rest else frozenset()
    for _, text in sentences(notes):
        values = frozenset((c.kind, c.value) for c in claims(text))
        yield _Sentence(text, frozenset(stems(text)) | above, values, days_in(text))
