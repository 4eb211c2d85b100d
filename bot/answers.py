"""What is asked and what is answered, as the front ends see it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from knowledge.store import Passage

Verdict = Literal["answered", "quoted", "unsure", "chat"]
_LEAST_CERTAIN: tuple[Verdict, ...] = ("quoted", "answered", "chat", "unsure")


@dataclass(frozen=True)
class Question:
    """What a front end hands over."""

    text: str
    server: str
    persona: str
    id: str = ""
    channels: tuple[str, ...] = ()
    """The channel it was asked in and those above it, for documents that belong to channels."""
    member: str = ""
    """Who asks, for the line in front of the engine."""
    server_name: str = ""
    """What people call the server, where that is not its id."""
    earlier: tuple[str, ...] = ()
    """What the same member asked just before, the newest last."""


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
    """What the check found wrong with the drafts that were not sent, and why there was no draft."""
    timings_ms: dict[str, int] = field(default_factory=dict)


def sources(passages: Sequence[Passage], score: float = 1.0) -> tuple[Source, ...]:
    """Return passages as the numbered sources of a reply; ``score``: how well they fit the question."""
    return tuple(Source(n, p.document, p.section, p.entry, p.text, score) for n, p in enumerate(passages, 1))


def joined(question: Question, answers: Sequence[Answer]) -> Answer:
    """Return the answers to the questions of one message as one; the sources are numbered through.

    Its verdict is that of the least certain part that says something: ``quoted`` before ``answered``.
    """
    if len(answers) == 1:
        return replace(answers[0], question=question)
    numbered = enumerate((source for answer in answers for source in answer.sources), 1)
    return Answer(
        question,
        answers[-1].adapter,
        "\n".join(answer.reply for answer in answers),
        min((answer.verdict for answer in answers), key=_LEAST_CERTAIN.index),
        tuple(replace(source, n=n) for n, source in numbered),
        tuple(dict.fromkeys(reason for answer in answers for reason in answer.unsupported)),
        answers[-1].timings_ms,
    )
