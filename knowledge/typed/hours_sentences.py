"""What is computed of opening hours, in one plain sentence."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from knowledge.claims import MONTHS, WEEKDAYS
from knowledge.typed import feasts
from knowledge.typed.clock import DAY, clock_time
from knowledge.typed.hours_questions import HoursQuestion
from knowledge.typed.kinds import Computed, Feast
from knowledge.typed.week import Opening
from knowledge.typed.wording import listing

_SMALL_HOURS = 6 * 60
"""Until this minute a time may belong to the day before in people's minds."""


@dataclass(frozen=True)
class Speech:
    """How an answer calls the place and its time zone."""

    who: str
    """As in "we" or "the kitchen"."""
    zone: str
    """As the passages name it; empty where they do not."""

    @property
    def are(self) -> str:
        """Return the subject with its verb: "we are", "the kitchen is"."""
        return "we are" if self.who == "we" else f"{self.who} is"

    def verb(self, plural: str) -> str:
        """Return a verb as it goes with the place."""
        return plural if self.who == "we" else f"{plural}s"

    def time(self, opening: Opening, minutes: int) -> str:
        """Return a time by the clock that the passage uses, with its zone."""
        zone = f" {self.zone}" if self.zone else ""
        return clock_time(minutes, opening.facts[0].clock) + zone

    def spans(self, opening: Opening) -> str:
        """Return the hours of a day in words: "from 9 am to 12 pm and from 1 pm to 5 pm"."""
        if opening.spans == ((0, DAY),):
            return "around the clock"
        clock = opening.facts[0].clock
        return listing(
            [f"from {clock_time(start, clock)} to {self.time(opening, end)}" for start, end in opening.spans]
        )

    def state(self, opening: Opening) -> str:
        """Return "closed", or "open" with the hours."""
        return f"open {self.spans(opening)}" if opening.spans else "closed"

    def moment(self, until: datetime, today: date, opening: Opening) -> str:
        """Return when it closes; the day is said where it is not this night."""
        minutes = until.hour * 60 + until.minute
        days = (until.date() - today).days
        time = self.time(opening, minutes)
        if not days or (days == 1 and minutes <= _SMALL_HOURS + 120):
            return time
        return f"{time} {'tomorrow' if days == 1 else f'on {WEEKDAYS[until.weekday()].capitalize()}'}"


def computed(text: str, openings: Sequence[Opening], values: Sequence[str]) -> Computed:
    """Return a sentence with the passages of its openings."""
    passages = dict.fromkeys(passage for opening in openings for passage in opening.passages)
    text = re.sub(r",(?=[;.,])|,$", "", text)
    return Computed(f"{text[0].upper()}{text[1:]}.", tuple(passages), tuple(values))


def told(opening: Opening, label: str, asked: HoursQuestion, say: Speech) -> Computed | None:
    """Word the hours of one day by what was asked of it."""
    if not opening.spans:
        start = {"closed": "Yes, ", "open": "No, "}.get(asked.ask, "")
        return computed(f"{start}{say.are} closed {label}", [opening], ["closed"])
    spans, note = say.spans(opening), noted(opening)
    if asked.minute is not None:
        return _at_a_time(opening, label, asked, say)
    if asked.ask in {"closes", "opens"} and len(opening.spans) == 1 and opening.spans[0] != (0, DAY):
        closing = asked.ask == "closes"
        time = say.time(opening, opening.spans[0][closing])
        verb = say.verb("close" if closing else "open")
        return computed(f"{label} {say.who} {verb} at {time}{note}", [opening], [time])
    if asked.ask in {"open", "closed"}:
        start = "Yes" if asked.ask == "open" else "No"
        return computed(f"{start}, {say.are} open {label}, {spans}{note}", [opening], ["open", spans])
    return computed(f"{label} {say.are} open {spans}{note}", [opening], [spans])


def _at_a_time(opening: Opening, label: str, asked: HoursQuestion, say: Speech) -> Computed | None:
    minute, side = asked.minute, asked.side
    if minute is None or asked.ask != "open" or side in {"by", "around"}:
        return None
    first, last = opening.spans[0][0], opening.spans[-1][1]
    if side in {"after", "past"}:
        inside = last > minute
    elif side == "before":
        inside = first < minute
    elif side == "until":
        inside = len(opening.spans) == 1 and first < minute <= last
    else:
        inside = any(start <= minute < end for start, end in opening.spans)
    if not inside and (minute < _SMALL_HOURS or len(opening.spans) > 1):
        return None
    time, spans = say.time(opening, minute), say.spans(opening)
    start = f"Yes, {say.are}" if inside else f"No, not {side} {time}: {say.are}"
    return computed(f"{start} open {label} {spans}{noted(opening)}", [opening], ["open" if inside else "closed", spans])


def noted(opening: Opening) -> str:
    """Return what the opening is for, as the end of a sentence."""
    return f", {opening.note}" if opening.note and opening.spans else ""


def feast_name(feast: Feast) -> str:
    """Return a feast, or a day beside it, as a sentence has it."""
    name = feasts.shown(feast.name)
    name = f"the {name}" if feast.name == "fourth of july" else name
    if not feast.side:
        return name
    day = "day" if feast.weekday is None else WEEKDAYS[feast.weekday].capitalize()
    return f"the {day} {'before' if feast.side < 0 else 'after'} {name}"


def date_name(day: date) -> str:
    """Return a date without its year: "December 24"."""
    return f"{MONTHS[day.month - 1].capitalize()} {day.day}"
