from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.retrieval import search
from knowledge.sqlite_store import SqliteStore
from knowledge.store import BadServer, Document, Passage, Revision, Store, UnknownServer, Vectors

SAMPLES = Path(indexing.__file__).parent / "samples"
ONE = np.ones((1, 4), np.float32)


def put(store: Store, server: str, name: str, *texts: str, embedder: str = "e", wide: int = 4) -> None:
    passages = [Passage(name, "", None, text) for text in texts]
    vectors: list[Vectors] = [np.full((2, wide), 0.5, np.float32) for _ in texts]
    revision = Revision(Document(name, "0" * 64), "\n".join(texts).encode(), passages, vectors)
    store.replace(server, embedder, [revision])


def shown(store: Store, server: str) -> list[str]:
    return [p.text for document in store.documents(server) for p in store.passages(server, document.name)]


def found(store: Store, server: str, word: str) -> int:
    matches = store.matches(server, word)
    assert matches is not None
    return len(matches[0])


def texts(store: Store, server: str) -> dict[int, str]:
    ids = store.unembedded(server, "an embedder that has read nothing", 1000)
    return {stored.id: stored.passage.text for stored in store.load(server, "e", list(ids))}


def test_servers_are_isolated(store: Store) -> None:
    """What one server knows cannot be found from another, not even under the same document name."""
    put(store, "one", "faq.md", "The secret is an orchid.")
    put(store, "two", "faq.md", "The secret is a tulip.")
    assert store.servers() == ["one", "two"]
    assert shown(store, "two") == ["The secret is a tulip."]
    assert not found(store, "two", "orchid")


@pytest.mark.parametrize("name", ["", "../one", "One", "a/b", "-a", "a" * 65, "a b", "a.b", "a\n"])
def test_bad_server_names_are_refused(store: Store, name: str) -> None:
    """A name that could leave its folder, or that two spellings share, is refused before any file is touched."""
    with pytest.raises(BadServer, match="cannot be a server's name"):
        put(store, name, "faq.md", "text")


def test_a_document_is_replaced_as_a_whole(store: Store) -> None:
    """A document's new version takes the place of the old one, and other documents stay."""
    put(store, "s", "a.md", "old rose", "old lily")
    put(store, "s", "b.md", "tulip")
    put(store, "s", "a.md", "new rose")
    assert sorted(shown(store, "s")) == ["new rose", "tulip"]
    assert not found(store, "s", "lily")
    assert [(d.name, d.passages) for d in store.documents("s")] == [("a.md", 1), ("b.md", 1)]


def test_a_failing_replacement_changes_nothing(store: Store) -> None:
    """When the new version cannot be written to the end, the old one stays whole."""
    put(store, "s", "a.md", "old rose", "old lily")
    good, broken = Passage("a.md", "", None, "new"), Passage("no such document", "", None, "new")
    revision = Revision(Document("a.md", "1" * 64), b"new", [good, broken], [ONE, ONE])
    with pytest.raises(Exception, match=r"FOREIGN KEY|another document"):
        store.replace("s", "e", [revision])
    assert shown(store, "s") == ["old rose", "old lily"]
    assert found(store, "s", "old") == 2
    assert store.content("s", "a.md") == b"old rose\nold lily"


def test_everything_survives_reopening(store: Store, another: Callable[[], Store]) -> None:
    """A new store over the same folder knows what the last one wrote."""
    document = Document("a.csv", "2" * 64, "/data/a.csv", ("general", "shop"), "2026-01-02T03:04:05+00:00", '"v1"', 1)
    passage = Passage("a.csv", "Rose", "r1", "Name: Rose")
    store.replace("s", "e", [Revision(document, b"bytes", [passage], [np.eye(2, 4, dtype=np.float32)])])
    store.close()
    again = another()
    assert again.documents("s") == [document]
    assert again.content("s", "a.csv") == b"bytes"
    ids = again.nearest("s", "e", np.ones(4, np.float32), 5, ["shop"])
    (stored,) = again.load("s", "e", ids)
    assert (stored.passage, stored.taken) == (passage, document.taken)
    assert np.array_equal(stored.vectors, np.eye(2, 4))


def test_another_process_is_noticed(store: Store, another: Callable[[], Store]) -> None:
    """What a second store writes to the same file is found by the first, although it had it in memory."""
    put(store, "s", "a.md", "rose")
    assert shown(store, "s") == ["rose"]
    assert found(store, "s", "tulip") == 0
    other = another()
    put(other, "s", "b.md", "tulip")
    assert shown(store, "s") == ["rose", "tulip"]
    assert found(store, "s", "tulip") == 1
    assert other.remove("s", "a.md")
    assert shown(store, "s") == ["tulip"]


def test_two_stores_write_at_the_same_time(store: Store, another: Callable[[], Store]) -> None:
    """Writers of the same new server wait for each other, and nothing of either is lost."""
    other = another()

    def write(who: int) -> None:
        for number in range(15):
            put((store, other)[who], "s", f"{who}-{number}.md", "text")

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write, (0, 1)))
    assert len(store.documents("s")) == len(other.documents("s")) == 30


def test_words_match_in_every_form(store: Store) -> None:
    """A word finds its other forms and its spelling without accents, and weighs more in a shorter passage."""
    put(store, "s", "a.md", "Deliveries to the café are free.", "We are delivering.", "Nothing here.")
    matches = store.matches("s", "delivery")
    assert matches is not None
    ids, strengths = matches
    assert len(ids) == 1
    assert found(store, "s", "delivering") >= 1
    assert found(store, "s", "cafe") == 1
    assert 0 < strengths[0] < 2.2


@given(words=st.lists(st.text(max_size=20), min_size=100, max_size=100))
@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_word_is_safe_to_look_up(store: Store, words: list[str]) -> None:
    """A word of a query is never read as the query language of the index."""
    put(store, "s", "a.md", "rose")
    for word in words:
        assert found(store, "s", word) <= 1


def test_vectors_of_another_embedder_are_never_compared(store: Store) -> None:
    """A passage that another model embedded keeps its words and has no direction."""
    put(store, "s", "a.md", "rose", embedder="old", wide=8)
    put(store, "s", "b.md", "tulip", embedder="new")
    (tulip,) = store.nearest("s", "new", np.ones(4, np.float32), 5)
    (rose,) = store.nearest("s", "old", np.ones(8, np.float32), 5)
    assert not store.nearest("s", "third", np.ones(4, np.float32), 5)
    assert [len(stored.vectors) for stored in store.load("s", "new", [rose, tulip])] == [0, 2]
    assert found(store, "s", "rose") == 1


def test_an_embedder_reads_what_another_has_read(store: Store) -> None:
    """Vectors of two embedders stand side by side, and those of one that is out of use go, with nothing else."""
    put(store, "s", "a.md", "rose", "tulip", embedder="old")
    missing = store.unembedded("s", "new", 1)
    assert [p.text for p in missing.values()] == ["rose"]
    store.embed("s", "new", {id_: np.ones((1, 3), np.float32) for id_ in (*missing, 10**9)})
    assert [p.text for p in store.unembedded("s", "new", 9).values()] == ["tulip"]
    assert len(store.nearest("s", "old", np.ones(4, np.float32), 5)) == 2
    store.drop_embedders("s", "9999")
    assert not store.nearest("s", "old", np.ones(4, np.float32), 5)
    assert shown(store, "s") == ["rose", "tulip"]


def test_a_passage_that_stays_keeps_its_id(store: Store) -> None:
    """Of a changed document only passages with other words are new, and the order is the new one."""
    put(store, "s", "a.md", "rose", "tulip", "rose")
    before = texts(store, "s")
    put(store, "s", "a.md", "lily", "tulip", "rose")
    after = texts(store, "s")
    assert shown(store, "s") == ["lily", "tulip", "rose"]
    assert sorted(before[id_] for id_ in before.keys() & after.keys()) == ["rose", "tulip"]
    [lily] = after.keys() - before.keys()
    assert after[lily] == "lily"
    assert lily > max(before)
    assert len(store.nearest("s", "e", np.ones(4, np.float32), 9)) == 3


def test_a_word_that_thousands_hold_is_not_looked_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above the limit a word has no matches to tell apart; below it has them all."""
    for module in ("sqlite_search", "postgres_search"):
        monkeypatch.setattr(f"knowledge.{module}.COMMON", 2)
    put(store, "s", "a.md", "rose", "rose lily", "rose lily")
    assert store.matches("s", "rose") is None
    assert found(store, "s", "lily") == 2


def test_a_channels_passages_are_found_from_it_alone(store: Store) -> None:
    """Neither by meaning nor by words does a passage come up in another channel."""
    for name, channels in (("a.md", ("staff", "shop")), ("b.md", ())):
        revision = Revision(Document(name, "", None, channels), b"", [Passage(name, "", None, "rose")], [ONE])
        store.replace("s", "e", [revision])
    for channels, seen in (((), 1), (("general",), 1), (("general", "staff"), 2)):
        matches = store.matches("s", "rose", channels)
        assert matches is not None
        assert len(matches[0]) == len(store.nearest("s", "e", ONE[0], 5, channels)) == seen


def test_a_forgotten_server_is_unknown(store: Store) -> None:
    """Nothing of a forgotten server is left, it can begin anew, and other servers keep all they have."""
    put(store, "s", "a.md", "rose", embedder="e")
    put(store, "other", "a.md", "rose")
    store.forget("s")
    store.forget("s")
    assert store.servers() == ["other"]
    for read in (store.size, store.documents, store.embedders):
        with pytest.raises(UnknownServer, match="add a file"):
            read("s")
    put(store, "s", "b.md", "lily")
    assert shown(store, "s") == ["lily"]
    assert (found(store, "s", "rose"), found(store, "other", "rose")) == (0, 1)


def test_a_server_that_comes_again_gives_none_of_its_old_ids(store: Store) -> None:
    """Whoever still holds an id from before a server was forgotten is shown nothing under it."""
    put(store, "s", "a.md", "rose", "lily")
    before = texts(store, "s")
    store.forget("s")
    put(store, "s", "a.md", "tulip", "fern")
    assert not store.load("s", "e", list(before))


def test_a_passage_may_wait_for_its_embedder(store: Store) -> None:
    """A passage that comes without vectors keeps its words, and is named among those to be embedded."""
    passages = [Passage("a.md", "", None, text) for text in ("rose", "lily")]
    store.replace("s", "e", [Revision(Document("a.md", ""), b"", passages, [ONE, np.zeros((0, 0), np.float32)])])
    [(lily, passage)] = store.unembedded("s", "e", 9).items()
    assert passage.text == "lily"
    assert found(store, "s", "lily") == 1
    assert lily not in store.nearest("s", "e", ONE[0], 9)
    assert store.embedders("s") == ["e"]


def test_word_strengths_are_those_of_bm25(store: Store) -> None:
    """The strength is BM25's share: it grows with how often the word stands in a passage and how short that is."""
    lines = ["rose", "rose rose", "rose rose rose lily lily lily", "lily " * 40 + "rose"]
    put(store, "s", "a.md", *lines)
    matches = store.matches("s", "roses")
    assert matches is not None
    mean = sum(len(line.split()) for line in lines) / len(lines)
    times = np.array([line.split().count("rose") for line in lines])
    sizes = np.array([len(line.split()) for line in lines])
    expected = times * 2.2 / (times + 1.2 * (0.25 + 0.75 * sizes / mean))
    assert np.allclose(matches[1], expected)


def test_a_word_that_only_one_server_holds_counts_there_alone(store: Store) -> None:
    """What other servers hold changes neither a word's matches nor their strength."""
    put(store, "s", "a.md", "rose lily", "lily")
    before = store.matches("s", "rose")
    put(store, "t", "a.md", *["rose " * n for n in range(1, 20)])
    after = store.matches("s", "rose")
    assert before is not None
    assert after is not None
    assert all(np.array_equal(one, two) for one, two in zip(before, after, strict=True))


def test_both_stores_find_the_same(store: Store, tmp_path: Path) -> None:
    """A question finds the same passages with the same scores, whatever store they are in."""
    embedder = HashEmbedder()
    peer = SqliteStore(tmp_path / "peer")
    for one in (store, peer):
        assert not indexing.add(one, embedder, "s", [SAMPLES / "petal-and-stem"]).refused
    for question in ("Do you deliver to Princeton?", "how long will roses last", "are you open on christmas eve", "?"):
        left, right = search(store, embedder, "s", question, 10), search(peer, embedder, "s", question, 10)
        assert left.answerable == pytest.approx(right.answerable, abs=1e-3)
        assert [hit.score for hit in left.hits] == pytest.approx([hit.score for hit in right.hits], abs=2e-3)
        assert left.hits[0].passage == right.hits[0].passage
    peer.close()


def test_terms_follow_the_passages(store: Store) -> None:
    """The terms are those that passages hold now, each as it is searched, until the last such passage has gone."""
    put(store, "s", "a.md", "Purchases of frost lanterns", "caf\u00e9 lantern 30000")
    put(store, "s", "b.md", "The lantern of Mossbank")
    assert [list(store.terms("s", letter)) for letter in "lcp3x"] == [["lantern"], ["cafe"], ["purchas"], ["30000"], []]
    put(store, "s", "a.md", "Letters")
    assert list(store.terms("s", "l")) == ["lantern", "letter"]
    assert list(store.terms("s", "c")) == list(store.terms("s", "p")) == []
    store.remove("s", "b.md")
    assert list(store.terms("s", "l")) == ["letter"]
    assert list(store.terms("s", "m")) == []


def test_terms_are_one_servers_alone(store: Store, another: Callable[[], Store]) -> None:
    """No server sees another's terms, and what another process writes is noticed."""
    put(store, "one", "a.md", "orchid")
    put(store, "two", "a.md", "oak")
    assert (list(store.terms("one", "o")), list(store.terms("two", "o"))) == (["orchid"], ["oak"])
    put(another(), "two", "b.md", "otter")
    assert list(store.terms("two", "o")) == ["oak", "otter"]
    store.forget("two")
    put(store, "two", "a.md", "onion")
    assert list(store.terms("two", "o")) == ["onion"]


def test_facts_are_kept_beside_their_document(store: Store) -> None:
    """What was recognised comes with its document, is seen where the document may be used, and moves the version."""
    for name, channels, facts in (("a.md", ("staff",), '[{"a": 1}]'), ("b.md", (), '[{"b": 1}]'), ("c.md", (), "[]")):
        revision = Revision(Document(name, "", None, channels), b"", [Passage(name, "", None, "x")], [ONE], facts)
        store.replace("s", "e", [revision])
    assert store.facts("s") == ['[{"b": 1}]']
    assert store.facts("s", ["staff"]) == ['[{"a": 1}]', '[{"b": 1}]']
    versions = [store.version("s")]
    for change in (lambda: put(store, "s", "b.md", "rose"), lambda: store.remove("s", "a.md")):
        change()
        versions.append(store.version("s"))
    store.forget("s")
    put(store, "s", "b.md", "rose")
    versions.append(store.version("s"))
    assert len(set(versions)) == len(versions)
    assert store.facts("s", ["staff"]) == []
