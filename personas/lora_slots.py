"""The low-rank matrices of several adapters side by side, so that one step multiplies each row by its own adapter's.

A loop over adapters costs a pass a voice, and merging gives up mixing. Here every adapter has a slot in stacked
arrays, rows are grouped by slot and one batched product serves all groups (the idea of Punica, arXiv:2310.18547,
and S-LoRA, arXiv:2311.03285).
"""

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

BFloat16 = npt.NDArray[np.uint16]
"""numpy has no bfloat16, so its bits travel as 16-bit integers."""


_MODULES = frozenset("q_proj k_proj v_proj o_proj gate_proj up_proj down_proj".split())


@dataclass(frozen=True)
class Group:
    """Projections that share their input and so their place in the graph."""

    name: str
    modules: tuple[str, ...]
    inputs: int
    outputs: tuple[int, ...]
    """Features, one number a module."""
    stacked: bool
    """One batch entry a module, where all are alike; else one entry with the modules' ranks side by side."""

    def shapes(self, rank: int) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """Return the shapes of one slot's A and B: (entries, inputs, ranks) and (entries, ranks, outputs)."""
        if self.stacked:
            return (len(self.modules), self.inputs, rank), (len(self.modules), rank, self.outputs[0])
        ranks = rank * len(self.modules)
        return (1, self.inputs, ranks), (1, ranks, sum(self.outputs))


class NoFreeSlot(Exception):  # noqa: N818 -- named for what is wrong
    """Every slot holds an adapter that a reply is being written with."""


class Slots:
    """Adapters in memory: the least recently used one makes room for the next."""

    def __init__(self, layers: int, groups: Iterable[Group], memory: int, rank: int = 16) -> None:
        """``memory``: bytes that the matrices may take; ``rank``: the largest so far, raised when one is larger."""
        self._layers, self._groups, self._memory = layers, tuple(groups), memory
        self._adapters: OrderedDict[str | None, int] = OrderedDict()
        self._users: dict[int, int] = {}
        self._make(rank)

    def _make(self, rank: int) -> None:
        self.rank = rank
        a_and_b = [group.shapes(rank) for group in self._groups]
        each = sum(int(np.prod(shape)) for pair in a_and_b for shape in pair) * self._layers * 2
        self.count = max(1, self._memory // each)
        self._adapters.clear()
        self.arrays: dict[str, BFloat16] = {
            f"{half}.{layer}.{group.name}": np.zeros((self.count, *shape), np.uint16)
            for group, pair in zip(self._groups, a_and_b, strict=True)
            for half, shape in zip("AB", pair, strict=True)
            for layer in range(self._layers)
        }

    @property
    def loaded(self) -> tuple[str | None, ...]:
        """The versions in memory, the least recently used first; None is the base model's own voice."""
        return tuple(self._adapters)

    def take(self, version: str | None, folder: Path | None) -> int:
        """Return the slot of an adapter, loading it where needed; give it back with ``release``.

        Raises NoFreeSlot where all slots are in use, and KeyError, OSError or ValueError where the file holds no
        such adapter; nothing is taken then.
        """
        if version not in self._adapters:
            self._load(version, folder)
        self._adapters.move_to_end(version)
        slot = self._adapters[version]
        self._users[slot] = self._users.get(slot, 0) + 1
        return slot

    def release(self, slot: int) -> None:
        """Give a slot back; the adapter stays until another needs its place."""
        self._users[slot] -= 1

    def _load(self, version: str | None, folder: Path | None) -> None:
        adapter = _read(folder) if folder else None
        if adapter and adapter.rank > self.rank:
            if any(self._users.values()):
                raise NoFreeSlot
            self._make(adapter.rank)
        slot = self._free()
        for group in self._groups:
            for layer in range(self._layers):
                self._write(slot, layer, group, adapter)
        self._adapters[version] = slot

    def _free(self) -> int:
        taken = set(self._adapters.values())
        if len(taken) < self.count:
            return min(set(range(self.count)) - taken)
        for version, slot in self._adapters.items():
            if not self._users.get(slot):
                del self._adapters[version]
                return slot
        raise NoFreeSlot

    def _write(self, slot: int, layer: int, group: Group, adapter: "_Adapter | None") -> None:
        a, b = (self.arrays[f"{half}.{layer}.{group.name}"][slot] for half in "AB")
        a[:] = b[:] = 0
        column = 0
        for n, (module, outputs) in enumerate(zip(group.modules, group.outputs, strict=True)):
            entry, first = (n, 0) if group.stacked else (0, n * self.rank)
            down, up = adapter.matrices(layer, module) if adapter else (None, None)
            if down is not None and up is not None:
                ranks = slice(first, first + down.shape[0])
                a[entry, :, ranks] = down.T
                b[entry, ranks, column : column + outputs] = up.T
            column += 0 if group.stacked else outputs


class _Adapter:
    """The matrices of a peft adapter file, by layer and projection."""

    def __init__(self, tensors: dict[str, Any], config: dict[str, Any]) -> None:
        self.rank = int(config["r"])
        self._scale = config["lora_alpha"] / (self.rank**0.5 if config.get("use_rslora") else self.rank)
        self._tensors = tensors
        if strays := {key.split(".lora_")[0].rpartition(".")[2] for key in tensors} - _MODULES:
            raise ValueError(f"it changes {', '.join(sorted(strays))}, which only the peft runtime serves")

    def matrices(self, layer: int, module: str) -> tuple[BFloat16 | None, BFloat16 | None]:
        """Return A, shape (rank, inputs), and B times the scale, (outputs, rank); None where there is none."""
        room = "mlp" if module in {"gate_proj", "up_proj", "down_proj"} else "self_attn"
        name = f"base_model.model.model.layers.{layer}.{room}.{module}"
        down, up = (self._tensors.get(f"{name}.lora_{half}.weight") for half in "AB")
        if down is None or up is None:
            return None, None
        return as_bfloat16(down), as_bfloat16(up.float() * self._scale)


def as_bfloat16(tensor: Any) -> BFloat16:
    """Return a torch tensor's values as bfloat16 bits."""
    import torch

    bits: BFloat16 = tensor.to(torch.bfloat16).contiguous().view(torch.uint16).numpy()
    return bits


def _read(folder: Path) -> _Adapter:
    import json

    from safetensors import SafetensorError
    from safetensors.torch import load

    config = json.loads((folder / "adapter_config.json").read_text("utf-8"))
    # Read, not mapped: a file that changes under a map changes the voice, or ends the process.
    data = (folder / "adapter_model.safetensors").read_bytes()
    try:
        return _Adapter(load(data), config)
    except SafetensorError as error:
        raise ValueError(f"the weights are damaged: {error}") from error
