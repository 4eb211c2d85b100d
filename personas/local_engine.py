"""transformers and peft in a child process, so that the event loop never waits for a model and survives its crash."""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

from personas.engine import EngineUnavailable, Request

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait slow each other tenfold on a busy machine
}


class LocalEngine:
    """Starts the worker with the first request and again after it has ended."""

    def __init__(self, base: str, *, patience: float = 180.0, log: Path | None = None) -> None:
        """``patience``: seconds without any reply after which the worker counts as stuck; ``log``: for its words."""
        self._base = base
        self._patience = patience
        self._log = log
        self._ids = itertools.count()
        self._last_reply = 0.0
        self._waiting: dict[int, asyncio.Future[str]] = {}
        self._starting = asyncio.Lock()
        self._worker: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def stream(self, request: Request) -> AsyncGenerator[str, None]:
        """Yield the reply; requests that wait at the same time are answered together.

        A worker that ends half-way is started again and the request sent once more. Raises EngineUnavailable.
        """
        adapter = request.adapter
        yield await self._sent({
            "turns": [turn.model_dump() for turn in request.turns],
            "adapter": {"version": adapter.version, "folder": str(adapter.folder)} if adapter else None,
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        })  # fmt: skip

    async def _sent(self, request: dict[str, object]) -> str:
        for _ in range(2):
            with contextlib.suppress(ConnectionError):
                return await self._ask(request)
        raise EngineUnavailable("The voice engine stopped twice while it was answering. Please ask again in a minute.")

    async def close(self) -> None:
        """End the worker and whatever waits for it."""
        if self._worker and self._worker.returncode is None:
            self._worker.kill()
            await self._worker.wait()
        if self._reader:
            await self._reader

    async def _ask(self, request: dict[str, object]) -> str:
        worker = await self._running()
        number = next(self._ids)
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._waiting[number] = reply
        try:
            assert worker.stdin is not None  # noqa: S101 -- it is a pipe, for the type checker
            # That the worker is gone, the reader tells everyone who waits; asked any sooner, it would still be ending.
            with contextlib.suppress(ConnectionError):
                worker.stdin.write(json.dumps({"id": number, **request}).encode() + b"\n")
                await worker.stdin.drain()
            return await self._heard_out(worker, reply)
        finally:
            self._waiting.pop(number, None)

    async def _heard_out(self, worker: asyncio.subprocess.Process, reply: asyncio.Future[str]) -> str:
        """Wait for a reply as long as the worker goes on answering somebody."""
        loop = asyncio.get_running_loop()
        asked = loop.time()
        while True:
            silent_since = max(asked, self._last_reply)
            done, _ = await asyncio.wait([reply], timeout=silent_since + self._patience - loop.time())
            if done:
                return reply.result()
            if loop.time() - max(asked, self._last_reply) >= self._patience:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself meanwhile
                    worker.kill()
                raise EngineUnavailable(f"No reply came for {self._patience:.0f} seconds. Please ask again.")

    async def _running(self) -> asyncio.subprocess.Process:
        async with self._starting:
            if self._worker is None or self._reader is None or self._reader.done():
                with self._log.open("ab") if self._log else contextlib.nullcontext() as log:
                    self._worker = await asyncio.create_subprocess_exec(
                        sys.executable, "-m", "personas.engine_worker", self._base,
                        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                        stderr=log or asyncio.subprocess.DEVNULL, limit=2**20,
                        env=os.environ | _ENVIRONMENT,
                    )  # fmt: skip
                self._reader = asyncio.create_task(self._read(self._worker))
            return self._worker

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        assert worker.stdout is not None  # noqa: S101 -- it is a pipe, for the type checker
        async for line in worker.stdout:
            answer = json.loads(line)
            self._last_reply = asyncio.get_running_loop().time()
            waiting = self._waiting.get(answer["id"])
            if waiting and not waiting.done():
                waiting.set_result(answer["text"])
        await worker.wait()
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(ConnectionError("the worker ended"))
