"""An exam sat by four systems: the base model and a voice, each without and with the card prompt."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from personas.engine import Adapter, Engine, Request, complete
from personas.persona import Persona
from personas.prompt import ask
from personas.rows import Example

System = Literal["base", "base + card", "adapter", "adapter + card"]
SYSTEMS: tuple[System, ...] = get_args(System)
SERVED: System = "adapter"
"""How a voice answers members: no card prompt stands before it."""
RIVAL: System = "base + card"
"""What a persona speaks with where it has no voice: what an adapter must not be worse than."""

Progress = Callable[[int, int, str], None]
"""Called with (done, of how many, what now)."""


@dataclass(frozen=True)
class Reply:
    """What a system answered to a row."""

    text: str
    milliseconds: float
    """From the request to the last token, with others under way."""


@dataclass(frozen=True)
class Sitting:
    """One system's replies, in the order of the rows."""

    replies: tuple[Reply, ...]
    seconds: float


@dataclass(frozen=True)
class Hall:
    """Where exams are sat."""

    engine: Engine
    persona: Persona
    adapter: Adapter
    at_once: int = 16
    """Replies that are written at the same time."""
    longest: int = 96
    """Tokens of a reply, at most."""

    async def sit(
        self, system: System, rows: Sequence[Example], *, grammar: bool = True, step: Callable[[], None] | None = None
    ) -> Sitting:
        """Have all rows answered greedily, as members' questions are; ``grammar``: hold them to the card's format.

        Raises what ``Engine.stream`` raises.
        """
        slots = asyncio.Semaphore(self.at_once)
        clock = asyncio.get_running_loop().time

        async def answered(row: Example) -> Reply:
            async with slots:
                started = clock()
                text = await complete(self.engine, self._request(system, row, grammar=grammar))
                if step:
                    step()
                return Reply(text, 1000 * (clock() - started))

        began = clock()
        tasks = [asyncio.create_task(answered(row)) for row in rows]
        try:
            replies = await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
        return Sitting(tuple(replies), clock() - began)

    def _request(self, system: System, row: Example, *, grammar: bool) -> Request:
        turns = ask(self.persona, row.question, row.notes, row.earlier, card=system.endswith("card"))
        shape = self.persona.card.format
        return Request(
            tuple(turns),
            self.adapter if system.startswith("adapter") else None,
            "exam",
            max_tokens=self.longest,
            grammar=shape.grammar if shape and grammar else None,
            deadline=_DEADLINE,
        )


_DEADLINE = 600.0
"""Seconds for one reply: an exam may wait, even on a busy machine."""
