"""Replies as Discord shows them: footnotes, harmless names, and messages short enough to send."""

import re
from collections.abc import Iterator, Sequence

from discord.utils import escape_mentions

from bot.answers import Answer, Source
from knowledge.indexing import Report

LONGEST = 2000  # characters of one message's content; Discord API, "Create Message"
_LONGEST_NOTE = 90
_LONGEST_REASON = 400
_MOST_LINES = 30
# What Discord would render; an underscore within a word and a colon without slashes it leaves alone.
_MARKUP = re.compile(r"[\\`*~|<\[]|(?<![^\W_])_|_(?![^\W_])|:(?=//)")
_FENCE = re.compile(r"```(?:([\w+.#-]{1,20})(?=\n))?")
_CLOSING = "\n```"
_PARAGRAPH = re.compile(r"\n\s*\n|\n(?=```)")
_LINE = re.compile(r"\n")
_SENTENCE = re.compile(r"(?<=[.!?…])\s|(?<=[\u3002\uff01\uff1f])")
_SPACE = re.compile(r"\s")


def plain(text: str, longest: int = _LONGEST_NOTE) -> str:
    """Return the text on one line, at most ``longest`` characters of it, with no markup or mention left in force."""
    line = " ".join(text.split())
    line = line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
    # discord.utils.escape_markdown leaves what stands inside a masked link and channel mentions in force.
    return escape_mentions(_MARKUP.sub(r"\\\g<0>", line))


def footnotes(sources: Sequence[Source]) -> str:
    """Return a line of small print for each place that the reply stands on; passages of one place share it."""

    def place(source: Source) -> str:
        return plain(", ".join(part for part in (source.document, source.section or source.entry) if part))

    notes: dict[str, list[int]] = {}
    for source in sources:
        notes.setdefault(place(source), []).append(source.n)
    return "\n".join(
        f"-# {''.join(f'[{n}]' for n in dict.fromkeys(numbers))} {name}" for name, numbers in notes.items()
    )


def rendered(answer: Answer) -> str:
    """Return the reply with its sources under it; a code block that was left open is closed first."""
    reply = answer.reply + (_CLOSING if _open_fence(answer.reply) else "")
    return "\n".join(part for part in (reply, footnotes(answer.sources)) if part)


def summary(report: Report) -> str:
    """Return a line for each document that is not as it was, and how many are."""
    lines = []
    for change in report.changes:
        if change.outcome in {"new", "changed"}:
            lines.append(f"**{plain(change.name)}** is {change.outcome}: {change.passages} passages to answer from.")
        elif change.outcome == "removed":
            lines.append(f"**{plain(change.name)}** is removed and answers nothing any more.")
        elif change.outcome == "refused":
            lines.append(f"**{plain(change.name)}** is refused: {plain(change.reason, _LONGEST_REASON)}")
    same = sum(change.outcome == "unchanged" for change in report.changes)
    more = len(lines) - _MOST_LINES
    lines = [*lines[:_MOST_LINES], f"... and {more} more."] if more > 0 else lines
    return "\n".join([*lines, *([f"{same} unchanged."] if same else [])]) or "There was nothing to do."


def split(text: str, limit: int = LONGEST) -> list[str]:
    """Return the text in parts of at most ``limit`` (>= 60) characters, none of them blank.

    A part ends between paragraphs, else lines, sentences or words; a code block is closed at the end of a part
    and opened again, with its language, in the next. Only white space is dropped, and only where a part ends.
    """
    return [f"{opening}{body}{closing}" for opening, body, closing in _pieces(text, limit)]


def _pieces(text: str, limit: int) -> Iterator[tuple[str, str, str]]:
    """Yield (what opens a code block again, a piece of the text, what closes the code block)."""
    opening = ""
    rest = text.strip()
    while len(opening) + len(rest) > limit:
        window = rest[: limit - len(opening) - len(_CLOSING)]
        body = rest[: _cut(opening, window, rest)]
        rest = rest[len(body) :]
        fence = _open_fence(opening + body)
        end = re.match(r"\s*```", rest) if fence else None
        if end:  # nothing is left of the code block but its end
            body += _CLOSING
            rest = rest[end.end() :]
            fence = ""
        yield opening, body, _CLOSING if fence else ""
        rest = rest.removeprefix("\n") if fence else rest.lstrip()
        opening = f"{fence}\n" if fence else ""
    if rest:
        yield opening, rest, ""


def _cut(opening: str, window: str, rest: str) -> int:
    """Return how many characters of the window to send: up to the best boundary in its second half."""
    for boundary in (_PARAGRAPH, _LINE, _SENTENCE):
        for match in reversed(list(boundary.finditer(window, len(window) // 2))):
            if not _open_fence(opening + window[: match.start()]):
                return match.start()
    for boundary, earliest in ((_LINE, len(window) // 2), (_SPACE, 1)):
        starts = [match.start() for match in boundary.finditer(window, earliest)]
        if starts and window[: starts[-1]].strip():
            return starts[-1]
    ticks = len(window) - len(window.rstrip("`"))
    if rest[len(window)] == "`" and 0 < ticks < len(window):
        return len(window) - ticks  # a fence stays whole
    return len(window)


def _open_fence(text: str) -> str:
    """Return the fence, with its language, of the code block that the text leaves open; else nothing."""
    fence = ""
    for match in _FENCE.finditer(text):
        fence = "" if fence else match[0]
    return fence
