"""Questions in the words of the documents: what is mended, and what is left as it is."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from watched_embedder import WatchedEmbedder

from knowledge.indexing import add_upload
from knowledge.retrieval import search
from knowledge.spelling import mended
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store

GUIDE = """# Guide
## Frost Lantern
The Frost Lantern is sold in Mossbank for 45 gold. Its reinforced glass holds venom.
## Default port
The default port is 30000. Purchases are delivered to any registered customer within a week.
## Message us
Send a message to the owner for your birthday present tomorrow.
"""


@pytest.fixture
def guided(store: Store, watched: WatchedEmbedder) -> Store:
    """Give each kind of store with the guide."""
    add_upload(store, watched, "s", "guide.md", GUIDE.encode())
    return store


@pytest.mark.parametrize(
    ("question", "plain"),
    [
        ("how much is the frots lantren?", "how much is the frost lantern?"),
        ("where is Mossbnak", "where is mossbank"),
        ("what is the defalt port", "what is the default port"),
        ("can I purchse it", "can I purchase it"),
        ("is it reniforced", "is it reinforced"),
        ("are u deliverng to every custommer", "are you delivering to every customer"),
        ("pls dm me about my bday tmrw, thx", "please direct message me about my birthday tomorrow, thanks"),
    ],
)
def test_what_the_documents_spell_otherwise_is_mended(guided: Store, question: str, plain: str) -> None:
    """A misspelt word becomes the documents' word, and a shortening is written out."""
    assert mended(guided, "s", question) == plain


@pytest.mark.parametrize(
    "question",
    [
        "do you take venmo?",  # a payment, not venom
        "is there a portal to the lanterns of the port?",  # ordinary words that the documents do not use
        "who sells ports and ship registers",
        "see https://mossbnak.example/lantren or mail lantren@mossbnak.example",
        "how do I use /lantren and --defalt",
        "couldn't I get it?",
        "wie viel kostet das Gold?",
        "\u5e02\u5834\u306f\u3069\u3053\u3067\u3059\u304b",
        "",
    ],
)
def test_other_words_stay(guided: Store, question: str) -> None:
    """An ordinary word or a name that the documents leave out is not bent to one that they hold, nor is a link."""
    assert mended(guided, "s", question) == question


def test_a_word_that_the_documents_hold_stays(store: Store, watched: WatchedEmbedder) -> None:
    """What the server itself writes is right, be it a misspelling or a shortening elsewhere."""
    add_upload(store, watched, "s", "a.md", b"## DM\nA DM leads the game of Lantren with a lantern.\n")
    assert mended(store, "s", "can a dm find the lantren") == "can a dm find the lantren"


def test_another_language_has_its_own_words(store: Store, watched: WatchedEmbedder) -> None:
    """A word that is ordinary in the language of the documents stays."""
    german = "## Garten\nDer Garten und die Gasse sind offen. Wir liefern in jeden Garten und in jedes Haus.\n"
    add_upload(store, watched, "s", "a.md", german.encode())
    assert mended(store, "s", "gibt es Karten und Gassen") == "gibt es Karten und Gassen"
    assert mended(store, "s", "ist der Grarten offen") == "ist der garten offen"


def test_words_of_hidden_documents_are_not_told(store: Store, watched: WatchedEmbedder) -> None:
    """Nobody reads a word off a document that is for other channels."""
    add_upload(store, watched, "s", "staff.md", b"## Vault\nThe password is xyloquartz.\n", ["staff"])
    add_upload(store, watched, "s", "open.md", b"## Door\nThe door is blue.\n")
    assert mended(store, "s", "is it xyloqartz") == "is it xyloqartz"
    assert mended(store, "s", "is it xyloqartz", ["staff"]) == "is it xyloquartz"


def test_a_misspelt_name_is_found(guided: Store, watched: WatchedEmbedder) -> None:
    """A search finds by a misspelt name what it finds by the name, and reports the question as it was asked."""
    right, wrong = (
        search(guided, watched, "s", f"price of the {name}", 1) for name in ("Frost Lantern", "frots lantren")
    )
    assert wrong.query == "price of the frots lantren"
    assert wrong.hits == right.hits
    assert wrong.hits[0].passage.heading == "Frost Lantern"


@pytest.fixture(scope="module")
def open_guide(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path_factory.mktemp("guide"))
    add_upload(store, WatchedEmbedder(), "s", "guide.md", GUIDE.encode())
    yield store
    store.close()


@given(question=st.text(st.characters(), max_size=60) | st.from_regex(r"([fmlpd][a-z]{3,9} ?){1,4}", fullmatch=True))
def test_mending_twice_changes_nothing_more(open_guide: SqliteStore, question: str) -> None:
    """Any text can be mended, and what is mended is right."""
    once = mended(open_guide, "s", question)
    assert mended(open_guide, "s", once) == once
