import pytest

from bot.answering import Answerer, Question
from bot.voices import Voices
from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.question_log import QuestionLog
from knowledge.sqlite_store import SqliteStore
from personas.engine import EchoEngine
from personas.persona import LIBRARY

FAQ = b"# Do you ship to Canada?\nYes, we ship to Canada.\n\n# Who is Mara?\nMara is the cook.\n"


@pytest.fixture
def log(tmp_path):
    return QuestionLog(tmp_path / "servers", 90)


@pytest.fixture
def ask(tmp_path, log):
    """Return a way to ask the server "shop" a question."""
    store, embedder = SqliteStore(tmp_path / "servers"), HashEmbedder()
    indexing.add_upload(store, embedder, "shop", "faq.md", FAQ)
    voices = Voices((LIBRARY,), tmp_path / "adapters", None)
    answerer = Answerer(store, embedder, EchoEngine(), voices, silence=0.2, longest=500, log=log)
    yield lambda text: answerer.answer(Question(text, "shop", "florist"))
    store.close()


async def test_only_what_was_left_unsure_is_noted(ask, log):
    """Neither an answered question nor small talk is a gap."""
    assert (await ask("who is Mara?")).verdict != "unsure"
    assert (await ask("hello")).verdict == "chat"
    assert (await ask("can we rent bicycles")).verdict == "unsure"
    assert [(gap.text, gap.times) for gap in log.gaps("shop")] == [("can we rent bicycles", 1)]


async def test_of_several_questions_only_the_unanswered_one_is_noted(ask, log):
    """A message that asks two things leaves the part that the files do not answer."""
    await ask("Who is Mara? Can we rent bicycles?")
    assert [gap.text for gap in log.gaps("shop")] == ["Can we rent bicycles?"]


async def test_a_gap_is_kept_in_the_members_words(ask, log):
    """What cannot be answered is told to the owner as it was written."""
    await ask("can u rent bycicles pls")
    assert [gap.text for gap in log.gaps("shop")] == ["can u rent bycicles pls"]


async def test_whoever_asks_is_answered_though_nothing_can_be_kept(ask, log, monkeypatch, caplog):
    """A full disk costs the gap and not the reply; the log says so."""

    def full(*_):
        raise OSError("no space left")

    monkeypatch.setattr(log, "note_gap", full)
    assert (await ask("can we rent bicycles")).verdict == "unsure"
    assert "could not be kept" in caplog.text
