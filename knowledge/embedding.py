"""Words to vectors: the seam, the real model, and one that needs no model."""

import hashlib
import re
import threading
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from knowledge.store import Vectors

if TYPE_CHECKING:
    from transformers import PreTrainedModel


class Embedder(Protocol):
    """Turns texts into vectors whose dot product says how close their meanings are."""

    @property
    def name(self) -> str:
        """What made the vectors; vectors of different names are never compared."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text; shape (texts, dimensions), float32."""


OWN_ADAPTER = Path(__file__).parent / "embedder"
"""For all-MiniLM-L6-v2: made by ``embedder_training``, it knows what members mean by their questions."""


class SentenceTransformerEmbedder:
    """Any sentence-transformers model, by folder or by its id on the Hugging Face hub.

    A text beyond the model's window (256 word pieces for all-MiniLM-L6-v2) is cut by the model.
    """

    def __init__(self, model: str | Path, device: str | None = None, adapter: Path | None = None) -> None:
        """``adapter``: a LoRA adapter that was trained for this model; its weights are merged in."""
        from sentence_transformers import SentenceTransformer

        self._model = SentenceTransformer(str(model), device=device)
        self._lock = threading.Lock()
        self.name = _name(model)
        if adapter:
            from peft import PeftModel

            reader = self._model[0]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", FutureWarning)  # between two libraries, none of the reader's business
                adapted = PeftModel.from_pretrained(cast("PreTrainedModel", reader.model), str(adapter))
            reader.model = adapted.merge_and_unload()
            self.name += f"-{_name(adapter).removeprefix('weights-')}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text; one thread at a time."""
        if not texts:
            return np.zeros((0, 0), np.float32)
        # A fast tokenizer that two threads share cuts one's text to the other's length, without an error.
        with self._lock:
            rows = self._model.encode(
                list(texts), normalize_embeddings=True, convert_to_numpy=True, show_progress_bar=False
            )
        return np.asarray(rows, dtype=np.float32)


def _name(model: str | Path) -> str:
    """Name a folder by its weights, and an adapter by its strength too: moving it does not re-embed every server."""
    folder = Path(model)
    weights = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
    weights += sorted(folder.glob("adapter_config.json")) if weights else []
    if not weights:
        return str(model)
    digest = hashlib.sha256()
    for path in weights:
        with path.open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    return f"weights-{digest.hexdigest()[:16]}"


class HashEmbedder:
    """Counts words in hashed columns: finds shared words, knows no meaning, needs no model."""

    def __init__(self, dimensions: int = 256) -> None:
        self._dimensions = dimensions
        self.name = f"word-hash-{dimensions}"

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return one row of length 1 for each text, the same in every process."""
        rows = np.zeros((len(texts), self._dimensions), np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"[^\W_]+", text.lower()) or [""]:
                digest = hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest()
                row[int.from_bytes(digest, "big") % self._dimensions] += 1
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return rows
