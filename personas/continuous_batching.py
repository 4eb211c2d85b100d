"""Replies of every voice that grow together: new ones join between tokens, finished ones leave at once."""

from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from personas.generation import Job, Reply, Setup, Weights, unreadable
from personas.kv_blocks import Blocks
from personas.llama_graph import BLOCK
from personas.lora_slots import NoFreeSlot
from personas.paged_model import Logits, PagedModel, Row

_ROWS = 16
"""Replies that grow at once."""
_POOL = 8192
"""Tokens that the attention cache holds, of all rows together: 23 KiB each for the embedded base model."""
_CHUNK = 256
"""Tokens of a prompt that are read in one step; replies under way wait for that long."""
_CHEAP = 4
"""Tokens that a step of few rows has: up to here one more costs nearly nothing."""
_AHEAD = _CHEAP - 1
"""Tokens drafted for a row at most."""
_ANY = -1
"""Stands for any token before the last one."""
_PHRASES = 4096
"""Pairs of tokens whose follower is remembered, of one voice on one server."""
_ROOTS = 256
"""Voices on servers whose phrases are remembered."""
_TOP = 50
"""Tokens to draw from where a reply is not greedy; transformers' own default."""


class _Growing:
    """A reply in the making: its tokens, and where its part of the attention cache is."""

    def __init__(self, job: Job, reply: Reply, slot: int, phrases: dict[tuple[int, int], int]) -> None:
        self.job, self.reply, self.slot = job, reply, slot
        self.root = job.server, job.version
        self.tokens: list[int] = []
        self.computed = 0
        """Tokens that are in the cache."""
        self.blocks: list[int] = []
        self._phrases = phrases
        """What followed two tokens in earlier replies of the same voice to the same server."""
        self._next: dict[tuple[int, int], int] = {}
        for token in job.prompt:
            self.append(token)

    def append(self, token: int) -> None:
        """Add a token, and learn what it follows."""
        if len(self.tokens) > 1:
            self._next[self.tokens[-2], self.tokens[-1]] = self._next[_ANY, self.tokens[-1]] = token
        self.tokens.append(token)

    def draft(self, count: int) -> list[int]:
        """Return so many tokens that may come next: replies copy from their notes and have set phrases.

        Drafted tokens cost little beside the step that checks them (prompt look-up decoding,
        github.com/apoorvumang/prompt-lookup-decoding); wrong ones change nothing.
        """
        drafted: list[int] = []
        before, last = self.tokens[-2] if len(self.tokens) > 1 else _ANY, self.tokens[-1]
        while len(drafted) < count:
            keys = (before, last), (_ANY, last)
            found = (known[key] for key in keys for known in (self._next, self._phrases) if key in known)
            before, last = last, next(found, last)
            drafted.append(last)
        return drafted

    def learn(self) -> None:
        """Leave the reply's phrases to the next one."""
        written = self.tokens[len(self.job.prompt) - 1 :]
        for first, second, third in zip(written, written[1:], written[2:], strict=False):
            for key in ((first, second), (_ANY, second)):
                self._phrases.pop(key, None)
                self._phrases[key] = third
        while len(self._phrases) > _PHRASES:
            del self._phrases[next(iter(self._phrases))]


class ContinuousBatching:
    """The fast runtime, for models of the Llama family on a processor."""

    patience = 15.0

    def __init__(self, setup: Setup, folder: Path, weights: Weights) -> None:
        """Read the model from a folder of safetensors. Raises NotThisFamily."""
        import openvino

        self._setup = setup
        self._model = PagedModel(folder, setup.config, weights, pool=_POOL, adapters=setup.adapter_memory)
        self.name = f"OpenVINO {openvino.__version__.split('-')[0]}, {weights} weights"
        self.context = min(self._model.size.context, _POOL) - _AHEAD
        self._blocks = Blocks(self._model.blocks, BLOCK)
        self._waiting: deque[Job] = deque()
        self._rows: list[_Growing] = []
        self._phrases: dict[tuple[str, str | None], dict[tuple[int, int], int]] = {}
        self._random = np.random.default_rng()

    @property
    def busy(self) -> bool:
        """Whether any reply waits or grows."""
        return bool(self._waiting or self._rows)

    def submit(self, job: Job) -> None:
        """Take a job into the queue."""
        self._waiting.append(job)

    def cancel(self, number: int) -> None:
        """Forget a job; its blocks and its slot are free at once."""
        self._waiting = deque(job for job in self._waiting if job.id != number)
        for row in [row for row in self._rows if row.job.id == number]:
            self._leave(row)

    def step(self) -> None:
        """Read a part of one prompt, and move every reply on whose prompt has been read."""
        reading = next((row for row in self._rows if len(row.tokens) - row.computed > 1), None) or self._join()
        if reading and len(reading.tokens) - reading.computed > 1:
            self._read(reading)
        if rows := [row for row in self._rows if len(row.tokens) - row.computed == 1]:
            self._write(rows)

    def _join(self) -> _Growing | None:
        """Let the next job in, where there is room for all that it may need."""
        if not self._waiting or len(self._rows) == _ROWS:
            return None
        job = self._waiting[0]
        needed = -(-(len(job.prompt) + job.max_tokens + _AHEAD) // BLOCK)
        try:
            slot = self._model.slots.take(job.version, job.folder)
        except NoFreeSlot:
            return None
        except (OSError, ValueError, KeyError) as error:
            self._waiting.popleft()
            self._setup.say({"id": job.id, "failed": unreadable(job, error)})
            return None
        row = _Growing(job, Reply(job, self._setup), slot, self._phrases_of(job))
        row.blocks = self._blocks.known(row.root, job.prompt)
        row.computed = len(row.blocks) * BLOCK
        if needed - len(row.blocks) > self._blocks.free:
            self._blocks.release(row.blocks)
            self._model.slots.release(slot)
            return None
        row.blocks += self._blocks.take(needed - len(row.blocks))
        self._waiting.popleft()
        self._rows.append(row)
        return row

    def _phrases_of(self, job: Job) -> dict[tuple[int, int], int]:
        root = job.server, job.version
        self._phrases[root] = self._phrases.pop(root, {})
        if len(self._phrases) > _ROOTS:
            del self._phrases[next(iter(self._phrases))]
        return self._phrases[root]

    def _leave(self, row: _Growing) -> None:
        self._rows.remove(row)
        self._blocks.release(row.blocks)
        self._model.slots.release(row.slot)

    def _read(self, row: _Growing) -> None:
        part = row.tokens[row.computed : row.computed + _CHUNK]
        logits = self._model.run([Row(part, row.computed, row.blocks, row.slot, 1)])
        row.computed += len(part)
        self._blocks.remember(row.root, row.tokens[: row.computed], row.blocks)
        if row.computed == len(row.tokens):
            self._accept(row, [], logits)

    def _write(self, rows: Sequence[_Growing]) -> None:
        spare = max(0, _CHEAP - len(rows)) // len(rows)
        drafts = [row.draft(spare) for row in rows]
        logits = self._model.run(
            [
                Row([row.tokens[-1], *draft], row.computed, row.blocks, row.slot, 1 + len(draft))
                for row, draft in zip(rows, drafts, strict=True)
            ]
        )
        start = 0
        for row, draft in zip(rows, drafts, strict=True):
            row.computed += 1
            self._accept(row, draft, logits[start : start + 1 + len(draft)])
            start += 1 + len(draft)

    def _accept(self, row: _Growing, draft: Sequence[int], logits: Logits) -> None:
        """Append the model's own next tokens: one, and one more for every drafted token that was right."""
        for n, scores in enumerate(logits):
            token = self._choose(scores, row.job)
            if not row.reply.take(token):
                row.learn()
                self._leave(row)
                return
            row.append(token)
            if n == len(draft) or token != draft[n]:
                return
            row.computed += 1

    def _choose(self, scores: Logits, job: Job) -> int:
        if job.matcher:
            scores = np.where(job.matcher.allowed(len(scores)), scores, -np.inf)
        if not job.temperature:
            return int(scores.argmax())
        best = np.argpartition(scores, -_TOP)[-_TOP:] if len(scores) > _TOP else np.arange(len(scores))
        weights = np.exp((scores[best] - scores[best].max()).astype(np.float64) / job.temperature)
        return int(self._random.choice(best, p=weights / weights.sum()))
