"""Limits in the notes, "free above $40" or "15 or more", and whether a number of the question lies within."""

import re
from dataclasses import dataclass

from knowledge.claims import Claim, claims
from knowledge.units import equal, is_measure, measure

_NUMBER = r"(?P<number>[$\u20ac\u00a3]?\s?\d[\d,.]*\d|[$\u20ac\u00a3]?\s?\d|[a-z]+)"
_WORD = r"(?:\s?[a-z%\u20ac\u00a3$]+)?"
_LIMIT = re.compile(
    rf"""(?:
    (?P<most>\b(?:no\ more\ than|not\ more\ than|not\ exceeding|at\ most|up\ to|maximum(?:\ of)?|max\.?|within
        |(?:kept|valid|stored|held|reopened)\ for
        |(?:largest|biggest|longest|heaviest|tallest|max(?:imum)?)(?:\ [a-z]+){{0,4}}?(?:\ is|\ of|:)))
    |(?P<least>\b(?:at\ least|no\ less\ than|not\ less\ than|minimum(?:\ of)?
        |(?:start(?:s|ing)?|opens?|unlocks?)\ (?:at|from):?
        |from(?:\ age)?|as\ from|aged|requires?:?|needs?:?|min(?:imum)?\.?(?:\ \w+)?(?:\ for\ \w+)?(?:\ is|\ of|:)?))
    |(?P<above>\b(?:above|over|more\ than|exceeding|beyond|(?:old|larg|heavi|long|bigg)er\ than))
    |(?P<below>\b(?:below|under|less\ than|fewer\ than|(?:young|small|light|short)er\ than))
    )\ (?:age\ |the\ age\ of\ |level\ |a\ |an\ |one\ |[A-Z]\w+\ (?=\d))*{_NUMBER}\b
    |{_NUMBER.replace("number", "number2")}{_WORD}(?:\ old|\ of\ age)?\ (?:
        (?P<least2>(?:or|and)\ (?:more|older|newer|later|over|above|up|upwards|larger|longer|higher|heavier))
        |(?P<most2>(?:or|and)\ (?:less|fewer|younger|under|below|smaller|shorter|lower)))\b""",
    re.IGNORECASE | re.VERBOSE,
)
_AGE = re.compile(r"\b(?:age[ds]?|years?|old|older|younger|kids?|child|children|under \d+s)\b", re.IGNORECASE)


@dataclass(frozen=True)
class Limit:
    """One limit of a clause."""

    bound: Claim
    least: bool
    """Whether numbers from the bound upwards lie within."""
    within: bool
    """Whether the bound itself lies within."""
    start: int
    end: int

    def holds(self, number: Claim) -> bool | None:
        """Tell whether a number lies within; None where they cannot be compared."""
        try:
            value, bound = float(number.value), float(self.bound.value)
        except ValueError:
            return None
        if measure(number.unit) != measure(self.bound.unit) and is_measure(number.unit) and is_measure(self.bound.unit):
            return None
        if value == bound or equal(number, self.bound):
            return self.within
        return (value > bound) == self.least


def limits(clause: str) -> list[Limit]:
    """Return the limits of a clause, in order."""
    held = claims(clause)
    found = []
    for match in _LIMIT.finditer(clause):
        group = "number" if match["number"] else "number2"
        bound = next((c for c in held if c.kind == "number" and match.start(group) <= c.start < match.end(group)), None)
        if bound is None:
            continue
        least = bool(match["least"] or match["above"] or match["least2"])
        within = not (match["above"] or match["below"])
        found.append(Limit(bound, least, within, match.start(), match.end()))
    return found


def compared(question: str, clause: str) -> bool | None:
    """Tell whether the question's number lies within the limits of a clause; None where nothing can be compared."""
    numbers = [claim for claim in claims(question) if claim.kind == "number"]
    found = limits(clause)
    if not numbers or not found:
        return None
    verdicts = [limit.holds(number) for number in numbers for limit in found if _alike(number, limit, question, clause)]
    known = [verdict for verdict in verdicts if verdict is not None]
    return all(known) if known else None


def _alike(number: Claim, limit: Limit, question: str, clause: str) -> bool:
    """Tell whether a number of the question may count what a limit counts."""
    one, other = measure(number.unit), measure(limit.bound.unit)
    if one == other or (is_measure(number.unit) and is_measure(limit.bound.unit)):
        return True
    if is_measure(limit.bound.unit):
        return not number.unit or not is_measure(number.unit)
    return not is_measure(number.unit) or bool(_AGE.search(question) and _AGE.search(clause))
