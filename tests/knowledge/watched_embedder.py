from collections.abc import Sequence

from knowledge.embedding import HashEmbedder
from knowledge.store import Vectors


class WatchedEmbedder:
    """Hashes words, remembers what it was asked to embed, and fails on request."""

    def __init__(self, name: str = "watched") -> None:
        self.name = name
        self.seen: list[str] = []
        self.broken = False
        self._inner = HashEmbedder()

    def embed(self, texts: Sequence[str]) -> Vectors:
        if self.broken:
            raise RuntimeError("the embedder failed")
        self.seen += texts
        return self._inner.embed(texts)
