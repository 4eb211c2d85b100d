"""One line of opening hours, word by word."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from knowledge.typed.clock import ranges
from knowledge.typed.days import FoundDays, days_in
from knowledge.typed.kinds import Dated, Days, Span, Weekly

SEASONAL = re.compile(
    r"\b(?:summer|winter|spring|autumn|fall|season|seasonal|off-season|term|school|temporary|temporarily|covid"
    r"|next week|this week|this month)\b",
    re.IGNORECASE,
)
_TEMPORAL = re.compile(
    r"\b(?:first|second|third|fourth|last|1st|2nd|3rd|4th|alternate|alternating|other|weeks?"
    r"|months?|today|tomorrow|tonight|"
    r"january|february|march|april|may|june|july|august|september|october|november|december"
    r"|jan|feb|mar|apr|jun|jul|aug|"
    r"sept?|oct|nov|dec|eve|vacation|break|ramadan|lent|advent|occasionally|sometimes|when|if"
    r"|unless|until|usually|some|"
    r"most|many|night|nights|evening|evenings|morning|mornings|late|early)\b"
)
"""What says when, and was not understood: the line is about time, not about another place."""
_GLUE = frozenset(
    "on from between at the is are am be will we're open opens opening hours hour business store shop regular normal "
    "standard usual our and every each week also as always stay stays during for times time closed all day except "
    "excluding weekly only to".split()
)
_CLOSED = re.compile(
    r"\b(?:(?:we(?:'re| are)|is|are|be|stays?|remains?)\s+)?(?:not\s+open|closed|shut|close|closes)\b"
    r"(?:\s+(?:all\s+day(?:\s+long)?|completely|entirely))?",
    re.IGNORECASE,
)
_OPEN_AT = re.compile(
    r"\bopens?\s+(?:the doors\s+)?(?:at|from)\s+(\S+(?:\s?[ap]\.?m\b\.?)?)\s*,?\s*(?:and"
    r"|then)?\s*(?:we\s+)?clos(?:e|es|ing)\s+(?:at\s+)?"
    r"(\d\S*(?:\s?[ap]\.?m\b\.?)?|midnight)",
    re.IGNORECASE,
)
_DROPPED = (
    (
        r"\(?\b(?:with\s+)?(?:the\s+)?last\s+(?:entry|entries|admission|orders?|call|seating"
        r"|check-in|appointments?)\b[^);,]*\)?"
    ),
    r",?\s*whatever\s+(?:weekday|day)\s+(?:it|that)\s+(?:falls|is)\s*(?:on)?",
    r",?\s*(?:and\s+)?(?:we\s+)?(?:re-?open|(?:are\s+)?open\s+again|are\s+back)\s+on\s+[^,;]*$",
    r",?\s*like\s+(?:every|each|any)\s+(?:other\s+)?\w+day\b",
    r"(?<=closed)\s+so\s+that\b[^,;]*$|(?<=closed all day)\s+so\s+that\b[^,;]*$",
    r",\s*(?:and\s+)?no\s+orders\s+go\s+out$",
    r"\(\s*(?:local time|all times [\w ]+|[A-Z]{2,5}|[\w/]+ time)\s*\)",
    r"\b(?:Eastern|Central|Pacific|Mountain|UK|Central European|local)\s+(?:Standard\s+|Daylight\s+|Summer\s+)?time\b",
    r"(?<=[md\d])\s+(?:E[SD]?T|P[SD]?T|C[SD]T|M[SD]T|CES?T|GMT|BST|UTC)\b",
)
_NOTE = re.compile(r"(?<=\W)(?P<note>(?:for|by)\s+[a-z][\w' ,-]*)$")
_LUNCH = re.compile(
    r"[\s,(]*(?:and\s+|but\s+)?(?:(?:we(?:'re| are)?|is|are)\s+)?(?:(?:closed|close|closes|closing)\s+(?:daily\s+)?"
    r"(?:for\s+(?:a\s+)?lunch\s*(?:break\s*)?)?|lunch\s+break\s*|break\s*)(?:,|:|from|between|\s)*\s*⟦T(\d+)⟧"
    r"\s*(?:for\s+(?:a\s+)?lunch(?:\s+break)?)?\)?",
    re.IGNORECASE,
)
_BRACKETS = re.compile(r"\(([^()]*)\)")
_IN_ASIDES = frozenset(
    "the of in on first second third fourth last day usually or and us uk usa always a "
    "january february march april may june july august september october november december".split()
)
_TOKEN = re.compile(r"⟦([A-Z])(\d*)⟧|[^\W_]+(?:['&-][^\W_]+)*|&|[^\w\s]")
_EMPTY = frozenset(",:;.()[]–—-•*&!\"'/+=")  # noqa: RUF001 -- dashes of printed lists


@dataclass(frozen=True)
class Line:
    """What one line says of hours."""

    read: bool
    """Every word was understood."""
    groups: tuple[tuple[Days, tuple[Span, ...] | None], ...] = ()
    """Days with their spans; None where times stand there whose half of the day is not clear."""
    bare: tuple[Span, ...] | None = None
    """Spans of a line that names no day; empty for closed."""
    subject: str | None = None
    """The words before the verb or the first day, in lower case; None if there are none."""
    season: Dated | None = None
    note: str = ""
    clock: Literal[12, 24] = 12
    days: tuple[Days, ...] = ()
    """All days that stand in the line, understood or not."""
    timed: bool = False
    """Whether any times stand in it."""


@dataclass
class _Marked:
    """A line with marks for days (D), times (T), closed (C), seasons (S) and exceptions (X)."""

    text: str
    days: list[FoundDays]
    spans: list[tuple[Span, ...]]
    clock: Literal[12, 24]


def line_of(text: str, own: frozenset[str]) -> Line:
    """Read a line; ``own``: names of the server's own place, whose "and" and "&" are no joints."""
    text = _asides_dropped(text)
    for pattern in _DROPPED:
        text = re.sub(pattern, "", text, flags=re.IGNORECASE if not pattern.startswith("(?<=[md") else 0)
    text = _OPEN_AT.sub(r"open \1 - \2", text)
    marked = _mark(text)
    note = ""
    if (match := _NOTE.search(marked.text.rstrip(" .!"))) and "⟦" not in match["note"] and "⟦T" in marked.text:
        note = match["note"].strip()
        marked.text = marked.text[: match.start()]
    subject, kinds = _subject_and_marks(marked.text, own)
    all_days = tuple(item.days for item in marked.days)
    timed = bool(marked.spans)
    if subject and _TEMPORAL.search(subject):
        return Line(read=False, days=all_days, timed=timed)
    seasonal = SEASONAL.search(subject or "") and not re.search("⟦S", marked.text)
    if kinds is None or seasonal:
        return Line(read=False, subject=subject, days=all_days, timed=timed)
    season = next((marked.days[n].days for kind, n in kinds if kind == "S"), None)
    rest = [(kind, n) for kind, n in kinds if kind != "S"]
    groups = _groups(rest, marked)
    common = {"subject": subject, "note": note, "clock": marked.clock, "days": all_days, "timed": timed}
    if groups is not None and isinstance(season, Dated | None):
        return Line(True, tuple(groups), season=season, **common)  # type: ignore[arg-type]  # its values are of several types
    if [kind for kind, _ in rest] in (["T"], ["C"]) and not season:
        return Line(True, bare=marked.spans[rest[0][1]] if rest[0][0] == "T" else (), **common)  # type: ignore[arg-type]  # as above
    return Line(read=False, subject=subject, days=all_days, timed=timed)


def _mark(text: str) -> _Marked:
    times = ranges(text)
    days = [d for d in days_in(text) if not any(d.start < t.end and t.start < d.end for t in times)]
    items = sorted(
        [(d.start, d.end, "D", n) for n, d in enumerate(days)] + [(t.start, t.end, "T", n) for n, t in enumerate(times)]
    )
    parts, place = [], 0
    for start, end, kind, n in items:
        run = days[n].days if kind == "D" else None
        is_season = isinstance(run, Dated) and run.first != run.last and any(isinstance(d.days, Weekly) for d in days)
        parts += [text[place:start], f" ⟦{'S' if is_season else kind}{n}⟧ "]
        place = end
    marked = "".join([*parts, text[place:]])
    spans = [found.spans for found in times]
    marked = _lunch(marked, spans)
    marked = re.sub(
        r"\b(?:except|excluding|but not|not)\s+(?:on\s+|for\s+)?(?:the\s+)?(?=⟦D)", " ⟦X⟧ ", marked, flags=re.IGNORECASE
    )
    marked = re.sub(r"\bno\s+opening\b", " ⟦C⟧ ", _CLOSED.sub(" ⟦C⟧ ", marked), flags=re.IGNORECASE)
    return _Marked(marked, days, spans, 24 if any(t.clock == 24 for t in times) else 12)  # noqa: PLR2004 -- a clock


def _asides_dropped(text: str) -> str:
    """Drop brackets that only explain the day before them: "Mother's Day (the second Sunday in May)"."""
    for match in list(_BRACKETS.finditer(text)):
        before = [
            item for item in days_in(text) if item.end <= match.start() and not text[item.end : match.start()].strip()
        ]
        left = match[1]
        for item in reversed(days_in(left)):
            left = left[: item.start] + left[item.end :]
        runs = any(
            isinstance(item.days, Dated) and item.days.first[0] != item.days.last[0] for item in days_in(match[1])
        )
        if before and not runs and not set(re.findall(r"[\w']+", left.lower())) - _IN_ASIDES:
            text = text.replace(match[0], " ", 1)
    return text


def _lunch(marked: str, spans: list[tuple[Span, ...]]) -> str:
    """Take a break out of the hours that it stands behind."""
    for match in list(_LUNCH.finditer(marked)):
        before = re.findall(r"⟦T(\d+)⟧", marked[: match.start()])
        pause = spans[int(match[1])]
        if not before or len(pause) != 1 or len(spans[int(before[-1])]) != 1:
            continue
        (start, end), (leave, back) = spans[int(before[-1])][0], pause[0]
        if start < leave < back < end:
            spans[int(before[-1])] = ((start, leave), (back, end))
            marked = marked.replace(match[0], " ", 1)
    return marked


def _subject_and_marks(text: str, own: frozenset[str]) -> tuple[str | None, list[tuple[str, int]] | None]:
    """Return the subject, and the marks in order; no marks where a word is left that is not understood."""
    for name in sorted(own, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "we", text, flags=re.IGNORECASE)
    kinds: list[tuple[str, int]] = []
    subject: list[str] = []
    verbed = False
    for match in _TOKEN.finditer(text):
        word = match[0].lower()
        if match[1]:
            kinds.append((match[1], int(match[2] or 0)))
            verbed = verbed or match[1] in "TC"
        elif word in {"we", "we're", "it"} and not subject:
            subject.append("we")
        elif word in {"open", "opens", "is", "are", "hours", "opening"} and (subject or word != "hours"):
            verbed = verbed or word != "hours"
        elif word in _EMPTY or word in _GLUE:
            continue
        elif verbed or subject[-1:] == ["we"] or word[0].isdigit():
            return " ".join(subject) or None, None
        else:
            subject.append(word)
    return " ".join(subject) or None, kinds


def _groups(kinds: Sequence[tuple[str, int]], marked: _Marked) -> list[tuple[Days, tuple[Span, ...] | None]] | None:
    """Pair days with times, in either order, if there is one way only that uses all marks."""
    shape = "".join(kind for kind, _ in kinds)
    ways = _ways(shape)
    if len(ways) != 1:
        return None
    groups: list[tuple[Days, tuple[Span, ...] | None]] = []
    place = 0
    for part in ways[0]:
        items = kinds[place : place + len(part)]
        place += len(part)
        spans = next((marked.spans[n] or None for kind, n in items if kind == "T"), ())
        after = part.find("X")
        for position, (kind, n) in enumerate(items):
            if kind == "D":
                groups.append((marked.days[n].days, () if 0 <= after < position else spans))
    return groups


def _ways(shape: str) -> list[list[str]]:
    """Return all ways to cut a line's marks into days with their times; days may be excepted."""
    if not shape:
        return [[]]
    ways = []
    for end in range(2, len(shape) + 1):
        if re.fullmatch(r"(?:D+[TC]|[TC]D+)(?:XD+)?", shape[:end]):
            ways += [[shape[:end], *rest] for rest in _ways(shape[end:])]
    fewest = [way for way in ways if not any(re.fullmatch(r"(?:[TC]D|D[TC]).*", part) is None for part in way)]
    plain = [way for way in fewest or ways if len({part[0] in "TC" for part in way if "C" not in part}) <= 1]
    return plain if len(plain) == 1 else ways
