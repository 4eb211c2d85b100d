"""What one server knows, in one SQLite file.

sqlite-utils keeps tables, full text search and migrations short; pysqlite3 brings an SQLite that is new
enough whatever Python was built with.
"""

import json
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pysqlite3.dbapi2 import OperationalError
from sqlite_utils import Database

from knowledge.sqlite_schema import migrations
from knowledge.sqlite_search import Search, unpacked
from knowledge.store import Document, Passage, Revision, Vectors

_MOST_VERSIONS = 2**31 - 2  # SQLite keeps them in 32 bits
log = logging.getLogger(__name__)
_OLDEST = (3, 51, 3)  # earlier versions can damage a file when the write-ahead log is reset


_PATIENCE = 10  # seconds that a process waits for another one to write
_BUSY = 5  # SQLite's code
_FAILING = {_BUSY, 8, 10, 13, 14}  # and read-only, input or output error, full, cannot be opened


def failing(error: OperationalError) -> bool:
    """Tell whether the disk or another process is at fault, and not the statement."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _FAILING


class ServerFile:
    """One open file and what is remembered of it; its owner holds the lock."""

    def __init__(self, path: Path) -> None:
        self._db = Database(_connect(path))
        self.search = Search(self._db)
        if migrations.pending(self._db):
            with self._writing():
                migrations.apply(self._db)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()

    def documents(self) -> list[Document]:
        """Return all documents, sorted by name."""
        sql = (
            "SELECT name, sha256, origin, channels, taken, etag,"
            " (SELECT count(*) FROM passages WHERE document = name) FROM documents ORDER BY name"
        )
        rows = self._db.execute(sql).fetchall()
        return [
            Document(name, sha256, origin, tuple(json.loads(channels)), taken, etag, passages)
            for name, sha256, origin, channels, taken, etag, passages in rows
        ]

    def content(self, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""
        row = self._db.execute("SELECT content FROM documents WHERE name = ?", [name]).fetchone()
        if row is None:
            raise KeyError(name)
        return bytes(row[0])

    def passages(self, name: str) -> list[Passage]:
        """Return the document's passages in their order."""
        sql = "SELECT document, section, entry, text FROM passages WHERE document = ? ORDER BY place"
        return [Passage(*row) for row in self._db.execute(sql, [name])]

    def facts(self, channels: Sequence[str]) -> list[str]:
        """Return what was recognised in each document that may be used from the channels."""
        here = set(channels)
        rows = self._db.execute("SELECT facts, channels FROM documents WHERE facts != '[]' ORDER BY name").fetchall()
        return [facts for facts, only in rows if only == "[]" or not here.isdisjoint(json.loads(only))]

    def version(self) -> int:
        """Return a number that changes whenever a document does."""
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def replace(self, embedder: str, revisions: Sequence[Revision]) -> None:
        """Put documents in place of those of the same names, all in one transaction."""
        with self._writing():
            number = self._embedder(embedder)
            for revision in revisions:
                self._put(number, revision)
        self._changed()

    def _put(self, embedder: int, revision: Revision) -> None:
        d = revision.document
        self._db.execute(
            "INSERT INTO documents (name, sha256, content, origin, channels, taken, etag, facts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET sha256 = excluded.sha256,"
            " content = excluded.content, origin = excluded.origin, channels = excluded.channels,"
            " taken = excluded.taken, etag = excluded.etag, facts = excluded.facts",
            [d.name, d.sha256, revision.content, d.origin, json.dumps(d.channels), d.taken, d.etag, revision.facts],
        )
        there: dict[Passage, list[int]] = defaultdict(list)
        rows = self._db.execute(
            "SELECT id, document, section, entry, text FROM passages WHERE document = ? ORDER BY place DESC", [d.name]
        )
        for row in rows:
            there[Passage(*row[1:])].append(row[0])
        ids = [there[passage].pop() if there[passage] else None for passage in revision.passages]
        gone = [(old,) for left in there.values() for old in left]
        self._db.conn.executemany("DELETE FROM passages WHERE id = ?", gone)
        for place, (passage, id_, vectors) in enumerate(zip(revision.passages, ids, revision.vectors, strict=True)):
            self._keep(embedder, self._write(passage, id_, place), vectors)

    def _write(self, passage: Passage, known: int | None, place: int) -> int:
        if known is not None:
            self._db.execute("UPDATE passages SET place = ? WHERE id = ? AND place != ?", [place, known, place])
            return known
        p = passage
        row = self._db.execute(
            "INSERT INTO passages (document, section, entry, text, searchable, place) VALUES (?, ?, ?, ?, ?, ?)"
            " RETURNING id",
            [p.document, p.section, p.entry, p.text, p.searchable, place],
        ).fetchone()
        return int(row[0])

    def _keep(self, embedder: int, passage: int, vectors: Vectors) -> None:
        if not len(vectors):
            return
        self._db.execute(
            "INSERT OR IGNORE INTO vectors VALUES (?, ?, ?, ?)",
            [passage, embedder, len(vectors), vectors.astype("<f2").tobytes()],
        )

    def remove(self, name: str) -> bool:
        """Take the document out; False if there was none of that name."""
        with self._writing():
            removed = self._db.execute("DELETE FROM documents WHERE name = ?", [name]).rowcount > 0
        self._changed()
        return bool(removed)

    def empty(self) -> None:
        """Take out every document and every embedder."""
        with self._writing():
            self._db.execute("DELETE FROM documents")
            self._db.execute("DELETE FROM embedders")
        self._changed()

    def embedders(self) -> list[str]:
        """Return the names of the embedders whose vectors are kept, sorted."""
        return [name for (name,) in self._db.execute("SELECT name FROM embedders ORDER BY name")]

    def vectors(self, embedder: str, searchable: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of those of the searchable texts that are embedded already."""
        rows = self._db.execute(
            "SELECT searchable, views, vectors FROM passages JOIN vectors ON passage = passages.id"
            " WHERE searchable IN (SELECT value FROM json_each(?)) AND embedder = (SELECT id FROM embedders"
            " WHERE name = ?)",
            [json.dumps(list(searchable)), embedder],
        )
        return {row[0]: unpacked(row[1], row[2]) for row in rows}

    def unembedded(self, embedder: str, limit: int) -> dict[int, Passage]:
        """Return up to ``limit`` passages, by id, that the embedder has not read yet."""
        rows = self._db.execute(
            "SELECT id, document, section, entry, text FROM passages WHERE NOT EXISTS (SELECT 1 FROM vectors"
            " WHERE passage = passages.id AND embedder = (SELECT id FROM embedders WHERE name = ?))"
            " ORDER BY id LIMIT ?",
            [embedder, limit],
        )
        return {row[0]: Passage(*row[1:]) for row in rows}

    def embed(self, embedder: str, vectors: Mapping[int, Vectors]) -> None:
        """Keep vectors for passages by id, in one transaction; passages that have gone are passed over."""
        with self._writing():
            number = self._embedder(embedder)
            there = self._db.execute(
                "SELECT id FROM passages WHERE id IN (SELECT value FROM json_each(?))", [json.dumps(list(vectors))]
            ).fetchall()
            for (passage,) in there:
                self._keep(number, passage, vectors[passage])
        self._changed()

    def _embedder(self, name: str) -> int:
        row = self._db.execute(
            "INSERT INTO embedders (name, used) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET used = excluded.used"
            " RETURNING id",
            [name, datetime.now(UTC).isoformat(timespec="seconds")],
        ).fetchone()
        return int(row[0])

    def drop_embedders(self, unused_since: str) -> None:
        """Let go of all vectors of embedders that have embedded nothing since then."""
        with self._writing():
            self._db.execute(
                "DELETE FROM vectors WHERE embedder IN (SELECT id FROM embedders WHERE used < ?)", [unused_since]
            )
            self._db.execute("DELETE FROM embedders WHERE used < ?", [unused_since])
        self._changed()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Hold one transaction that waits its turn at the start: one begun for reading cannot wait for a writer."""
        with self._db.conn:
            self._db.conn.execute("BEGIN IMMEDIATE")
            yield
            # A server that was forgotten and came again begins with a number that nobody remembers.
            before = self.version() or secrets.randbelow(_MOST_VERSIONS)
            self._db.conn.execute(f"PRAGMA user_version = {before % _MOST_VERSIONS + 1}")

    def _changed(self) -> None:
        self.search.forget()
        # What was deleted must not stay readable in the log file.
        try:
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        except OperationalError:
            # The change itself is safe in the log, from which the next change tries again.
            log.warning("The log of a server's knowledge could not be emptied.", exc_info=True)


def _connect(path: Path) -> Any:  # noqa: ANN401 -- pysqlite3 ships no types
    from pysqlite3 import dbapi2

    if dbapi2.sqlite_version_info < _OLDEST:
        raise RuntimeError(
            f"SQLite {dbapi2.sqlite_version} can damage its own files: install a pysqlite3 that brings SQLite "
            f"{'.'.join(map(str, _OLDEST))} or newer."
        )
    connection = dbapi2.connect(str(path), check_same_thread=False, timeout=_PATIENCE)
    _keep_log(connection)
    for pragma in ("synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    return connection


def _keep_log(connection: Any) -> None:  # noqa: ANN401 -- as above
    """Write through a log; SQLite itself does not wait when another process is just changing a new file to that."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL").fetchall()
        except OperationalError as error:
            if error.sqlite_errorcode & 0xFF != _BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return
