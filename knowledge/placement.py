"""Whether a value or a name stands beside the words that it belongs to: not Friday's hour for Saturday."""

import re
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet

from knowledge.claims import MONTHS, Claim, claims, names, stem, stems
from knowledge.clauses import clauses, sentences
from knowledge.days import days_in
from knowledge.light_words import LIGHT, UNTELLING
from knowledge.question import Wanted, telling
from knowledge.statements import Notes, Part
from knowledge.units import alike, equal, is_measure, measure

_DAYS = frozenset({"weekday", "month"})
_MONTHS = frozenset(map(stem, MONTHS))
_RANGE = re.compile(
    r"\bfrom ([^.;,\n]{1,30}?) (?:to|until|till) ([^.;,\n]{1,30}?)(?=[.;,\n]| and | from |$)", re.IGNORECASE
)
_STARTS = re.compile(r"\b(?:starts?|begins?|opens?)\b", re.IGNORECASE)
_ENDS = re.compile(r"\b(?:ends?|finish(?:es)?|closes?|until|till|over)\b", re.IGNORECASE)
_LENT = 0.5
"""Weight of a word that a listed thing has from the head of its list."""
_EXACT = 2.0
"""Weight of a day and of another value beside the one in question."""


def misplaced(reply: str, notes: Notes) -> Iterator[Claim]:
    """Yield the values of a reply that belong to something else in the notes.

    A word beside a value stands, in the notes, with another value of the kind and not with this one, in a clause
    that fits the words of the reply as well as any that has the value.
    """
    for _, sentence in sentences(reply):
        whole, values = _anchors(sentence), claims(sentence)
        for _, clause in clauses(sentence):
            near, own_days = _anchors(clause), days_in(clause)
            for claim in claims(clause):
                alone = sum(like(claim, other) for other in values) == 1
                days = own_days or (days_in(sentence) if alone else frozenset())
                words = whole if alone or not near else near
                beside = [other for other in claims(clause) if not like(claim, other) and other.kind not in _DAYS]
                if claim.kind == "weekday":
                    days, beside = frozenset(), []
                if claim.kind != "month" and _elsewhere(claim, (words | days) - set(stems(claim.shown)), beside, notes):
                    yield claim


def apart(reply: str, notes: Notes) -> Iterator[Claim]:
    """Yield the values that a clause of the reply puts among the words of another sentence than theirs.

    "You can carry up to 23 items. Each object has a weight" bears no "weight of 23".
    """
    for _, clause in clauses(reply):
        anchors = _anchors(clause) & notes.known
        for claim in claims(clause):
            own = [s for s in notes.statements if any(same(claim, other) for other in s.held)]
            if claim.kind in _DAYS or not own:
                continue

            def fit(words: AbstractSet[str], anchors: AbstractSet[str] = anchors - set(stems(claim.shown))) -> float:
                return sum(notes.weight(word) for word in anchors & words)

            reached = frozenset[str]().union(*(p.words for s in own for p in s.parts), *(s.words for s in own))
            others = [s.words for s in notes.statements if s not in own and len(anchors & s.words - reached) > 1]
            if any(fit(words) > fit(reached) for words in others):
                yield claim


def miscounted(claim: Claim, reply: str, notes: Notes) -> bool:
    """Tell whether a number counts something that the notes know and that no clause with the number has."""
    unit = claim.unit
    after = reply[claim.start + len(claim.shown) :].lstrip(" -")
    if (
        not unit
        or is_measure(unit)
        or unit in LIGHT
        or not re.match(r"[^\W\d_]", after)
        or stem(after.split()[0]) != unit
    ):
        return False
    own = [part for part in notes.parts if _has(part, claim) or any(same(claim, other) for other in part.held)]
    reached = frozenset[str]().union(*(part.words | part.lent | set(stems(part.text)) for part in own))
    return bool(own) and unit in notes.known and unit not in reached


def misnamed(reply: str, notes: Notes) -> Iterator[str]:
    """Yield the names of a reply that stand elsewhere in the notes, where the words beside them have another name."""
    for _, clause in clauses(reply):
        named = {part for word, _, _ in names(clause) for part in stems(word) if part in notes.named}
        anchors = _anchors(clause) - named
        for name in sorted(named):
            own = [part for part in notes.parts if name in part.words]
            others = [part for part in notes.parts if part.names and not part.names & named and part not in own]
            if _fits_worse(anchors, (), own, others, notes, lent=any(part.listed for part in own)):
                yield name


def turned_round(reply: str, notes: Notes) -> Iterator[Claim]:
    """Yield the values with which a reply lets something end that, in the notes, begins with them, or the reverse."""
    firsts, lasts = _ends(notes.text)
    for _, clause in clauses(reply):
        starts, ends = bool(_STARTS.search(clause)), bool(_ENDS.search(clause))
        if starts == ends:
            continue
        wrong, right = (firsts, lasts) if ends else (lasts, firsts)
        values = {(c.kind, c.value) for c in claims(clause)}
        if values & wrong and not values & right:
            yield next(c for c in claims(clause) if (c.kind, c.value) in wrong)


def _ends(text: str) -> tuple[set[tuple[str, str]], set[tuple[str, str]]]:
    """Return the values with which the ranges of a text begin, and those with which they end."""
    firsts, lasts = set[tuple[str, str]](), set[tuple[str, str]]()
    for match in _RANGE.finditer(text):
        firsts |= {(c.kind, c.value) for c in claims(match[1])}
        lasts |= {(c.kind, c.value) for c in claims(match[2])}
    return firsts - lasts, lasts - firsts


def off_question(reply: str, question: str, notes: Notes, wanted: Wanted) -> bool:
    """Tell whether each value that a reply brings is, in the notes, another thing's than the question's."""
    there = wanted.among(notes.text, loose=True)
    brought = [claim for claim in claims(reply) if any(same(claim, other) for other in there)]
    plain = [claim for claim in brought if claim.kind not in _DAYS] or brought
    anchors = _anchors(question) | days_in(question)
    if "name" in wanted.kinds and not plain:
        named = {part for word, _, _ in names(reply) for part in stems(word) if part in notes.named}
        own = [part for part in notes.parts if part.names & named]
        others = [part for part in notes.parts if part.names and part not in own]
        return _fits_worse(anchors - named, (), own, others, notes)
    return bool(plain) and all(_elsewhere(claim, anchors, (), notes) for claim in plain)


def like(one: Claim, other: Claim) -> bool:
    """Tell whether two values could stand in each other's place."""
    if one.kind != other.kind:
        return False
    if {one.unit, other.unit} <= _MONTHS:
        return True
    if one.kind != "number" or measure(one.unit) == measure(other.unit):
        return True
    if is_measure(one.unit) and is_measure(other.unit):
        return alike(one.unit, other.unit)
    return not (is_measure(one.unit) or is_measure(other.unit)) and "" in {one.unit, other.unit}


def same(one: Claim, other: Claim) -> bool:
    """Tell whether two values are one, as written or converted."""
    return (one.kind, one.value) == (other.kind, other.value) or equal(one, other)


def _anchors(text: str) -> set[str]:
    """Return the words that tell which of several values is meant."""
    return {word for word in telling(text) - UNTELLING if not is_measure(word)}


def _elsewhere(claim: Claim, anchors: AbstractSet[str], beside: Sequence[Claim], notes: Notes) -> bool:
    own = [part for part in notes.parts if _has(part, claim)]
    others = [part for part in notes.parts if part not in own and any(like(claim, other) for other in part.held)]
    return _fits_worse(anchors, beside, own, others, notes)


def _has(part: Part, claim: Claim) -> bool:
    if claim.kind in _DAYS:
        return claim.value in part.days
    return any((same(claim, other) and like(claim, other)) or equal(claim, other) for other in part.held)


def _fits_worse(  # noqa: PLR0913, PLR0917 -- both sides, and what they are weighed by
    anchors: AbstractSet[str],
    beside: Sequence[Claim],
    own: Sequence[Part],
    others: Sequence[Part],
    notes: Notes,
    lent: bool = False,
) -> bool:
    """Tell whether a clause of ``others`` has an anchor that none of ``own`` has, and fits all anchors as well."""

    def fit(part: Part) -> float:
        words = sum(notes.weight(word) for word in anchors & part.words)
        words += _LENT * sum(notes.weight(word) for word in anchors & part.lent - part.words)
        days = sum(_EXACT for day in anchors & part.days)
        return words + days + sum(_EXACT for value in beside if _has(part, value))

    if not own or not others:
        return False
    best = max(map(fit, own))
    around = [part for part in notes.parts if part not in others and part.statement in {p.statement for p in own}]
    reached = frozenset[str]().union(*(part.words | part.days for part in (*own, *around)))
    lent_to = frozenset[str]().union(*(part.lent for part in own))
    apart = [value for value in beside if not any(_has(part, value) for part in own)]
    for part in others:
        words = part.words | part.days
        told = lent or any(anchors & p.words - words for p in own)  # then what the list's head says counts as its own
        beyond = anchors & words - reached - (lent_to if told else frozenset())
        rival = max((fit(p) for p in own if anchors & (p.words | p.days) - words), default=-1.0)
        if fit(part) >= best and fit(part) > rival and (beyond or any(_has(part, value) for value in apart)):
            return True
    return False
