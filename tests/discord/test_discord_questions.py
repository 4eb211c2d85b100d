import pytest

from bot.discord_replies import NOTHING_UPLOADED
from knowledge.question_log import QuestionLog


@pytest.fixture
def saved(settings, guild):
    """Return a way to read the server's saved questions."""
    return lambda: [one.text for one in QuestionLog(settings.servers_folder, 90).saved(str(guild.id))]


async def test_owners_save_and_let_go_of_questions(faq, owner, channel, saved):
    """What was saved is listed with where it is answered, and gone once it is let go."""
    told = await owner.slash(channel, "faq questions", save="do you deliver  to Princeton")
    assert told.ephemeral
    first, *others = told.response.content.splitlines()
    assert first.startswith("*do you deliver to Princeton* is saved; it finds **faq.md**")
    assert others == ["Saved questions: 1", "- do you deliver to Princeton (**faq.md**)"]
    [offer] = await owner.autocomplete(channel, "faq questions", "forget", "PRINCE")
    told = await owner.slash(channel, "faq questions", forget=offer["value"])
    assert "No question is saved" in told.response.content
    assert saved() == []
    again = await owner.slash(channel, "faq questions", forget=offer["value"])
    assert "was not saved" in again.response.content


async def test_a_question_that_cannot_be_saved_is_refused(faq, owner, channel, saved, monkeypatch):
    """Nothing, too long a text, and more than a server may have end in a sentence and save nothing."""
    for text in ("  ", "why " * 400):
        assert "has 1 to 1,000 characters" in (await owner.slash(channel, "faq questions", save=text)).response.content
    monkeypatch.setattr("bot.discord_questions.MOST", 0)
    assert "no more are taken" in (await owner.slash(channel, "faq questions", save="when?")).response.content
    assert saved() == []


async def test_before_the_first_upload_nothing_can_be_saved(owner, channel, saved):
    """A question is saved with what it finds, so files come first."""
    assert (await owner.slash(channel, "faq questions", save="when?")).response.content == NOTHING_UPLOADED
    assert saved() == []


async def test_a_long_list_ends_within_one_message(faq, owner, channel, guild, settings):
    """More questions than a message holds are listed on the command line."""
    log = QuestionLog(settings.servers_folder, 90)
    for n in range(60):
        log.save(str(guild.id), f"{n} " + "_" * 180)
    told = await owner.slash(channel, "faq questions")
    assert len(told.response.content) <= 2000
    assert told.response.content.splitlines()[-1].startswith("... and more")
