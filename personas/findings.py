"""What a check of a persona's folder can find, and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from personas.persona import Card
from personas.rows import Example

EXAMPLES, EXAM, CARD = "examples.jsonl", "exam.jsonl", "persona.toml"

Grade = Literal["error", "warning"]
"""An error teaches or examines something wrong; a warning is for the author to weigh."""
Kind = Literal[
    "broken",
    "trap",
    "unsafe",
    "format",
    "double",
    "leak",
    "skills",
    "voice",
    "length",
    "language",
    "provenance",
    "card",
]
TITLES: dict[Kind, str] = {
    "broken": "Rows that cannot be read",
    "trap": "Facts that the notes do not hold (the fine-tuning trap)",
    "unsafe": "Unsafe text and personal data",
    "format": "Replies that do not have the card's format",
    "double": "Duplicates and near-duplicates",
    "leak": "Leaks between examples and exam",
    "skills": "Too few rows",
    "voice": "A voice that is too thin",
    "length": "Too long",
    "language": "Another language",
    "provenance": "Provenance",
    "card": "The card's lines and style",
}
"""Every kind, in the order of the report."""


@dataclass(frozen=True)
class Finding:
    """One thing to mend."""

    kind: Kind
    grade: Grade
    file: str
    row: int | None
    """Number of the line, from 1; None where the whole file or the card is meant."""
    wrong: str
    """What is wrong, in the words of the row."""
    mend: str

    @property
    def place(self) -> str:
        """File and row, for people."""
        return self.file if self.row is None else f"{self.file} row {self.row}"


@dataclass(frozen=True)
class Unheld:
    """A fact in a reply that neither notes nor question hold."""

    shown: str
    """The words of the reply."""
    reason: str
    """A sentence."""
    sure: bool
    """A value, name or link that stands nowhere; otherwise words that look like a fact more than like the voice."""


@dataclass(frozen=True)
class Row:
    """A row with its place."""

    file: str
    number: int
    example: Example

    @property
    def place(self) -> str:
        """File and row, for people."""
        return f"{self.file} row {self.number}"

    def finding(self, kind: Kind, grade: Grade, wrong: str, mend: str) -> Finding:
        """Return a finding about this row."""
        return Finding(kind, grade, self.file, self.number, wrong, mend)


class Trap(Protocol):
    """Finds the facts in each row's last reply that its notes do not hold."""

    def __call__(self, card: Card, rows: Sequence[Example], *, doubts: bool = True) -> Sequence[Sequence[Unheld]]:
        """Return them for each row; all rows come at once, so that the voice's own words are known.

        ``doubts``: those that are not sure too, which takes seconds.
        """
        ...


def spoken(card: Card, reply: str) -> str:
    """Return a reply's words without the form that the card asks for."""
    return card.format.words(reply) if card.format else reply


def cut(text: str, longest: int = 90) -> str:
    """Return a text short enough for one line."""
    text = " ".join(text.split())
    return text if len(text) <= longest else f"{text[: longest - 1].rstrip()}\u2026"
