"""Searching in one server's SQLite file, with what is remembered of it between searches."""

import json
import math
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from sqlite_utils import Database

from knowledge.store import COMMON, Ids, Passage, Scores, Stored, Vectors

_WORDS_KEPT = 4096  # per server; a word that many passages hold costs milliseconds in a large store
_NO_IDS: Ids = np.zeros(0, np.int64)


class Search:
    """Finds passages in an open file; its owner holds the lock, and says when the file has changed."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._version = -1
        self._wholes: dict[str, tuple[Ids, Vectors]] = {}
        self._fresh: set[str] = set()
        """Embedders of which ``_wholes`` holds what the file holds."""
        self._size: int | None = None
        self._words: OrderedDict[str, tuple[Ids, Scores] | None] = OrderedDict()
        self._bound: list[tuple[frozenset[str], Ids]] | None = None
        """Passages of documents with channels, by those channels; None: to be read."""

    def forget(self) -> None:
        """Read anew what the file has changed in."""
        self._fresh.clear()
        self._size = None
        self._words.clear()
        self._bound = None

    def size(self) -> int:
        """Return how many passages there are; counting a hundred thousand takes milliseconds."""
        self._notice_others()
        if self._size is None:
            self._size = int(self._db.execute("SELECT count(*) FROM passages").fetchone()[0])
        return self._size

    def nearest(self, embedder: str, query: Vectors, limit: int, channels: Sequence[str]) -> list[int]:
        """Return the ids of the passages that are, as a whole, nearest to a query: every passage is compared."""
        self._notice_others()
        ids, wholes = self._whole(embedder)
        if not len(ids):
            return []
        cosines = wholes @ query
        if len(hidden := self._elsewhere(channels)):
            cosines[np.isin(ids, hidden)] = -np.inf
        best = np.argpartition(-cosines, min(limit, len(ids) - 1))[:limit]
        best = best[np.argsort(-cosines[best], kind="stable")]
        return [int(ids[row]) for row in best if cosines[row] > -np.inf]

    def _whole(self, embedder: str) -> tuple[Ids, Vectors]:
        """Return all passages' first views; only those that are new since the last time are read from the file."""
        had, wholes = self._wholes.get(embedder, (_NO_IDS, np.zeros((0, 0), np.float32)))
        if embedder in self._fresh:
            return had, wholes
        of = "FROM vectors WHERE embedder = (SELECT id FROM embedders WHERE name = ?)"
        there = self._db.execute(f"SELECT passage {of} ORDER BY passage", [embedder]).fetchall()
        ids = np.fromiter((row[0] for row in there), np.int64, len(there))
        kept = np.isin(had, ids)
        news = np.setdiff1d(ids, had)
        if len(news):
            rows = self._db.execute(
                f"SELECT substr(vectors, 1, length(vectors) / views) {of} AND passage IN"  # noqa: S608 -- of our own words
                " (SELECT value FROM json_each(?)) ORDER BY passage",
                [embedder, json.dumps(news.tolist())],
            )
            fresh = np.frombuffer(b"".join(row[0] for row in rows), "<f2").reshape(len(news), -1).astype(np.float32)
            wholes = np.concatenate([wholes[kept].reshape(-1, fresh.shape[1]), fresh])
            order = np.argsort(np.concatenate([had[kept], news]))
            self._wholes[embedder] = ids, wholes[order]
        else:
            self._wholes[embedder] = ids, wholes[kept]
        self._fresh.add(embedder)
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
