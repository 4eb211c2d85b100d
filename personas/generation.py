"""A reply in the making, inside the engine's process: what was asked, and the text that came so far."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol

from personas.grammars import Matcher

RuntimeChoice = Literal["auto", "openvino", "peft"]
"""``auto``: OpenVINO where it can hold the model, else transformers and peft."""
Weights = Literal["int8", "bf16"]
"""Of the base model on OpenVINO."""
Say = Callable[[dict[str, object]], None]
"""Sends one message to the process that asked."""


@dataclass(frozen=True)
class Job:
    """One reply to generate, as tokens."""

    id: int
    prompt: tuple[int, ...]
    version: str | None
    """Of the adapter; None is the base model's own voice."""
    folder: Path | None
    server: str
    max_tokens: int
    temperature: float
    matcher: Matcher | None = None
    """What the reply is held to, if to anything."""


@dataclass(frozen=True)
class Setup:
    """What a runtime is started with."""

    base: str
    """A transformers model id or folder."""
    config: Any
    """The model's transformers configuration."""
    tokenizer: Any
    ends: frozenset[int]
    """Tokens that end a turn."""
    adapter_memory: int
    """Bytes that adapters may take."""
    say: Say


class Runtime(Protocol):
    """Owns a model and writes the replies of all jobs at once; used by one thread."""

    name: str
    """What runs, for people to read."""
    patience: float
    """Seconds without any message after which a busy runtime counts as stuck."""
    context: int
    """Tokens of the longest prompt and reply together."""

    @property
    def busy(self) -> bool:
        """Whether ``step`` has anything to do."""
        ...

    def submit(self, job: Job) -> None:
        """Take a job into the queue."""
        ...

    def cancel(self, number: int) -> None:
        """Forget a job; nothing more is said of it."""
        ...

    def step(self) -> None:
        """Move every reply on, by a token at least."""
        ...


class Reply:
    """Turns tokens into pieces of text and says them, until an end of turn or the limit."""

    def __init__(self, job: Job, setup: Setup) -> None:
        from tokenizers.decoders import DecodeStream

        self._job, self._ends, self._say = job, setup.ends, setup.say
        self._text = DecodeStream(skip_special_tokens=True)
        self._tokenizer = setup.tokenizer.backend_tokenizer
        self.written = 0
        """Tokens so far."""
        self.done = False

    def take(self, token: int) -> bool:
        """Say what the token adds; return whether the reply goes on."""
        self.written += 1
        ended = token in self._ends
        if self._job.matcher and not ended:
            self._job.matcher.take(token)
        piece = None if ended else self._text.step(self._tokenizer, token)
        self.done = ended or self.written >= self._job.max_tokens
        if piece or self.done:
            self._say({"id": self._job.id, "text": piece or "", "done": self.done})
        return not self.done


def unreadable(job: Job, error: Exception) -> str:
    """Return the sentence for a voice whose files are gone or damaged."""
    return f"The voice {job.version} cannot be read ({error}): install it again."
