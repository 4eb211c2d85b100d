"""Expressions for days in a text: weekdays, dates, feasts, months."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from knowledge.claims import MONTHS, WEEKDAYS
from knowledge.typed.feasts import FEASTS, falls_on, public_holiday
from knowledge.typed.kinds import Dated, Days, Feast, MonthDay, PublicHolidays, Weekly

_LAST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_EVERY = tuple(range(7))
_SHORT = "(?-i:Mo|Tu|We|Th|Fr|Sa|Su)"  # as in the notation of OpenStreetMap; "We" and "so" are words as well
_WEEKDAY = (
    r"\b(?:(?i:mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?"
    r"|mon|tues?|weds?|thurs?|thu|fri|sat|sun)\b\.?"
    rf"|(?:{_SHORT}|(?-i:M))(?=\s?(?:[-\u2013,/]|to|until|through)\s?(?:{_SHORT}|(?-i:F))\b)"
    rf"|(?:(?<=[-\u2013/,])|(?<=[-\u2013/] )|(?<= to )|(?<=until )|(?<=through ))(?:{_SHORT}|(?-i:F))\b"
    rf"|{_SHORT}(?=:?\s+\d|:\s+(?i:closed)))"
)
_TO = r"\s*(?:-|\u2013|\u2014|\u2212|to|till?|until|thru|through)\s*"
_JOIN = r"\s*(?:,\s*and|,\s*&|,|&|\+|/|and|or)\s*(?:on\s+)?"
_ONE_OR_RUN = rf"{_WEEKDAY}(?:{_TO}{_WEEKDAY})?"
_WEEK = re.compile(rf"(?:\b(?:every|each|all)\s+)?{_ONE_OR_RUN}(?:{_JOIN}{_ONE_OR_RUN})*(?!\w)")
_RUN = re.compile(rf"({_WEEKDAY})(?:{_TO}({_WEEKDAY}))?")
_WEEK_WORDS = (
    (r"\b(?:monday|mon)\s?(?:-|\u2013|to|through)\s?(?:friday|fri)\s+and\s+weekends\b", _EVERY),
    (
        (
            r"\b(?:every|each)\s?day(?:\s+of\s+the\s+week)?\b|\bdaily\b|\b(?:7|seven)\s+days\s+(?:a|per)\s+week\b"
            r"|\ball\s+week(?:\s+long)?\b"
        ),
        _EVERY,
    ),
    (r"\b(?:on\s+)?week\s?days\b|\bworkdays\b|\b(?:every|each)\s+weekday\b", (0, 1, 2, 3, 4)),
    (r"\b(?:on\s+)?(?:the\s+)?week-?\s?ends\b|\b(?:every|each)\s+weekend\b", (5, 6)),
)
_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?"
    r"|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)\b\.?"
)
_NUMBER = r"(?:the\s+)?(\d{1,2})(?:st|nd|rd|th)?(?![\d:.]\d|\d|\s?[ap]\.?m)"
_MONTH_FIRST = rf"\b({_MONTH})\s+{_NUMBER}"
_DAY_FIRST = rf"\b{_NUMBER}\s+(?:of\s+)?({_MONTH})"
_YEAR = r"(?:,?\s+(20\d\d)\b)?"
_DATE_PATTERNS: tuple[tuple[str, str], ...] = (
    ("iso", r"\b(20\d\d)-(\d\d)-(\d\d)\b"),
    ("month-run", rf"{_MONTH_FIRST}{_YEAR}{_TO}{_MONTH_FIRST[2:]}{_YEAR}"),
    ("days-run", rf"\b({_MONTH})\s+{_NUMBER}{_TO}{_NUMBER}{_YEAR}"),
    ("pair", rf"\b({_MONTH})\s+{_NUMBER}\s*(?:&|and|,|/)\s*{_NUMBER}{_YEAR}"),
    ("days-run-first", rf"\b{_NUMBER}{_TO}{_NUMBER}\s+(?:of\s+)?({_MONTH}){_YEAR}"),
    ("day-run", rf"{_DAY_FIRST}{_YEAR}{_TO}{_DAY_FIRST[2:]}{_YEAR}"),
    ("pair-first", rf"\b{_NUMBER}\s*(?:&|and|,|/)\s*{_NUMBER}\s+(?:of\s+)?({_MONTH}){_YEAR}"),
    ("month-first", rf"{_MONTH_FIRST}{_YEAR}"),
    ("day-first", rf"{_DAY_FIRST}{_YEAR}"),
    ("slashed", r"(?<![\w/.$])(\d{1,2})/(\d{1,2})(?:/(20\d\d))?(?![\w/]|\.\d)"),
    ("month", rf"(?:\b(?:in|during|throughout|all\s+of)\s+(?-i:(?=[A-Z]))({_MONTH}))(?!\s+\d)(?!\w)"),
    ("months", rf"\b({_MONTH}){_TO}({_MONTH})(?!\s+\d)"),
)
_WEEKDAY_BESIDE = re.compile(rf"\b(?:the\s+)?(day|{_WEEKDAY})\s+(before|after|following)\s+", re.IGNORECASE)
_PUBLIC = re.compile(r"\b(?:all\s+)?(?:public|bank|federal|national|legal|statutory|stat)\s+holidays\b", re.IGNORECASE)


@dataclass(frozen=True)
class FoundDays:
    """Days in a text."""

    start: int
    end: int
    days: Days
    plural: bool = False
    """Said of every such day ("on Sundays")."""
    months: bool = False
    """Whole months, which are a season rather than days."""


def straight(text: str) -> str:
    """Return a text of the same length with straight apostrophes and plain spaces."""
    return re.sub(r"[\u2018\u2019\u02bc`\u00b4]", "'", text).replace("\u00a0", " ").replace("\u202f", " ")


def days_in(text: str) -> list[FoundDays]:
    """Return the expressions for days in a text, in order, none inside another."""
    text = straight(text)
    found: list[FoundDays] = []
    for finder in (_feasts, _public, _dates, _week_words, _weeks):
        for item in finder(text):
            if not any(item.start < other.end and other.start < item.end for other in found):
                found.append(item)
    return sorted(found, key=lambda item: item.start)


def holds(days: Days, day: date, country: str | None) -> bool | None:
    """Tell whether a calendar day is among some days; None where that depends on a country that is not known."""
    match days:
        case Weekly():
            return day.weekday() in days.weekdays
        case PublicHolidays():
            return public_holiday(day, country)
        case Dated():
            return _within(days, day)
        case Feast():
            return _on_feast(days, day, country)


def _on_feast(feast: Feast, day: date, country: str | None) -> bool | None:
    if feast.weekday is None or not feast.side:
        return falls_on(feast.name, day - timedelta(days=feast.side), country)
    if day.weekday() != feast.weekday:
        return False
    answers = {falls_on(feast.name, day - timedelta(days=feast.side * n), country) for n in range(1, 8)}
    return True if True in answers else None if None in answers else False


def _within(days: Dated, day: date) -> bool:
    here = (day.month, day.day)
    if days.first <= days.last:
        return days.first <= here <= days.last and days.year in {None, day.year}
    if here >= days.first:
        return days.year in {None, day.year}
    return here <= days.last and days.year in {None, day.year - 1}


def _feasts(text: str) -> list[FoundDays]:
    found = []
    for name, pattern in FEASTS.items():
        for match in re.finditer(rf"(?<![\w'])(?:{pattern})(?!\w)", text, re.IGNORECASE):
            beside = [b for b in _WEEKDAY_BESIDE.finditer(text) if b.end() == match.start()]
            if not beside:
                found.append(FoundDays(match.start(), match.end(), Feast(name)))
                continue
            side: Literal[-1, 1] = -1 if beside[0][2].lower() == "before" else 1
            weekday = None if beside[0][1].lower() == "day" else _weekday(beside[0][1])
            found.append(FoundDays(beside[0].start(), match.end(), Feast(name, side, weekday)))
    found += [
        FoundDays(match.start(), match.end(), Feast("thanksgiving", 1))
        for match in re.finditer(r"\bblack friday\b", text, re.IGNORECASE)
    ]
    return sorted(found, key=lambda item: item.start - item.end)


def _public(text: str) -> list[FoundDays]:
    return [FoundDays(m.start(), m.end(), PublicHolidays(), plural=True) for m in _PUBLIC.finditer(text)]


def _week_words(text: str) -> list[FoundDays]:
    return [
        FoundDays(match.start(), match.end(), Weekly(weekdays), plural=True)
        for pattern, weekdays in _WEEK_WORDS
        for match in re.finditer(pattern, text, re.IGNORECASE)
    ]


def _weeks(text: str) -> list[FoundDays]:
    found = []
    for match in _WEEK.finditer(text):
        weekdays: set[int] = set()
        for run in _RUN.finditer(text, match.start()):  # to the end of the text, for what must follow a short form
            if run.start() >= match.end():
                break
            first = _weekday(run[1])
            length = (_weekday(run[2]) - first) % 7 if run[2] else 0
            weekdays |= {(first + n) % 7 for n in range(length + 1)}
        words = match[0].lower()
        plural = "days" in words or words.startswith(("every", "each", "all"))
        found.append(FoundDays(match.start(), match.end(), Weekly(tuple(sorted(weekdays))), plural))
    return found


def _weekday(word: str) -> int:
    return next(n for n, day in enumerate(WEEKDAYS) if day.startswith(word.lower().rstrip(".")[:3].rstrip("s") or "?"))


def _month(word: str) -> int:
    return next(n for n, month in enumerate(MONTHS, 1) if month.startswith(word.lower().rstrip(".")[:3]))


def _dates(text: str) -> list[FoundDays]:
    found: list[FoundDays] = []
    for kind, pattern in _DATE_PATTERNS:
        for match in re.finditer(pattern, text, re.IGNORECASE):
            days = _READ[kind](match)
            taken = any(match.start() < other.end and other.start < match.end() for other in found)
            if days and not taken and _valid(days.first) and _valid(days.last):
                found.append(FoundDays(match.start(), match.end(), days, months=kind in {"month", "months"}))
    return found


def _valid(day: MonthDay) -> bool:
    return 1 <= day[0] <= 12 and 1 <= day[1] <= _LAST[day[0] - 1]  # noqa: PLR2004 -- months of a year


def _year(*given: str | None) -> int | None:
    """Return the year of the first day, which a run may name at its end."""
    return next((int(year) for year in given if year), None)


def _slashed(match: re.Match[str]) -> Dated | None:
    """Read 12/24 by what cannot be a month; 5/6 is two dates, and so none."""
    first, second = int(match[1]), int(match[2])
    if first == second or second > 12 >= first:  # noqa: PLR2004 -- months of a year
        day = (first, second)
    elif first > 12 >= second:  # noqa: PLR2004 -- as above
        day = (second, first)
    else:
        return None
    return Dated(day, day, _year(match[3]))


def _run(first: MonthDay, last: MonthDay, start: str | None, end: str | None) -> Dated:
    year = _year(start) or (int(end) - (last < first) if end else None)
    return Dated(first, last, year)


def _pair(month: str, first: str, second: str, year: str | None) -> Dated | None:
    """Return two days that follow each other: "December 25 and 26"."""
    if int(second) != int(first) + 1:
        return None
    return _run((_month(month), int(first)), (_month(month), int(second)), year, year)


def _one(day: MonthDay, year: str | None) -> Dated:
    return Dated(day, day, _year(year))


_READ: dict[str, Callable[[re.Match[str]], Dated | None]] = {
    "iso": lambda m: _one((int(m[2]), int(m[3])), m[1]),
    "month-run": lambda m: _run((_month(m[1]), int(m[2])), (_month(m[4]), int(m[5])), m[3], m[6]),
    "days-run": lambda m: _run((_month(m[1]), int(m[2])), (_month(m[1]), int(m[3])), m[4], m[4]),
    "pair": lambda m: _pair(m[1], m[2], m[3], m[4]),
    "pair-first": lambda m: _pair(m[3], m[1], m[2], m[4]),
    "days-run-first": lambda m: _run((_month(m[3]), int(m[1])), (_month(m[3]), int(m[2])), m[4], m[4]),
    "day-run": lambda m: _run((_month(m[2]), int(m[1])), (_month(m[5]), int(m[4])), m[3], m[6]),
    "month-first": lambda m: _one((_month(m[1]), int(m[2])), m[3]),
    "day-first": lambda m: _one((_month(m[2]), int(m[1])), m[3]),
    "slashed": _slashed,
    "month": lambda m: Dated((_month(m[1]), 1), (_month(m[1]), _LAST[_month(m[1]) - 1])),
    "months": lambda m: Dated((_month(m[1]), 1), (_month(m[2]), _LAST[_month(m[2]) - 1])),
}
