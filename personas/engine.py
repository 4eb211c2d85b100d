"""The seam to whatever generates text, and a small engine without a model that ships beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from personas.persona import Turn


class EngineUnavailable(Exception):  # noqa: N818 -- named for what is wrong
    """No reply can be generated now; the message says why and what to do."""


@dataclass(frozen=True)
class Adapter:
    """A trained voice on disk."""

    version: str
    """``<persona>-<first 12 hex digits of the weights' sha256>``: changes whenever the weights do."""
    folder: Path


class Engine(Protocol):
    """One method to implement; replies are whole texts, because they are checked before anyone sees them."""

    async def generate(
        self, turns: Sequence[Turn], adapter: Adapter | None, *, max_tokens: int = 96, temperature: float = 0.0
    ) -> str:
        """Return the reply to the turns in the adapter's voice (the base model's own where it is None).

        ``max_tokens`` bounds the reply in tokens; temperature 0 is greedy. Raises EngineUnavailable.
        """
        ...

    async def close(self) -> None:
        """Give back processes and memory."""
        ...


class EchoEngine:
    """Answers with the first note, word for word: shows the whole path without a model."""

    async def generate(
        self,
        turns: Sequence[Turn],
        adapter: Adapter | None,  # noqa: ARG002 - part of the seam; an echo has no voice
        *,
        max_tokens: int = 96,
        temperature: float = 0.0,  # noqa: ARG002 - part of the seam; an echo does not sample
    ) -> str:
        """Return the first note of the last turn, or the turn itself where it has none."""
        _, _, notes = turns[-1].content.partition("[1] ")
        first = notes.split("\n[2] ")[0].split("\n\nQuestion: ")[0] if notes else turns[-1].content
        return " ".join(first.split()[:max_tokens])

    async def close(self) -> None:
        """Nothing to give back."""
