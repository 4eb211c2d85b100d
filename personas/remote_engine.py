"""Replies from an OpenAI-compatible server: vLLM with a voice for each persona, any other in its base voice.

A managed voice is a model of the server's own: it is asked for by its name, and nothing is loaded.
"""

import asyncio
import contextlib
import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path
from typing import Any, Literal

from personas.engine import Adapter, EngineUnavailable, Request
from personas.remote_adapters import RemoteAdapters
from personas.remote_form import held
from personas.remote_server import Model, RemoteServer, TryAgain, UnknownModel
from personas.sentence_stream import SentenceStream

AdapterUse = Literal["load", "listed", "none"]
"""``load``: adapters are loaded while the server runs; ``listed``: it was started with them; ``none``: base voice."""

_PAUSE = 1.0  # seconds before a request that got no word of a reply is sent once more


class RemoteEngine:
    """One server; many requests at once, which it batches by itself."""

    def __init__(  # noqa: PLR0913 -- what an operator can say about a server
        self,
        url: str,
        *,
        folder: Path,
        model: str | None = None,
        key: str | None = None,
        use: AdapterUse = "load",
        mount: str | None = None,
        first: float = 60.0,
        between: float = 30.0,
        most: int = 32,
    ) -> None:
        """``url``: up to and with ``/v1``; ``model``: None for the only one that the server lists.

        ``folder``: where adapters are put for the server, which sees that place as ``mount`` (None: under the same
        path). ``first`` and ``between``: seconds until the first piece of a reply and from one to the next;
        ``most``: adapters kept loaded.
        """
        self._server = RemoteServer(url, key)
        self._adapters = RemoteAdapters(self._server, folder, (mount or str(folder)).rstrip("/"), most=most)
        self._model, self._use, self._first, self._between = model, use, first, between
        self._secret = secrets.token_bytes(32)
        self._served: list[Model] | None = None

    async def stream(self, request: Request) -> AsyncGenerator[str, None]:
        """Yield the reply in whole sentences; closing the generator closes the connection, which ends the work there.

        A request that got no word of a reply is sent once more. Raises EngineUnavailable and PromptTooLong.
        """
        clock = _Clock(request.deadline, self._first, self._between, self._server.shown)
        for last in (False, True):
            sentences, begun = SentenceStream(), False
            try:
                async with contextlib.aclosing(self._pieces(request, clock)) as pieces:
                    async for piece in pieces:
                        begun = True
                        for sentence in sentences.feed(piece):
                            yield sentence
                if rest := sentences.rest():
                    yield rest
            except (TryAgain, UnknownModel) as error:
                if last or begun:
                    raise
                await self._before_again(request, error, clock)
            else:
                return

    async def examine(self) -> str:
        """Return a sentence about what answers there. Raises EngineUnavailable with one about what is wrong."""
        clock = _Clock(self._first, self._first, self._between, self._server.shown)
        async with clock.step():
            base = await self._base()
            loads = self._use == "load" and await self._server.loads_adapters()
        if self._use == "load" and not loads:
            raise EngineUnavailable(
                f"{self._server.shown} answers with the model {base}, but loads no adapters: start vLLM with "
                "--enable-lora and VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, or set remote_adapters to listed or none."
            )
        adapters = ", ".join(model.name for model in await self._models() if model.base)
        voices = {
            "load": "adapters can be loaded",
            "listed": f"it lists the adapters {adapters}" if adapters else "it lists no adapters",
            "none": "personas speak in its own voice",
        }
        return f"{self._server.shown} answers with the model {base}; {voices[self._use]}."

    async def close(self) -> None:
        """Close the connections; adapters stay loaded for whoever asks next."""
        await self._server.close()

    async def _pieces(self, request: Request, clock: "_Clock") -> AsyncGenerator[str, None]:
        async with contextlib.AsyncExitStack() as stack:
            async with clock.step():
                voice = await stack.enter_async_context(self._voice(request.adapter))
                body = await self._body(request, voice)
            pieces = await stack.enter_async_context(contextlib.aclosing(self._server.reply(body, voice)))
            while True:
                async with clock.step():
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                clock.begun = True
                yield piece

    async def _body(self, request: Request, voice: str | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": voice or await self._base(),
            "messages": [turn.model_dump() for turn in request.turns],
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
        }
        vllm = any(model.owner == "vllm" for model in await self._models())
        body |= held(request.grammar, vllm=vllm)
        if vllm:
            # What vLLM keeps of a prompt is used again only under the same salt: nobody can tell by the time that an
            # answer takes what another server was asked.
            salt = hmac.digest(self._secret, request.server.encode(), hashlib.sha256).hex()
            body["extra_body"] = {**body.get("extra_body", {}), "cache_salt": salt}
        return body

    @contextlib.asynccontextmanager
    async def _voice(self, adapter: Adapter | None) -> AsyncIterator[str | None]:
        """Yield the name of an adapter that is loaded there; None for the base voice."""
        if adapter is None:
            yield None
        elif adapter.model:
            yield adapter.model
        elif self._use == "load":
            async with self._adapters.loaded(adapter) as name:
                yield name
        elif self._use == "listed" and any(model.name == adapter.version for model in await self._models()):
            yield adapter.version
        else:
            self._served = None  # it may be started with the adapter in the meantime
            raise EngineUnavailable(
                f"{self._server.shown} does not list the adapter {adapter.version}: start vLLM with --lora-modules "
                f"{adapter.version}=FOLDER, or set remote_adapters to load."
            )

    async def _base(self) -> str:
        if self._model:
            return self._model
        names = [model.name for model in await self._models() if not model.base]
        if len(names) != 1:
            raise EngineUnavailable(
                f"{self._server.shown} lists {len(names)} models ({', '.join(names[:9])}): set remote_model to one."
            )
        return names[0]

    async def _models(self) -> list[Model]:
        if self._served is None:
            self._served = await self._server.models()
        return self._served

    async def _before_again(self, request: Request, error: EngineUnavailable, clock: "_Clock") -> None:
        self._served = None
        if isinstance(error, UnknownModel):  # the server was started anew, without what was loaded before
            if request.adapter and request.adapter.model:
                raise EngineUnavailable(
                    f"{self._server.shown} no longer has {request.adapter.model}, the voice {request.adapter.version}: "
                    "train it again with --managed, or go back with `parley persona rollback`."
                ) from error
            if request.adapter is None or self._use != "load":
                raise error
            self._adapters.forget(request.adapter.version)
        else:
            async with clock.step():
                await asyncio.sleep(_PAUSE)


class _Clock:
    """How long one more step of a reply may take."""

    def __init__(self, deadline: float, first: float, between: float, shown: str) -> None:
        self._ends = asyncio.get_running_loop().time() + deadline
        self._deadline, self._first, self._between, self._shown = deadline, first, between, shown
        self.begun = False

    @contextlib.asynccontextmanager
    async def step(self) -> AsyncIterator[None]:
        """Raise EngineUnavailable where what is inside takes longer than the step may, or than the reply may."""
        patience = self._between if self.begun else self._first
        left = self._ends - asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(min(patience, left)):
                yield
        except TimeoutError as error:
            what = (
                f"The reply was not done within {self._deadline:.0f}"
                if left < patience
                else f"No word came for {patience:.0f}"
            )
            raise EngineUnavailable(f"{what} seconds from {self._shown}. Please ask again.") from error
