"""A compiled Llama graph with its attention cache and adapters: tokens of many sequences in, logits out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from personas.generation import Weights
from personas.llama_graph import BLOCK, build, dimensions
from personas.lora_slots import Slots

_ACTIVATIONS = {"int8": "32", "bf16": "0"}
"""Activations that share a scale where products are of 8-bit integers; 0 keeps them as they are."""
_FEW = 8
"""Tokens of a row up to which it counts as one that writes rather than one that reads."""
_STEP = 4
"""A step that writes is filled up to a multiple of so many tokens: each new shape of a step costs 10 ms alone, 5 ms
among many, while idle tokens are nearly free; and a lone token takes a kernel of its own, with other roundings."""
Logits = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Row:
    """What one sequence brings to a step."""

    tokens: Sequence[int]
    """New tokens, one at least."""
    past: int
    """Tokens of the sequence that are in the cache already."""
    blocks: Sequence[int]
    """Its blocks of the cache, enough for past and new tokens."""
    slot: int
    """Its adapter's."""
    wanted: int
    """Of how many of its last tokens the logits are asked for."""


class PagedModel:
    """Owns the compiled graph; used by one thread."""

    def __init__(self, folder: Path, config: Any, weights: Weights, *, pool: int, adapters: int) -> None:
        """``pool``: tokens that the attention cache holds; ``adapters``: bytes that adapters may take.

        Raises NotThisFamily where the graph cannot hold the model.
        """
        import openvino as ov

        self._ov, self._weights = ov, weights
        self.size = dimensions(config)
        self.slots = Slots(self.size.layers, self.size.groups, adapters)
        self.blocks = -(-pool // BLOCK)
        settings = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            # Small, and unlike 8 bits it does not change what a voice says.
            "KV_CACHE_PRECISION": "f16",
            "DYNAMIC_QUANTIZATION_GROUP_SIZE": _ACTIVATIONS[weights],
        }
        graph, self._shared = build(folder, config, weights)
        compiled = ov.Core().compile_model(graph, "CPU", settings)
        # Prompts and single tokens have a request each, so that neither makes the other allocate anew.
        self._requests = [compiled.create_infer_request() for _ in range(2)]
        self._used: list[tuple[int, range] | None] = [None, None]
        for place in compiled.inputs:
            if place.any_name.endswith(".cache"):
                shape = [self.blocks + 1, *(place.get_partial_shape()[axis].get_length() for axis in (1, 2, 3))]
                cache = ov.Tensor(place.get_element_type(), ov.Shape(shape))
                for request in self._requests:
                    request.set_tensor(place, cache)

    def run(self, rows: Sequence[Row]) -> Logits:
        """Return the logits that the rows want, (wanted or more, vocabulary), valid until the next call."""
        kind = int(max(len(row.tokens) for row in rows) > _FEW)
        if not kind:
            idle = Row([0], 0, [self.blocks], rows[0].slot, 1)
            rows = [*rows, *[idle] * (-sum(len(row.tokens) for row in rows) % _STEP)]
        request = self._requests[kind]
        slots = range(min(row.slot for row in rows), max(row.slot for row in rows) + 1)
        if self._used[kind] != (self.slots.rank, slots):  # with another rank the arrays are others
            self._use(request, slots)
            self._used[kind] = (self.slots.rank, slots)
        for name, value in (*self._paging(rows), *self._grouping(rows, slots)):
            request.set_tensor(name, self._ov.Tensor(value))
        request.infer()
        logits: Logits = request.get_output_tensor(0).data
        return _rounded(logits) if self._weights == "bf16" else logits

    def _use(self, request: Any, slots: range) -> None:
        """Point the request at the adapters of neighbouring slots, without a copy."""
        for name, array in self.slots.arrays.items():
            part = array[slots.start : slots.stop].reshape(-1, *array.shape[2:])
            request.set_tensor(name, self._ov.Tensor(part, self._ov.Shape(part.shape), self._ov.Type.bf16))

    @staticmethod
    def _paging(rows: Sequence[Row]) -> list[tuple[str, npt.NDArray[Any]]]:
        lengths = np.array([len(row.tokens) for row in rows])
        past = np.array([row.past for row in rows], np.int32)
        ends = np.cumsum(lengths)
        wanted = [np.arange(end - row.wanted, end) for end, row in zip(ends, rows, strict=True)]
        held = [row.blocks[: -(-(row.past + len(row.tokens)) // BLOCK)] for row in rows]
        return [
            ("tokens", np.concatenate([np.asarray(row.tokens, np.int64) for row in rows])),
            ("positions", np.concatenate([np.arange(row.past, row.past + len(row.tokens)) for row in rows])),
            ("past", past),
            ("begins", np.concatenate([[0], ends]).astype(np.int32)),
            ("blocks", np.concatenate([np.asarray(blocks, np.int32) for blocks in held])),
            ("block_begins", np.cumsum([0, *map(len, held)]).astype(np.int32)),
            ("longest", np.array((past + lengths).max(), np.int32)),
            ("wanted", np.concatenate(wanted).astype(np.int32)),
        ]  # fmt: skip

    def _grouping(self, rows: Sequence[Row], slots: range) -> list[tuple[str, npt.NDArray[Any]]]:
        """Return where each token stands in the product that has one group a slot, all as long as the longest."""
        group = np.repeat([row.slot - slots.start for row in rows], [len(row.tokens) for row in rows])
        order = np.argsort(group, kind="stable")
        sizes = np.bincount(group, minlength=len(slots))
        place = np.empty_like(group)
        place[order] = np.arange(len(group)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        most = 1 << (int(sizes.max()) - 1).bit_length()  # few different shapes here too
        # Places that no token takes repeat the first one; what comes out of them is not read.
        into = np.zeros((len(slots), most), np.int32)
        into[group, place] = np.arange(len(group))
        size = self.size
        folds = {"qkv": size.hidden, "out": size.heads * size.head, "gate_up": size.hidden, "down": size.inner}
        entries = {"gate_up": 2}
        return [
            ("rows.in", into.ravel()),
            ("rows.in2", np.repeat(into, 2, axis=0).ravel()),
            ("rows.out", (group * most + place).astype(np.int32)),
            ("rows.gate", (2 * group * most + place).astype(np.int32)),
            ("rows.up", ((2 * group + 1) * most + place).astype(np.int32)),
            *(
                (f"fold.{name}", np.array([len(slots) * entries.get(name, 1), most, width]))
                for name, width in folds.items()
            ),
        ]


def _rounded(logits: Logits) -> Logits:
    """Return the logits as bfloat16 has them, so that tokens that tie in plain peft tie here."""
    bits = logits.view(np.uint32)
    nearest_even = bits + np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return (nearest_even & np.uint32(0xFFFF0000)).view(np.float32)
