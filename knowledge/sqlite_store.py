"""One SQLite file per server: nothing of one server can be found from another.

sqlite-utils keeps tables, full text search and migrations short; pysqlite3 brings an SQLite that is new
enough whatever Python was built with.
"""

import json
import math
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlite_utils import Database, Migrations

from knowledge.store import BadServer, Contents, Document, Ids, Passage, Scores, UnknownServer, Vectors

FILE = "knowledge.db"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_OLDEST = (3, 51, 3)  # earlier versions can damage a file when the write-ahead log is reset
_OPEN_AT_ONCE = 128  # servers; each takes up to three file descriptors
_WORDS_KEPT = 4096  # per server; a common word costs milliseconds in a large store

migrations = Migrations("knowledge")


@migrations()
def m001_documents_and_passages(db: Database) -> None:
    """Documents with their bytes, passages with their vectors, and an index over the passages' words."""
    db.execute(
        "CREATE TABLE documents (name TEXT PRIMARY KEY, sha256 TEXT NOT NULL, content BLOB NOT NULL, origin TEXT,"
        " channels TEXT NOT NULL, embedder TEXT NOT NULL) STRICT"
    )
    # AUTOINCREMENT: a reader that still holds an old id must never be shown another passage under it.
    db.execute(
        "CREATE TABLE passages (id INTEGER PRIMARY KEY AUTOINCREMENT,"
        " document TEXT NOT NULL REFERENCES documents(name) ON DELETE CASCADE, section TEXT NOT NULL, entry TEXT,"
        " text TEXT NOT NULL, searchable TEXT NOT NULL, views INTEGER NOT NULL,"
        " vectors BLOB NOT NULL) STRICT"
    )
    passages = db.table("passages")
    passages.create_index(["document"])
    passages.enable_fts(["searchable"], create_triggers=True, tokenize="porter unicode61 remove_diacritics 2")
    db.execute("INSERT INTO passages_fts(passages_fts, rank) VALUES ('secure-delete', 1)")


class SqliteStore:
    """A Store under ``root``, with one file ``<server>/knowledge.db`` for each server."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._open: OrderedDict[str, _ServerFile] = OrderedDict()

    def servers(self) -> list[str]:
        """Names of all servers, sorted."""
        return sorted(path.parent.name for path in self._root.glob(f"*/{FILE}") if _NAME.fullmatch(path.parent.name))

    def documents(self, server: str) -> list[Document]:
        """Return all documents of the server, sorted by name."""
        with self._lock:
            return self._file(server).documents()

    def content(self, server: str, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""
        with self._lock:
            return self._file(server).content(name)

    def replace(
        self, server: str, document: Document, content: bytes, passages: Sequence[Passage], vectors: Sequence[Vectors]
    ) -> None:
        """Put the whole document in place of the one of the same name, in one transaction."""
        with self._lock:
            self._file(server, create=True).replace(document, content, passages, vectors)

    def remove(self, server: str, name: str) -> bool:
        """Take the document out; False if there was none of that name."""
        with self._lock:
            return self._file(server).remove(name)

    def contents(self, server: str, embedder: str) -> Contents:
        """Return the server's passages as they are now, from memory where nothing has changed."""
        with self._lock:
            return self._file(server).contents(embedder)

    def matches(self, server: str, word: str) -> tuple[Ids, Scores]:
        """Return which passages hold the word, and BM25's share for it without its rarity."""
        with self._lock:
            return self._file(server).matches(word)

    def close(self) -> None:
        """Close every file; a later call opens it again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    def _file(self, server: str, *, create: bool = False) -> "_ServerFile":
        if not _NAME.fullmatch(server):
            raise BadServer(
                f"{server[:80]!r} cannot be a server's name: use a Discord server id, or up to 64 small letters, "
                "digits and hyphens that start with a letter or digit."
            )
        path = self._root / server / FILE
        if not path.exists():
            if server in self._open:
                self._open.pop(server).close()
            if not create:
                raise UnknownServer(f"Nothing is known for the server {server!r} yet: add a file to it first.")
        if server not in self._open:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._open[server] = _ServerFile(path)
            if len(self._open) > _OPEN_AT_ONCE:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(server)
        return self._open[server]


class _ServerFile:
    """One open file and what is remembered of it; its owner holds the lock."""

    def __init__(self, path: Path) -> None:
        self._db = Database(_connect(path))
        self._version = -1
        self._contents: Contents | None = None
        self._words: OrderedDict[str, tuple[Ids, Scores]] = OrderedDict()
        if migrations.pending(self._db):
            with self._writing():
                migrations.apply(self._db)

    def close(self) -> None:
        self._db.close()

    def documents(self) -> list[Document]:
        sql = (
            "SELECT name, sha256, origin, channels, embedder,"
            " (SELECT count(*) FROM passages WHERE document = name) FROM documents ORDER BY name"
        )
        rows = self._db.execute(sql).fetchall()
        return [Document(row[0], row[1], row[2], tuple(json.loads(row[3])), row[4], row[5]) for row in rows]

    def content(self, name: str) -> bytes:
        row = self._db.execute("SELECT content FROM documents WHERE name = ?", [name]).fetchone()
        if row is None:
            raise KeyError(name)
        return bytes(row[0])

    def replace(
        self, document: Document, content: bytes, passages: Sequence[Passage], vectors: Sequence[Vectors]
    ) -> None:
        rows = [
            (p.document, p.section, p.entry, p.text, p.searchable, len(v), v.astype("<f4").tobytes())
            for p, v in zip(passages, vectors, strict=True)
        ]
        d = document
        fields = [d.name, d.sha256, content, d.origin, json.dumps(d.channels), d.embedder]
        with self._writing():
            self._db.execute("DELETE FROM documents WHERE name = ?", [d.name])
            self._db.execute("INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?)", fields)
            self._db.conn.executemany(
                "INSERT INTO passages (document, section, entry, text, searchable, views, vectors)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                rows,
            )
        self._changed()

    def remove(self, name: str) -> bool:
        with self._writing():
            removed = self._db.execute("DELETE FROM documents WHERE name = ?", [name]).rowcount > 0
        self._changed()
        return bool(removed)

    def contents(self, embedder: str) -> Contents:
        self._notice_others()
        if self._contents is None or self._contents.embedder != embedder:
            rows = self._db.execute(
                "SELECT passages.id, document, section, entry, text, channels, embedder, views, vectors FROM passages"
                " JOIN documents ON documents.name = document ORDER BY passages.id"
            ).fetchall()
            wide = next((len(row[8]) // row[7] for row in rows if row[6] == embedder), 0)
            blobs = [(row[7], row[8]) if row[6] == embedder else (1, bytes(wide)) for row in rows]
            counts = np.array([views for views, _ in blobs], dtype=np.intp)
            flat = np.frombuffer(b"".join(blob for _, blob in blobs), dtype="<f4")
            self._contents = Contents(
                embedder,
                np.array([row[0] for row in rows], dtype=np.int64),
                tuple(Passage(*row[1:5]) for row in rows),
                flat.astype(np.float32).reshape(counts.sum(), wide // 4),
                np.cumsum(counts) - counts,
                tuple(tuple(json.loads(row[5])) for row in rows),
            )
        return self._contents

    def matches(self, word: str) -> tuple[Ids, Scores]:
        self._notice_others()
        if word not in self._words:
            self._words[word] = self._look_up(word)
            if len(self._words) > _WORDS_KEPT:
                self._words.popitem(last=False)
        self._words.move_to_end(word)
        return self._words[word]

    def _look_up(self, word: str) -> tuple[Ids, Scores]:
        quoted = '"' + word.replace('"', '""').replace("\0", "") + '"'
        rows = self._db.execute(
            "SELECT rowid, bm25(passages_fts) FROM passages_fts WHERE passages_fts MATCH ? ORDER BY rowid", [quoted]
        ).fetchall()
        total = self._db.execute("SELECT count(*) FROM passages").fetchone()[0]
        # FTS5 multiplies by this rarity, which is next to nothing for a word that half the passages hold.
        rarity = max(1e-6, math.log((total - len(rows) + 0.5) / (len(rows) + 0.5)))
        return np.array([r[0] for r in rows], np.int64), np.array([r[1] for r in rows], np.float64) / -rarity

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold one transaction that waits its turn at the start: one begun for reading cannot wait for a writer."""
        with self._db.conn:
            self._db.conn.execute("BEGIN IMMEDIATE")
            yield

    def _notice_others(self) -> None:
        version = self._db.execute("PRAGMA data_version").fetchone()[0]  # moves when another connection commits
        if version != self._version:
            self._version = version
            self._contents = None
            self._words.clear()

    def _changed(self) -> None:
        self._contents = None
        self._words.clear()
        # What was deleted must not stay readable in the log file.
        self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _connect(path: Path) -> Any:  # noqa: ANN401 -- pysqlite3 ships no types
    from pysqlite3 import dbapi2

    if dbapi2.sqlite_version_info < _OLDEST:
        raise RuntimeError(
            f"SQLite {dbapi2.sqlite_version} can damage its own files: install a pysqlite3 that brings SQLite "
            f"{'.'.join(map(str, _OLDEST))} or newer."
        )
    connection = dbapi2.connect(str(path), check_same_thread=False, timeout=10)
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection
