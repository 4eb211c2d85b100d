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
    yes_no = asked(question).yes_no
    for _, sentence in sentences(reply):
        subjects = set(content(" ".join(word for word, _, _ in names(sentence)))) & known - basis[0].words
        for _, clause in clauses(sentence):
            if sentence.rstrip().endswith("?"):
                continue
            if not _stands(clause, known, queried, own, basis, yes_no=yes_no) or not _of_subject(
                clause, subjects, basis
            ):
                yield clause


def _of_subject(clause: str, subjects: AbstractSet[str], basis: list[_Sentence]) -> bool:
    """Tell whether what a clause says is said of a name of its sentence: "That's Pickle, the oldest brewer"."""
    words = set(content(clause)) - subjects
    fits = [(len(words & set(content(s.text))), bool(subjects & s.words)) for s in basis]
    best = max(fit for fit, _ in fits)
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


def _stands(  # noqa: PLR0913 -- what the clause is held against, read off once for all clauses
    clause: str,
    known: frozenset[str],
    queried: frozenset[str],
    own: frozenset[str],
    basis: list[_Sentence],
    *,
    yes_no: bool,
) -> bool:
    words = set(content(clause)) - _DAYS
    values = {(c.kind, c.value) for c in claims(clause) if c.kind not in {"weekday", "month"}}
    topical = (words & (known | queried)) - (own - known)
    if not topical and not values:
        return True
    denied = words & (queried - known)
    named = {
        part
        for word, _, opens in names(clause)
        for part in stems(word)
        if not (opens and (stem(word) in own or word.lower() in STOP_WORDS))
    }
    strangers = words - known - own - (frozenset() if values else queried)
    if len(strangers) > (0 if values or named & known else 1 - _ENOUGH) * len(words):
        return False
    if negative(clause) and denied and (yes_no or _LISTED.search(clause)):
        return True
    together = values | {("name", part) for part in named & known}
    days = days_in(clause)
    if len(together) < _LIST:
        basis = [s for s in basis if together <= s.values | {("name", w) for w in s.words}]
    if days:
        basis = [s for s in basis if days <= s.days]
    return bool(basis) and _denies_alike(clause, words, queried, basis)


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
