import pytest

from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.question_log import QuestionLog
from knowledge.replay import NOTHING, best, replay, untold

SILENCE = 0.2
FAQ = b"# Do you ship to Canada?\nYes, we ship to Canada.\n\n# When do you open?\nWe open at 9:00.\n"


@pytest.fixture
def log(tmp_path):
    return QuestionLog(tmp_path / "servers", 90)


@pytest.fixture
def asking(store, log):
    """Return a way to put a file there and ask the saved questions again."""
    embedder = HashEmbedder()

    def ask(content, name="faq.md"):
        indexing.add_upload(store, embedder, "shop", name, content)
        return replay(store, embedder, log, "shop", SILENCE)

    return ask


def test_only_answers_that_changed_are_reported(asking, log):
    """The first time a question is only asked; later, a question is named where its best passage is another one."""
    for question in ("do you ship to canada", "when do you open"):
        log.save("shop", question)
    assert asking(FAQ) == ()
    assert asking(FAQ) == ()
    [changed] = asking(FAQ.replace(b"9:00", b"8:30"))
    assert changed.question == "when do you open"
    assert "9:00" in changed.before.passage
    assert "8:30" in changed.after.passage
    assert asking(FAQ.replace(b"9:00", b"8:30")) == ()


def test_a_question_that_is_no_longer_answered_is_reported(asking, log, store):
    """What was answered and is not any more, and what is answered at last, are both changes."""
    log.save("shop", "when do you open")
    asking(FAQ)
    asking(b"# Who is Mara?\nMara is the cook.", "people.md")
    indexing.remove(store, "shop", "faq.md")
    [gone] = replay(store, HashEmbedder(), log, "shop", SILENCE)
    assert gone.before.answerable >= SILENCE > gone.after.answerable
    [back] = asking(FAQ)
    assert back.after == gone.before


def test_what_changed_stays_untold_until_it_is_told(asking, log):
    """Several changes of one answer are one, from what was told last to what is found now; one taken back is none."""
    log.save("shop", "when do you open")
    asking(FAQ)
    asking(FAQ.replace(b"9:00", b"8:30"))
    asking(FAQ.replace(b"9:00", b"8:00"))
    [changed] = untold(log, "shop", SILENCE)
    assert ("9:00" in changed.before.passage, "8:00" in changed.after.passage) == (True, True)
    asking(FAQ)
    assert untold(log, "shop", SILENCE) == ()
    asking(FAQ.replace(b"9:00", b"8:30"))
    [changed] = untold(log, "shop", SILENCE)
    log.tell("shop", {changed.question: changed.after})
    assert untold(log, "shop", SILENCE) == ()


def test_an_answer_that_is_gone_names_no_document(asking, log, store):
    """What is found and answers too little is not shown as if it were the answer."""
    log.save("shop", "when do you open")
    asking(FAQ)
    asking(b"# Who is Mara?\nMara is the cook.", "people.md")
    indexing.remove(store, "shop", "faq.md")
    [gone] = replay(store, HashEmbedder(), log, "shop", SILENCE)
    assert (gone.after.document, gone.after.passage) == ("", "")


def test_a_server_without_files_answers_nothing(store, log):
    """Saved questions of a server that has no files find nothing, and that is no error."""
    log.save("shop", "when do you open")
    assert best(store, HashEmbedder(), "shop", "when do you open") == NOTHING
    assert replay(store, HashEmbedder(), log, "shop", SILENCE) == ()


def test_documents_of_one_channel_count_too(store):
    """A saved question is asked from all of the server's channels at once."""
    indexing.add_upload(store, HashEmbedder(), "shop", "staff.md", FAQ, ["staff"])
    assert best(store, HashEmbedder(), "shop", "when do you open").document == "staff.md"
