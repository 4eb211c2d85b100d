"""A question to an answer: retrieve, ask the voice, check the facts, redraft once, else quote."""

from dataclasses import dataclass, field
from typing import Literal

Verdict = Literal["answered", "quoted", "unsure", "chat"]


@dataclass(frozen=True)
class Question:
    """What a front end hands over."""

    text: str
    server: str
    persona: str
    id: str = ""
    channels: tuple[str, ...] = ()
    """The channel it was asked in and those above it, for documents that belong to channels."""


@dataclass(frozen=True)
class Source:
    """One passage that the reply stands on."""

    n: int
    document: str
    section: str
    entry: str | None
    passage: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What a front end shows; ``reply`` is checked and final."""

    question: Question
    adapter: str | None
    reply: str
    verdict: Verdict
    sources: tuple[Source, ...] = ()
    unsupported: tuple[str, ...] = ()
    """What the check found wrong with the drafts that were not sent."""
    timings_ms: dict[str, int] = field(default_factory=dict)
