from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from bot import computed
from bot.computed import Calculator
from bot.demo import SAMPLES
from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.sqlite_store import SqliteStore
from knowledge.typed.kinds import Computed

SHOP = b"# Opening hours\nMonday to Saturday: 9 am - 6 pm\nSunday: closed\n"
UTC_CLOCK = ZoneInfo("UTC")
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
LATE = datetime(2026, 11, 23, 23, 30, tzinfo=UTC)
"""A Monday: half past eleven in the evening in Greenwich, half past three in the afternoon in Los Angeles."""


@pytest.fixture
def store(tmp_path):
    store = SqliteStore(tmp_path)
    indexing.add_upload(store, HashEmbedder(), "kites", "hours.md", SHOP)
    yield store
    store.close()


def said(store, question, now, zone="UTC", channels=()):
    found = Calculator(store).answer("kites", question, ZoneInfo(zone), channels, now)
    return found.sentence if isinstance(found, Computed) else found


def test_whether_a_shop_is_open_depends_on_where_it_is(store):
    """The same moment is closing time in one zone and afternoon in another."""
    assert said(store, "are you open now?", LATE).startswith("No")
    assert said(store, "are you open now?", LATE, "America/Los_Angeles").startswith("Yes")
    assert said(store, "are you open now?", SUNDAY).startswith("No")


def test_what_is_computed_follows_the_files(store):
    """After a new upload the same calculator says the new hours, and nothing after the removal."""
    calculator = Calculator(store)
    assert "9 am" in calculator.answer("kites", "when do you open on Monday?", UTC_CLOCK, (), SUNDAY).sentence
    indexing.add_upload(store, HashEmbedder(), "kites", "hours.md", SHOP.replace(b"9 am", b"8 am"))
    assert "8 am" in calculator.answer("kites", "when do you open on Monday?", UTC_CLOCK, (), SUNDAY).sentence
    indexing.remove(store, "kites", "hours.md")
    assert calculator.answer("kites", "when do you open on Monday?", UTC_CLOCK, (), SUNDAY) is None


def test_a_channels_document_is_computed_from_there_alone(store):
    """Hours that are meant for one channel say nothing in another."""
    indexing.add_upload(store, HashEmbedder(), "kites", "hours.md", SHOP, ["staff"])
    assert said(store, "are you open now?", SUNDAY) is None
    assert said(store, "are you open now?", SUNDAY, channels=("staff",)).startswith("No")


def test_a_very_large_server_is_left_to_retrieval(store, monkeypatch):
    """All facts are looked at for each question, so there is a limit."""
    monkeypatch.setattr(computed, "MOST", 0)
    assert said(store, "are you open now?", SUNDAY) is None


def test_the_facts_of_all_samples_are_kept_beside_them(tmp_path):
    """What is recognised is written with the document and read again, name of the place and all."""
    store = SqliteStore(tmp_path)
    indexing.add(store, HashEmbedder(), "petals", [SAMPLES / "petal-and-stem"])
    found = Calculator(store).answer("petals", "do you deliver to Princeton?", UTC_CLOCK)
    assert "Princeton" in found.sentence
    assert found.passages[0].document == "delivery-towns.csv"
    store.close()
