"""A persona folder: the card (``persona.toml``), examples, exam and trained adapter."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

LIBRARY = Path(__file__).parent / "library"

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]
Skill = Literal["copy", "list", "listed", "not_listed", "yes_no", "which", "refusal", "small_talk"]


class BadPersona(Exception):  # noqa: N818 -- named for what is wrong
    """A persona folder cannot be used; the message lists every fault for its author."""


class CardLines(BaseModel):
    """What the persona says where no model speaks: fixed lines, written by its author."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    greeting: Lines
    not_in_notes: Lines
    """The notes do not answer the question."""
    quote_opening: Lines
    """Stands before a passage that is quoted because no draft kept to it."""
    quote_closing: Lines
    error: Lines
    """Something broke; the member should try again."""


class Card(BaseModel):
    """``persona.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    description: Line
    voice: Line
    """The system prompt, in training and in serving, with an adapter or without."""
    lines: CardLines


class Turn(BaseModel):
    """One chat message in OpenAI's format."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(min_length=1)]


class Example(BaseModel):
    """One row of ``examples.jsonl`` or ``exam.jsonl``: a question, its notes, and the reply in voice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: Annotated[tuple[Turn, Turn], Field()]
    notes: tuple[str, ...]
    skill: Skill
    domain: str

    @property
    def question(self) -> str:
        """What the member asked."""
        return self.messages[0].content

    @property
    def source(self) -> str:
        """What the reply may draw on: notes and question as one text."""
        return "\n".join((*self.notes, self.question))

    @property
    def reply(self) -> str:
        """What the persona answered."""
        return self.messages[1].content


@dataclass(frozen=True)
class Persona:
    """A loaded persona folder."""

    name: str
    folder: Path
    card: Card

    def line(self, kind: str, key: str) -> str:
        """Return one of the card's lines of a kind, always the same one for the same key."""
        choices: tuple[str, ...] = getattr(self.card.lines, kind)
        return choices[int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(choices)]


def names(library: Path = LIBRARY) -> list[str]:
    """Return the names of all personas in a library, sorted."""
    return sorted(card.parent.name for card in library.glob("*/persona.toml"))


def load(name: str, library: Path = LIBRARY) -> Persona:
    """Load one persona by name.

    Raises BadPersona when there is none of that name, or when its card has faults (all are listed).
    """
    known = names(library)
    if name not in known:
        raise BadPersona(f"There is no persona named {name!r}. Known personas: {', '.join(known) or 'none'}.")
    folder = library / name
    try:
        card = Card.model_validate(tomllib.loads((folder / "persona.toml").read_text("utf-8")))
    except ValidationError as error:
        raise BadPersona(f"persona.toml of {name} has faults: {_faults(error)}.") from error
    except ValueError as error:
        raise BadPersona(f"persona.toml of {name} is not TOML: {error}.") from error
    return Persona(name, folder, card)


def read_examples(path: Path) -> list[Example]:
    """Read a JSONL file of examples.

    Raises BadPersona naming every line that is not a valid row, or a file without rows.
    """
    if not path.is_file():
        raise BadPersona(f"{path.name} is missing in {path.parent}: write one example a line, then try again.")
    rows, faults = [], []
    for number, line in enumerate(path.read_bytes().split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            rows.append(Example.model_validate_json(line))
        except ValidationError as error:
            faults.append(f"line {number}: {_faults(error)}")
    if faults:
        raise BadPersona(f"{path.name} has faults. " + "; ".join(faults))
    if not rows:
        raise BadPersona(f"{path.name} holds no rows: write one example a line, then try again.")
    return rows


def _faults(error: ValidationError) -> str:
    return ", ".join(f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors())
