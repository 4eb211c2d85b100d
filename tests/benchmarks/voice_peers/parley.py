"""Ours, through the seam that the bot uses, with a probe of the event loop beside it."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from contextvars import ContextVar
from pathlib import Path

from tokenizers import Tokenizer

from personas.engine import Adapter, Request
from personas.local_engine import LocalEngine
from personas.rows import Turn

PROBE = 0.01
"""Seconds between two looks at the clock; what the second comes late is the loop's lag."""


FIRST: ContextVar[dict] = ContextVar("FIRST")


class WatchedEngine(LocalEngine):
    """The engine, with a look at the clock when the first piece of a reply arrives: the seam shows whole sentences."""

    async def _pieces(self, request: Request) -> AsyncGenerator[str, None]:
        async with aclosing(super()._pieces(request)) as pieces:
            async for piece in pieces:
                FIRST.get().setdefault("first", time.perf_counter())
                yield piece


class System:
    """Asks all rows of a load at once, as members do."""

    def __init__(self, job: dict) -> None:
        self._loop = asyncio.new_event_loop()  # runs on between two loads, as a bot's does
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self._adapters = [Adapter(version, Path(folder)) for version, folder in job["adapters"]]
        self._tokenizer = Tokenizer.from_file(f"{job['endless']}/tokenizer.json")
        self._engine = WatchedEngine(job["endless"], log=Path(job["work"]) / "engine.log")
        row = {"turns": [{"role": "user", "content": "Hello!"}], "adapter": 0}
        self.answer([row], 4)
        self.says = self._engine.runtime

    def answer(self, rows: list[dict], new_tokens: int) -> dict:
        """Return the measurement, with the loop's lags in milliseconds."""
        return asyncio.run_coroutine_threadsafe(self._measured(rows, new_tokens), self._loop).result()

    async def _measured(self, rows: list[dict], new_tokens: int) -> dict:
        lags: list[float] = []
        probe = asyncio.create_task(_watch(lags))
        start = time.perf_counter()
        replies = await asyncio.gather(*(self._one(row, new_tokens, start) for row in rows))
        seconds = time.perf_counter() - start
        probe.cancel()
        for reply in replies:
            reply["tokens"] = len(self._tokenizer.encode(reply["text"], add_special_tokens=False).ids)
        return {"seconds": seconds, "rows": replies, "lags_ms": lags}

    async def _one(self, row: dict, new_tokens: int, start: float) -> dict:
        turns = tuple(Turn(**turn) for turn in row["turns"])
        adapter = None if row["adapter"] is None else self._adapters[row["adapter"]]
        sentences, reply, first = [], {}, None
        FIRST.set(reply)
        async for sentence in self._engine.stream(Request(turns, adapter, server="bench", max_tokens=new_tokens)):
            first = first or time.perf_counter() - start
            sentences.append(sentence)
        seconds = time.perf_counter() - start
        return {
            "seconds": seconds,
            "first": reply["first"] - start,
            "first_sentence": first,
            "text": "".join(sentences),
        }

    def close(self) -> None:
        """End the worker."""
        asyncio.run_coroutine_threadsafe(self._engine.close(), self._loop).result()


async def _watch(lags: list[float]) -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + PROBE
        await asyncio.sleep(PROBE)
        lags.append(1000 * (loop.time() - due))
