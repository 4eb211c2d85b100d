"""Questions on opening hours, computed by calendar and clock."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from knowledge.claims import WEEKDAYS
from knowledge.typed import feasts
from knowledge.typed.hours_questions import HoursQuestion, dates_of, hours_question, next_date
from knowledge.typed.hours_sentences import Speech, computed, date_name, feast_name, noted, told
from knowledge.typed.kinds import Computed, Dated, Disputed, Fact, Feast, Hours, OwnName, UnreadHours, Weekly, Zone
from knowledge.typed.places import VENUES
from knowledge.typed.week import Opening, State, Week
from knowledge.typed.wording import listing

Answer = Computed | Disputed | None


def answer_hours(question: str, facts: Sequence[Fact], now: datetime, zone: ZoneInfo, country: str | None) -> Answer:
    """Answer a question on opening hours; None where it is none, or the facts do not certainly cover it."""
    known = [fact for fact in facts if isinstance(fact, Hours | UnreadHours)]
    if not any(isinstance(fact, Hours) for fact in known):
        return None
    own = frozenset(fact.name for fact in facts if isinstance(fact, OwnName))
    subjects = list(dict.fromkeys(fact.subject for fact in known))
    asked = hours_question(question, subjects, own)
    if asked is None:
        return None
    subject = asked.subject or _main(known)
    if subject is None or (asked.venue and not _stands_for(asked.venue, subject, facts)):
        return None
    hours = tuple(f for f in known if isinstance(f, Hours) and f.subject == subject)
    unread = tuple(f for f in known if isinstance(f, UnreadHours) and f.subject == subject)
    local = _zone(facts, hours, zone)
    if local is None or not hours:
        return None
    whole = subject == "" or subject == _main(known)
    who = "we" if whole else _called(subject, hours)
    if who is None:
        return None
    return _Teller(Week(hours, unread, country), asked, now.astimezone(local[0]), Speech(who, local[1])).answer()


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


def _called(subject: str, hours: Sequence[Hours]) -> str | None:
    """Return how a sentence calls a part of the place: "the kitchen"; None for what may need a plural verb."""
    for fact in hours:
        match = re.search(re.escape(subject), f"{fact.passage.text}\n{fact.passage.section}", re.IGNORECASE)
        if match and match[0][0].isupper() and " " in match[0] and "'" in match[0]:
            return match[0]
    return None if subject.endswith("s") else f"the {subject}"


class _Teller:
    """Finds one answer."""

    def __init__(self, week: Week, asked: HoursQuestion, here: datetime, say: Speech) -> None:
        self._week, self._asked, self._here, self._say = week, asked, here, say
        self._today = here.date()

    def answer(self) -> Answer:
        """Choose by what day is asked for."""
        asked, days = self._asked, self._asked.days
        undated = days is None and asked.relative is None
        if asked.ask in {"now", "next"} or (asked.ask == "open" and asked.minute is None and undated):
            return self._at_once()
        if isinstance(days, Feast):
            return self._feast(days)
        if isinstance(days, Weekly) and not asked.this:
            return self._weekdays(days)
        if undated:
            return self._day(self._today, "today") if asked.ask in {"closes", "open"} else None
        dates = dates_of(asked, self._today)
        if len(dates) != 1 or asked.following or asked.relative == "yesterday":
            return None
        return self._day(dates[0], self._label(dates[0]))

    def _at_once(self) -> Answer:
        state = self._week.at(self._here)
        if not isinstance(state, State):
            return state
        if not state.is_open:
            return self._closed_now(state)
        if self._asked.ask == "next":
            return None
        start = f"{'No' if self._asked.denied else 'Yes'}, {self._say.are} open now"
        if state.until is None:
            return computed(f"{start}{', around the clock' if state.always else ''}", [state.opening], ["open"])
        end = self._say.moment(state.until, self._today, state.opening)
        return computed(f"{start}, until {end}{noted(state.opening)}", [state.opening], ["open", end])

    def _closed_now(self, state: State) -> Answer:
        text = f"{self._say.are} closed now"
        if self._asked.ask != "next":
            text = f"{'Yes' if self._asked.denied else 'No'}, {text}"
        if state.next_open is None or state.next_opening is None:
            return None if self._asked.ask == "next" else computed(text, [state.opening], ["closed"])
        day = state.next_open.date()
        when = "today" if day == self._today else self._label(day)
        at = self._say.time(state.next_opening, state.next_open.hour * 60 + state.next_open.minute)
        text += f"; {self._say.who} {self._say.verb('open')} {when} at {at}{noted(state.next_opening)}"
        return computed(text, [state.opening, state.next_opening], ["closed", when, at])

    def _feast(self, feast: Feast) -> Answer:
        day = next_date(feast, self._today, self._week.country)
        opening = self._week.on(day) if day else self._week.named(feast)
        if not isinstance(opening, Opening):
            return opening
        return told(opening, f"on {feast_name(feast)}", self._asked, self._say) if opening.exact else None

    def _weekdays(self, days: Weekly) -> Answer:
        """Answer for weekdays by the rule of the week, and tell if the next one is an exception."""
        asked, one = self._asked, len(days.weekdays) == 1
        openings: list[tuple[str, Opening]] = []
        for weekday in days.weekdays:
            name = WEEKDAYS[weekday].capitalize()
            usual = self._week.every(weekday)
            ahead = self._today + timedelta(days=(weekday - self._today.weekday()) % 7)
            if usual is None and one and not (asked.plural or asked.following):
                return self._day(ahead, f"on {name}, {date_name(ahead)},")
            if not isinstance(usual, Opening):
                return usual
            if not asked.plural:
                coming = [self._week.on(ahead + timedelta(days=n)) for n in (0, 7)[: 1 + asked.following]]
                odd = [found for found in coming if not isinstance(found, Opening) or found.exact]
                if odd:
                    return self._exception(usual, odd[0], ahead, name) if len(coming) == 1 and one else None
            openings.append((f"on {name}{'s' if asked.plural else ''}", usual))
        return told(openings[0][1], openings[0][0], asked, self._say) if one else self._several(openings)

    def _several(self, openings: Sequence[tuple[str, Opening]]) -> Answer:
        if self._asked.ask not in {"open", "hours"} or self._asked.minute is not None:
            return None
        values = [self._say.state(opening) for _, opening in openings]
        parts = [f"{label} {self._say.are} {value}" for (label, _), value in zip(openings, values, strict=True)]
        return computed(listing(parts), [opening for _, opening in openings], values)

    def _exception(self, usual: Opening, coming: Opening | Disputed | None, day: date, name: str) -> Answer:
        if not isinstance(coming, Opening):
            return coming
        if self._asked.ask not in {"open", "closed", "hours"} or self._asked.minute is not None:
            return None
        days = coming.facts[0].days
        called = f", {feast_name(days)}" if isinstance(days, Feast) else ""
        first, then = self._say.state(usual), self._say.state(coming)
        text = (
            f"on {name}s {self._say.are} usually {first}, "
            f"but on {date_name(day)}{called}, {self._say.are} {then}{noted(coming)}"
        )
        return computed(text, [coming, usual], [first, then])

    def _day(self, day: date, label: str) -> Answer:
        opening = self._week.on(day)
        if not isinstance(opening, Opening):
            return opening
        over = opening.spans and self._here.hour * 60 + self._here.minute >= opening.spans[-1][1]
        if label.startswith("today") and self._asked.ask == "open" and self._asked.minute is None and over:
            spans = self._say.spans(opening)
            return computed(f"{self._say.are} closed now; today's hours were {spans}", [opening], ["closed", spans])
        return told(opening, label, self._asked, self._say)

    def _label(self, day: date) -> str:
        opening = self._week.on(day)
        feast = opening.facts[0].days if isinstance(opening, Opening) else None
        called = f", {feast_name(feast)}," if isinstance(feast, Feast) else ""
        weekday = WEEKDAYS[day.weekday()].capitalize()
        if day == self._today:
            return f"today{called}"
        if day == self._today + timedelta(days=1):
            return f"tomorrow, {weekday},{called[1:]}"
        return f"on {date_name(day) if isinstance(self._asked.days, Dated) else weekday}{called}"
