"""Opening hours in passages: which lines tell them, of what, and which tell something that cannot be read.

A line counts only when every word of it is understood. What speaks of hours and is not understood becomes
``UnreadHours``, so that nothing is computed over its head.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from knowledge.store import SECTION_MARK, Passage
from knowledge.typed.clock import DAY, ranges
from knowledge.typed.days import days_in, straight
from knowledge.typed.hours_line import SEASONAL, Line, line_of
from knowledge.typed.kinds import Dated, Days, Feast, Hours, UnreadHours, Weekly
from knowledge.typed.places import heading_subject, own_subject

_CUE = re.compile(r"\b(?:open|opens|opened|opening|closed|closes|closing|shut|(?<!\d )(?<!\d-)hours)\b", re.IGNORECASE)
_HOURS = re.compile(
    r"\b(?:hours|holidays?|closures?|opening times?|when (?:are|do|is) .*\b(?:open|close)|open(?:ing)? days)\b",
    re.IGNORECASE,
)
_LABEL = re.compile(
    r"(?:our |the )?(?:opening |business |store |shop |regular )?(?:hours|opening times?)\s*:?", re.IGNORECASE
)
_CLAUSE_END = re.compile(
    r"(?<=[^\W\d])[.!?]+\s+|(?<=\d)\.\s+(?=[A-Z])|(?<=m\.)\s+(?=(?:We|Our|The|On|Closed"
    r"|Open)\b)|\n+|\s*;\s*|\s+\|\s+|[.!?]\s*$"
)
_ALARM = re.compile(
    r"\b(?:until further notice|temporarily|permanently|renovat\w+|on vacation|closed down"
    r"|currently closed|by appointment only"
    r"|hours (?:may|can|might|will)? ?(?:vary|change|differ)|subject to change|moved to)\b",
    re.IGNORECASE,
)
"""What puts all hours in doubt."""
_DAY_COLUMN = re.compile(r"^(?:days?|week ?days?|dates?|holidays?|when|occasion)$", re.IGNORECASE)
_SPAN_COLUMN = re.compile(r"^(?:opening )?(?:hours|times?|open|opening|opening hours)$", re.IGNORECASE)
_FROM_COLUMN = re.compile(r"^(?:opens?|from|open(?:s|ing)?(?: (?:at|time))?|start)$", re.IGNORECASE)
_TO_COLUMN = re.compile(r"^(?:closes?|to|until|till|clos(?:es|ing|e)(?: (?:at|time))?|end)$", re.IGNORECASE)
_CELL = re.compile(r"(?:^|; | \| )([A-Z][\w ]{0,24}): (.*?)(?=; [A-Z][\w ]{0,24}: | \| [A-Z][\w ]{0,24}: |$)")


def hours_in(passages: Iterable[Passage], own: frozenset[str]) -> Iterator[Hours | UnreadHours]:
    """Yield what each passage says of opening hours; ``own``: names of the server's own place, in lower case."""
    for passage in passages:
        found = list(_of_passage(passage, own))
        yield from _narrowed(found)


def _of_passage(passage: Passage, own: frozenset[str]) -> Iterator[Hours | UnreadHours]:
    headings = [straight(part) for part in passage.section.split(SECTION_MARK) if part]
    if not any(_CUE.search(text) or _HOURS.search(text) for text in (passage.text, *headings)):
        return
    lines = list(_lines(straight(passage.text), headings))
    titled = any(_HOURS.search(heading) for heading in headings)
    above = _above(headings)
    where = heading_subject(headings, own)
    told = re.search(r"\bclosed\b|\bhours\b|\bwe(?:'re| are) open\b", passage.text, re.IGNORECASE)
    titled = titled or bool(told and any(isinstance(days, Feast | Dated) for days in above))
    for text in lines:
        titled = titled or bool(_LABEL.fullmatch(text))
        if not titled and not _CUE.search(text):
            continue
        line = line_of(text, own)
        if _ALARM.search(text) and not re.search(r"\bholidays?\b", text, re.IGNORECASE):
            begins = re.match(rf"(?:the |our )?{re.escape(line.subject or '')}\b", text, re.IGNORECASE)
            line = Line(read=False, subject=line.subject if begins else None, days=line.days, timed=True)
        subject = where if line.subject is None else own_subject(line.subject, where)
        if where and subject == where and (line.subject or "we") == "we" and not titled and (line.days or line.timed):
            # "We" under the heading of a part, or of something else: the whole place may be meant.
            days = (line.season,) if line.season else line.days
            yield UnreadHours(passage, "", days, timed=True)
        yield from _facts(passage, line, subject, above, headings)


def _facts(
    passage: Passage, line: Line, subject: str, above: Sequence[Days], headings: Sequence[str]
) -> Iterator[Hours | UnreadHours]:
    """Turn a line into facts; a day that only the heading names belongs to a line without one."""
    season = line.season or next((days for days in above if isinstance(days, Dated) and days.first != days.last), None)
    undated = any(SEASONAL.search(heading) for heading in headings) and season is None
    groups = line.groups
    if line.read and line.bare == ((0, DAY),) and not above:
        groups = ((Weekly(tuple(range(7))), line.bare),)
    elif line.read and not groups and line.bare is not None and len(above) == 1 and above[0] != season:
        groups = ((above[0], line.bare),)
    weekly_holiday = any(re.search(r"\bholiday", heading, re.IGNORECASE) for heading in headings)
    if not line.read or not groups or undated:
        if line.days or line.timed:
            yield UnreadHours(passage, subject, line.days or tuple(above), line.timed)
        return
    for days, spans in groups:
        if spans is None or (weekly_holiday and isinstance(days, Weekly)):
            yield UnreadHours(passage, subject, (days,), timed=True)
            continue
        own_season = season if isinstance(days, Weekly) else None
        if year := next((int(y[0]) for h in headings if (y := re.search(r"\b20\d\d\b", h))), None):
            if isinstance(days, Dated) and days.year is None and days.first <= days.last:
                days = replace(days, year=year)  # noqa: PLW2901 -- the heading's year is the day's
            else:
                yield UnreadHours(passage, subject, (days,), timed=True)
                continue
        yield Hours(passage, subject, days, spans, own_season, line.note, line.clock)


def _above(headings: Sequence[str]) -> list[Days]:
    """Return the days that the nearest heading with any names."""
    for heading in reversed(headings):
        found = days_in(heading)
        if found:
            return [item.days for item in found]
    return []


def _lines(text: str, headings: Sequence[str]) -> Iterator[str]:
    """Yield a passage's statements: lines, sentences, cells; a row of days and hours is one statement."""
    row = dict(_CELL.findall(text)) if "\n" not in text else {}
    told = _row(row) if any(_CUE.search(word) for word in (*row, *headings)) else None
    if told is not None:
        yield told
        return
    if row and all(days_in(key) for key in row):
        yield from (f"{key}: {value}" for key, value in row.items())
        return
    title = headings[-1].rstrip("?!.: ") if headings else ""
    held = ""
    for line in _CLAUSE_END.split(_without_stops(text)):
        bare = re.sub(r"^[\s>*+#-]*(?:\d+[.)]\s+)?", "", line or "").replace("**", "").replace("__", "").strip()
        if not bare or bare.rstrip("?!.: ") == title or bare.endswith("?"):
            continue
        times = ranges(bare)
        if held and (re.match(r"closed\b", bare, re.IGNORECASE) or (times and not days_in(bare))):
            bare, held = f"{held}: {bare}", ""
        if held:
            yield held
        held = bare if days_in(bare) and not times and not _CUE.search(bare) else ""
        if not held:
            yield bare
    if held:
        yield held


def _without_stops(text: str) -> str:
    """Return the text without the full stops of abbreviations, which end no sentence."""
    text = re.sub(r"(?<=\d)(\s?[apAP])\.\s?([mM])\b\.(?=\s+[A-Z])", r"\1\2.", text)
    text = re.sub(r"(?<=\d)(\s?[apAP])\.\s?([mM])\b\.?", r"\1\2", text)
    return re.sub(
        r"\b(Mon|Tues?|Weds?|Thurs?|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\.", r"\1", text
    )


def _row(row: dict[str, str]) -> str | None:
    """Return a row of a table of days as a line, or None if it is no such row."""
    day = next((value for key, value in row.items() if _DAY_COLUMN.match(key)), None)
    span = next((value for key, value in row.items() if _SPAN_COLUMN.match(key)), None)
    start = next((value for key, value in row.items() if _FROM_COLUMN.match(key)), None)
    end = next((value for key, value in row.items() if _TO_COLUMN.match(key)), None)
    told = f"{start} - {end}" if start and end and not re.search(r"closed", start, re.IGNORECASE) else span or start
    if not day or not told:
        return None
    rest = [
        value
        for key, value in row.items()
        if not any(column.match(key) for column in (_DAY_COLUMN, _SPAN_COLUMN, _FROM_COLUMN, _TO_COLUMN))
    ]
    return f"open {day}: {told} {' '.join(rest)}".strip()


def _narrowed(found: Sequence[Hours | UnreadHours]) -> Iterator[Hours | UnreadHours]:
    """Within one passage, let the fewer days win: "daily 9-5, closed on Mondays" leaves Tuesday to Sunday."""
    weekly = [fact for fact in found if isinstance(fact, Hours) and isinstance(fact.days, Weekly)]
    for fact in found:
        if not isinstance(fact, Hours) or not isinstance(fact.days, Weekly):
            yield fact
            continue
        narrower = {
            day
            for other in weekly
            if isinstance(other.days, Weekly)
            and (other.subject, other.season) == (fact.subject, fact.season)
            and set(other.days.weekdays) < set(fact.days.weekdays)
            for day in other.days.weekdays
        }
        left = tuple(day for day in fact.days.weekdays if day not in narrower)
        if left:
            yield replace(fact, days=Weekly(left))


__all__ = ["Feast", "hours_in"]
