"""What each server chose: who speaks in which place, where its clock is, and where changed answers are reported.

One small SQLite file for each server, beside its knowledge, so that nothing of one server can be found from
another; sqlite-utils writes the statements, pysqlite3 brings an SQLite that is new enough. The journal is not a
write-ahead log: a choice is one row, changed a few times a year, and must survive a power cut.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlite_utils import Database, Migrations

from knowledge.store import BadServer
from knowledge.typed.feasts import zone_named

FILE = "choices.db"
_ZONE, _REPORTS = "time zone", "report channel"

migrations = Migrations("choices")


@migrations()
def m001_bindings(db: Database) -> None:
    """Keep one persona for each place that has one."""
    db.execute("CREATE TABLE bindings (place TEXT PRIMARY KEY, persona TEXT NOT NULL) STRICT")


@migrations()
def m002_options(db: Database) -> None:
    """Keep one value for each thing that holds for the whole server."""
    db.execute("CREATE TABLE options (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT")


class ServerChoices:
    """The choices of all servers under ``root``; safe to share between threads.

    ``place`` is a key of ``bot.routing.Place``. Every method raises BadServer for a name that is no folder name.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def bindings(self, server: str) -> dict[str, str]:
        """Return the persona of each place that has one."""
        if not self._path(server).exists():
            return {}
        with self._open(server) as db:
            return dict(db.execute("SELECT place, persona FROM bindings").fetchall())

    def set(self, server: str, place: str, persona: str) -> None:
        """Let the persona speak in the place from now on."""
        with self._open(server) as db:
            db.table("bindings").upsert({"place": place, "persona": persona}, pk="place")

    def reset(self, server: str, place: str) -> bool:
        """Forget the place's choice, so that the next wider one counts; False if it had none."""
        if place not in self.bindings(server):
            return False
        with self._open(server) as db:
            db.table("bindings").delete(place)
        return True

    def time_zone(self, server: str) -> ZoneInfo | None:
        """Return the zone of the server's clock; None where none was chosen, or none of that name is known here."""
        name = self._option(server, _ZONE)
        return zone_named(name) if name else None

    def set_time_zone(self, server: str, zone: ZoneInfo) -> None:
        """Let the server's clock be in this zone from now on."""
        self._set_option(server, _ZONE, zone.key)

    def report_channel(self, server: str) -> str | None:
        """Return the id of the channel in which changed answers are reported; None where they are not."""
        return self._option(server, _REPORTS)

    def set_report_channel(self, server: str, channel: str | None) -> None:
        """Report changed answers in this channel from now on, or nowhere."""
        self._set_option(server, _REPORTS, channel)

    def _option(self, server: str, name: str) -> str | None:
        if not self._path(server).exists():
            return None
        with self._open(server) as db:
            row = db.execute("SELECT value FROM options WHERE name = ?", [name]).fetchone()
        return str(row[0]) if row else None

    def _set_option(self, server: str, name: str, value: str | None) -> None:
        with self._open(server) as db:
            if value is None:
                db.execute("DELETE FROM options WHERE name = ?", [name])
            else:
                db.table("options").upsert({"name": name, "value": value}, pk="name")

    def _path(self, server: str) -> Path:
        if server in {"", ".", ".."} or server != Path(server).name:
            raise BadServer(f"{server[:80]!r} cannot be a server's name: use the server's id.")
        return self._root / server / FILE

    @contextmanager
    def _open(self, server: str) -> Iterator[Database]:
        from pysqlite3 import dbapi2

        path = self._path(server)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = dbapi2.connect(str(path), timeout=10)
        try:
            connection.execute("PRAGMA synchronous = FULL").fetchall()
            db = Database(connection)
            if migrations.pending(db):
                with connection:
                    db.execute("BEGIN IMMEDIATE")  # two threads may open a new file at the same moment
                    migrations.apply(db)
            with connection:
                yield db
        finally:
            connection.close()
