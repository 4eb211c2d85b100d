"""Which hours hold on a calendar day, and whether a place is open at a moment."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal

from knowledge.store import Passage
from knowledge.typed.clock import DAY
from knowledge.typed.days import holds
from knowledge.typed.feasts import public_holiday
from knowledge.typed.kinds import Dated, Disputed, Feast, Hours, PublicHolidays, Span, UnreadHours, Weekly

_AHEAD = 10  # days to look for the next opening


@dataclass(frozen=True)
class Opening:
    """The hours of one day, as the facts have them."""

    spans: tuple[Span, ...]
    facts: tuple[Hours, ...]
    """Those that say so, at least one."""

    @property
    def exact(self) -> bool:
        """Whether they are said of this day in particular, and not of its weekday."""
        return not isinstance(self.facts[0].days, Weekly)

    @property
    def note(self) -> str:
        """What the opening is for, where a fact says so."""
        return next((fact.note for fact in self.facts if fact.note), "")

    @property
    def passages(self) -> tuple[Passage, ...]:
        """The passages behind it."""
        return tuple(dict.fromkeys(fact.passage for fact in self.facts))


@dataclass(frozen=True)
class State:
    """Whether a place is open at a moment."""

    opening: Opening
    """Of the day whose hours decide."""
    until: datetime | None
    """Local time at which it closes; None if it is closed, or where the facts do not tell."""
    is_open: bool
    always: bool = False
    """Open around the clock for a week and more."""
    next_open: datetime | None = None
    """Local time at which it opens next, if it is closed and the facts tell."""
    next_opening: Opening | None = None


@dataclass(frozen=True)
class Week:
    """All that is known of one place's hours."""

    hours: tuple[Hours, ...]
    unread: tuple[UnreadHours, ...]
    country: str | None

    def on(self, day: date) -> Opening | Disputed | None:
        """Return the hours of a day; None where the facts do not certainly tell."""
        exact = [
            (fact, holds(fact.days, day, self.country)) for fact in self.hours if not isinstance(fact.days, Weekly)
        ]
        if any(held is None for _, held in exact):
            return None
        told = [fact for fact, held in exact if held and not isinstance(fact.days, PublicHolidays)]
        told = told or [fact for fact, held in exact if held]
        if told:
            return None if self._doubted(day, exact=True) else _agreed(told)
        if self._was_exact(day) or self._doubted(day, exact=False) or public_holiday(day, self.country) is not False:
            return None
        told = self._weekly(day)
        return None if self._elsewhere(told) else _agreed(told)

    def named(self, feast: Feast) -> Opening | Disputed | None:
        """Return the hours that are told of a feast by its name, whenever it falls."""
        told = [fact for fact in self.hours if fact.days == feast]
        doubted = any(feast in fact.days and fact.timed for fact in self.unread)
        return None if doubted or not told else _agreed(told)

    def every(self, weekday: int) -> Opening | Disputed | None:
        """Return the hours of each such weekday; None where they change with the season."""
        told = [f for f in self.hours if isinstance(f.days, Weekly) and weekday in f.days.weekdays]
        if self._elsewhere(told):
            return None
        doubted = any(
            not f.days or any(isinstance(d, Weekly) and weekday in d.weekdays for d in f.days) for f in self.unread
        )
        if doubted or any(fact.season for fact in told):
            return None
        return _agreed(told)

    def at(self, here: datetime) -> State | Disputed | None:
        """Return whether it is open at a moment, given in the place's own time."""
        minute = here.hour * 60 + here.minute
        today, before = self.on(here.date()), self.on(here.date() - timedelta(days=1))
        if isinstance(today, Disputed) or today is None:
            return today
        if isinstance(before, Opening):
            for start, end in before.spans:
                if end > DAY and start - DAY <= minute < end - DAY:
                    return State(before, _moment(here, 0, end - DAY), is_open=True)
        elif minute < 6 * 60 and self._runs_late():
            return None
        for start, end in today.spans:
            if start <= minute < end:
                until = self._until(here, end)
                return State(today, None if until == "always" else until, is_open=True, always=until == "always")
        return self._closed(here, minute, today)

    def _was_exact(self, day: date) -> bool:
        """Tell whether another year had hours of its own on this date: this year's may not be told yet."""
        dated = (fact.days for fact in self.hours if isinstance(fact.days, Dated) and fact.days.year)
        return any(holds(replace(days, year=None), day, self.country) for days in dated if days.first == days.last)

    def _elsewhere(self, told: Sequence[Hours]) -> bool:
        """Tell whether another document has hours of the week that pass over a day: it may be about another place."""
        weekly = {fact.passage.document for fact in self.hours if isinstance(fact.days, Weekly)}
        return bool(told) and weekly != {fact.passage.document for fact in told}

    def _runs_late(self) -> bool:
        return any(end > DAY for fact in self.hours for _, end in fact.spans)

    def _until(self, here: datetime, end: int) -> datetime | Literal["always"] | None:
        """Follow spans that meet at midnight; None where they meet a day of which the facts do not tell."""
        day = 0
        while end == DAY and day < 8:  # noqa: PLR2004 -- a week and a day
            following = self.on(here.date() + timedelta(days=day + 1))
            if not isinstance(following, Opening):
                return None
            if not following.spans or following.spans[0][0]:
                break
            day, end = day + 1, following.spans[0][1]
        return "always" if day >= 8 else _moment(here, day, end)  # noqa: PLR2004 -- as above

    def _closed(self, here: datetime, minute: int, today: Opening) -> State:
        for start, _ in today.spans:
            if start > minute:
                return State(today, None, is_open=False, next_open=_moment(here, 0, start), next_opening=today)
        for ahead in range(1, _AHEAD):
            opening = self.on(here.date() + timedelta(days=ahead))
            if not isinstance(opening, Opening):
                break
            if opening.spans:
                start = opening.spans[0][0]
                return State(today, None, is_open=False, next_open=_moment(here, ahead, start), next_opening=opening)
        return State(today, None, is_open=False)

    def _weekly(self, day: date) -> list[Hours]:
        told = [fact for fact in self.hours if isinstance(fact.days, Weekly) and day.weekday() in fact.days.weekdays]
        seasonal = [fact for fact in told if fact.season and holds(fact.season, day, self.country)]
        return seasonal or [fact for fact in told if not fact.season]

    def _doubted(self, day: date, *, exact: bool) -> bool:
        """Tell whether something that could not be read may speak of the day."""
        for fact in self.unread:
            if not fact.days and not exact:
                return True
            spoken = [days for days in fact.days if holds(days, day, self.country) is not False]
            particular = any(isinstance(days, Dated | Feast) for days in spoken)
            if spoken and (not exact or (fact.timed and particular)):
                return True
        return False


def _agreed(told: Sequence[Hours]) -> Opening | Disputed | None:
    """Return what all facts say alike; those of one passage may add up to a day with a break."""
    spans: dict[Passage, tuple[Span, ...]] = {}
    for fact in told:
        known = spans.get(fact.passage)
        if known is None or known == fact.spans:
            spans[fact.passage] = fact.spans
            continue
        joined = tuple(sorted((*known, *fact.spans)))
        apart = all(a[1] < b[0] for a, b in itertools.pairwise(joined))
        if not (known and fact.spans and apart):
            return Disputed((fact.passage,))
        spans[fact.passage] = joined
    if not spans:
        return None
    if len(set(spans.values())) > 1:
        return Disputed(tuple(spans))
    return Opening(next(iter(spans.values())), tuple(told))


def _moment(here: datetime, days: int, minutes: int) -> datetime:
    """Return a local time by the clock on the wall, on the day that lies some days ahead."""
    day = here.date() + timedelta(days=days + minutes // DAY)
    return datetime(day.year, day.month, day.day, minutes % DAY // 60, minutes % 60, tzinfo=here.tzinfo)
