"""The gate in front of every adapter: nothing reaches a model library unchecked.

peft itself loads many damaged adapters without a word and then answers in the base model's voice.
"""

import hashlib
from pathlib import Path
from typing import Any, TypeGuard

from personas import adapter_weights
from personas.adapter_files import CONFIG, LARGEST, WEIGHTS, BadAdapter, Files, read, shown
from personas.adapter_weights import Claims
from personas.base_weights import fingerprint, layer_shapes
from personas.engine import Adapter

__all__ = ["LARGEST", "BadAdapter", "Files", "OtherBase", "admit", "checked", "fingerprint"]

_SERVED = {"r", "lora_alpha", "lora_dropout", "use_rslora", "target_modules", "fan_in_fan_out"}
_LABELS = {
    "base_model_name_or_path", "inference_mode", "init_lora_weights", "megatron_core", "peft_type", "peft_version",
    "qalora_group_size", "revision", "task_type",
}  # fmt: skip
"""Keys that change nothing once an adapter is trained, or are held to one value below."""
_ONE_OF: dict[str, tuple[object, ...]] = {
    "peft_type": ("LORA",),
    "task_type": (None, "CAUSAL_LM"),
    "init_lora_weights": (None, True, False, "gaussian"),  # the others change the base's own weights too
    "use_rslora": (None, True, False),
    "fan_in_fan_out": (None, True, False),
}
_LARGEST_ALPHA = 65_536
_UNUSED: tuple[object, ...] = (None, False, "", "none", [], {})


class OtherBase(BadAdapter):
    """The adapter is sound but belongs to another base model."""


def admit(folder: Path, name: str, base: str) -> Adapter:
    """Check an adapter for a base model; return it as a version of the persona's voice.

    ``base``: a folder or a hub id, or the address of the server that keeps the managed voices which can be spoken.
    Raises BadAdapter, OtherBase.
    """
    files = checked(folder, base)
    return files.adapter(f"{name}-{files.digest}", folder)


def checked(folder: Path, base: str) -> Files:
    """Read an adapter's files and check names, sizes, configuration, base model, tensors and the card's hash.

    ``base``: as for ``admit``. What it returns are the bytes that were checked. Raises BadAdapter, OtherBase.
    """
    files = read(folder)
    if files.managed or base.startswith(("http://", "https://")):
        if files.managed and files.managed.server == base:
            return files
        place = f"is kept by {files.managed.server}" if files.managed else "has its weights on this machine"
        raise OtherBase(f"{folder} is a voice that {place}, and {base} cannot speak with it: train it there again.")
    claims = _claims(files.config, folder / CONFIG)
    theirs, mine = files.card.get("base"), fingerprint(base)
    if (
        not isinstance(theirs, dict)
        or theirs.get("sha256") != mine
        or (mine is None and theirs.get("name") != Path(base).name)
    ):
        raise OtherBase(f"{folder} was trained on another base model than {base}: train it again on this one.")
    adapter_weights.check(folder / WEIGHTS, files.contents[WEIGHTS], claims, layer_shapes(base))
    stated = files.card.get("adapter_sha256")
    if stated is not None and stated != hashlib.sha256(files.contents[WEIGHTS]).hexdigest():
        raise BadAdapter(
            f"{folder / WEIGHTS} is not the file that card.json was written for (adapter_sha256): copy both again or "
            "train it again."
        )
    return files


def _claims(config: dict[str, Any], path: Path) -> Claims:
    """Return what a configuration says of the weights; every other way to change a model must be unused."""
    extra = sorted(key for key in set(config) - _SERVED - _LABELS if config[key] not in _UNUSED)
    extra += [
        key
        for key, values in _ONE_OF.items()
        if not any(config.get(key) == value and type(config.get(key)) is type(value) for value in values)
    ]
    if extra:
        names = ", ".join(map(shown, extra[:8]))
        raise BadAdapter(f"{path} uses {names}, which cannot be served: train it again with plain LoRA.")
    rank, alpha, targets = config.get("r"), config.get("lora_alpha"), config.get("target_modules")
    dropout = config.get("lora_dropout", 0)
    if type(rank) is not int or rank < 1:
        raise BadAdapter(f"{path} has no rank (r) of 1 or more: copy it again or train it again.")
    if not (_is_number(alpha) and 0 < alpha <= _LARGEST_ALPHA and _is_number(dropout) and 0 <= dropout < 1):
        raise BadAdapter(
            f"{path} needs a lora_alpha above 0 and up to {_LARGEST_ALPHA:,}, and a lora_dropout of 0 or more and "
            "below 1: copy it again or train it again."
        )
    if not isinstance(targets, list) or not targets or not all(isinstance(name, str) and name for name in targets):
        raise BadAdapter(f"{path} does not list its target_modules by name: train it again with a list of them.")
    return Claims(rank, frozenset(targets), bool(config.get("fan_in_fan_out")))


def _is_number(value: object) -> TypeGuard[float]:
    return type(value) in {int, float}
