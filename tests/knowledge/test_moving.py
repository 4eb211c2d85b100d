from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from watched_embedder import WatchedEmbedder

from knowledge import indexing
from knowledge.moving import CannotMove, move
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store, UnknownServer

FAQ = (
    b"# When are you open?\nMonday to Friday 9 am to 5 pm.\n"
    b"# Do you deliver?\nDaily.\n# Where do I park?\nBehind the shop. It is free.\n"
)
EMBEDDER = WatchedEmbedder()


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "shop")
    indexing.add_upload(store, EMBEDDER, "s", "faq.md", FAQ)
    indexing.add_upload(store, EMBEDDER, "s", "staff.md", b"# Safe\nCode 4711.\n", ["staff"])
    indexing.refresh(store, WatchedEmbedder("other"), "s")
    indexing.add_upload(store, EMBEDDER, "s", "late.md", b"# Cats\nWelcome.\n")
    yield store
    store.close()


def held(store: Store, server: str) -> list[object]:
    documents = store.documents(server)
    return [
        [(d, store.content(server, d.name), store.passages(server, d.name)) for d in documents],
        [len(store.unembedded(server, name, 99)) for name in (EMBEDDER.name, "other")],
        store.embedders(server),
        store.facts(server, ["staff"]),
    ]


def test_a_server_moves_with_all_it_has(shop: SqliteStore, another: Callable[[], Store]) -> None:
    """Documents, bytes, passages and the vectors of every embedder arrive, and the source keeps its own."""
    target = another()
    before = held(shop, "s")
    moved = move(shop, target, "s")
    assert (moved.documents, moved.passages) == (3, 5)
    assert held(target, "s") == held(shop, "s") == before
    assert target.facts("s")
    for text in ("Do you deliver?\nDaily.", "Cats\nWelcome."):
        for name in (EMBEDDER.name, "other"):
            left, right = (store.vectors("s", name, [text]) for store in (shop, target))
            assert left.keys() == right.keys()
            assert all(np.array_equal(left[key], right[key]) for key in left)
    assert move(target, shop, "s") == moved


def test_the_source_goes_when_that_was_asked_for(shop: SqliteStore, another: Callable[[], Store]) -> None:
    """Only a move that arrived, and was to do so, leaves nothing behind."""
    move(shop, another(), "s", remove_source=True)
    with pytest.raises(UnknownServer):
        shop.documents("s")


def test_a_move_that_was_cut_off_goes_on(
    shop: SqliteStore, another: Callable[[], Store], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call takes the first one's documents for its own."""
    monkeypatch.setattr("knowledge.indexing.TOGETHER", 1)

    def stop(done: int, total: int, now: str) -> None:
        if done == 2:
            raise KeyboardInterrupt

    target = another()
    with pytest.raises(KeyboardInterrupt):
        move(shop, target, "s", stop)
    assert len(target.documents("s")) == 2
    move(shop, target, "s")
    assert held(target, "s") == held(shop, "s")


def test_what_the_target_holds_is_not_written_over(shop: SqliteStore, another: Callable[[], Store]) -> None:
    """Where the other store knows something else under the server's name, nothing is changed in either."""
    target = another()
    indexing.add_upload(target, EMBEDDER, "s", "faq.md", b"# Do you deliver?\nNever.\n")
    before = held(target, "s"), held(shop, "s")
    with pytest.raises(CannotMove, match="remove it there first"):
        move(shop, target, "s", remove_source=True)
    assert (held(target, "s"), held(shop, "s")) == before


def test_a_change_meanwhile_is_noticed(shop: SqliteStore, another: Callable[[], Store]) -> None:
    """A document that changes while the server is moved is not taken for moved, and the source stays."""

    def change(done: int, total: int, now: str) -> None:
        if now.startswith("comparing"):
            indexing.add_upload(shop, EMBEDDER, "s", "faq.md", b"# Do you deliver?\nWeekly.\n")

    with pytest.raises(CannotMove, match="again"):
        move(shop, another(), "s", change, remove_source=True)
    assert shop.size("s")
