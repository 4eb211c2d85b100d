"""The seam to whatever generates text, and a small engine without a model that ships beside it."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from personas.rows import Turn


class EngineUnavailable(Exception):  # noqa: N818 -- named for what is wrong
    """No reply can be generated now; the message says why and what to do."""


class PromptTooLong(Exception):  # noqa: N818 -- named for what is wrong
    """The turns and the reply do not fit into the model's context; the message gives both lengths in tokens."""


@dataclass(frozen=True)
class Adapter:
    """A trained voice: its weights on disk, or the name under which a server holds them."""

    version: str
    """``<persona>-<first 12 hex digits of a sha256>``, over the configuration and the weights: changes when they do."""
    folder: Path
    model: str | None = None
    """The model that a server trained and keeps (a managed voice); the folder then holds a card alone."""


@dataclass(frozen=True)
class Grammar:
    """What the tokens of a reply are held to, so that no other text can come."""

    kind: Literal["json", "regex"]
    text: str
    """A JSON schema, or a regular expression without look-around that the whole reply matches."""


@dataclass(frozen=True)
class Request:
    """One reply to generate."""

    turns: tuple[Turn, ...]
    adapter: Adapter | None = None
    """None: the base model's own voice."""
    server: str = ""
    """Whose notes the turns hold: nothing that is computed from them is used again for another server."""
    max_tokens: int = 96
    temperature: float = 0.0
    """0 is greedy."""
    grammar: Grammar | None = None
    """None: any text."""
    deadline: float = 120.0
    """Seconds after which nobody waits for the reply any more."""


class Engine(Protocol):
    """One method to implement."""

    def stream(self, request: Request) -> AsyncGenerator[str, None]:
        """Yield the reply in whole sentences, each with the white space after it, as soon as each is written.

        Together they are the reply. Closing the generator (or cancelling the task that reads it) stops the work
        within one token's step. Raises EngineUnavailable, also after the deadline, and PromptTooLong.
        """
        ...

    async def close(self) -> None:
        """Give back processes, connections and memory."""
        ...


async def complete(engine: Engine, request: Request) -> str:
    """Return the whole reply, without white space around it. Raises what ``Engine.stream`` raises."""
    sentences = [sentence async for sentence in engine.stream(request)]
    return "".join(sentences).strip()


class EchoEngine:
    """Answers with the first note, word for word: shows the whole path without a model."""

    async def stream(self, request: Request) -> AsyncGenerator[str, None]:
        """Yield the first note of the last turn, or the turn itself where it has none."""
        content = request.turns[-1].content
        _, _, notes = content.partition("[1] ")
        first = notes.split("\n[2] ")[0].split("\n\nQuestion: ")[0] if notes else content
        yield " ".join(first.split()[: request.max_tokens])

    async def close(self) -> None:
        """Nothing to give back."""
