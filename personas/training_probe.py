"""How long learning takes here, and how much memory: two batches, learnt and forgotten."""

import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

from personas.training_loss import loss
from personas.training_rows import IGNORED, Encoded


def probe(model: Any, lessons: Sequence[Encoded], size: int, pad: int) -> tuple[float, int]:  # noqa: ANN401 -- see trainer
    """Return (seconds per token of a batch of middling length, the process's peak memory in bytes, or the GPU's).

    ``size``: rows of a batch. The passages of a rehearsal, which take the most memory, are learnt once too.
    """
    import torch

    ordered = sorted(lessons, key=lambda row: len(row.ids))
    rehearsed = [row for row in lessons if row.start == 1][:size]
    model.train()
    if rehearsed:
        _learn(model, rehearsed, pad)
    batch = ordered[len(ordered) // 2 :][:size]
    seconds = min(_learn(model, batch, pad) for _ in range(2))
    memory = (
        torch.cuda.max_memory_allocated()
        if model.device.type == "cuda"
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    )
    return seconds / (max(len(row.ids) for row in batch) * len(batch)), memory


def _learn(model: Any, batch: Sequence[Encoded], pad: int) -> float:  # noqa: ANN401 -- see trainer
    """Learn a batch, forget it, and return the seconds that it took."""
    import torch

    longest, device = max(len(row.ids) for row in batch), model.device
    ids = torch.tensor([row.ids + [pad] * (longest - len(row.ids)) for row in batch], device=device)
    labels = torch.tensor([row.labels + [IGNORED] * (longest - len(row.ids)) for row in batch], device=device)
    mask = torch.tensor([[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in batch], device=device)
    started = time.perf_counter()
    loss(model, {"input_ids": ids, "attention_mask": mask}, labels).backward()
    if device.type == "cuda":
        torch.cuda.synchronize()
    model.zero_grad(set_to_none=True)
    return time.perf_counter() - started
