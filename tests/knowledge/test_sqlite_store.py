from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pysqlite3 import dbapi2
from test_store import put

from knowledge.sqlite_search import FIRST_VIEWS
from knowledge.sqlite_store import FILE, SqliteStore
from knowledge.store import Document, Passage, Revision, UnknownServer, Vectors


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "servers")
    yield store
    store.close()


def test_reading_an_unknown_server_makes_no_file(store: SqliteStore, tmp_path: Path) -> None:
    """Asking about a server that knows nothing says so and leaves nothing behind."""
    for read in (
        store.documents,
        lambda server: store.remove(server, "x"),
        store.size,
    ):
        with pytest.raises(UnknownServer, match="add a file"):
            read("nobody")
    assert not list(tmp_path.rglob("*"))


def test_removed_text_is_gone_from_the_disk(store: SqliteStore, tmp_path: Path) -> None:
    """After a removal no file of the server holds the words any more."""
    put(store, "s", "a.md", "The safe opens with quetzalcoatlus.", "Filler.")
    put(store, "s", "b.md", "Something else.")
    assert store.remove("s", "a.md")
    held = b"".join(path.read_bytes() for path in (tmp_path / "servers/s").iterdir())
    assert b"Something else" in held
    assert b"quetzalcoat" not in held


def test_a_deleted_server_is_unknown_again(store: SqliteStore, tmp_path: Path) -> None:
    """When its file was deleted, a server's documents are not answered from memory."""
    put(store, "s", "a.md", "rose")
    (tmp_path / "servers/s" / FILE).unlink()
    with pytest.raises(UnknownServer):
        store.size("s")


def unit(rows: np.ndarray[Any, Any]) -> Vectors:
    return (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)


def nearest_and_cosines(rows: Vectors, query: Vectors, limit: int) -> tuple[list[float], list[float]]:
    """Return the cosines of what a store finds among rows, and of all rows, the highest first."""
    passages = [Passage("a.md", "", None, str(number)) for number in range(len(rows))]
    revision = Revision(Document("a.md", ""), b"", passages, [np.stack([row, query]) for row in rows])
    with TemporaryDirectory() as folder, closing(SqliteStore(Path(folder))) as store:
        store.replace("s", "e", [revision])
        ids = sorted(store.unembedded("s", "nobody", len(rows)))  # in the order of the rows
        found = np.searchsorted(ids, store.nearest("s", "e", query, limit))
    assert len(set(found.tolist())) == min(limit, len(rows))
    cosines = rows.astype(np.float16).astype(np.float32) @ query
    return cosines[found].tolist(), np.sort(cosines)[::-1].tolist()


@settings(max_examples=8, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 600),
    wide=st.sampled_from([1, 3, 64, 384]),
    spread=st.sampled_from([2.0, 0.3, 0.02]),
    limit=st.integers(1, 200),
)
def test_candidates_are_those_of_single_precision(seed: int, count: int, wide: int, spread: float, limit: int) -> None:
    """However alike the passages are, those found are the nearest in single precision, the nearest first."""
    rng = np.random.default_rng(seed)
    query, *rows = unit(rng.standard_normal(wide) + spread * rng.standard_normal((count + 1, wide)))
    found, best = nearest_and_cosines(np.stack(rows), query, limit)
    assert found == pytest.approx(best[:limit], abs=1e-6)


def test_candidates_that_half_precision_turns_around_are_found() -> None:
    """Passages along the query's rounding error, whose order half precision reverses, are found in the true order."""
    rng = np.random.default_rng(0)
    query, base = unit(rng.standard_normal((2, 384)))
    error = query - query.astype(np.float16).astype(np.float32)
    size = float(np.linalg.norm(error))
    along = error / size
    along += (size / 2 - along @ query) * query
    rows = unit(base - (base @ query) * query + np.linspace(-1, 1, 300)[:, None] * along)
    stored = rows.astype(np.float16).astype(np.float32)
    rough, true = stored @ query.astype(np.float16).astype(np.float32), stored @ query
    assert not set(np.argsort(-rough)[:100]) & set(np.argsort(-true)[:90])
    found, best = nearest_and_cosines(rows, query, 100)
    assert found == pytest.approx(best[:100], abs=1e-7)


def test_a_file_from_before_gets_the_index_that_a_search_reads(store: SqliteStore, tmp_path: Path) -> None:
    """In a file that had no index of first views it is made on opening, and it is all that a search reads of them."""
    put(store, "s", "a.md", "rose", "lily")
    store.close()
    path = str(tmp_path / "servers/s" / FILE)
    with closing(dbapi2.connect(path, isolation_level=None)) as db:
        db.execute("DROP INDEX wholes")
        db.execute("DELETE FROM _sqlite_migrations WHERE name = 'm003_first_views_on_their_own'")
    assert len(store.nearest("s", "e", np.full(4, 0.5, np.float32), 5)) == 2
    with closing(dbapi2.connect(path)) as db:
        plan = db.execute(f"EXPLAIN QUERY PLAN {FIRST_VIEWS}", ["e"]).fetchall()
    assert any("USING COVERING INDEX wholes" in step[-1] for step in plan)
