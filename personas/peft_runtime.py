"""Any model that transformers loads, with peft's own adapters: slower, general, and the reference for the fast path.

A batch is written to its end before the next one starts. peft leaves its hooks behind when ``generate`` raises, and
the next request would speak in the failed one's voice (measured; huggingface/peft#3475), so a reply is ended by a
stopping criterion, never by an exception, and after an exception the process must end.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

from personas.base_model import load_base
from personas.generation import Job, Reply, Setup, unreadable

_ROWS = 8
"""Replies written at once; more make the first one wait longer than they save on two cores."""


class PeftRuntime:
    """The base model with every adapter that was asked for lately."""

    patience = 180.0

    def __init__(self, setup: Setup, poll: Callable[[], None]) -> None:
        """``poll`` is called between tokens, to hear of cancelled jobs."""
        import torch
        import transformers

        self._setup, self._poll = setup, poll
        self._model, self._tokenizer = load_base(setup.base)
        if torch.cuda.is_available():
            self._model = self._model.to("cuda")
        self.name = f"transformers {transformers.__version__} with peft, bf16 weights, {self._model.device.type}"
        self.context = int(getattr(self._model.config.get_text_config(), "max_position_embeddings", 2048))
        self._waiting: deque[Job] = deque()
        self._cancelled: set[int] = set()
        self._loaded: dict[str, int] = {}

    @property
    def busy(self) -> bool:
        """Whether any reply waits."""
        return bool(self._waiting)

    def submit(self, job: Job) -> None:
        """Take a job into the queue."""
        self._waiting.append(job)

    def cancel(self, number: int) -> None:
        """Forget a job; where it is being written, its row ends with the next token."""
        self._waiting = deque(job for job in self._waiting if job.id != number)
        self._cancelled.add(number)

    def step(self) -> None:
        """Write the replies of the next batch, all of one temperature."""
        import torch

        temperature = self._waiting[0].temperature
        jobs = [job for job in self._waiting if job.temperature == temperature][:_ROWS]
        self._waiting = deque(job for job in self._waiting if job not in jobs)
        jobs = [job for job in jobs if self._loads(job)]
        if not jobs:
            return
        self._make_room({_name(job) for job in jobs})
        names = [_name(job) for job in jobs]
        prompts = [{"input_ids": list(job.prompt)} for job in jobs]
        batch = self._tokenizer.pad(prompts, return_tensors="pt").to(self._model.device)
        settings: dict[str, Any] = (
            {"do_sample": True, "temperature": temperature} if temperature else {"do_sample": False}
        )
        settings |= {"adapter_names": names} if self._loaded else {}
        with torch.inference_mode():
            self._model.generate(
                **batch, **settings, max_new_tokens=max(job.max_tokens for job in jobs),
                stopping_criteria=[self._listener(jobs)], logits_processor=_holders(jobs),
            )  # fmt: skip
        self._cancelled.clear()

    def _listener(self, jobs: list[Job]) -> Callable[..., Any]:
        """Return a criterion that says each new token and ends the rows that are done or cancelled."""
        import torch

        replies = [Reply(job, self._setup) for job in jobs]

        def ended(tokens: Any, *_: object, **__: object) -> Any:  # noqa: ANN401 -- torch tensors
            self._poll()
            for job, reply, token in zip(jobs, replies, tokens[:, -1].tolist(), strict=True):
                if job.id in self._cancelled:
                    reply.done = True
                elif not reply.done:
                    reply.take(token)
            return torch.tensor([reply.done for reply in replies], device=tokens.device)

        return ended

    def _loads(self, job: Job) -> bool:
        """Load a job's adapter where it is not loaded yet; where that fails, say so and return False."""
        from safetensors import SafetensorError
        from safetensors.torch import load

        name = _name(job)
        if job.version is None or name in self._loaded:
            self._loaded |= {name: self._loaded.pop(name)} if name in self._loaded else {}  # the last used stands last
            return True
        try:
            # peft changes the model before it reads the weights, so they are read once before it does.
            load((Path(job.folder or "") / "adapter_model.safetensors").read_bytes())
        except (OSError, SafetensorError) as error:
            self._setup.say({"id": job.id, "failed": unreadable(job, error)})
            return False
        if hasattr(self._model, "peft_config"):
            self._model.load_adapter(str(job.folder), adapter_name=name)
        else:
            from peft import PeftModel

            self._model = PeftModel.from_pretrained(self._model, str(job.folder), adapter_name=name).eval()
        weights = (weight for key, weight in self._model.named_parameters() if f".{name}." in key)
        self._loaded[name] = sum(weight.numel() * weight.element_size() for weight in weights)
        return True

    def _make_room(self, needed: set[str]) -> None:
        for name in [name for name in self._loaded if name not in needed]:
            if sum(self._loaded.values()) > self._setup.adapter_memory:
                self._model.delete_adapter(name)
                del self._loaded[name]


def _holders(jobs: list[Job]) -> list[Callable[..., Any]]:
    """Return the logits processor that holds each row to its grammar; none where no row has one."""
    import torch

    held = [(row, job.matcher) for row, job in enumerate(jobs) if job.matcher]

    def hold(_: object, scores: Any) -> Any:  # noqa: ANN401 -- torch tensors
        for row, matcher in held:
            allowed = torch.from_numpy(matcher.allowed(scores.shape[1])).to(scores.device)
            scores[row] = scores[row].masked_fill(~allowed, float("-inf"))
        return scores

    return [hold] if held else []


def _name(job: Job) -> str:
    return "__base__" if job.version is None else job.version.replace(".", "-")
