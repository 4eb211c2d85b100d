"""Opening hours in a clause: "Mon 9-17", "from 9 am to 5 pm on weekdays", "closed on Sundays"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.claims import WEEKDAYS, stem
from knowledge.days import days_in

DAYS = frozenset(map(stem, (*WEEKDAYS, "mon", "tue", "tues", "wed", "thu", "thurs", "fri", "sat", "sun")))

_HOUR = r"(?:(\d{1,2})(?:[:.](\d\d))?\s?([ap]\.?m\b\.?)?|(noon|midnight))"
_RANGE = re.compile(
    rf"(?<![\w.:$\u20ac\u00a3]){_HOUR}\s*(?:-|\u2013|\bto\b|\buntil\b|\btill\b|\band\b)\s*{_HOUR}(?![\w%])",
    re.IGNORECASE,
)
_OPENS = re.compile(rf"\bopens?(?:\ at|:)?\s*{_HOUR}", re.IGNORECASE | re.VERBOSE)
_CLOSES = re.compile(
    rf"\b(?:closes?|closing|open\suntil|open\still)(?:\ at|:)?\s*{_HOUR}".replace(" ", ""), re.IGNORECASE
)
_CLOSED = re.compile(r"\bclosed\b", re.IGNORECASE)
_OPEN = re.compile(r"\b(?:open|opens|opening|hours|visit)\b", re.IGNORECASE)
_BARE = re.compile(r"\s*(?:$|[.,;()]|(?:on|every|daily|hours|hrs|h|o'clock|uhr)\b)", re.IGNORECASE)
_DAY = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)", re.IGNORECASE)
_DAILY = re.compile(r"\b(?:daily|every day|each day|seven days|7 days a week|all week)\b", re.IGNORECASE)
_WEEKDAYS = re.compile(r"\bweekdays?\b", re.IGNORECASE)
_WEEKENDS = re.compile(r"\bweekends?\b", re.IGNORECASE)
_HALF = 12
_Clock = Sequence[str | None]
"""Hour, minute, half of the day, and noon or midnight, as they are written."""


@dataclass(frozen=True)
class Hours:
    """From when until when, as minutes after midnight; None where that end is not told."""

    opens: int | None = None
    closes: int | None = None
    closed: bool = False

    def contradicts(self, other: "Hours") -> bool:
        """Tell whether both cannot hold of one day."""
        if self.closed or other.closed:
            return self.closed != other.closed
        ends = ((self.opens, other.opens), (self.closes, other.closes))
        return any(one is not None and two is not None and one != two for one, two in ends)


def hours_in(clause: str) -> Hours | None:
    """Return the hours that a clause tells, None where it tells none."""
    spoken_of = bool(_OPEN.search(clause)) or bool(days_named(clause))
    if spoken_of and (found := _RANGE.search(clause)):
        first, last = found.groups()[:4], found.groups()[4:]
        opens, closes = _minutes(first, last), _minutes(last)
        clock = any((first[1], first[2], first[3], last[1], last[2], last[3]))
        if (
            opens is not None
            and closes is not None
            and (clock or (opens < closes and _BARE.match(clause, found.end())))
        ):
            return Hours(opens, closes)
    opened, shut = _OPENS.search(clause), _CLOSES.search(clause)
    if opened or shut:
        return Hours(
            _minutes(opened.groups()) if opened else None,
            _minutes(shut.groups()) if shut else None,
        )
    return Hours(closed=True) if days_named(clause) and _CLOSED.search(clause) else None


def days_named(text: str) -> frozenset[str]:
    """Return the weekdays that a text names, alone, in a range or as weekdays, weekends or every day."""
    found = set(days_in(text)) & set(WEEKDAYS) if _DAY.search(text) else set[str]()
    if _DAILY.search(text):
        found |= set(WEEKDAYS)
    if _WEEKDAYS.search(text):
        found |= set(WEEKDAYS[:5])
    if _WEEKENDS.search(text):
        found |= set(WEEKDAYS[5:])
    return frozenset(found)


def _minutes(clock: _Clock, later: _Clock | None = None) -> int | None:
    """Return minutes after midnight; ``later``: the end of the range, which in "1-5 pm" says pm for both."""
    hour, minute, half, word = clock
    if word:
        return 0 if word.lower() == "midnight" else _HALF * 60
    if hour is None or int(hour) > 2 * _HALF or int(minute or 0) > 59:  # noqa: PLR2004 -- a clock's last minute
        return None
    value = int(hour)
    if half is None and later and later[0] and later[2] and value < int(later[0]) < _HALF:
        half = later[2]
    if half and value <= _HALF:
        value = value % _HALF + (_HALF if half.lower().startswith("p") else 0)
    return value * 60 + int(minute or 0)
