"""The gate in front of every adapter, and which version of a voice is served."""

import contextlib
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from personas.engine import Adapter
from personas.persona import Persona

LARGEST = 64 * 1024 * 1024  # bytes; a rank-64 adapter of a 135M model is a third of it
_FILES = {"adapter_model.safetensors", "adapter_config.json", "card.json"}
_KEY = re.compile(r"^base_model\.model\.(?P<layer>.+)\.lora_(?P<side>[AB])\.weight$")


class BadAdapter(Exception):  # noqa: N818 -- named for what is wrong
    """An adapter is not loaded; the message says why."""


class OtherBase(BadAdapter):
    """The adapter is sound but belongs to another base model."""


def current(persona: Persona, trained: Path, base: str) -> Adapter | None:
    """Return the adapter to serve: the one in ``trained/<persona>``, else the one the persona ships with.

    None where neither is there for this base model, and the persona then speaks from its card alone. Raises
    BadAdapter when the one to serve does not pass the gate.
    """
    for folder in (trained / persona.name, persona.folder / "adapter"):
        if (folder / "adapter_model.safetensors").is_file():
            with contextlib.suppress(OtherBase):
                return admit(folder, persona.name, base)
    return None


def admit(folder: Path, name: str, base: str) -> Adapter:
    """Check an adapter's files, header, shapes, values and base model; return it under its version name.

    Raises BadAdapter. peft itself loads many damaged adapters without a word and then answers in the base
    model's voice, so nothing reaches it unchecked.
    """
    import numpy as np
    from safetensors import SafetensorError, safe_open

    strays = sorted(path.name for path in folder.iterdir() if path.name not in _FILES or path.is_symlink())
    if strays:
        raise BadAdapter(f"{folder} holds files that do not belong in an adapter: {', '.join(strays)}.")
    weights = folder / "adapter_model.safetensors"
    if weights.stat().st_size > LARGEST:
        raise BadAdapter(f"{weights} is larger than {LARGEST // 2**20} MiB.")
    config, card = _json(folder / "adapter_config.json"), _json(folder / "card.json")
    theirs, mine = card.get("base"), fingerprint(base)
    if (
        not isinstance(theirs, dict)
        or theirs.get("sha256") != mine
        or (mine is None and theirs.get("name") != Path(base).name)
    ):
        raise OtherBase(f"{folder} was trained on another base model than {base}: train it again on this one.")
    try:
        with safe_open(weights, framework="pt") as tensors:
            shapes = {key: tensors.get_slice(key).get_shape() for key in tensors.keys()}  # noqa: SIM118 -- not a dict
            _check_shapes(shapes, config, folder)
            for key in shapes:
                if not np.isfinite(tensors.get_tensor(key).float().numpy()).all():
                    raise BadAdapter(f"{weights} holds values that are not finite numbers, in {key}.")
    except SafetensorError as error:
        raise BadAdapter(f"{weights} is damaged ({error}): copy it again or train it again.") from error
    return Adapter(f"{name}-{_digest(weights)}", folder)


def fingerprint(base: str) -> str | None:
    """Return the sha256 of a base model's token embeddings, in hex; None for a hub id that is not a folder.

    The bytes of the tensor alone: the file's header may change with the library that wrote it.
    """
    import hashlib

    from safetensors import safe_open

    weights = Path(base) / "model.safetensors"
    if not weights.is_file():
        return None
    import torch

    with safe_open(weights, framework="pt") as tensors:
        matrix = tensors.get_tensor("model.embed_tokens.weight").contiguous()
    return hashlib.sha256(matrix.view(torch.uint8).numpy().tobytes()).hexdigest()


def _check_shapes(shapes: dict[str, Sequence[int]], config: dict[str, Any], folder: Path) -> None:
    """Every layer has both halves, and both have the rank that the configuration says."""
    rank = config.get("r")
    layers: dict[str, set[str]] = {}
    for key, shape in shapes.items():
        match = _KEY.match(key)
        if match is None:
            raise BadAdapter(f"{folder} holds a tensor that is no LoRA weight: {key}.")
        layers.setdefault(match["layer"], set()).add(match["side"])
        if len(shape) != 2 or shape[0 if match["side"] == "A" else 1] != rank:  # noqa: PLR2004 -- a matrix
            raise BadAdapter(f"{folder}: {key} has shape {list(shape)}, which is not of rank {rank}.")
    halves = sorted(layer for layer, sides in layers.items() if sides != {"A", "B"})
    if halves or not layers:
        raise BadAdapter(f"{folder} lacks one half of {', '.join(halves) or 'every layer'}.")
    targets = set(config.get("target_modules") or ())  # "q_proj", or the whole path in a model of few layers
    reached = {(layer, target) for layer in layers for target in targets if f".{layer}".endswith(f".{target}")}
    depths = Counter(layer.rpartition(".")[2] for layer in layers)
    if {layer for layer, _ in reached} != set(layers) or {target for _, target in reached} != targets:
        raise BadAdapter(f"{folder} does not cover the layers that it says: {', '.join(sorted(targets))}.")
    if len(set(depths.values())) != 1:
        raise BadAdapter(f"{folder} lacks some layers: it holds {', '.join(f'{n} {m}' for m, n in depths.items())}.")


def _json(path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise BadAdapter(f"{path} cannot be read: {error}.") from error
    if not isinstance(loaded, dict):
        raise BadAdapter(f"{path} does not hold an object.")
    return loaded


def _digest(path: Path) -> str:
    import hashlib

    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]
