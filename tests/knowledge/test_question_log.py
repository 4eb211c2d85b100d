import threading
from datetime import UTC, datetime, timedelta

import pytest
from pysqlite3 import dbapi2

from knowledge.question_log import FILE, MOST_GAPS, Found, QuestionLog, Saved
from knowledge.store import BadServer

NOW = datetime.now(UTC)


@pytest.fixture
def root(tmp_path):
    return tmp_path / "servers"


@pytest.fixture
def log(root):
    return QuestionLog(root, 90)


def test_a_question_is_counted_however_it_is_spelled(log):
    """Case, spaces and marks at the end make no other question; the last spelling and both times are told."""
    log.note_gap("shop", "Do you sell tulips?", NOW - timedelta(days=3))
    log.note_gap("shop", "do you  sell TULIPS", NOW)
    log.note_gap("shop", "Who is Mara?", NOW)
    [tulips, mara] = log.gaps("shop")
    assert (tulips.text, tulips.times, mara.times) == ("do you  sell TULIPS", 2, 1)
    assert tulips.first == (NOW - timedelta(days=3)).isoformat(timespec="seconds")
    assert tulips.last == NOW.isoformat(timespec="seconds")


def test_servers_know_nothing_of_each_other(log, root):
    """Each server's questions are in a file of its own, and one that was asked nothing has no file."""
    log.note_gap("shop", "tulips?")
    log.save("game", "potions?")
    assert [gap.text for gap in log.gaps("shop")] == ["tulips?"]
    assert (log.gaps("game"), log.saved("shop"), log.gaps("other")) == ([], [], [])
    assert sorted(path.parent.name for path in root.glob(f"*/{FILE}")) == ["game", "shop"]


def test_questions_are_kept_for_their_time_only(log):
    """A question that nobody has asked again within the days is gone, one that was asked again stays."""
    old = NOW - timedelta(days=91)
    for text in ("gone?", "again?"):
        log.note_gap("shop", text, old)
    log.note_gap("shop", "again?", NOW)
    log.note_gap("shop", "new?", NOW - timedelta(days=89))
    assert sorted(gap.text for gap in log.gaps("shop")) == ["again?", "new?"]


def test_a_flood_of_questions_drops_the_oldest(log):
    """No more than so many different questions are kept, and what was asked last stays."""
    with_log = QuestionLog(log._root, 90)
    with with_log._open("shop") as db:  # one transaction in place of two thousand
        db.conn.executemany(
            "INSERT INTO gaps VALUES (?, ?, 1, ?, ?)",
            [(f"q{n}", f"q{n}", at, at) for n in range(MOST_GAPS) for at in [(NOW - timedelta(seconds=9)).isoformat()]],
        )
    log.note_gap("shop", "the last", NOW)
    kept = log.gaps("shop")
    assert len(kept) == MOST_GAPS
    assert kept[0].text == "the last"


def test_what_is_forgotten_cannot_be_read_in_the_file(log, root):
    """Deleted questions leave no bytes behind."""
    log.note_gap("shop", "canary number one")
    log.note_gap("shop", "canary number two")
    assert log.forget_gaps("shop", "Canary number ONE?") == 1
    assert b"number one" not in (root / "shop" / FILE).read_bytes()
    assert log.forget_gaps("shop") == 1
    assert not [path for path in (root / "shop").iterdir() if b"canary" in path.read_bytes()]
    assert (log.forget_gaps("shop"), log.forget_gaps("other", "x")) == (0, 0)


def test_saved_questions_remember_what_they_found(log):
    """A question is saved once, and what it found stays with it until it is let go."""
    assert log.save("shop", "Do you ship?")
    assert not log.save("shop", "do you ship")
    found = Found("faq.md", "Shipping", "We ship.", 0.9)
    log.remember("shop", {"Do you ship?": found, "never saved": found})
    assert log.saved("shop") == [Saved("Do you ship?", found, told=found)]
    assert log.unsave("shop", "DO YOU SHIP")
    assert not log.unsave("shop", "Do you ship?")
    assert log.saved("shop") == []


def test_what_was_told_is_kept_beside_what_is_found(log):
    """What a question found first counts as told; what it finds later is told when somebody says so."""
    first, later = Found("faq.md", "Shipping", "We ship.", 0.9), Found("new.md", "Shipping", "We do not ship.", 0.8)
    log.save("shop", "Do you ship?")
    log.remember("shop", {"Do you ship?": first})
    log.remember("shop", {"Do you ship?": later})
    assert log.saved("shop") == [Saved("Do you ship?", later, told=first)]
    log.tell("shop", {"do you ship": later})
    assert log.saved("shop") == [Saved("Do you ship?", later, told=later)]


def test_a_file_of_before_counts_as_told(log, root):
    """What saved questions of an older version found last is no news."""
    found = Found("faq.md", "Shipping", "We ship.", 0.9)
    log.save("shop", "Do you ship?")
    log.remember("shop", {"Do you ship?": found})
    with dbapi2.connect(str(root / "shop" / FILE)) as file:
        file.execute("ALTER TABLE saved DROP COLUMN told")
        file.execute("DELETE FROM _sqlite_migrations WHERE name = 'm002_what_was_told'")
    assert log.saved("shop") == [Saved("Do you ship?", found, told=found)]


@pytest.mark.parametrize("server", ["", ".", "..", "a/b", "../other"])
def test_a_server_cannot_be_a_path(log, server):
    """No name leads out of the folder of all servers."""
    with pytest.raises(BadServer):
        log.note_gap(server, "x")
    with pytest.raises(BadServer):
        log.saved(server)


def test_threads_count_every_question(root):
    """Questions that many threads note at once, in a new file, are all counted."""
    work = [threading.Thread(target=lambda: QuestionLog(root, 90).note_gap("shop", "tulips?")) for _ in range(16)]
    for thread in work:
        thread.start()
    for thread in work:
        thread.join()
    assert [gap.times for gap in QuestionLog(root, 90).gaps("shop")] == [16]
