"""An adapter's tensors, held against its configuration and the base model's layers, without a model library."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path

from personas.adapter_files import BadAdapter, shown

Shape = tuple[int, ...]

_LARGEST_HEADER = 2**20
"""Bytes; 421 tensors take 55 KB."""
_KEY = re.compile(r"base_model\.model\.(?P<layer>[\w.]+)\.lora_(?P<side>[AB])\.weight", re.ASCII)
_EXPONENTS = {"BF16": ("<u2", 0x7F80), "F16": ("<u2", 0x7C00), "F32": ("<u4", 0x7F800000)}
"""The unsigned type of each number's bits, and its exponent's: all of them set mean infinity or not a number."""
_AGAIN = "copy it again or train it again"


@dataclass(frozen=True)
class Claims:
    """What an adapter's configuration says of its weights."""

    rank: int
    targets: frozenset[str]
    """Last parts of the layers' names, such as ``q_proj``, or whole names."""
    transposed: bool
    """The base's weights are kept as [inputs, outputs]."""

    def reach(self, layer: str) -> bool:
        """Return whether the adapter has a part for this layer, by peft's rule."""
        return any(f".{layer}".endswith(f".{target}") for target in self.targets)


def check(path: Path, data: bytes, claims: Claims, base: Mapping[str, Shape] | None) -> None:
    """Check a safetensors file in memory; ``base``: its layers' shapes as [outputs, inputs], None where unknown.

    Raises BadAdapter unless the file holds both halves of every layer that is claimed and no other tensor, in the
    claimed rank and the base's sizes, all values finite.
    """
    from safetensors import SafetensorError, deserialize

    _check_length(path, data)
    try:
        tensors = dict(sorted(deserialize(data), key=itemgetter(0)))  # type: ignore[no-untyped-call]  # its types are in its docstring alone
    except SafetensorError as error:
        raise BadAdapter(f"{path} is damaged ({shown(str(error))}): {_AGAIN}.") from error
    layers = _layers(path, {key: tuple(tensor["shape"]) for key, tensor in tensors.items()})
    _check_layers(path, set(layers), claims, base)
    for layer, halves in layers.items():
        _check_shapes(path, layer, halves, claims, base)
    for key, tensor in tensors.items():
        _check_values(path, key, tensor["dtype"], tensor["data"])


def _check_length(path: Path, data: bytes) -> None:
    """Judge the header's length, the file's first 8 bytes, before anything parses the header."""
    length = int.from_bytes(data[:8], "little")
    if length > _LARGEST_HEADER:
        if data.startswith((b"\x80", b"PK\x03\x04")):
            raise BadAdapter(f"{path} is a pickle, which can run code when it is opened: save it as safetensors.")
        raise BadAdapter(f"{path} is damaged (its header would have {length:,} bytes): {_AGAIN}.")


def _layers(path: Path, shapes: Mapping[str, Shape]) -> dict[str, dict[str, Shape]]:
    """Return the shapes of both halves, A and B, of each layer."""
    layers: dict[str, dict[str, Shape]] = {}
    for key, shape in shapes.items():
        match = _KEY.fullmatch(key)
        if match is None:
            raise BadAdapter(
                f"{path} holds a tensor that is no LoRA weight: {shown(key)}. Train it again with plain LoRA."
            )
        layers.setdefault(match["layer"], {})[match["side"]] = shape
    halves = sorted(layer for layer, sides in layers.items() if len(sides) < len("AB"))
    if halves or not layers:
        raise BadAdapter(f"{path} lacks one half of {_few(halves) or 'every layer'}: {_AGAIN}.")
    return layers


def _check_layers(path: Path, layers: set[str], claims: Claims, base: Mapping[str, Shape] | None) -> None:
    """Every layer is claimed, and every claimed layer of the base is there."""
    unclaimed = sorted(layer for layer in layers if not claims.reach(layer))
    unused = {target for target in claims.targets if not any(f".{layer}".endswith(f".{target}") for layer in layers)}
    if unclaimed or unused:
        raise BadAdapter(
            f"{path} does not cover the layers that its configuration says: {_few(unclaimed or sorted(unused))}. "
            "Copy both files again or train it again."
        )
    if base is None:
        counts = Counter(layer.rpartition(".")[2] for layer in sorted(layers))
        if len(set(counts.values())) > 1:
            held = ", ".join(f"{count} {name}" for name, count in counts.items())
            raise BadAdapter(f"{path} lacks some layers, it holds {held}: {_AGAIN}.")
        return
    strange = sorted(layer for layer in layers if _of_base(layer, base) is None)
    if strange:
        raise BadAdapter(f"{path} is for layers that the base model lacks: {_few(strange)}. Train it on this base.")
    known = {_of_base(layer, base) for layer in layers}
    lacking = sorted(layer for layer, shape in base.items() if _is_matrix(shape) and claims.reach(layer))
    if missing := [layer for layer in lacking if layer not in known]:
        raise BadAdapter(f"{path} lacks layers of the base model: {_few(missing)}: {_AGAIN}.")


def _of_base(layer: str, base: Mapping[str, Shape]) -> str | None:
    """Return a layer's name in the base's files, which may leave out the first part of the model's own name for it."""
    return next((name for name in (layer, layer.partition(".")[2]) if name in base), None)


def _check_shapes(
    path: Path, layer: str, halves: Mapping[str, Shape], claims: Claims, base: Mapping[str, Shape] | None
) -> None:
    a, b = halves["A"], halves["B"]
    if not (_is_matrix(a) and _is_matrix(b) and a[0] == b[1] == claims.rank):
        raise BadAdapter(
            f"{path}: {layer} has shapes {list(a)} and {list(b)}, which are not of rank {claims.rank}: {_AGAIN}."
        )
    name = _of_base(layer, base) if base else None
    if base and name:
        outputs, inputs = reversed(base[name]) if claims.transposed else base[name]
        if (b[0], a[1]) != (outputs, inputs):
            raise BadAdapter(
                f"{path}: {layer} goes from {a[1]} to {b[0]} values, the base model's from {inputs} to {outputs}. "
                "Train it on this base."
            )


def _check_values(path: Path, key: str, kind: str, data: bytes) -> None:
    import numpy as np

    if kind not in _EXPONENTS:
        raise BadAdapter(f"{path} holds values of type {kind} in {key}: save them as bf16, f16 or f32.")
    bits, exponent = _EXPONENTS[kind]
    if (np.frombuffer(data, bits) & exponent == exponent).any():
        raise BadAdapter(f"{path} holds values that are not finite numbers, in {key}: {_AGAIN} at a lower rate.")


def _is_matrix(shape: Shape) -> bool:
    return len(shape) == len(("rows", "columns"))


def _few(names: Sequence[str]) -> str:
    """Return the first names; hundreds would hide them."""
    most = 3
    return ", ".join(map(shown, names[:most])) + (f" and {len(names) - most} more" if len(names) > most else "")
