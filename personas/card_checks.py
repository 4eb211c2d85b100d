"""Checks of a card by itself: whether its lines hold its format, say no fact and are safe, and what its style lacks."""

import re
from collections.abc import Iterator, Sequence

from personas.findings import CARD, Finding, Trap
from personas.persona import Card, Style
from personas.rows import Example, Turn
from personas.unsafe_text import unsafe

_FORMED = ("not_in_notes",)
"""Kinds of lines that teach replies, and so have to have their form once it is written around them."""
_FEWEST_FLOURISHES = 4
_OWN_WORD = re.compile(r"[A-Za-z][\w'\u2019-]*")


def card_lines(card: Card, trap: Trap) -> Iterator[Finding]:
    """Yield what is wrong with the lines and the style of a card."""
    style = card.style
    for where, line in _said(card):
        for found in unsafe(line):
            yield Finding(
                "unsafe", found.grade, CARD, None, f'{found.name}: "{found.shown}" in {where}', "Take it out."
            )
    for kind in _FORMED:
        for line in getattr(card.lines, kind):
            yield from _form(card, f"lines.{kind}", line, "not_in_notes")
    for line in style.small_talk if style else ():
        yield from _form(card, "style.small_talk", line, "chat")
    if style is None:
        yield Finding(
            "card", "warning", CARD, None, "no [style]",
            "Add openings, closings and words: the foundation's rows are dressed in them.",
        )  # fmt: skip
        return
    yield from _facts(card, style, trap)
    yield from _odd(style)


def _facts(card: Card, style: Style, trap: Trap) -> Iterator[Finding]:
    """Yield facts in lines that stand beside any answer, and so must be true of anything."""
    groups = {"style.openings": style.openings, "style.closings": style.closings, "style.small_talk": style.small_talk}
    lines = [(where, line) for where, some in groups.items() for line in some]
    bare = card.model_copy(update={"style": Style(), "format": None})  # its own lines are what is judged
    rows = [_row(line) for _, line in lines]
    for (where, line), facts in zip(lines, trap(bare, rows, doubts=False), strict=True):
        for fact in facts:
            yield Finding(
                "card", "error", CARD, None, f'{where} "{line}": {fact.shown} is a fact',
                "Take it out: the line is said to anybody, whatever was asked.",
            )  # fmt: skip


def _odd(style: Style) -> Iterator[Finding]:
    for name, some in (("openings", style.openings), ("closings", style.closings), ("small_talk", style.small_talk)):
        if len(some) < _FEWEST_FLOURISHES and not (name == "closings" and not some):
            yield Finding(
                "card", "warning", CARD, None, f"style.{name} has {len(some)} lines",
                f"Write {_FEWEST_FLOURISHES} or more: a voice that always says the same tires its readers.",
            )  # fmt: skip
        if len(set(some)) < len(some):
            yield Finding("card", "warning", CARD, None, f"style.{name} has a line twice", "Drop one.")
    for old in style.words:
        if old != old.lower() or not _OWN_WORD.fullmatch(old):
            yield Finding(
                "card", "warning", CARD, None, f'style.words "{old}" is never exchanged',
                "Write a single word in lower case.",
            )  # fmt: skip


def _form(card: Card, where: str, line: str, status: str) -> Iterator[Finding]:
    if card.format is None or card.format.holds(line, 1):
        return
    written = card.format.render(line, None, "chat" if status == "chat" else "not_in_notes")
    if not card.format.holds(written, 1):
        yield Finding(
            "format", "error", CARD, None, f'{where} "{line}" has not the form',
            "Write the line, or [format], so that they go together.",
        )  # fmt: skip


def _said(card: Card) -> Iterator[tuple[str, str]]:
    for kind, some in card.lines.model_dump().items():
        yield from ((f"lines.{kind}", line) for line in some)
    for kind in ("openings", "closings", "small_talk"):
        yield from ((f"style.{kind}", line) for line in getattr(card.style or Style(), kind))


def _row(line: str) -> Example:
    said: Sequence[Turn] = (Turn(role="user", content="Hello"), Turn(role="assistant", content=line))
    return Example(messages=tuple(said), skill="small_talk", domain="card")
