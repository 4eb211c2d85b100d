from collections.abc import Iterator
from pathlib import Path

import pytest
from test_store import put

from knowledge.sqlite_store import FILE, SqliteStore
from knowledge.store import UnknownServer


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
