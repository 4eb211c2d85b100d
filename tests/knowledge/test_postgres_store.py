"""What holds of the PostgreSQL store alone: row-level security, the graph of a large server, broken connections."""

from collections.abc import Iterator

import numpy as np
import psycopg
import pytest
from postgres_server import PostgresServer
from psycopg import sql
from test_store import put, shown

from knowledge.postgres_store import PostgresStore
from knowledge.store import Document, Passage, Revision, StoreUnavailable

TABLES = ("sizes", "documents", "passages", "words", "embedders", "vectors", "terms")


@pytest.fixture
def store(empty_database: str) -> Iterator[PostgresStore]:
    store = PostgresStore(empty_database, graph_from=50)
    put(store, "one", "a.md", "rose", "rose lily")
    put(store, "two", "a.md", "rose tulip")
    yield store
    store.close()


@pytest.fixture
def owner(store: PostgresStore, empty_database: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("SET search_path TO parley, public")
        yield connection


def test_a_statement_that_forgets_the_server_sees_nothing(owner: psycopg.Connection) -> None:
    """Without a server no table shows a row, and none can be changed, not even by the tables' owner."""
    for table in TABLES:
        assert owner.execute(sql.SQL("SELECT * FROM {}").format(sql.Identifier(table))).fetchall() == []
        assert owner.execute(sql.SQL("DELETE FROM {}").format(sql.Identifier(table))).rowcount == 0
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        owner.execute("INSERT INTO embedders (name, used) VALUES ('e', '')")


def test_a_statement_reaches_its_own_server_alone(owner: psycopg.Connection) -> None:
    """With a server named, no statement reads, writes, moves or removes a row of another."""
    with owner.transaction():
        owner.execute("SELECT set_config('parley.server', '1', true), set_config('parley.word', '''2/rose''', true)")
        for table in TABLES:
            servers = sql.SQL("SELECT DISTINCT server FROM {}").format(sql.Identifier(table))
            rows = owner.execute(servers).fetchall()
            assert rows == ([] if table == "words" else [(1,)])  # the word of another server shows nothing
        with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
            owner.execute("INSERT INTO embedders (server, name, used) VALUES (2, 'e', '')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), owner.transaction():
            owner.execute("UPDATE embedders SET server = 2")
        assert owner.execute("DELETE FROM documents WHERE server = 2").rowcount == 0
    owner.execute("SELECT 1")
    assert owner.execute("SELECT count(*) FROM documents").fetchone() == (0,)  # the server ended with its transaction


def test_a_large_server_is_searched_by_its_graph(store: PostgresStore, owner: psycopg.Connection) -> None:
    """From a size on, the nearest passages come from a graph of that embedder's vectors alone, and are the same."""
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((300, 16)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    passages = [Passage("b.md", "", None, f"text {n}") for n in range(300)]
    document = Document("b.md", "")
    few = PostgresStore(str(owner.info.dsn), graph_from=10**6)
    few.replace("one", "wide", [Revision(document, b"", passages, [row[None] for row in rows])])
    exact = [list(few.nearest("one", "wide", row, 10)) for row in rows[:20]]
    few.close()
    assert store.index("one", "wide")
    assert not store.index("one", "wide")
    with owner.transaction():
        owner.execute("SELECT set_config('parley.server', '1', true), set_config('enable_seqscan', 'off', true)")
        owner.execute("SELECT set_config('enable_sort', 'off', true)")
        [[id_]] = owner.execute("SELECT id FROM embedders WHERE name = 'wide'").fetchall()
        plan = owner.execute(
            f"EXPLAIN SELECT passage FROM vectors WHERE server = 1 AND embedder = {id_}"  # noqa: S608 -- numbers of our own
            f" ORDER BY (whole::halfvec(16)) <#> '{list(map(float, rows[0]))}'::halfvec(16) LIMIT 10"
        ).fetchall()
    assert f"vectors_graph_{id_}" in str(plan)
    walked = [list(store.nearest("one", "wide", row, 10)) for row in rows[:20]]
    shared = sum(len(set(left) & set(right)) for left, right in zip(exact, walked, strict=True))
    assert shared >= 0.95 * 200
    store.drop_embedders("one", "9999")
    assert owner.execute("SELECT to_regclass(%s)", [f"vectors_graph_{id_}"]).fetchone() == (None,)


def test_broken_connections_are_replaced(store: PostgresStore, postgres: PostgresServer) -> None:
    """When the server ends every connection, the next call makes another one and answers."""
    for _ in range(3):
        with psycopg.connect(postgres.url("postgres", "shared"), autocommit=True) as admin:
            admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'parley'")
        assert shown(store, "one") == ["rose", "rose lily"]


def test_a_crash_of_the_server_loses_nothing(postgres: PostgresServer, store: PostgresStore) -> None:
    """After a server that stops in the middle is back, everything acknowledged is there, without opening anew."""
    put(store, "one", "b.md", "kept")
    postgres.stop("immediate")
    postgres.start()
    assert shown(store, "one") == ["rose", "rose lily", "kept"]


def test_a_server_that_is_away_is_said_in_a_sentence(
    store: PostgresStore, postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While PostgreSQL is stopped a call says so, and the same store answers once it is back."""
    monkeypatch.setattr("knowledge.postgres_connection._PATIENCE", 0.5)
    postgres.stop("fast")
    with pytest.raises(StoreUnavailable, match="see that it runs"):
        store.size("one")
    postgres.start()
    monkeypatch.undo()
    assert store.size("one") == 2


def test_terms_of_an_older_database_are_counted(empty_database: str) -> None:
    """A database from before there were terms has them after its first use, and its words stay under their policy."""
    store = PostgresStore(empty_database)
    put(store, "one", "a.md", "rose", "rose lily")
    put(store, "two", "a.md", "reed")
    store.close()
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("DROP TABLE parley.terms")
        connection.execute("DELETE FROM parley.migrations WHERE version = 2")
    assert (list(store.terms("one", "r")), list(store.terms("two", "r"))) == (["rose"], ["reed"])
    assert store.remove("one", "a.md")
    assert list(store.terms("one", "r")) == []
    assert store.examine() == []
    store.close()
