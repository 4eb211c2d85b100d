"""Passages that say the same thing twice, and passages that cannot both be true.

The embedder tells which passages are near each other; whether two of them contradict is decided by rules on their
clauses, because a model has never the last word on a fact. Precise rather than eager: what is not plainly about
the same thing is let pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.assertions import Assertion, about, assertions, headed_apart, is_row
from knowledge.claims import claims
from knowledge.store import Passage

NEAR = 0.5
"""Cosine of two passages from which they are compared at all."""
TWICE = 0.8
"""Share of the words of two passages that must be common to both for near-duplicates."""

_MONEY = frozenset({"usd", "eur", "gbp"})
_SPANS = frozenset({"hour", "day", "week", "month", "year", "night"})

Kind = Literal["hours", "value", "yes or no"]


@dataclass(frozen=True)
class Conflict:
    """Two clauses of which at most one is true."""

    kind: Kind
    one: str
    """The clause of the first passage, as it stands there."""
    other: str


def conflict(one: Passage, other: Passage, common: frozenset[str] = frozenset()) -> Conflict | None:
    """Return the first contradiction between two passages that are near each other in meaning.

    ``common``: stems that say nothing about the subject, such as those of the server's own name.
    """
    if _rows_of_one(one, other) or headed_apart(one, other):
        return None
    ours, theirs = assertions(one), assertions(other)
    for assertion in ours:
        for against in theirs:
            kind = _contradiction(assertion, against, common)
            if (
                kind
                and not _better(assertion, against, theirs, common)
                and not _better(against, assertion, ours, common)
            ):
                return Conflict(kind, assertion.text, against.text)
    return None


def duplicates(one: Passage, other: Passage) -> bool:
    """Tell whether two passages that are near each other say the same in nearly the same words."""
    if _rows_of_one(one, other):
        return False
    if {(c.kind, c.value, c.unit) for c in claims(one.body)} != {(c.kind, c.value, c.unit) for c in claims(other.body)}:
        return False
    if {s.says for s in assertions(one)} != {s.says for s in assertions(other)}:
        return False
    ours, theirs = about(one.body), about(other.body)
    return len(ours & theirs) >= TWICE * len(ours | theirs)


def _contradiction(one: Assertion, other: Assertion, common: frozenset[str]) -> Kind | None:
    if not _same_subject(one, other, common):
        return None
    days_meet = bool(one.days & other.days) or not (one.days or other.days)
    if one.hours and other.hours:
        return "hours" if days_meet and one.hours.contradicts(other.hours) and one.dated == other.dated else None
    if one.days and other.days and not days_meet:
        return None
    if _values_differ(one, other):
        return "value"
    if days_meet and {one.says, other.says} == {True, False} and (one.subject & other.subject) - common:
        return "yes or no"
    return None


def _same_subject(one: Assertion, other: Assertion, common: frozenset[str]) -> bool:
    left, right = one.subject - common, other.subject - common
    if left - other.around or right - one.around:
        return False
    return bool(left & right) or bool(one.hours and other.hours and not (left or right))


def _values_differ(one: Assertion, other: Assertion) -> bool:
    ours, theirs = _grouped(one), _grouped(other)
    money = {unit for unit, _ in (*ours, *theirs)} & _MONEY
    free = [("free", "") in ours, ("free", "") in theirs]
    if any(free):
        return bool(money) and not all(free)
    return any(
        (not (values & others) or (one.subject == other.subject and len(values) == len(others) and values != others))
        for (unit, rate), values in ours.items()
        for (same, by), others in theirs.items()
        if unit == same and (rate == by or (not (rate and by) and not {rate, by} & _SPANS))
    )


def _grouped(assertion: Assertion) -> dict[tuple[str, str], set[str]]:
    groups: dict[tuple[str, str], set[str]] = {}
    for unit, rate, value in assertion.values:
        groups.setdefault((unit, rate), set()).add(value)
    return groups


def _better(one: Assertion, other: Assertion, rest: Sequence[Assertion], common: frozenset[str]) -> bool:
    """Tell whether another clause beside ``other`` is more about what ``one`` is about, or says the very same."""

    def fit(against: Assertion) -> float:
        together = (one.subject | against.subject) - common
        return len((one.subject & against.subject) - common) / len(together) if together else 1.0

    def alike(against: Assertion) -> bool:
        return bool(against.hours) == bool(one.hours) and (not one.days or bool(one.days & against.days))

    if any(_said(one) == _said(against) for against in rest):
        return True
    return any(fit(against) > fit(other) for against in rest if alike(against) and against is not other)


def _said(assertion: Assertion) -> tuple[object, ...]:
    return assertion.subject, assertion.days, assertion.hours, assertion.values, assertion.says


def _rows_of_one(one: Passage, other: Passage) -> bool:
    """Tell whether both are rows of one table, which are alike and yet about two things."""
    return one.document == other.document and is_row(one) and is_row(other)
