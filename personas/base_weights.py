"""What a base model's weight files say about it, read from their headers without loading the model."""

import contextlib
import functools
import hashlib
from pathlib import Path

_EMBEDDINGS = ("embed_tokens.weight", "wte.weight", "embed_in.weight", "word_embeddings.weight")
"""How the token embeddings' names end in the llama, GPT-2, GPT-NeoX and BLOOM families."""


def fingerprint(base: str) -> str | None:
    """Return the sha256 of a base model's token embeddings, in hex; None where no safetensors files are on the disk.

    ``base``: a folder, or a hub id. Of the tensor's bytes alone: the file's header may change with the library
    that wrote it.
    """
    folder = _folder(base)
    if folder is None:
        return None
    from huggingface_hub import get_local_safetensors_metadata

    files = get_local_safetensors_metadata(folder)
    names = [name for name in sorted(files.weight_map) if name.endswith(_EMBEDDINGS)]
    if not names:
        return None
    file = folder / files.weight_map[names[0]]
    start, end = files.files_metadata[file.name].tensors[names[0]].data_offsets
    seen = file.stat()
    return _sha256(file, start, end, seen.st_mtime_ns, seen.st_size)


def layer_shapes(base: str) -> dict[str, tuple[int, ...]] | None:
    """Return each layer's weight shape, as [outputs, inputs], by the layer's name; None as for ``fingerprint``."""
    folder = _folder(base)
    if folder is None:
        return None
    from huggingface_hub import get_local_safetensors_metadata

    files = get_local_safetensors_metadata(folder).files_metadata.values()
    tensors = {name: tensor for file in files for name, tensor in file.tensors.items()}
    return {
        name.removesuffix(".weight"): tuple(tensor.shape)
        for name, tensor in tensors.items()
        if name.endswith(".weight")
    }


def weight_bytes(base: str) -> int:
    """Return the size of a base model's weights on disk, in bytes; 0 where they are not there yet."""
    folder = _folder(base)
    return sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder else 0


def _folder(base: str) -> Path | None:
    """Return the folder with the model's safetensors files."""
    files = ("model.safetensors", "model.safetensors.index.json")
    if any((Path(base) / file).is_file() for file in files):
        return Path(base)
    from huggingface_hub import try_to_load_from_cache

    for file in files:
        with contextlib.suppress(ValueError):  # it is no hub id either
            cached = try_to_load_from_cache(base, file)
            if isinstance(cached, str):
                return Path(cached).parent
    return None


@functools.lru_cache(maxsize=8)
def _sha256(file: Path, start: int, end: int, *_changes: int) -> str:
    """Hash part of a file's data; ``start`` and ``end`` count from the end of its header."""
    digest = hashlib.sha256()
    with file.open("rb") as data:
        data.seek(int.from_bytes(data.read(8), "little") + start, 1)
        left = end - start
        while left and (block := data.read(min(left, 2**20))):
            digest.update(block)
            left -= len(block)
    return digest.hexdigest()
