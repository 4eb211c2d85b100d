"""What each server is asked: the questions that its files could not answer, and those that its owners saved.

One SQLite file for each server beside its knowledge, so that nothing of one server can be found from another. Who
asked is never kept, a question without an answer is kept for some days only, and what is deleted is overwritten.
"""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlite_utils import Database, Migrations

from knowledge.store import check_server

FILE = "questions.db"
MOST_GAPS = 2000
"""Different questions without an answer that are kept for a server; the oldest make room."""

migrations = Migrations("questions")


@migrations()
def m001_gaps_and_saved_questions(db: Database) -> None:
    """Questions without an answer, and saved questions with what they found last."""
    db.execute(
        "CREATE TABLE gaps (key TEXT PRIMARY KEY, text TEXT NOT NULL, times INTEGER NOT NULL, first TEXT NOT NULL,"
        " last TEXT NOT NULL) STRICT"
    )
    db.execute("CREATE TABLE saved (key TEXT PRIMARY KEY, text TEXT NOT NULL, found TEXT) STRICT")


@migrations()
def m002_what_was_told(db: Database) -> None:
    """Keep beside what a saved question found what its owners know of it."""
    db.execute("ALTER TABLE saved ADD COLUMN told TEXT")
    db.execute("UPDATE saved SET told = found")


@dataclass(frozen=True)
class Gap:
    """A question that the server's files could not answer."""

    text: str
    """As it was asked last."""
    times: int
    first: str
    """When it was asked first: ISO 8601, UTC, whole seconds."""
    last: str


@dataclass(frozen=True)
class Found:
    """What a saved question found: the best passage, if the files answer it."""

    document: str
    section: str
    passage: str
    answerable: float
    """Estimated probability, 0 to 1."""


@dataclass(frozen=True)
class Saved:
    """A question that is asked again whenever the server's files have changed."""

    text: str
    found: Found | None
    """What it found last; None before it was asked for the first time."""
    told: Found | None = None
    """What its owners were told that it finds; what it found first counts as told."""


class QuestionLog:
    """The questions of all servers under ``root``; safe to share between threads.

    Every method raises BadServer for a name that is not allowed. ``kept``: days after which a question without an
    answer that nobody has asked again is deleted.
    """

    def __init__(self, root: Path, kept: int) -> None:
        self._root, self._kept = root, timedelta(days=kept)

    def note_gap(self, server: str, text: str, when: datetime | None = None) -> None:
        """Count a question that the files could not answer."""
        now = _stamp(when or datetime.now(UTC))
        with self._open(server) as db:
            db.execute(
                "INSERT INTO gaps VALUES (?, ?, 1, ?, ?) ON CONFLICT (key) DO UPDATE SET text = excluded.text,"
                " times = times + 1, last = excluded.last",
                [_key(text), text, now, now],
            )
            db.execute(
                "DELETE FROM gaps WHERE key IN (SELECT key FROM gaps ORDER BY last DESC LIMIT -1 OFFSET ?)", [MOST_GAPS]
            )
            self._expire(db)

    def gaps(self, server: str) -> list[Gap]:
        """Return the questions without an answer, the most asked first."""
        if not self._path(server).exists():
            return []
        with self._open(server) as db:
            self._expire(db)
            rows = db.execute(
                "SELECT text, times, first, last FROM gaps ORDER BY times DESC, last DESC, key"
            ).fetchall()
        return [Gap(*row) for row in rows]

    def forget_gaps(self, server: str, *texts: str) -> int:
        """Delete these questions without an answer, or all of them where none is named; return how many."""
        if not self._path(server).exists():
            return 0
        with self._open(server) as db:
            if not texts:
                return int(db.execute("DELETE FROM gaps").rowcount)
            return sum(int(db.execute("DELETE FROM gaps WHERE key = ?", [_key(text)]).rowcount) for text in texts)

    def save(self, server: str, text: str) -> bool:
        """Keep a question to be asked again; False if it was kept already."""
        with self._open(server) as db:
            return bool(
                db.execute("INSERT OR IGNORE INTO saved VALUES (?, ?, NULL, NULL)", [_key(text), text]).rowcount
            )

    def saved(self, server: str) -> list[Saved]:
        """Return the saved questions, in the order of the alphabet."""
        if not self._path(server).exists():
            return []
        with self._open(server) as db:
            rows = db.execute("SELECT text, found, told FROM saved ORDER BY key").fetchall()
        return [Saved(text, _found(found), _found(told)) for text, found, told in rows]

    def unsave(self, server: str, text: str) -> bool:
        """Let go of a saved question; False if there was none."""
        if not self._path(server).exists():
            return False
        with self._open(server) as db:
            return bool(db.execute("DELETE FROM saved WHERE key = ?", [_key(text)]).rowcount)

    def remember(self, server: str, found: dict[str, Found]) -> None:
        """Keep what saved questions found, by their texts, in one transaction."""
        with self._open(server) as db:
            for text, one in found.items():
                db.execute(
                    "UPDATE saved SET found = ?1, told = coalesce(told, ?1) WHERE key = ?2",
                    [json.dumps(asdict(one)), _key(text)],
                )

    def tell(self, server: str, told: dict[str, Found]) -> None:
        """Keep what the owners were told that saved questions find, by their texts, in one transaction."""
        with self._open(server) as db:
            for text, one in told.items():
                db.execute("UPDATE saved SET told = ? WHERE key = ?", [json.dumps(asdict(one)), _key(text)])

    def _expire(self, db: Database) -> None:
        db.execute("DELETE FROM gaps WHERE last < ?", [_stamp(datetime.now(UTC) - self._kept)])

    def _path(self, server: str) -> Path:
        check_server(server)
        return self._root / server / FILE

    @contextmanager
    def _open(self, server: str) -> Iterator[Database]:
        from pysqlite3 import dbapi2

        path = self._path(server)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = dbapi2.connect(str(path), timeout=10)
        try:
            for pragma in ("synchronous = FULL", "secure_delete = ON"):
                connection.execute(f"PRAGMA {pragma}").fetchall()
            db = Database(connection)
            with connection:
                db.execute("BEGIN IMMEDIATE")  # two threads may open a new file at the same moment
                if migrations.pending(db):
                    migrations.apply(db)
                yield db
        finally:
            connection.close()


def _key(text: str) -> str:
    """Return what two spellings of one question have in common: no case, no punctuation at its end, single spaces."""
    return re.sub(r"[\s?!.]+$", "", " ".join(text.casefold().split())) or text


def _found(kept: str | None) -> Found | None:
    return Found(**json.loads(kept)) if kept else None


def _stamp(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="seconds")
