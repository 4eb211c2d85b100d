"""Times of day in a text: 12 and 24 hours, ranges, ranges that end after midnight."""

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.typed.kinds import Span

DAY = 1440
NOON = 720
_TIME = (
    r"(?:(?P<h{n}>\d{{1,2}})(?:[:.h](?P<m{n}>[0-5]\d))?(?:\s?(?P<p{n}>[ap])\.?\s?m?\b\.?(?:(?<=[ap])|(?<=m)|(?<=\.)))?"
    r"(?:\s?(?:o'clock|uhr|hrs?)\b)?|(?P<w{n}>noon|midday|midnight)|12\s(?P<v{n}>noon|midnight))"
)
ONE = _TIME.format(n="")
_TO = r"\s*(?:-|\u2013|\u2014|\u2212|~|to|till?|until|thru|through|and|bis)\s*"
_RANGE = re.compile(
    rf"(?<![\w$€£.,:/-]){_TIME.format(n=1)}{_TO}{_TIME.format(n=2)}(?![\w%/]|[.,:]\d|-\d)", re.IGNORECASE
)
_SINGLE = re.compile(rf"(?<![\w$€£.,:/-]){ONE}(?![\w%/]|[.,:]\d|-\d)", re.IGNORECASE)
_ALL_DAY = re.compile(
    r"\b(?:24\s?/\s?7|(?<=open\s)24\s?(?:hours|hrs|h)(?:\s(?:a|per)\sday)?|24\shours\s(?:a|per)\sday"
    r"|(?:a)?round[ -]the[ -]clock)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clock:
    """One time as written."""

    hour: int
    minute: int
    half: Literal["a", "p", ""]
    plain: bool
    """A bare number, which may be any number."""
    twenty_four: bool
    """Written so that only a 24-hour clock fits."""

    @property
    def minutes(self) -> int:
        """Minutes after midnight, if the half of the day is given or not needed."""
        hour = self.hour % 12 + 12 * (self.half == "p") if self.half else self.hour
        return hour * 60 + self.minute


@dataclass(frozen=True)
class Found:
    """A range of hours, or several, in a text."""

    start: int
    end: int
    spans: tuple[Span, ...]
    """Empty where it cannot be told which half of the day is meant."""
    clock: Literal[12, 24]


def ranges(text: str) -> list[Found]:
    """Return the ranges of hours in a text; those joined by a comma or "and" count as one day's."""
    pieces: list[tuple[int, int, list[tuple[Clock, Clock]]]] = []
    for match in _RANGE.finditer(text):
        pair = _clock(match, "1"), _clock(match, "2")
        if pair[0] is None or pair[1] is None or not _hourly(match, pair[0], pair[1], text):
            continue
        joined = pieces and re.fullmatch(
            r"\s*(?:,|&|and|/|\+|;)?\s*(?:and\s|from\s|again\s)*", text[pieces[-1][1] : match.start()]
        )
        if pieces and joined:
            start, _, pairs = pieces.pop()
            pieces.append((start, match.end(), [*pairs, (pair[0], pair[1])]))
        else:
            pieces.append((match.start(), match.end(), [(pair[0], pair[1])]))
    found = [Found(start, end, *_resolve(pairs)) for start, end, pairs in pieces]
    found += [Found(m.start(), m.end(), ((0, DAY),), 12) for m in _ALL_DAY.finditer(text)]
    return sorted(found, key=lambda item: item.start)


def singles(text: str) -> list[tuple[int, int, Clock]]:
    """Return (start, end, time) of single times: those with a half of the day, minutes, or a word."""
    found = []
    for match in _SINGLE.finditer(text):
        clock = _clock(match, "")
        if clock and not clock.plain:
            found.append((match.start(), match.end(), clock))
    return found


def minutes_of(text: str) -> int | None:
    """Return the minutes after midnight of a text that is one time and says which half of the day; else None."""
    match = re.fullmatch(ONE, text.strip(), re.IGNORECASE)
    clock = _clock(match, "") if match else None
    return clock.minutes if clock and not clock.plain and (clock.half or clock.twenty_four) else None


def clock_time(minutes: int, clock: Literal[12, 24]) -> str:
    """Return a time as a sentence has it: "6 pm", "8:30 am", "18:00"."""
    minutes %= DAY
    if clock == 24:  # noqa: PLR2004 -- the clock's own name
        return f"{minutes // 60:02}:{minutes % 60:02}"
    if minutes == 0:
        return "midnight"
    minute = f":{minutes % 60:02}" if minutes % 60 else ""
    return f"{(minutes // 60 - 1) % 12 + 1}{minute} {'am' if minutes < NOON else 'pm'}"


def _clock(match: re.Match[str], n: str) -> Clock | None:
    word = (match[f"w{n}"] or match[f"v{n}"] or "").lower()
    if word:
        return Clock(12, 0, "a" if word == "midnight" else "p", plain=False, twenty_four=False)
    hour, minute = int(match[f"h{n}"]), int(match[f"m{n}"] or 0)
    half = (match[f"p{n}"] or "").lower()
    if hour > 24 or (half and not 1 <= hour <= 12) or (hour == 24 and minute):  # noqa: PLR2004 -- hours of a day
        return None
    late = not half and (hour > 12 or match[f"h{n}"].startswith("0"))  # noqa: PLR2004 -- as above
    return Clock(hour, minute, "p" if half == "p" else "a" if half else "", not half and not match[f"m{n}"], late)


def _hourly(match: re.Match[str], first: Clock, second: Clock, text: str) -> bool:
    """Tell whether a range is one of hours: two bare numbers joined by "and" or followed by a unit are not."""
    if not (first.plain and second.plain):
        return not re.match(r"\s*(?:days?|weeks?|minutes?|mins?|hours?|people|years?|%)\b", text[match.end() :])
    joined = re.search(r"[^\s\d]+", match[0])
    dashed = bool(joined and joined[0] in {"-", "\u2013", "\u2014", "\u2212", "to", "till", "until", "til"})
    return dashed and not re.match(
        r"\s*(?:[a-z$€£%°\"]|-\w)",
        re.sub(
            (
                r"^\s*(?:on|and|every|daily|each|mon|tue|wed|thu|fri|sat|sun|except|weekdays|weekends|only"
                r"|closed|monday|tuesday|wednesday|thursday|friday|saturday|sunday)\b.*"
            ),
            "",
            text[match.end() :],
            flags=re.IGNORECASE | re.DOTALL,
        ),
    )


def _resolve(pairs: Sequence[tuple[Clock, Clock]]) -> tuple[tuple[Span, ...], Literal[12, 24]]:
    """Return the spans of one day in order, and the clock; no spans where the half of the day is anyone's guess."""
    times = [time for pair in pairs for time in pair]
    if all(not time.half for time in times) and any(time.twenty_four for time in times):
        return _ordered([(a.minutes, b.minutes) for a, b in pairs]), 24
    if all(not time.half for time in times):
        return _by_order(pairs), 12
    spans = [_halved(a, b) for a, b in pairs]
    if None in spans:
        return (), 12
    return _ordered([span for span in spans if span]), 12


def _halved(first: Clock, second: Clock) -> Span | None:
    """Give the time without a half of the day the one that the other suggests."""
    if first.half and second.half:
        return first.minutes, second.minutes
    if second.half and not first.half:
        if first.twenty_four:
            return None
        for half in (second.half, "a" if second.half == "p" else "p"):
            start = Clock(first.hour, first.minute, half, plain=False, twenty_four=False).minutes
            if start < (second.minutes or DAY):
                return start, second.minutes
        return None
    if first.half == "a" and not second.twenty_four and second.hour * 60 + second.minute <= first.minutes:
        return first.minutes, Clock(second.hour, second.minute, "p", plain=False, twenty_four=False).minutes
    return None


def _by_order(pairs: Sequence[tuple[Clock, Clock]]) -> tuple[Span, ...]:
    """Read bare numbers such as 9-5, or 9-12 and 1-5, as one day from the morning on."""
    (first, second), single = pairs[0], len(pairs) == 1
    if single and (first.minutes < second.minutes and second.minutes != NOON):
        return ()
    last, spans = 0, []
    for pair in pairs:
        moved = []
        for time in pair:
            minutes = time.minutes if time.minutes >= last else time.minutes + NOON
            if minutes < last or minutes > DAY:
                return ()
            last = minutes
            moved.append(minutes)
        spans.append((moved[0], moved[1]))
    return tuple(spans) if second.minutes != first.minutes and spans[0][0] >= 5 * 60 else ()


def _ordered(spans: Sequence[Span]) -> tuple[Span, ...]:
    """Let each span that ends before it begins end after midnight; spans out of order are none at all."""
    moved = tuple((start, end if end > start else end + DAY) for start, end in spans)
    fits = all(a[1] <= b[0] for a, b in itertools.pairwise(moved)) and all(a != b for a, b in spans)
    return moved if fits else ()
