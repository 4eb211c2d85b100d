"""Questions on opening hours, computed by calendar and clock."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from knowledge.claims import MONTHS, WEEKDAYS
from knowledge.typed import feasts
from knowledge.typed.clock import DAY, clock_time
from knowledge.typed.hours_questions import HoursQuestion, dates_of, hours_question, next_date
from knowledge.typed.kinds import Computed, Conflict, Dated, Fact, Feast, Hours, OwnName, UnreadHours, Weekly, Zone
from knowledge.typed.places import VENUES
from knowledge.typed.week import Opening, State, Week
from knowledge.typed.wording import listing

if TYPE_CHECKING:
    from knowledge.store import Passage

Answer = Computed | Conflict | None


def answer_hours(question: str, facts: Sequence[Fact], now: datetime, zone: ZoneInfo, country: str | None) -> Answer:
    """Answer a question on opening hours; None where it is none, or the facts do not certainly cover it."""
    told = [fact for fact in facts if isinstance(fact, Hours | UnreadHours)]
    if not any(isinstance(fact, Hours) for fact in told):
        return None
    own = frozenset(fact.name for fact in facts if isinstance(fact, OwnName))
    subjects = list(dict.fromkeys(fact.subject for fact in told))
    asked = hours_question(question, subjects, own)
    if asked is None:
        return None
    subject = asked.subject or _main(told)
    if subject is None or (asked.venue and not _stands_for(asked.venue, subject, facts)):
        return None
    hours = tuple(f for f in told if isinstance(f, Hours) and f.subject == subject)
    unread = tuple(f for f in told if isinstance(f, UnreadHours) and f.subject == subject)
    local = _zone(facts, hours, zone)
    if local is None or not hours:
        return None
    return _Teller(Week(hours, unread, country), asked, now, local[0], local[1], _called(subject, hours)).answer()


def _main(told: Sequence[Hours | UnreadHours]) -> str | None:
    """Return the subject that stands for the whole place; None where that is not clear."""
    subjects = {fact.subject for fact in told if isinstance(fact, Hours)}
    if "" in subjects:
        return ""
    venues = [subject for subject in subjects if subject in VENUES]
    return venues[0] if len(subjects) == len(venues) == 1 else None


def _stands_for(venue: str, subject: str, facts: Sequence[Fact]) -> bool:
    """Tell whether a word such as "the library" means the place itself: its passages call it so, or nothing else."""
    if venue == subject:
        return True
    passages = [f.passage for f in facts if isinstance(f, OwnName) or (isinstance(f, Hours) and f.subject == subject)]
    words = {word for p in passages for word in re.findall(r"\w+", f"{p.section} {p.text}".lower())} & VENUES
    return subject == "" and (venue in words or (venue in {"shop", "store"} and words <= {"shop", "store"}))


def _zone(facts: Sequence[Fact], hours: Sequence[Hours], zone: ZoneInfo) -> tuple[ZoneInfo, str] | None:
    """Return the zone of the hours, with its name where the passages name it; None if they name several."""
    named: set[tuple[str, str]] = set()
    for fact in hours:
        zones = [z for z in facts if isinstance(z, Zone) and (z.passage == fact.passage)]
        zones = zones or [
            z for z in facts if isinstance(z, Zone) and z.everywhere and z.passage.document == fact.passage.document
        ]
        named |= {(z.name, z.shown) for z in zones} or {("", "")}
    if named == {("", "")}:
        return zone, ""
    names = {name for name, _ in named if name}
    if len(names) > 1 or (("", "") in named and names != {zone.key}):
        return None
    found = feasts.zone_named(names.pop())
    return (found, next(shown for name, shown in sorted(named) if name)) if found else None


def _called(subject: str, hours: Sequence[Hours]) -> tuple[str, str]:
    """Return how a sentence calls the place, with its verb: ("we", "are") or ("the kitchen", "is")."""
    if not subject or subject in VENUES:
        return "we", "are"
    for fact in hours:
        match = re.search(re.escape(subject), f"{fact.passage.text}\n{fact.passage.section}", re.IGNORECASE)
        if match and match[0][0].isupper() and " " in match[0] and "'" in match[0]:
            return match[0], "is"
    return f"the {subject}", "is"


class _Teller:
    """Words one answer."""

    def __init__(
        self, week: Week, asked: HoursQuestion, now: datetime, zone: ZoneInfo, named: str, called: tuple[str, str]
    ) -> None:
        self._week, self._asked, self._now, self._zone, self._named = week, asked, now, zone, named
        self._who, self._are = called
        self._today = now.astimezone(zone).date()

    def answer(self) -> Answer:
        asked = self._asked
        if self._who.endswith("s") and self._who != "we" and self._are == "is" and "'" not in self._who:
            return None
        if asked.ask in {"now", "next"} or (
            asked.ask == "open" and asked.minute is None and not asked.days and not asked.relative
        ):
            return self._at_once()
        if asked.relative == "yesterday":
            return None
        if isinstance(asked.days, Feast):
            return self._feast(asked.days)
        if isinstance(asked.days, Weekly) and not (asked.this or asked.relative):
            return self._weekdays(asked.days)
        if not asked.days and not asked.relative:
            if asked.ask not in {"closes", "open"}:
                return None
            return self._day(self._today, "today")
        dates = dates_of(asked, self._today)
        if len(dates) != 1 or asked.following:
            return None
        return self._day(dates[0], self._label(dates[0]))

    def _at_once(self) -> Answer:
        state = self._week.at(self._now, self._zone)
        if not isinstance(state, State):
            return state
        if self._asked.ask == "next" or not state.is_open:
            return self._closed_now(state)
        start = "No" if self._asked.denied else "Yes"
        if state.until is None:
            text = f"{start}, {self._who} {self._are} open now{', around the clock' if state.always else ''}"
            return self._computed(text, [state.opening], ["open"])
        end = self._moment(state.until, state.opening)
        text = f"{start}, {self._who} {self._are} open now, until {end}{self._noted(state.opening)}"
        return self._computed(text, [state.opening], ["open", end])

    def _closed_now(self, state: State) -> Answer:
        if state.is_open:
            return None
        openings = [state.opening]
        text = f"{self._who} {self._are} closed now"
        if self._asked.ask in {"now", "open"}:
            text = f"{'Yes' if self._asked.denied else 'No'}, {text}"
        values = ["closed"]
        if state.next_open and state.next_opening:
            day = state.next_open.date()
            when = "today" if day == self._today else self._label(day)
            time = clock_time(state.next_open.hour * 60 + state.next_open.minute, state.next_opening.facts[0].clock)
            text += (
                f"; {self._who} open{'' if self._who == 'we' else 's'} {when} at "
                f"{time}{self._noted(state.next_opening)}"
            )
            openings.append(state.next_opening)
            values += [when, time]
        elif self._asked.ask == "next":
            return None
        return self._computed(text, openings, values)

    def _feast(self, feast: Feast) -> Answer:
        day = next_date(feast, self._today, self._week.country)
        opening = self._week.on(day) if day else self._week.named(feast)
        if isinstance(opening, Opening) and not opening.exact:
            return None
        name = self._feast_name(feast)
        return self._told(opening, f"on {name}") if isinstance(opening, Opening) else opening

    def _feast_name(self, feast: Feast) -> str:
        name = feasts.shown(feast.name)
        name = f"the {name}" if feast.name == "fourth of july" else name
        if not feast.side:
            return name
        day = "day" if feast.weekday is None else WEEKDAYS[feast.weekday].capitalize()
        return f"the {day} {'before' if feast.side < 0 else 'after'} {name}"

    def _weekdays(self, days: Weekly) -> Answer:
        """Answer for a weekday by the rule of the week, and tell if the next one is an exception."""
        openings: list[tuple[str, Opening]] = []
        for weekday in days.weekdays:
            name = WEEKDAYS[weekday].capitalize()
            opening = self._week.every(weekday)
            ahead = self._today + timedelta(days=(weekday - self._today.weekday()) % 7)
            if not isinstance(opening, Opening):
                if opening is None and not self._asked.plural and not self._asked.following and len(days.weekdays) == 1:
                    return self._day(ahead, f"on {name}, {_date(ahead)}")
                return opening
            if not self._asked.plural:
                coming = [self._week.on(ahead + timedelta(days=n)) for n in (0, 7)[: 1 + self._asked.following]]
                odd = [found for found in coming if not isinstance(found, Opening) or found.exact]
                if odd:
                    return (
                        self._exception(opening, odd[0], ahead, name)
                        if len(coming) == len(days.weekdays) == 1
                        else None
                    )
            openings.append((f"on {name}{'s' if self._asked.plural else ''}", opening))
        if len(openings) == 1:
            return self._told(openings[0][1], openings[0][0])
        return self._several(openings)

    def _several(self, openings: list[tuple[str, Opening]]) -> Answer:
        if self._asked.ask not in {"open", "hours"} or self._asked.minute is not None:
            return None
        told = [f"{label} {self._spans(opening) if opening.spans else 'closed'}" for label, opening in openings]
        text = f"{self._who} {self._are} open {listing(told)}"
        if any(not opening.spans for _, opening in openings):
            text = listing(
                [
                    f"{label} {self._who} {self._are} {'open ' + self._spans(o) if o.spans else 'closed'}"
                    for label, o in openings
                ]
            )
        return self._computed(
            text, [o for _, o in openings], [self._spans(o) if o.spans else "closed" for _, o in openings]
        )

    def _exception(self, usual: Opening, coming: Opening | Conflict | None, day: date, name: str) -> Answer:
        if not isinstance(coming, Opening):
            return coming
        if self._asked.ask not in {"open", "closed", "hours"} or self._asked.minute is not None:
            return None
        fact = coming.facts[0].days
        called = f", {self._feast_name(fact)}" if isinstance(fact, Feast) else ""
        first = f"open {self._spans(usual)}" if usual.spans else "closed"
        then = f"open {self._spans(coming)}" if coming.spans else "closed"
        text = (
            f"on {name}s {self._who} {self._are} usually {first}, but on {_date(day)}{called}, "
            f"{self._who} {self._are} {then}{self._noted(coming)}"
        )
        return self._computed(text, [coming, usual], [first, then])

    def _day(self, day: date, label: str) -> Answer:
        opening = self._week.on(day)
        return self._told(opening, label) if isinstance(opening, Opening) else opening

    def _told(self, opening: Opening, label: str) -> Answer:
        """Word the hours of one day by what was asked of it."""
        asked, who, are = self._asked, self._who, self._are
        if not opening.spans:
            if asked.ask == "closed":
                return self._computed(f"Yes, {who} {are} closed {label}", [opening], ["closed"])
            no = "No, " if asked.ask == "open" else ""
            return self._computed(f"{no}{who} {are} closed {label}", [opening], ["closed"])
        if asked.minute is not None:
            return self._at_a_time(opening, label, asked.minute)
        spans, note = self._spans(opening), self._noted(opening)
        over = label == "today" and asked.ask == "open" and self._over(opening)
        if over:
            return self._computed(
                f"{who} {are} closed now; today's hours {'were' if over == 'past' else 'are'} {_shown(opening)}{note}",
                [opening],
                ["closed", spans],
            )
        if asked.ask in {"closes", "opens"}:
            if len(opening.spans) > 1 or opening.spans[0] == (0, DAY):
                return self._computed(f"{label} {who} {are} open {spans}{note}", [opening], [spans])
            closing = asked.ask == "closes"
            verb = ("close" if closing else "open") + ("" if who == "we" else "s")
            time = self._time(opening, opening.spans[0][closing])
            return self._computed(f"{label} {who} {verb} at {time}{self._named_zone()}{note}", [opening], [time])
        if asked.ask == "open":
            return self._computed(f"Yes, {who} {are} open {label}, {spans}{note}", [opening], ["open", spans])
        if asked.ask == "closed":
            return self._computed(f"No, {who} {are} open {label}, {spans}{note}", [opening], ["open", spans])
        return self._computed(f"{label} {who} {are} open {spans}{note}", [opening], [spans])

    def _at_a_time(self, opening: Opening, label: str, minute: int) -> Answer:
        side = self._asked.side
        if self._asked.ask != "open" or side in {"by", "around"}:
            return None
        time, spans = self._time(opening, minute), self._spans(opening)
        first, last = opening.spans[0][0], opening.spans[-1][1]
        if side in {"after", "past"}:
            inside = last > minute
        elif side == "before":
            inside = first < minute
        elif side == "until":
            inside = len(opening.spans) == 1 and first < minute <= last
        else:
            inside = any(start <= minute < end for start, end in opening.spans)
        if not inside and (minute < 6 * 60 or len(opening.spans) > 1):
            return None
        start = f"Yes, {self._who} {self._are}" if inside else f"No, not {side} {time}: {self._who} {self._are}"
        return self._computed(
            f"{start} open {label} {spans}{self._noted(opening)}", [opening], ["open" if inside else "closed", spans]
        )

    def _over(self, opening: Opening) -> str:
        here = self._now.astimezone(self._zone)
        return "past" if here.hour * 60 + here.minute >= opening.spans[-1][1] else ""

    def _label(self, day: date) -> str:
        opening = self._week.on(day)
        feast = opening.facts[0].days if isinstance(opening, Opening) else None
        called = f", {self._feast_name(feast)}," if isinstance(feast, Feast) else ""
        if day == self._today:
            return f"today{called}"
        if day == self._today + timedelta(days=1):
            return f"tomorrow, {WEEKDAYS[day.weekday()].capitalize()}," + (called[1:] if called else "")
        if isinstance(self._asked.days, Dated):
            return f"on {_date(day)}{called}"
        return f"on {WEEKDAYS[day.weekday()].capitalize()}{called}"

    def _spans(self, opening: Opening) -> str:
        if opening.spans == ((0, DAY),):
            return "around the clock"
        return _shown(opening) + self._named_zone()

    def _time(self, opening: Opening, minutes: int) -> str:
        return clock_time(minutes, opening.facts[0].clock)

    def _moment(self, until: datetime, opening: Opening) -> str:
        time = self._time(opening, until.hour * 60 + until.minute)
        days = (until.date() - self._today).days
        later = days > 1 or (days == 1 and until.hour * 60 + until.minute > 8 * 60)
        return (
            f"{time} {'tomorrow' if days == 1 else 'on ' + WEEKDAYS[until.weekday()].capitalize() if later else ''}".strip()
            + self._named_zone()
            if later
            else time + self._named_zone()
        )

    def _named_zone(self) -> str:
        return f" {self._named}" if self._named else ""

    def _noted(self, opening: Opening) -> str:
        return f", {opening.note}" if opening.note and opening.spans else ""

    def _computed(self, text: str, openings: Sequence[Opening], values: Sequence[str]) -> Computed:
        passages: dict[Passage, None] = {}
        for opening in openings:
            passages |= dict.fromkeys(opening.passages)
        text = re.sub(r",(?=[;.,])|,$", "", text)
        return Computed(f"{text[0].upper()}{text[1:]}.", tuple(passages), tuple(values))


def _shown(opening: Opening) -> str:
    """Return the hours of a day in words: "from 9 am to 12 pm and from 1 pm to 5 pm"."""
    clock = opening.facts[0].clock
    return listing([f"from {clock_time(start, clock)} to {clock_time(end, clock)}" for start, end in opening.spans])


def _date(day: date) -> str:
    return f"{MONTHS[day.month - 1].capitalize()} {day.day}"
