"""Whether a value stands beside the words that it belongs to: not Friday's hour for Saturday."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from knowledge.claims import MONTHS, WEEKDAYS, Claim, claims, stem, stems
from knowledge.clauses import clauses, sentences
from knowledge.question import STOP_WORDS, Wanted, content

_TELLING_VERBS = {
    "sell",
    "sells",
    "buy",
    "deliver",
    "delivers",
    "take",
    "takes",
    "give",
    "gives",
    "offer",
    "get",
    "late",
    "early",
}
_FUNCTION_STEMS = frozenset(map(stem, STOP_WORDS - _TELLING_VERBS))


@dataclass(frozen=True)
class _Part:
    """A clause of the notes, with the line around it."""

    held: tuple[Claim, ...]
    words: frozenset[str]
    around: frozenset[str]
    days: frozenset[str]

    def fit(self, anchors: Mapping[str, int], days: frozenset[str]) -> int:
        """Return how well the part fits weighted words: twice the weight in the clause, once around it."""
        here = sum(2 * weight for word, weight in anchors.items() if word in self.words)
        near = sum(weight for word, weight in anchors.items() if word in self.around - self.words)
        return here + near + (4 if days & self.days else 0)


def misplaced(reply: str, question: str, notes: str) -> Iterator[Claim]:
    """Yield the values of a reply that belong to something else in the notes.

    Where the notes hold several values of a kind, each of the reply must come from a clause that fits the words
    of reply and question as well as any other clause with a value of that kind.
    """
    parts = list(_parts(notes))
    asked_with = dict.fromkeys(content(question), 1)
    for _, sentence in sentences(reply):
        days = days_in(sentence) or days_in(question)
        for _, clause in clauses(sentence):
            anchors = asked_with | dict.fromkeys(content(clause) or content(sentence), 2)
            for claim in claims(clause):
                alike = [(part.fit(anchors, days), part) for part in parts if any(_like(claim, c) for c in part.held)]
                own = [fit for fit, part in alike if claim.value in {c.value for c in part.held}]
                best = max((fit for fit, _ in alike), default=0)
                if claim.kind not in {"weekday", "month"} and own and max(own) < best:
                    yield claim


def answers_best(reply: str, question: str, notes: str, wanted: Wanted) -> bool:
    """Tell whether a reply's value comes from a clause that fits the question as well as any with such a value."""
    asking = {word for word in stems(question) if word not in _FUNCTION_STEMS}
    days = days_in(question)
    brought = {(c.kind, c.value) for c in claims(reply)}
    taken: list[set[str]] = []
    left: list[set[str]] = []
    kinds = {kind for kind, _ in brought & wanted.values(notes)}
    kinds = kinds - {"weekday", "month"} or kinds  # a day beside an hour says whose hour it is
    for _, clause in clauses(notes):
        if values := {(kind, value) for kind, value in wanted.values(clause) if kind in kinds}:
            (taken if values & brought else left).append((asking & set(stems(clause))) | (days & days_in(clause)))
    if not taken:
        return True
    best = max(map(len, taken))
    return all(len(words) <= best and words <= set().union(*taken) for words in left)


def between(held: Sequence[Claim]) -> set[tuple[str, str]]:
    """Return (kind, value) of the days and months that lie within ranges such as "Tuesday to Friday"."""
    inside: set[tuple[str, str]] = set()
    for kind, cycle in (("weekday", WEEKDAYS), ("month", MONTHS)):
        row = [claim for claim in held if claim.kind == kind]
        for first, last in pairwise(row):
            if last.start - first.start - len(first.shown) > len(" to "):
                continue
            start, end = cycle.index(first.value), cycle.index(last.value)
            steps = range(start, end + (len(cycle) if end < start else 0))
            inside |= {(kind, cycle[step % len(cycle)]) for step in steps}
    return inside


def days_in(text: str) -> frozenset[str]:
    """Return the weekdays and months that a text names, by name or within a range."""
    held = [claim for claim in claims(text) if claim.kind in {"weekday", "month"}]
    return frozenset({claim.value for claim in held} | {value for _, value in between(held)})


def _parts(notes: str) -> Iterator[_Part]:
    for line in notes.split("\n"):
        around = frozenset(content(line))
        for _, clause in clauses(line):
            yield _Part(tuple(claims(clause)), frozenset(content(clause)), around, days_in(clause))


def _like(one: Claim, other: Claim) -> bool:
    return one.kind == other.kind and (one.kind != "number" or one.unit == other.unit)
