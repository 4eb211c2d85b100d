"""Days that a text names: by name, within a range, or by today ("tomorrow", "in 4 days")."""

import re
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise

from knowledge.claims import MONTHS, WEEKDAYS, Claim, claims
from knowledge.opposites import denies

_RELATIVE = re.compile(
    r"\b(?:(?P<today>today|tonight)|(?P<tomorrow>tomorrow|tmrw|tmr)|(?P<yesterday>yesterday)"
    r"|in (?P<days>\d{1,3}|two|three|four|five|six|seven|a) (?P<unit>days?|weeks?)(?: from (?:now|today))?)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\b(?:(?P<month>{'|'.join(MONTHS)}) (?P<day>\d{{1,2}})(?:st|nd|rd|th)?"
    rf"|(?P<day2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<month2>{'|'.join(MONTHS)}))\b(?:,? (?P<year>20\d\d))?",
    re.IGNORECASE,
)
_IS_DAY = re.compile(rf"\b(today|tomorrow) is(?: a)? ({'|'.join(WEEKDAYS)}),?(?: (?:and|so|when))? ", re.IGNORECASE)
_KINDS = frozenset({"weekday", "month"})
_COUNTS = {"a": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7}


def days_in(text: str) -> frozenset[str]:
    """Return the weekdays and months that a text names, by name or within a range."""
    held = [claim for claim in claims(text) if claim.kind in _KINDS]
    return frozenset({claim.value for claim in held} | {value for _, value in between(held)})


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


def relative(text: str, today: date) -> Iterator[tuple[re.Match[str], date]]:
    """Yield the words of a text that name a day by today, each with that day."""
    for match in _RELATIVE.finditer(text):
        shift = {"today": 0, "tomorrow": 1, "yesterday": -1}.get(match.lastgroup or "")
        if shift is None:
            shift = _COUNTS.get(match["days"].lower()) or int(match["days"])
            shift *= 7 if match["unit"].lower().startswith("week") else 1
        yield match, today + timedelta(days=shift)


def spelled_out(text: str, today: date | None) -> str:
    """Put weekday and date in place of the words that name a day by today, so that they compare as others do."""
    if today is None:
        return text
    for match, day in reversed(list(relative(text, today))):
        shown = f"on {WEEKDAYS[day.weekday()].title()}"
        text = text[: match.start()] + shown + text[match.end() :]
    return text


def without_today(reply: str, today: date | None) -> str:
    """Leave out "today is Friday, so" where it is: nothing else of the reply is about that day's name."""

    def kept(match: re.Match[str]) -> str:
        shift = match[1].lower().startswith("tomorrow")
        named = WEEKDAYS[((today or date.min).weekday() + shift) % 7]
        return "" if today and match[2].lower() == named else match[0]

    return _IS_DAY.sub(kept, reply)


def misdated(sentence: str, notes: str, today: date | None) -> Iterator[str]:
    """Yield the words of a sentence that name another day than its date or weekday, or than any that the notes have.

    Without ``today`` nothing can be said of a day that the notes do not call so themselves.
    """
    if today is None:
        held = notes.lower()
        days = {claim.kind for claim in claims(notes)} & {"weekday", "month"}
        yield from (m[0] for m in _RELATIVE.finditer(sentence) if days and m[0].lower() not in held)
        return
    dates = list(_dates(sentence, today))
    weekdays = {claim.value for claim in claims(sentence) if claim.kind == "weekday"}
    there = {(day.month, day.day) for day in _dates(notes, today)}
    for match, day in relative(sentence, today):
        if match[0].lower() in notes.lower():
            continue
        if (
            (dates and (day.month, day.day) not in {(d.month, d.day) for d in dates})
            or (not dates and weekdays and WEEKDAYS[day.weekday()] not in weekdays)
            or (match["days"] and not dates and not weekdays and (day.month, day.day) not in there)
        ):
            yield match[0]


def undated(sentence: str, statement: str, today: date) -> Iterator[str]:
    """Yield the words that name a day by today where the notes' sentence has a date, and it is another."""
    there = {(day.month, day.day) for day in _dates(statement, today)}
    held = [claim for claim in claims(statement) if claim.kind == "month"]
    for match, day in relative(sentence, today) if len(held) == 1 and len(there) == 1 else ():
        if (day.month, day.day) not in there and not denies(sentence):
            yield match[0]


def wrong_weekday(sentence: str, today: date | None) -> bool:
    """Tell whether a sentence gives a date of the coming year a weekday that it does not fall on."""
    weekdays = {claim.value for claim in claims(sentence) if claim.kind == "weekday"}
    found = list(_dates(sentence, today)) if today else []
    return len(found) == 1 and len(weekdays) == 1 and WEEKDAYS[found[0].weekday()] not in weekdays


def counted(sentence: str, today: date | None) -> Iterator[tuple[int, int]]:
    """Yield (start, end) of the words that count days from today: their number is reckoned, and not in the notes."""
    if today:
        yield from ((match.start(), match.end()) for match, _ in relative(sentence, today) if match["days"])


def _dates(text: str, today: date) -> Iterator[date]:
    """Yield the dates of a text; without a year, the next such day."""
    for match in _DATE.finditer(text):
        name = (match["month"] or match["month2"]).lower()
        day = int(match["day"] or match["day2"])
        year = int(match["year"]) if match["year"] else today.year
        try:
            found = date(year, MONTHS.index(name) + 1, day)
            yield found if match["year"] or found >= today else found.replace(year=year + 1)
        except ValueError:
            continue
