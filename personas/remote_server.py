"""A server with OpenAI's HTTP interface (vLLM, llama.cpp's server, Ollama): its answers, and each fault a sentence.

The `openai` client is the interface's own: it knows the requests, the event stream and the kinds of failure.
"""

import contextlib
import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from personas.engine import EngineUnavailable, PromptTooLong

_CONNECT = 5.0  # seconds; who listens answers at once, a model that thinks does so afterwards
_TOO_LONG = re.compile(r"maximum context length|exceed_context_size|exceeds the available context", re.IGNORECASE)
_NUMBER = re.compile(r"\d+")
_NOT_FOUND = 404
_SHOWN = 200  # characters of a server's own words in a sentence


class TryAgain(EngineUnavailable):
    """The server cannot be reached, takes no request now or broke off; the same may be asked again."""


class UnknownModel(EngineUnavailable):
    """The server has no model or adapter of that name."""


@dataclass(frozen=True)
class Model:
    """One row of what a server says it serves."""

    name: str
    owner: str
    """``vllm``, ``llamacpp`` or ``library`` (Ollama); a gateway may say anything."""
    base: str | None
    """The name of the base model where this is an adapter."""


def address(url: str) -> str:
    """Return a server's URL as it may be shown and compared: without user, password and slash at the end."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl().rstrip("/")


class RemoteServer:
    """One endpoint; its methods raise EngineUnavailable, and TryAgain or UnknownModel where that is known."""

    def __init__(self, url: str, key: str | None) -> None:
        """``url``: up to and with ``/v1``; ``key``: sent as a bearer token and written nowhere."""
        import openai

        self.shown = address(url)
        # A redirect is said rather than followed, so that questions and the key go nowhere else. Repeating a request
        # is the engine's to decide, which knows the deadline.
        self._client = openai.AsyncOpenAI(
            base_url=url, api_key=key or "none",  # the client insists on one
            max_retries=0,
            timeout=openai.Timeout(None, connect=_CONNECT),
            http_client=openai.DefaultAsyncHttpxClient(follow_redirects=False),
        )  # fmt: skip

    async def close(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def models(self) -> list[Model]:
        """Return what is served now."""
        with self._faults():
            listed = await self._client.get("/models", cast_to=object)
        if not isinstance(listed, dict) or not isinstance(listed.get("data"), list):
            raise EngineUnavailable(self._strange("a list of models"))
        rows = [row for row in listed["data"] if isinstance(row, dict)]
        return [Model(str(row.get("id")), str(row.get("owned_by")), row.get("parent")) for row in rows]

    async def load(self, name: str, folder: str) -> None:
        """Have an adapter loaded from a folder of the server's; one that is there already is left as it is."""
        body = {"lora_name": name, "lora_path": folder}
        try:
            await self._post("/load_lora_adapter", body)
        except _Refused as refused:
            if "already been loaded" in refused.words:
                return
            if refused.is_no_such_path:
                raise EngineUnavailable(
                    f"{self.shown} loads no adapters: start vLLM with --enable-lora and "
                    "VLLM_ALLOW_RUNTIME_LORA_UPDATING=True, or set remote_adapters to listed or none."
                ) from refused
            raise EngineUnavailable(
                f"{self.shown} did not load the adapter {name} from {folder}: {refused.words}. Does the server see "
                "that folder? remote_adapter_mount says under which path it sees remote_adapter_folder."
            ) from refused

    async def unload(self, name: str) -> None:
        """Have an adapter forgotten."""
        await self._post("/unload_lora_adapter", {"lora_name": name})

    async def loads_adapters(self) -> bool:
        """Ask, without changing anything, whether adapters can be loaded while the server runs."""
        try:
            await self.unload("no-adapter-has-this-name")
        except _Refused as refused:
            return not refused.is_no_such_path
        return True

    async def reply(self, request: Mapping[str, Any], voice: str | None) -> AsyncGenerator[str, None]:
        """Yield the pieces of a chat completion as they come; closing the generator closes the connection.

        ``voice``: the name that the reply must say it is by, where it matters who speaks. Raises PromptTooLong too.
        """
        with self._faults():
            stream = await self._client.chat.completions.create(**request, stream=True)
            try:
                kind = stream.response.headers.get("content-type", "")
                if not kind.startswith("text/event-stream"):
                    raise EngineUnavailable(self._strange("a stream of tokens", kind))
                async for piece in self._pieces(stream, voice):
                    yield piece
            finally:
                await stream.close()

    async def _pieces(self, stream: AsyncIterator[Any], voice: str | None) -> AsyncGenerator[str, None]:
        written, finish = False, None
        async for chunk in stream:
            choices = getattr(chunk, "choices", None)
            if not isinstance(choices, list):
                raise EngineUnavailable(self._strange("a reply"))
            if voice and getattr(chunk, "model", None) != voice:
                raise EngineUnavailable(f"{self.shown} let another voice answer than {voice}; its reply is not shown.")
            for choice in choices:  # one, or none where the chunk only counts tokens
                piece = getattr(getattr(choice, "delta", None), "content", None)
                finish = getattr(choice, "finish_reason", None) or finish
                if isinstance(piece, str) and piece:
                    written = True
                    yield piece
        if finish is None:
            raise TryAgain(f"The reply of {self.shown} broke off half-way. Please ask again.")
        if finish == "length" and not written:
            raise PromptTooLong(f"The prompt leaves no room for a reply in the context of the model at {self.shown}.")

    async def _post(self, path: str, body: Mapping[str, str]) -> None:
        with self._faults():
            await self._client.post(path, cast_to=str, body=body)

    def _strange(self, wanted: str, kind: str = "") -> str:
        came = f" with {kind.partition(';')[0]}" if kind else ""
        return (
            f"{self.shown} answered{came} where {wanted} was expected: remote_url must lead to an OpenAI-compatible "
            "interface, mostly ending in /v1."
        )

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn what the client raises into sentences."""
        import openai

        try:
            yield
        except openai.APITimeoutError as error:
            raise TryAgain(f"{self.shown} does not take a connection: is the server up?") from error
        except openai.APIStatusError as error:
            raise self._refusal(error.status_code, error.response.headers.get("location"), error.body) from error
        except openai.APIConnectionError as error:
            raise self._unreachable(error) from error
        except openai.APIError as error:
            raise self._refusal(0, None, error.body or error.message) from error
        except (ValueError, openai.OpenAIError) as error:  # no JSON, or no UTF-8
            raise EngineUnavailable(self._strange("JSON in UTF-8")) from error

    def _unreachable(self, error: BaseException) -> EngineUnavailable:
        causes = [error]
        while inner := causes[-1].__cause__ or causes[-1].__context__:
            causes.append(inner)
        if any(isinstance(cause, ssl.SSLError) or "SSL" in str(cause) for cause in causes):
            return EngineUnavailable(
                f"No trusted connection to {self.shown} ({causes[-1]}): mend its certificate, or http and https in "
                "remote_url."
            )
        if any(type(cause).__name__ in {"RemoteProtocolError", "ReadError"} for cause in causes):
            return TryAgain(f"The reply of {self.shown} broke off half-way. Please ask again.")
        return TryAgain(f"Nobody answers at {self.shown}: start the model server, or mend remote_url.")

    def _refusal(self, status: int, location: str | None, body: object) -> Exception:
        words = said_by(body)
        if _TOO_LONG.search(words):
            return PromptTooLong(_lengths(body, words))
        if location:
            target = location.partition("?")[0]
            return EngineUnavailable(f"{self.shown} sends us on to {target}: set remote_url to where the server is.")
        if status in {401, 403}:
            return EngineUnavailable(f"{self.shown} refuses the key: set PARLEY_REMOTE_KEY to the one that it wants.")
        if status == _NOT_FOUND and "model" in words.lower():
            return UnknownModel(f"{self.shown} has no such model ({words}): mend remote_model.")
        if status in {429, 502, 503, 504}:
            return TryAgain(f"{self.shown} is busy or still starting ({words}). Please ask again in a minute.")
        return _Refused(self.shown, status, words)


class _Refused(EngineUnavailable):
    """A status that means different things to different requests."""

    def __init__(self, shown: str, status: int, words: str) -> None:
        self.status, self.words = status, words
        advice = "remote_url mostly ends in /v1" if self.is_no_such_path else "its log may say more"
        super().__init__(f"{shown} refused the request ({status or 'in its reply'}): {words}; {advice}.")

    @property
    def is_no_such_path(self) -> bool:
        """Whether nobody is at home under that path; vLLM answers 404 for a missing adapter too."""
        return self.status == _NOT_FOUND and "lora" not in self.words.lower()


def said_by(body: object) -> str:
    """Return what a server said about its refusal, in one line."""
    inner = body
    for key in ("error", "message", "detail"):
        if isinstance(inner, dict) and key in inner:
            inner = inner[key]
    text = " ".join(str(inner or "").split())
    if not text or text.startswith("<"):
        return "no words"
    return text[:_SHOWN].rstrip(".")


def _lengths(body: object, words: str) -> str:
    """Return the sentence of a prompt that is too long, with both lengths in tokens."""
    given = body if isinstance(body, dict) else {}
    prompt, context = given.get("n_prompt_tokens"), given.get("n_ctx")
    if not (prompt and context):
        numbers = [int(number) for number in _NUMBER.findall(words)]
        context, prompt = (numbers[0], max(numbers)) if numbers else ("too few", "more")
    return (
        f"The prompt has at least {prompt} tokens, and the context of the model holds {context}: ask with fewer notes."
    )
