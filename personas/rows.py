"""The rows that teach or examine a voice: OpenAI chat messages with the notes that the last reply stands on."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

Skill = Literal["copy", "list", "listed", "not_listed", "yes_no", "which", "refusal", "small_talk"]


class BadPersona(Exception):  # noqa: N818 -- named for what is wrong
    """A persona folder cannot be used; the message lists every fault for its author."""


class Turn(BaseModel):
    """One chat message in OpenAI's format."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    role: Literal["system", "user", "assistant"]
    content: Annotated[str, Field(min_length=1)]


class Example(BaseModel):
    """One row of ``examples.jsonl`` or ``exam.jsonl``: a talk that ends in a reply in voice, and the reply's notes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    messages: tuple[Turn, ...]
    """Member and persona in turns, the member first; the last reply is the one that is learnt."""
    notes: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    """What was found for the last question; empty for small talk."""
    skill: Skill
    domain: str
    """What the talk is about; examples and exam share none."""
    origin: str = ""
    """Where the row comes from, if it is not what the card's ``origin`` says of all."""

    @model_validator(mode="after")
    def _in_turns(self) -> Self:
        roles = [turn.role for turn in self.messages]
        if not roles or roles != ["user", "assistant"] * (len(roles) // 2):
            raise ValueError("messages must be user and assistant in turns, the user first and the assistant last")
        return self

    @property
    def earlier(self) -> tuple[Turn, ...]:
        """The talk before the last question."""
        return self.messages[:-2]

    @property
    def question(self) -> str:
        """What the member asked last."""
        return self.messages[-2].content

    @property
    def source(self) -> str:
        """What the reply may draw on: notes and question as one text."""
        return "\n".join((*self.notes, self.question))

    @property
    def reply(self) -> str:
        """What the persona answered last."""
        return self.messages[-1].content


def read_rows(path: Path) -> list[Example]:
    """Read a JSONL file of rows.

    Raises BadPersona naming every line that is not a valid row, or a file without rows.
    """
    rows, faults = parse(_lines(path))
    if faults:
        raise BadPersona(f"{path.name} has faults. " + "; ".join(faults))
    if not rows:
        raise BadPersona(f"{path.name} holds no rows: write one example a line, then try again.")
    return [row for _, row in rows]


def parse(lines: Sequence[bytes]) -> tuple[list[tuple[int, Example]], list[str]]:
    """Return the valid rows with their line numbers (from 1), and a fault for every other line that is not blank."""
    rows, faults = [], []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            rows.append((number, Example.model_validate_json(line)))
        except ValidationError as error:
            faults.append(f"line {number}: {told(error)}")
    return rows, faults


def as_jsonl(rows: Iterable[Example]) -> str:
    """Return rows as the text of a JSONL file."""
    return "".join(row.model_dump_json(exclude_defaults=True) + "\n" for row in rows)


def _lines(path: Path) -> list[bytes]:
    if not path.is_file():
        raise BadPersona(f"{path.name} is missing in {path.parent}: write one example a line, then try again.")
    return path.read_bytes().split(b"\n")


def told(error: ValidationError) -> str:
    """Return a validation error as one clause for people."""
    return ", ".join(
        f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg'].removeprefix('Value error, ')}" for e in error.errors()
    )
