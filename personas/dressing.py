"""Plain rows in a persona's voice: what its card's few lines make of replies that only say what is so.

The facts of a plain reply are left as they are, word for word; around and between them stand the voice's own words.
"""

import random
import re
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from personas.persona import Card, Style
from personas.rows import Example, Skill, Turn

FOUNDATION = Path(__file__).parent / "foundation"
"""What every voice starts from: plain rows and exam, and the adapter that has learnt them."""

Status = Literal["answered", "not_in_notes", "chat"]
_SILENT = "That is not in my notes."
_CLOSED = 0.3
"""Share of the answers with an opening that have a closing too."""
_WORD = re.compile(r"(?<![\w'\u2019/.@-])[a-z]+(?:'[a-z]+)?(?![\w'\u2019/@-]|\.\w)")
_YES_NO = re.compile(r"(Yes|No)(?=[,.])")


class PlainRow(BaseModel):
    """A question with its notes and what is to be said, before any voice says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    domain: str
    skill: Skill
    notes: tuple[str, ...]
    question: str
    reply: str
    """Empty where the notes do not hold the answer."""
    note: Annotated[int, Field(ge=1)] | None = Field(default=None, alias="from")
    """Number of the note that the reply stands on."""
    topic: str = ""
    """What was asked for and is not in the notes."""
    before: tuple[tuple[str, str], ...] = ()
    """Questions and plain replies that came before."""


def read_plain(path: Path) -> list[PlainRow]:
    """Read a JSONL file of plain rows. Raises ValueError."""
    return [PlainRow.model_validate_json(line) for line in path.read_bytes().splitlines() if line.strip()]


def dress(row: PlainRow, card: Card, rng: random.Random) -> Example:
    """Return a plain row in the voice of a card; the same ``rng`` gives the same words."""
    style = card.style or Style()
    turns = []
    for question, reply in row.before:
        turns += [Turn(role="user", content=question), Turn(role="assistant", content=_formed(reply, 1, card, rng))]
    turns.append(Turn(role="user", content=row.question))
    chat = row.skill == "small_talk"
    said = rng.choice(style.small_talk) if chat else _formed(row.reply, row.note, card, rng)
    turns.append(Turn(role="assistant", content=said))
    return Example(messages=tuple(turns), notes=row.notes, skill=row.skill, domain=row.domain)


def _formed(reply: str, note: int | None, card: Card, rng: random.Random) -> str:
    """Dress a reply, and write it in the card's format if that has one; an empty one says that the notes are silent.

    The words for that are the foundation's in every voice, dressed as an answer is: a voice that had to learn others
    beside its manner forgot when to say them. Members read one of the card's own lines in their place.
    """
    said = _voiced(reply or _SILENT, card.style or Style(), rng)
    return card.format.render(said, note, "answered" if reply else "not_in_notes") if card.format else said


def _voiced(reply: str, style: Style, rng: random.Random) -> str:
    chosen = {"Yes": style.yes, "No": style.no}
    reply = _YES_NO.sub(lambda found: rng.choice(chosen[found[1]]), reply, count=1) if _YES_NO.match(reply) else reply
    reply = _WORD.sub(lambda found: style.words.get(found[0], found[0]), reply)
    if rng.random() < style.bare:
        return reply
    # Either or both, as the card has them: an answer between two flourishes each time would tire its readers.
    opening = rng.choice(style.openings) if style.openings else ""
    closes = style.closings and reply.endswith((".", "!", "?")) and (not opening or rng.random() < _CLOSED)
    closing = rng.choice(style.closings) if closes else ""
    return " ".join(part for part in (opening, reply, closing) if part)
