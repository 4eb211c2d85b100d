"""Searching in one server's SQLite file, with what is remembered of it between searches."""

import json
import math
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sqlite_utils import Database

from knowledge.store import COMMON, Ids, Passage, Scores, Stored, Vectors

FIRST_VIEWS = (
    "SELECT passage, substr(vectors, 1, length(vectors) / views) FROM vectors"
    " WHERE embedder = (SELECT id FROM embedders WHERE name = ?) ORDER BY passage"
)
"""Word for word what the index ``wholes`` holds, so that no other view is read from the disk."""

Halves = NDArray[np.float16]  # shape (passages, dimensions), rows of length 1
_WORDS_KEPT = 4096  # per server; a word that many passages hold costs milliseconds in a large store
_NO_IDS: Ids = np.zeros(0, np.int64)
_ROUNDING = 2**-9
"""The most by which half precision can turn the difference of two cosines: the query and each cosine are rounded, each
time by at most 2^-11 of the product of the lengths (11 significant bits, IEEE 754 binary16)."""


class Search:
    """Finds passages in an open file; its owner holds the lock, and says when the file has changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._version = -1
        self._wholes: dict[str, tuple[Ids, Halves]] = {}
        self._size: int | None = None
        self._words: OrderedDict[str, tuple[Ids, Scores] | None] = OrderedDict()
        self._terms: dict[str, list[str]] = {}
        self._bound: list[tuple[frozenset[str], Ids]] | None = None
        """Passages of documents with channels, by those channels; None: to be read."""

    def forget(self) -> None:
        """Read anew what the file has changed in."""
        self._wholes.clear()
        self._size = None
        self._words.clear()
        self._terms.clear()
        self._bound = None

    def size(self) -> int:
        """Return how many passages there are; counting a hundred thousand takes milliseconds."""
        self._notice_others()
        if self._size is None:
            self._size = int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])
        return self._size

    def nearest(self, embedder: str, query: Vectors, limit: int, channels: Sequence[str]) -> list[int]:
        """Return the ids of the passages that are, as a whole, nearest to a query: every passage is compared.

        All are compared in half precision, which reads half the memory; those that its rounding may have put on the
        wrong side of the limit are compared again in single precision.
        """
        import torch  # whoever has a query's vector has loaded it already

        self._notice_others()
        ids, wholes = self._whole(embedder)
        if not len(ids):
            return []
        rough = (torch.from_numpy(wholes) @ torch.from_numpy(query).half()).float().numpy()
        if len(hidden := self._elsewhere(channels)):
            rough[np.isin(ids, hidden)] = -np.inf
        last = np.partition(rough, -min(limit, len(ids)))[-min(limit, len(ids))]
        close = np.flatnonzero((rough >= last - _ROUNDING * np.linalg.norm(query)) & (rough > -np.inf))
        cosines = wholes[close].astype(np.float32) @ query
        best = close[np.argsort(-cosines, kind="stable")[:limit]]
        return [int(id_) for id_ in ids[best]]

    def _whole(self, embedder: str) -> tuple[Ids, Halves]:
        """Return all passages' first views as they are stored."""
        if embedder not in self._wholes:
            rows = self._db.execute(FIRST_VIEWS, [embedder]).fetchall()
            ids = np.fromiter((row[0] for row in rows), np.int64, len(rows))
            wholes = np.frombuffer(bytearray().join(row[1] for row in rows), "<f2")
            self._wholes[embedder] = ids, wholes.reshape(len(rows), -1 if rows else 0)
        return self._wholes[embedder]

    def matches(self, word: str, channels: Sequence[str]) -> tuple[Ids, Scores] | None:
        """Return which passages hold the word, and BM25's share for it without its rarity; None if very many do."""
        self._notice_others()
        if word not in self._words:
            self._words[word] = self._look_up(word)
            if len(self._words) > _WORDS_KEPT:
                self._words.popitem(last=False)
        self._words.move_to_end(word)
        found = self._words[word]
        if found is None:
            return None
        here = ~np.isin(found[0], self._elsewhere(channels))
        return found[0][here], found[1][here]

    def _look_up(self, word: str) -> tuple[Ids, Scores] | None:
        quoted = '"' + word.replace('"', '""').replace("\0", "") + '"'
        several = "SELECT count(*) FROM (SELECT 1 FROM passages_fts WHERE passages_fts MATCH ? LIMIT ?)"
        if self._db.execute(several, [quoted, COMMON + 1]).fetchone()[0] > COMMON:
            return None
        rows = self._db.execute(
            "SELECT rowid, bm25(passages_fts) FROM passages_fts WHERE passages_fts MATCH ? ORDER BY rowid", [quoted]
        ).fetchall()
        # FTS5 multiplies by this rarity, which is next to nothing for a word that half the passages hold.
        rarity = max(1e-6, math.log((self.size() - len(rows) + 0.5) / (len(rows) + 0.5)))
        return np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.float64) / -rarity

    def terms(self, initial: str) -> list[str]:
        """Return the index's terms that begin with a letter, sorted: 7,000 of 190,000 are read in 25 ms."""
        self._notice_others()
        if initial not in self._terms:
            sql = "SELECT term FROM terms WHERE term >= ? AND term < ?"  # a range of the index; LIKE reads all of it
            rows = self._db.execute(sql, [initial, chr(ord(initial) + 1)])
            self._terms[initial] = [term for (term,) in rows]
        return self._terms[initial]

    def load(self, embedder: str, ids: Sequence[int]) -> list[Stored]:
        """Return the passages of these ids as they are at one moment."""
        rows = self._db.execute(
            "SELECT passages.id, document, section, entry, text, taken, views, vectors FROM passages"
            " JOIN documents ON documents.name = document LEFT JOIN vectors ON passage = passages.id"
            " AND embedder = (SELECT id FROM embedders WHERE name = ?)"
            " WHERE passages.id IN (SELECT value FROM json_each(?)) ORDER BY passages.id",
            [embedder, json.dumps([int(id_) for id_ in ids])],
        ).fetchall()
        return [Stored(row[0], Passage(*row[1:5]), row[5], unpacked(row[6] or 0, row[7] or b"")) for row in rows]

    def _elsewhere(self, channels: Sequence[str]) -> Ids:
        """Return the ids of passages that are bound to channels of which none is given."""
        if self._bound is None:
            rows = self._db.execute(
                "SELECT channels, json_group_array(passages.id) FROM passages JOIN documents ON name = document"
                " WHERE channels != '[]' GROUP BY channels"
            )
            self._bound = [(frozenset(json.loads(row[0])), np.array(json.loads(row[1]), np.int64)) for row in rows]
        hidden = [ids for only, ids in self._bound if only.isdisjoint(channels)]
        return np.concatenate(hidden) if hidden else _NO_IDS

    def _notice_others(self) -> None:
        version = self._db.execute("PRAGMA data_version").fetchone()[0]  # moves when another connection commits
        if version != self._version:
            self._version = version
            self.forget()


def unpacked(views: int, blob: bytes) -> Vectors:
    """Return the vectors of a blob, a row for each view."""
    return np.frombuffer(blob, "<f2").reshape(views, -1 if views else 0).astype(np.float32)
