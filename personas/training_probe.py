"""How long learning takes here, and how much memory: one batch, learnt and forgotten."""

import resource
import sys
import time
from collections.abc import Sequence
from typing import Any

from personas.training_rows import IGNORED, Encoded


def probe(model: Any, batch: Sequence[Encoded], pad: int) -> tuple[float, int]:  # noqa: ANN401 -- see trainer
    """Return (seconds per token of a batch, the process's peak memory in bytes, or the GPU's)."""
    import torch

    longest = max(len(row.ids) for row in batch)
    ids = torch.tensor([row.ids + [pad] * (longest - len(row.ids)) for row in batch], device=model.device)
    labels = torch.tensor([row.labels + [IGNORED] * (longest - len(row.ids)) for row in batch], device=model.device)
    mask = torch.tensor([[1] * len(row.ids) + [0] * (longest - len(row.ids)) for row in batch], device=model.device)
    model.train()
    seconds = []
    for _ in range(3):  # the first one warms caches up
        started = time.perf_counter()
        model(input_ids=ids, labels=labels, attention_mask=mask).loss.backward()
        if model.device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - started)
        model.zero_grad(set_to_none=True)
    memory = (
        torch.cuda.max_memory_allocated()
        if model.device.type == "cuda"
        else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    )
    return min(seconds[1:]) / ids.numel(), memory
