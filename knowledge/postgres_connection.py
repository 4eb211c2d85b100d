"""Connections to PostgreSQL: a pool, a server for each transaction, and patience when the connection breaks.

psycopg and its pool are the driver's own; a connection that broke is replaced by the pool, and what it was doing is
done anew here, which is safe because every transaction of the store may be done twice.
"""

import atexit
import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, LiteralString, TypeVar

import psycopg
from pgvector.psycopg import register_vector
from psycopg import Connection, errors
from psycopg_pool import ConnectionPool

from knowledge.postgres_schema import SCHEMA, faults, prepare
from knowledge.store import StoreUnavailable, UnknownServer, check_server

Result = TypeVar("Result")
_AT_ONCE = 8  # connections
_PATIENCE = 15.0  # seconds that a call waits for a server that starts anew
_PAUSE = 0.1  # seconds between two tries
_PASSING = ("08", "40", "57P")  # SQLSTATE classes: connection, conflict of transactions, shutdown and restart
_SIZES: LiteralString = "SELECT server, version, passages, words FROM sizes"
_NOTICE_LOSS = {  # a cut network is noticed within ten seconds
    "connect_timeout": 5, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 2,
    "tcp_user_timeout": 10_000,
}  # fmt: skip
_LOSS_NOTICED: LiteralString = "".join(
    f"SET {name} = {value};"
    for name, value in (
        ("tcp_keepalives_idle", 5), ("tcp_keepalives_interval", 2), ("tcp_keepalives_count", 2),
        ("tcp_user_timeout", 10_000),
    )
)  # fmt: skip
"""The same at the other end: until PostgreSQL sees that a writer is gone, its server waits for it; by default hours."""


@dataclass(frozen=True)
class Scope:
    """A transaction that has named its server."""

    connection: Connection[Any]
    server: int
    version: int
    """Moves with every change to the server's knowledge."""
    passages: int
    words: int
    """How many words all its passages have together."""


class Database:
    """A database of the store's own; connects when it is first used, and again whenever that is needed."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._pool: ConnectionPool[Connection[Any]] | None = None

    def close(self) -> None:
        """Let go of all connections; a later call makes new ones."""
        with self._lock:
            if self._pool:
                self._pool.close()
                atexit.unregister(self.close)
            self._pool = None

    def reading(self, server: str, work: Callable[[Scope], Result]) -> Result:
        """Do the work in a transaction that sees the server. Raises BadServer, UnknownServer, StoreUnavailable."""
        check_server(server)

        def run(connection: Connection[Any]) -> Result:
            with connection.pipeline(), connection.transaction():  # what needs no answer yet travels together
                return work(_entered(_enter(connection, server), server))

        return self.run(run)

    def writing(self, server: str, work: Callable[[Scope], Result], *, create: bool = False) -> Result:
        """As ``reading``, as the server's only writer; a new server begins where ``create`` is set."""
        check_server(server)

        def run(connection: Connection[Any]) -> Result:
            with connection.transaction():
                scope = _enter(connection, server, "FOR UPDATE")
                if scope is None and create:
                    _begin(connection, server)
                    scope = _enter(connection, server, "FOR UPDATE")
                    if scope is None:  # forgotten by another process just now
                        raise errors.SerializationFailure
                scope = _entered(scope, server)
                connection.execute("UPDATE sizes SET version = version + 1")
                return work(scope)

        return self.run(run)

    def run(self, work: Callable[[Connection[Any]], Result]) -> Result:
        """Do the work on a connection that is in no transaction, anew while the connection breaks."""
        deadline = time.monotonic() + _PATIENCE
        for tries in itertools.count():
            try:
                with self._open().connection(timeout=max(0.1, deadline - time.monotonic())) as connection:
                    return work(connection)
            except psycopg.OperationalError as error:
                if not _passes(error) or time.monotonic() > deadline:
                    raise StoreUnavailable(_sentence(error)) from error
            if tries >= _AT_ONCE:  # up to then, it may be the next one that broke while it lay in the pool
                time.sleep(_PAUSE)
        raise AssertionError

    def examine(self) -> list[str]:
        """Return what is wrong with the database, each a sentence. Raises StoreUnavailable."""
        try:
            with psycopg.connect(self._url, autocommit=True, **_NOTICE_LOSS) as connection:  # type: ignore[arg-type]  # the driver takes any parameter of libpq
                return list(faults(connection))
        except psycopg.Error as error:
            raise StoreUnavailable(_sentence(error)) from error

    def _open(self) -> ConnectionPool[Connection[Any]]:
        with self._lock:
            if self._pool is None:
                self._prepare()
                self._pool = ConnectionPool(
                    self._url,
                    kwargs={"autocommit": True, **_NOTICE_LOSS},
                    configure=_configure,
                    min_size=1,
                    max_size=_AT_ONCE,
                    reconnect_timeout=2,
                    open=True,
                )
                atexit.register(self.close)  # its threads end before the interpreter does
            return self._pool

    def _prepare(self) -> None:
        with psycopg.connect(self._url, autocommit=True, **_NOTICE_LOSS) as connection:  # type: ignore[arg-type]  # as above
            if wrong := list(faults(connection)):
                raise StoreUnavailable(" ".join(wrong))
            _search_path(connection)
            try:
                prepare(connection)
            except errors.InsufficientPrivilege as error:
                raise StoreUnavailable(
                    f"The role in postgres_url may not make tables ({error.diag.message_primary}): let it own the "
                    "database."
                ) from error


def _enter(connection: Connection[Any], server: str, lock: LiteralString = "") -> Scope | None:
    known = "SELECT set_config('parley.server', coalesce(max(id)::text, ''), true) FROM servers WHERE name = %s"
    connection.execute(known, [server])
    row = connection.execute(f"{_SIZES} {lock}").fetchone()
    return Scope(connection, *row) if row else None


def _entered(scope: Scope | None, server: str) -> Scope:
    if scope is None:
        raise UnknownServer(f"Nothing is known for the server {server!r} yet: add a file to it first.")
    return scope


def _begin(connection: Connection[Any], server: str) -> None:
    connection.execute("INSERT INTO servers (name) VALUES (%s) ON CONFLICT DO NOTHING", [server])
    connection.execute("SELECT set_config('parley.server', id::text, true) FROM servers WHERE name = %s", [server])
    connection.execute("INSERT INTO sizes DEFAULT VALUES ON CONFLICT DO NOTHING")


def _configure(connection: Connection[Any]) -> None:
    _search_path(connection)
    connection.execute(_LOSS_NOTICED)
    register_vector(connection)


def _search_path(connection: Connection[Any]) -> None:
    connection.execute(
        "SELECT set_config('search_path', %s || ', ' || current_setting('search_path'), false)", [SCHEMA]
    )


def _passes(error: psycopg.OperationalError) -> bool:
    """Tell whether the same may succeed in a moment; without an SQLSTATE the connection itself is gone."""
    return error.sqlstate is None or error.sqlstate.startswith(_PASSING)


def _sentence(error: psycopg.Error) -> str:
    said = " ".join((error.diag.message_primary or str(error)).split()).rstrip(".")
    if isinstance(error, errors.DiskFull | errors.IoError):
        return f"PostgreSQL cannot write ({said}): free some space on its disk and try again; nothing was changed."
    return f"PostgreSQL cannot be used ({said}): see that it runs and that postgres_url names it; nothing was changed."
