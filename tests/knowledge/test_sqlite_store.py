from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.sqlite_store import FILE, SqliteStore
from knowledge.store import BadServer, Document, Passage, Revision, UnknownServer, Vectors

ONE = np.ones((1, 4), np.float32)


def put(store: SqliteStore, server: str, name: str, *texts: str, embedder: str = "e", wide: int = 4) -> None:
    passages = [Passage(name, "", None, text) for text in texts]
    vectors: list[Vectors] = [np.full((2, wide), 0.5, np.float32) for _ in texts]
    revision = Revision(Document(name, "0" * 64), "\n".join(texts).encode(), passages, vectors)
    store.replace(server, embedder, [revision])


def shown(store: SqliteStore, server: str) -> list[str]:
    return [p.text for document in store.documents(server) for p in store.passages(server, document.name)]


def found(store: SqliteStore, server: str, word: str) -> int:
    matches = store.matches(server, word)
    assert matches is not None
    return len(matches[0])


def test_servers_are_isolated(store: SqliteStore) -> None:
    """What one server knows cannot be found from another, not even under the same document name."""
    put(store, "one", "faq.md", "The secret is an orchid.")
    put(store, "two", "faq.md", "The secret is a tulip.")
    assert store.servers() == ["one", "two"]
    assert shown(store, "two") == ["The secret is a tulip."]
    assert not found(store, "two", "orchid")


@pytest.mark.parametrize("name", ["", "../one", "One", "a/b", "-a", "a" * 65, "a b", "a.b", "a\n"])
def test_bad_server_names_are_refused(store: SqliteStore, name: str) -> None:
    """A name that could leave its folder, or that two spellings share, is refused before any file is touched."""
    with pytest.raises(BadServer, match="cannot be a server's name"):
        put(store, name, "faq.md", "text")


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


def test_a_document_is_replaced_as_a_whole(store: SqliteStore) -> None:
    """A document's new version takes the place of the old one, and other documents stay."""
    put(store, "s", "a.md", "old rose", "old lily")
    put(store, "s", "b.md", "tulip")
    put(store, "s", "a.md", "new rose")
    assert sorted(shown(store, "s")) == ["new rose", "tulip"]
    assert not found(store, "s", "lily")
    assert [(d.name, d.passages) for d in store.documents("s")] == [("a.md", 1), ("b.md", 1)]


def test_a_failing_replacement_changes_nothing(store: SqliteStore) -> None:
    """When the new version cannot be written to the end, the old one stays whole."""
    put(store, "s", "a.md", "old rose", "old lily")
    good, broken = Passage("a.md", "", None, "new"), Passage("no such document", "", None, "new")
    revision = Revision(Document("a.md", "1" * 64), b"new", [good, broken], [ONE, ONE])
    with pytest.raises(Exception, match="FOREIGN KEY"):
        store.replace("s", "e", [revision])
    assert shown(store, "s") == ["old rose", "old lily"]
    assert found(store, "s", "old") == 2
    assert store.content("s", "a.md") == b"old rose\nold lily"


def test_everything_survives_reopening(store: SqliteStore, tmp_path: Path) -> None:
    """A new store over the same folder knows what the last one wrote."""
    document = Document("a.csv", "2" * 64, "/data/a.csv", ("general", "shop"), "2026-01-02T03:04:05+00:00", '"v1"', 1)
    passage = Passage("a.csv", "Rose", "r1", "Name: Rose")
    store.replace("s", "e", [Revision(document, b"bytes", [passage], [np.eye(2, 4, dtype=np.float32)])])
    store.close()
    again = SqliteStore(tmp_path / "servers")
    assert again.documents("s") == [document]
    assert again.content("s", "a.csv") == b"bytes"
    ids = again.nearest("s", "e", np.ones(4, np.float32), 5, ["shop"])
    (stored,) = again.load("s", "e", ids)
    assert (stored.passage, stored.taken) == (passage, document.taken)
    assert np.array_equal(stored.vectors, np.eye(2, 4))
    again.close()


def test_removed_text_is_gone_from_the_disk(store: SqliteStore, tmp_path: Path) -> None:
    """After a removal no file of the server holds the words any more."""
    put(store, "s", "a.md", "The safe opens with quetzalcoatlus.", "Filler.")
    put(store, "s", "b.md", "Something else.")
    assert store.remove("s", "a.md")
    held = b"".join(path.read_bytes() for path in (tmp_path / "servers/s").iterdir())
    assert b"Something else" in held
    assert b"quetzalcoat" not in held


def test_another_process_is_noticed(store: SqliteStore, tmp_path: Path) -> None:
    """What a second store writes to the same file is found by the first, although it had it in memory."""
    put(store, "s", "a.md", "rose")
    assert shown(store, "s") == ["rose"]
    assert found(store, "s", "tulip") == 0
    other = SqliteStore(tmp_path / "servers")
    put(other, "s", "b.md", "tulip")
    assert shown(store, "s") == ["rose", "tulip"]
    assert found(store, "s", "tulip") == 1
    assert other.remove("s", "a.md")
    assert shown(store, "s") == ["tulip"]
    other.close()


def test_two_stores_write_at_the_same_time(store: SqliteStore, tmp_path: Path) -> None:
    """Writers of the same new server wait for each other, and nothing of either is lost."""
    other = SqliteStore(tmp_path / "servers")

    def write(who: int) -> None:
        for number in range(15):
            put((store, other)[who], "s", f"{who}-{number}.md", "text")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (0, 1)))
    assert len(store.documents("s")) == len(other.documents("s")) == 30
    other.close()


def test_a_deleted_server_is_unknown_again(store: SqliteStore, tmp_path: Path) -> None:
    """When its file was deleted, a server's documents are not answered from memory."""
    put(store, "s", "a.md", "rose")
    (tmp_path / "servers/s" / FILE).unlink()
    with pytest.raises(UnknownServer):
        store.size("s")


def test_words_match_in_every_form(store: SqliteStore) -> None:
    """A word finds its other forms and its spelling without accents, and weighs more in a shorter passage."""
    put(store, "s", "a.md", "Deliveries to the café are free.", "We are delivering.", "Nothing here.")
    matches = store.matches("s", "delivery")
    assert matches is not None
    ids, strengths = matches
    assert len(ids) == 1
    assert found(store, "s", "delivering") >= 1
    assert found(store, "s", "cafe") == 1
    assert 0 < strengths[0] < 2.2


@pytest.fixture(scope="module")
def one_rose(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path_factory.mktemp("lookup"))
    put(store, "s", "a.md", "rose")
    yield store
    store.close()


@given(word=st.text(max_size=20))
def test_any_word_is_safe_to_look_up(one_rose: SqliteStore, word: str) -> None:
    """A word of a query is never read as the query language of the index."""
    assert found(one_rose, "s", word) <= 1


def test_vectors_of_another_embedder_are_never_compared(store: SqliteStore) -> None:
    """A passage that another model embedded keeps its words and has no direction."""
    put(store, "s", "a.md", "rose", embedder="old", wide=8)
    put(store, "s", "b.md", "tulip", embedder="new")
    (tulip,) = store.nearest("s", "new", np.ones(4, np.float32), 5)
    (rose,) = store.nearest("s", "old", np.ones(8, np.float32), 5)
    assert not store.nearest("s", "third", np.ones(4, np.float32), 5)
    assert [len(stored.vectors) for stored in store.load("s", "new", [rose, tulip])] == [0, 2]
    assert found(store, "s", "rose") == 1


def test_an_embedder_reads_what_another_has_read(store: SqliteStore) -> None:
    """Vectors of two embedders stand side by side, and those of one that is out of use go, with nothing else."""
    put(store, "s", "a.md", "rose", "tulip", embedder="old")
    missing = store.unembedded("s", "new", 1)
    assert [p.text for p in missing.values()] == ["rose"]
    store.embed("s", "new", {id_: np.ones((1, 3), np.float32) for id_ in (*missing, 999)})
    assert [p.text for p in store.unembedded("s", "new", 9).values()] == ["tulip"]
    assert len(store.nearest("s", "old", np.ones(4, np.float32), 5)) == 2
    store.drop_embedders("s", "9999")
    assert not store.nearest("s", "old", np.ones(4, np.float32), 5)
    assert shown(store, "s") == ["rose", "tulip"]


def test_a_passage_that_stays_keeps_its_id(store: SqliteStore) -> None:
    """Of a changed document only passages with other words are new, and the order is the new one."""
    put(store, "s", "a.md", "rose", "tulip", "rose")
    before = {s.id: s.passage.text for s in store.load("s", "e", range(9))}
    put(store, "s", "a.md", "lily", "tulip", "rose")
    after = {s.id: s.passage.text for s in store.load("s", "e", range(9))}
    assert shown(store, "s") == ["lily", "tulip", "rose"]
    assert set(before.items()) & set(after.items()) == {(1, "rose"), (2, "tulip")}
    assert after[4] == "lily"
    assert len(store.nearest("s", "e", np.ones(4, np.float32), 9)) == 3


def test_a_word_that_thousands_hold_is_not_looked_up(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a word has no matches to tell apart; below it has them all."""
    monkeypatch.setattr("knowledge.sqlite_search.COMMON", 2)
    put(store, "s", "a.md", "rose", "rose lily", "rose lily")
    assert store.matches("s", "rose") is None
    assert found(store, "s", "lily") == 2


def test_a_channels_passages_are_found_from_it_alone(store: SqliteStore) -> None:
    """Neither by meaning nor by words does a passage come up in another channel."""
    for name, channels in (("a.md", ("staff", "shop")), ("b.md", ())):
        revision = Revision(Document(name, "", None, channels), b"", [Passage(name, "", None, "rose")], [ONE])
        store.replace("s", "e", [revision])
    for channels, seen in (((), 1), (("general",), 1), (("general", "staff"), 2)):
        matches = store.matches("s", "rose", channels)
        assert matches is not None
        assert len(matches[0]) == len(store.nearest("s", "e", ONE[0], 5, channels)) == seen
