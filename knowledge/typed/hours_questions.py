"""Which questions ask for opening hours, and of what day: a question counts only when each of its words is known."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from knowledge.typed.clock import singles
from knowledge.typed.days import days_in, holds
from knowledge.typed.kinds import Dated, Days, Feast, Weekly
from knowledge.typed.places import VENUES
from knowledge.typed.wording import bare, plain

Ask = Literal["now", "open", "closed", "opens", "closes", "hours", "next"]
Relative = Literal["today", "tomorrow", "yesterday"]
_PLACE = (r"(?:(?:the |your )?⟦P⟧|you|it|there|the (?:{venues})|your (?:{venues})|this place|everything)").format(
    venues="|".join(sorted(VENUES))
)
_ON = r"(?:on |for |at |during |over |the |this |coming |upcoming |day |of |in )*"
_DAY = rf"(?:{_ON}⟦D⟧(?: days?)?)"
_AT = r"(?:(?:at|after|past|before|by|until|around) )?⟦t⟧"
_WHEN = r"(?:when|(?:at |from )?what times?|what hours?|how (?:late|early|long)|(?:from |until )(?:when|what times?))"
_NOW = r"(?:still |already |currently )*"
_PATTERNS: tuple[tuple[Ask, str], ...] = (
    ("now", rf"(?:(?:are|is) {_PLACE} )?{_NOW}open(?: still| already)?(?: for business)?(?: ⟦N⟧)?"),
    ("now", rf"{_PLACE} {_NOW}open(?: ⟦N⟧)?"),
    ("now", rf"(?:are|is) {_PLACE} {_NOW}(?:closed|shut)(?: ⟦N⟧)?"),
    (
        "open",
        (
            rf"(?:(?:are|is|will|do|does|would) )?(?:{_PLACE} )?(?:be |stay )?{_NOW}open(?:ed"
            rf"|ing)? (?:{_DAY} {_AT}|{_AT} {_DAY}|{_DAY}|{_AT})"
        ),
    ),
    ("open", rf"(?:{_DAY} {_AT}|{_AT} {_DAY}|{_DAY}) (?:(?:are|is|will|do|does) )?(?:{_PLACE} )?(?:be )?open"),
    ("closed", rf"(?:(?:are|is|will|do|does) )?(?:{_PLACE} )?(?:be )?(?:closed?|shut) {_DAY}"),
    ("closed", rf"{_DAY} (?:(?:are|is) )?(?:{_PLACE} )?(?:closed|shut)"),
    (
        "closes",
        (
            rf"(?:when|(?:at )?what time|how (?:late|long)|(?:un)?til (?:when|what time)|until when"
            rf"|until what time) (?:(?:do|does|are|is|will|would) )?{_PLACE} (?:be )?(?:close"
            rf"|closing|shut|(?:stay )?open until|close up|close down)(?: {_DAY})?"
        ),
    ),
    (
        "closes",
        (
            rf"(?:how (?:late|long)|until (?:when|what time)) (?:are|is|do|does"
            rf"|will) {_PLACE} (?:be |stay )?open(?: until)?(?: {_DAY})?"
        ),
    ),
    ("closes", rf"{_DAY} (?:when|what time) (?:do|does|are|is) {_PLACE} (?:close|closing)"),
    ("closes", rf"(?:what is )?(?:the |your )?closing time(?: {_DAY})?"),
    (
        "opens",
        (
            rf"(?:when|(?:at )?what time|how early) (?:(?:(?:do|does|will) )?{_PLACE} open"
            rf"|(?:are|is|will) {_PLACE} (?:be )?opening)(?: up)? {_DAY}"
        ),
    ),
    ("opens", rf"(?:what is )?(?:the |your )?opening time {_DAY}"),
    (
        "hours",
        (
            rf"(?:what (?:are|is) )?(?:the |your |⟦P⟧ |⟦P⟧'s )?(?:opening |business |store "
            rf"|shop )?(?:hours|opening times?)(?: like)? {_DAY}"
        ),
    ),
    ("hours", rf"{_DAY} (?:opening |business )?(?:hours|opening times?)"),
    ("hours", rf"{_WHEN} (?:are|is|will) {_PLACE} (?:be )?open {_DAY}"),
    (
        "next",
        (
            rf"when (?:do|does|are|is|will) {_PLACE} (?:be )?(?:(?:next |re)-?open(?:ing)?"
            rf"|open(?:ing)? (?:next|again)|back open)"
        ),
    ),
)
_COMPILED = tuple((ask, re.compile(pattern)) for ask, pattern in _PATTERNS)
_RELATIVE = re.compile(
    r"\b(today|tonight|tomorrow(?: (?:morning|afternoon|evening|night))?|yesterday"
    r"|this (?:morning|afternoon|evening))\b"
)
_NOW_WORDS = re.compile(r"\b(?:right now|just now|now|at the moment|at this time|at this hour|currently|this minute)\b")
_SIDE = re.compile(r"\b(after|past|before|by|until|around) ⟦t⟧")


@dataclass(frozen=True)
class HoursQuestion:
    """What is asked, of what, and of which day."""

    ask: Ask
    subject: str
    """As in ``Hours.subject``."""
    days: Days | None = None
    relative: Relative | None = None
    plural: bool = False
    """Of every such weekday."""
    following: bool = False
    """ "Next Friday", which may be this week's or the one after."""
    this: bool = False
    """ "This Friday": one day, not any Friday."""
    minute: int | None = None
    side: str = "at"
    denied: bool = False
    """It asks whether the place is closed."""
    venue: str = ""
    """The word by which the question calls the place, if it does ("museum")."""


def hours_question(question: str, subjects: Sequence[str], own: frozenset[str]) -> HoursQuestion | None:
    """Return what a question on opening hours asks; None for any other."""
    text = bare(plain(question))
    subject, text = _place(text, subjects, own)
    times = singles(text)
    clock = times[0][2] if len(times) == 1 else None
    if clock:
        text = f"{text[: times[0][0]]}⟦t⟧{text[times[0][1] :]}"
    if len(times) > 1 or (clock and not (clock.half or clock.twenty_four)):
        return None
    text = re.sub(r"^(when|what time|how late)\b(.*\b(?:close|open|open until)) tonight$", r"\1\2 today", text)
    relative, text = _relative(text)
    text = _NOW_WORDS.sub("⟦N⟧", text)
    found = days_in(text)
    if len(found) > 1 or (found and relative):
        return None
    before = text[: found[0].start] if found else ""
    following = bool(re.search(r"\bnext $", before))
    this = bool(re.search(r"\b(?:this|coming|upcoming)(?: coming)? $", before))
    if found:
        text = f"{re.sub(r'next $', '', before)}⟦D⟧{text[found[0].end :]}"
    text = re.sub(r"\s+", " ", text).strip()
    venue = next((word for word in re.findall(r"\w+", text) if word in VENUES), "")
    for ask, pattern in _COMPILED:
        if pattern.fullmatch(text):
            side = _SIDE.search(text)
            return HoursQuestion(
                ask,
                subject,
                found[0].days if found else None,
                relative,
                bool(found and found[0].plural),
                following,
                this,
                clock.minutes if clock else None,
                side[1] if side else "at",
                denied=bool(re.search(r"\b(?:closed?|shut)\b", text)) and ask in {"now", "closed"},
                venue=venue,
            )
    return None


def dates_of(asked: HoursQuestion, today: date) -> list[date]:
    """Return the calendar days that a relative day or a date means; a feast has none here."""
    if asked.relative:
        return [today + timedelta(days={"yesterday": -1, "today": 0, "tomorrow": 1}[asked.relative])]
    days = asked.days
    if isinstance(days, Weekly):
        return [today + timedelta(days=(weekday - today.weekday()) % 7) for weekday in days.weekdays]
    if isinstance(days, Dated) and days.first == days.last:
        for year in [days.year] if days.year else [today.year, today.year + 1]:
            try:
                day = date(year, *days.first)
            except ValueError:
                return []
            if day >= today:
                return [day]
    return []


def next_date(feast: Feast, today: date, country: str | None) -> date | None:
    """Return when a feast comes next; None if that is not certain."""
    for ahead in range(400):
        day = today + timedelta(days=ahead)
        held = holds(feast, day, country)
        if held is not False:
            return day if held else None
    return None


def _place(text: str, subjects: Sequence[str], own: frozenset[str]) -> tuple[str, str]:
    """Mark the name of a place in a question; the longest that is there counts."""
    for name in sorted({*own, *(subject for subject in subjects if subject)}, key=len, reverse=True):
        marked = re.sub(rf"(?<![\w'])(?:the )?{re.escape(bare(plain(name)))}(?:'s)?(?!\w)", "⟦P⟧", text)
        if marked != text:
            return ("" if name in own else name), marked
    return "", text


def _relative(text: str) -> tuple[Relative | None, str]:
    match = _RELATIVE.search(text)
    if not match:
        return None, text
    word = match[1].split()[0]
    if word in {"tonight", "this"} or " " in match[1]:
        return None, text  # a part of a day: the hours of the day do not settle it
    marked = f"{text[: match.start()]}⟦D⟧{text[match.end() :]}"
    return ("today" if word == "today" else "tomorrow" if word == "tomorrow" else "yesterday"), marked
