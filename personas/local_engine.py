"""The voice engine of this machine: a child process owns the model, so that its crash is survived.

Requests of all servers and personas meet in that process (``personas.engine_worker``) and are answered together.
"""

import asyncio
import contextlib
import itertools
import json
import os
import sys
from collections.abc import AsyncGenerator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from personas.engine import EngineUnavailable, PromptTooLong, Request
from personas.generation import RuntimeChoice, Weights
from personas.sentence_stream import SentenceStream

_ENVIRONMENT = {
    "HF_HUB_OFFLINE": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",  # threads that spin while they wait slow each other tenfold on a busy machine
}
_LOADING = 300.0
"""Seconds that a model may take to load."""
_DEATHS = 3
"""Ends of the worker in a row, without a word from it in between, after which it is left alone for a while."""
_REST = 30.0
"""Seconds of that while; questions that come meanwhile are refused at once."""
_TRIES = 5
"""Workers that may end under one request; it may be what ends them."""
_LINE = 2**20
"""Bytes of the longest message."""


class LocalEngine:
    """Starts the worker with the first request and again after it has ended; requests outlive it."""

    def __init__(  # noqa: PLR0913 -- what an operator may set, by name
        self,
        base: str,
        *,
        runtime: RuntimeChoice = "auto",
        weights: Weights = "int8",
        adapter_memory: int = 256,
        patience: float | None = None,
        log: Path | None = None,
    ) -> None:
        """Take a transformers model id or folder.

        ``runtime``: ``auto`` takes OpenVINO where it can hold the model, else transformers and peft, and the log says
        why; ``weights``: of the base model on OpenVINO; ``adapter_memory``: MiB of adapters kept in memory;
        ``patience``: seconds without a sign of life after which a busy worker counts as stuck, the runtime's own
        where None; ``log``: file for the worker's words.
        """
        self._command = [
            sys.executable, "-m", "personas.engine_worker", base,
            "--runtime", runtime, "--weights", weights, "--adapter-memory", str(adapter_memory * 2**20),
        ]  # fmt: skip
        self._patience, self._log = patience, log
        self._ids = itertools.count()
        self._waiting: dict[int, asyncio.Queue[dict[str, Any] | None]] = {}
        self._sent: dict[int, float] = {}
        """When each request was sent that the worker has not finished, the oldest first, by the event loop's clock."""
        self._starting = asyncio.Lock()
        self._worker: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self._deaths = 0
        self._rests_until = 0.0
        self.runtime = ""
        """What the worker runs on, in words; empty until it has started once."""

    async def start(self) -> str:
        """Start the worker where it does not run, and return its runtime. Raises EngineUnavailable."""
        await self._running()
        waiting = [asyncio.create_task(self._ready.wait()), self._reader]
        await asyncio.wait([task for task in waiting if task], return_when=asyncio.FIRST_COMPLETED)
        if not self._ready.is_set():
            raise EngineUnavailable("The voice engine could not start: engine.log in the data folder says why.")
        return self.runtime

    async def stream(self, request: Request) -> AsyncGenerator[str, None]:
        """Yield the reply in sentences; it grows together with all others that are asked for.

        A worker that ends half-way is started again and goes on where the reply was. Raises EngineUnavailable and
        PromptTooLong.
        """
        sentences = SentenceStream()
        async with contextlib.aclosing(self._pieces(request)) as pieces:
            async for piece in pieces:
                for sentence in sentences.feed(piece):
                    yield sentence
        if rest := sentences.rest():
            yield rest

    async def close(self) -> None:
        """End the worker and whatever waits for it."""
        self._rests_until = float("inf")
        async with self._starting:  # a worker that is being started has a process by then
            if self._worker and self._worker.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    self._worker.kill()
        if self._reader:
            await self._reader

    async def _pieces(self, request: Request) -> AsyncGenerator[str, None]:
        number = next(self._ids)
        ends_at = asyncio.get_running_loop().time() + request.deadline
        written, done = "", False
        try:
            for _ in range(_TRIES):
                heard = await self._send(_message(number, request, written))
                while (message := await self._next(heard, ends_at, request.deadline)) is not None:
                    if "too_long" in message:
                        done = True
                        raise PromptTooLong(_too_long(*message["too_long"]))
                    if "failed" in message:
                        done = True
                        raise EngineUnavailable(message["failed"])
                    written, done = written + message["text"], message["done"]
                    if message["text"]:
                        yield message["text"]
                    if done:
                        return
                if self._resting():
                    break
            raise EngineUnavailable("The voice engine stopped while it was answering. Please ask again in a minute.")
        finally:
            self._waiting.pop(number, None)
            if not done:
                self._sent.pop(number, None)
                self._tell({"cancel": number})

    @staticmethod
    async def _next(
        heard: "asyncio.Queue[dict[str, Any] | None]", ends_at: float, deadline: float
    ) -> dict[str, Any] | None:
        """Return the worker's next message about a request; None where the worker has ended."""
        try:
            async with asyncio.timeout_at(ends_at):
                return await heard.get()
        except TimeoutError as error:
            raise EngineUnavailable(f"No reply came within {deadline:.0f} seconds. Please ask again.") from error

    async def _send(self, message: dict[str, Any]) -> "asyncio.Queue[dict[str, Any] | None]":
        """Send a request and return where the worker's messages come, without what an earlier worker left there."""
        await self._running()
        heard = self._waiting[message["id"]] = asyncio.Queue()
        self._sent[message["id"]] = asyncio.get_running_loop().time()
        self._tell(message)
        if self._worker and self._worker.stdin:
            # That the worker is gone, the reader tells everyone who waits; asked any sooner, it would still be ending.
            with contextlib.suppress(ConnectionError):
                await self._worker.stdin.drain()
        return heard

    def _tell(self, message: dict[str, Any]) -> None:
        if self._worker and self._worker.stdin and not self._worker.stdin.is_closing():
            self._worker.stdin.write(json.dumps(message).encode() + b"\n")

    def _resting(self) -> bool:
        return asyncio.get_running_loop().time() < self._rests_until

    async def _running(self) -> None:
        async with self._starting:
            if self._resting():
                raise EngineUnavailable(
                    "The voice engine stopped several times in a row. Please ask again in a minute."
                )
            if self._reader is not None and not self._reader.done():
                return
            with self._log.open("ab") if self._log else contextlib.nullcontext() as log:
                worker = await asyncio.create_subprocess_exec(
                    *self._command,
                    stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
                    stderr=log or asyncio.subprocess.DEVNULL, limit=_LINE, env=os.environ | _ENVIRONMENT,
                )  # fmt: skip
            self._worker, self._ready = worker, asyncio.Event()
            self._reader = asyncio.create_task(self._read(worker))

    async def _read(self, worker: asyncio.subprocess.Process) -> None:
        """Pass the worker's messages on until it ends or hangs; then tell everyone who waits."""
        assert worker.stdout is not None  # noqa: S101 -- it is a pipe, for the type checker
        clock = asyncio.get_running_loop().time
        patience, quiet_since = _LOADING, clock()
        while True:
            # Quiet is suspicious only while the worker has something to do, so it is counted from then on.
            since = max(quiet_since, next(iter(self._sent.values()), clock()))
            try:
                # A moment at least, in which a line that is there already is heard.
                line = await asyncio.wait_for(worker.stdout.readline(), max(0.1, since + patience - clock()))
            except TimeoutError:
                if self._sent and clock() >= max(quiet_since, next(iter(self._sent.values()))) + patience:
                    break
                continue
            if not line:
                break
            quiet_since = clock()
            message = json.loads(line)
            if "runtime" in message:
                self.runtime, patience = message["runtime"], self._patience or message["patience"]
                self._ready.set()
                continue
            self._deaths = 0
            if message.get("done", True):
                self._sent.pop(message["id"], None)
            if (heard := self._waiting.get(message["id"])) is not None:
                heard.put_nowait(message)
        await self._buried(worker)

    async def _buried(self, worker: asyncio.subprocess.Process) -> None:
        with contextlib.suppress(ProcessLookupError):
            worker.kill()
        await worker.wait()
        self._deaths += 1
        if self._deaths >= _DEATHS:
            self._deaths = 0
            self._rests_until = max(self._rests_until, asyncio.get_running_loop().time() + _REST)
        self._sent.clear()
        for heard in self._waiting.values():
            heard.put_nowait(None)


def _message(number: int, request: Request, begun: str) -> dict[str, Any]:
    adapter = request.adapter
    return {
        "id": number,
        "turns": [turn.model_dump() for turn in request.turns],
        "begun": begun,
        "adapter": {"version": adapter.version, "folder": str(adapter.folder)} if adapter else None,
        "server": request.server,
        "max_tokens": request.max_tokens,
        "temperature": request.temperature,
        "grammar": asdict(request.grammar) if request.grammar else None,
    }


def _too_long(tokens: int, room: int) -> str:
    return f"The prompt has {tokens:,} tokens, and this model reads {room:,}. Ask with fewer or shorter notes."
