from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watched_embedder import WatchedEmbedder

from knowledge.embedding import Embedder, HashEmbedder
from knowledge.indexing import add_upload
from knowledge.retrieval import search
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store, UnknownServer

SHOP = """# Petals
## Do you deliver to Ewing?
Yes, we bring flowers to Ewing for $6.75.
## Can I bring my dog?
Yes, pets on a leash are welcome.
## How long do cut flowers last?
A week, with fresh water.
"""
ITEMS = "id,name,damage\ni1,Ironfang Sword,32\ni2,Ironfang Axe,41\ni3,Rustbite Dagger,9\n"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """Give one kind of store: that both find the same is shown with the stores."""
    store = SqliteStore(tmp_path / "servers")
    yield store
    store.close()


def test_best_passage_comes_first(store: Store, watched: WatchedEmbedder) -> None:
    """The passage that shares the query's rare words leads, scores fall, and the limit holds."""
    add_upload(store, watched, "s", "shop.md", SHOP.encode())
    found = search(store, watched, "s", "deliver to Ewing", 2)
    assert found.query == "deliver to Ewing"
    assert found.hits[0].passage.section == "Petals > Do you deliver to Ewing?"
    assert len(found.hits) == 2
    assert found.hits[0].score > found.hits[1].score
    assert 0 < found.answerable < 1


def test_an_entry_is_returned_once(store: Store, watched: WatchedEmbedder) -> None:
    """An entry that was cut for its length takes one place among the hits."""
    long = " ".join(f"Dragons of kind {number} guard gold." for number in range(120))
    rows = f'{{"id": "d", "title": "Dragons", "text": "{long}"}}\n{{"id": "g", "title": "Gold", "text": "Shiny."}}\n'
    add_upload(store, watched, "s", "a.jsonl", rows.encode())
    assert store.size("s") > 2
    assert [hit.passage.entry for hit in search(store, watched, "s", "dragons guard gold").hits] == ["d", "g"]


def test_channels_limit_a_document(store: Store, watched: WatchedEmbedder) -> None:
    """A document for certain channels is found from those alone; one without channels from everywhere."""
    add_upload(store, watched, "s", "staff.md", b"## Safe\nThe safe code is 1234.\n", ["staff"])
    add_upload(store, watched, "s", "shop.md", SHOP.encode())

    def documents(*channels: str) -> set[str]:
        return {hit.passage.document for hit in search(store, watched, "s", "safe code", 9, channels).hits}

    assert documents("staff", "other") == {"staff.md", "shop.md"}
    assert documents("other") == documents() == {"shop.md"}


def test_only_restricted_documents_give_nothing(store: Store, watched: WatchedEmbedder) -> None:
    """A channel that may use no document gets no hits and no chance of an answer."""
    add_upload(store, watched, "s", "staff.md", b"## Safe\nThe safe code is 1234.\n", ["staff"])
    found = search(store, watched, "s", "safe code", channels=["other"])
    assert (found.answerable, found.hits) == (0.0, ())


def test_words_find_passages_of_another_embedder(store: Store, watched: WatchedEmbedder) -> None:
    """Until a refresh has run for a new model, shared words still find what the old one embedded."""
    add_upload(store, watched, "s", "items.csv", ITEMS.encode())
    other = WatchedEmbedder("other")
    assert search(store, other, "s", "rustbite", 1).hits[0].passage.entry == "i3"


def test_an_unknown_server_says_so(store: Store, watched: WatchedEmbedder) -> None:
    """Searching a server that knows nothing is an error with a sentence, never an empty success."""
    with pytest.raises(UnknownServer):
        search(store, watched, "nobody", "hello")


@pytest.fixture(scope="module")
def open_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path_factory.mktemp("shop"))
    add_upload(store, HashEmbedder(), "s", "shop.md", SHOP.encode())
    yield store
    store.close()


@given(query=st.text(st.characters(), max_size=60))
def test_any_query_is_safe(open_shop: SqliteStore, query: str) -> None:
    """No query raises, and every figure stays in its range."""
    found = search(open_shop, HashEmbedder(), "s", query)
    assert 0 <= found.answerable <= 1
    assert all(-1 <= hit.score <= 1.4 for hit in found.hits)


@pytest.mark.model
@pytest.mark.parametrize(
    ("query", "section"),
    [
        ("are animals allowed inside", "Petals > Can I bring my dog?"),
        ("when will my bouquet wilt", "Petals > How long do cut flowers last?"),
        ("shipping to ewing", "Petals > Do you deliver to Ewing?"),
        ("ironfang axe", "Ironfang Axe"),
        ("how strong is the rustbite dagger", "Rustbite Dagger"),
    ],
)
def test_meaning_and_names_are_found(store: Store, embedder: Embedder, query: str, section: str) -> None:
    """Questions in other words find their answer, and near-identical names find their own row."""
    add_upload(store, embedder, "s", "shop.md", SHOP.encode())
    add_upload(store, embedder, "s", "items.csv", ITEMS.encode())
    assert search(store, embedder, "s", query, 1).hits[0].passage.section == section


@pytest.mark.model
def test_half_a_character_is_no_fault(store: Store, embedder: Embedder) -> None:
    """A query with a broken character, as a terminal can send it, is searched all the same."""
    add_upload(store, embedder, "s", "shop.md", SHOP.encode())
    assert search(store, embedder, "s", "dog \udce9").hits


@pytest.mark.model
def test_answerable_tells_other_topics_apart(store: Store, embedder: Embedder) -> None:
    """A question that the documents answer is more likely answerable than one about something else."""
    add_upload(store, embedder, "s", "shop.md", SHOP.encode())
    known = search(store, embedder, "s", "do you bring flowers to Ewing?").answerable
    assert known > 0.5 > search(store, embedder, "s", "who won the world cup in 1998?").answerable
