import pytest

from bot.discord_gaps import NONE, listed
from knowledge.embedding import HashEmbedder
from knowledge.gaps import Gaps, merged
from knowledge.question_log import Gap, QuestionLog

TULIPS = "zyzzyva quokka"


@pytest.fixture(autouse=True, scope="module")
def clustering():
    """Have what compares questions loaded before a simulated Discord waits for it."""
    merged(HashEmbedder(), [Gap("one", 1, "", ""), Gap("other", 1, "", "")])


@pytest.fixture
def log(settings):
    return QuestionLog(settings.servers_folder, 90)


async def test_owners_read_what_could_not_be_answered(faq, owner, member, channel, me):
    """A question that the notes did not answer is counted, however it is spelled, and read by the owner alone."""
    for question in (TULIPS, "ZYZZYVA quokka??", "xylo qwerty"):
        await member.send(channel, f"{me} {question}")
    shown = await owner.slash(channel, "faq gaps")
    assert shown.ephemeral
    first, second, third, *_ = shown.response.content.splitlines()
    assert first == "The files could not answer 2 questions, which were asked 3 times:"
    assert second.startswith("**2\u00d7** ZYZZYVA quokka?? (last on 20")
    assert third.startswith("**1\u00d7** xylo qwerty")
    assert not shown.response.attachments


async def test_paraphrases_are_counted_together(owner, channel, guild, log):
    """Wordings that mean one question are one, with the others as small print under it."""
    for text in ("do you sell red roses", "do you sell red roses here", "who is the king"):
        log.note_gap(str(guild.id), text)
    lines = (await owner.slash(channel, "faq gaps")).response.content.splitlines()
    assert lines[1].startswith("**2\u00d7** do you sell red roses")
    assert lines[2].startswith("-# also: do you sell red roses")
    assert lines[3].startswith("**1\u00d7** who is the king")


async def test_nothing_missing_is_said(owner, channel):
    """Where every question was answered, or none was asked, that is the answer, and there is no button."""
    shown = await owner.slash(channel, "faq gaps")
    assert shown.response.content == NONE
    assert not shown.response.components


async def test_what_does_not_fit_is_in_a_file(owner, channel, guild, log):
    """A long list ends within one message, and the file has all of it."""
    words = [f"{chr(97 + n % 26)}{chr(97 + n // 26)}{n * n}" for n in range(120)]
    for word in words:
        log.note_gap(str(guild.id), f"{word} {word[::-1]}x " + f"{word}y" * 20)
    shown = await owner.slash(channel, "faq gaps")
    assert len(shown.response.content) <= 2000
    assert "more: the file has all of them." in shown.response.content
    [file] = shown.response.attachments
    assert file.filename == "gaps.txt"
    text = (await file.read()).decode()
    assert all(word in text for word in words)


async def test_what_members_wrote_does_nothing(owner, member, channel, guild, log):
    """No mention, link or markup of a question is in force in the list."""
    log.note_gap(str(guild.id), f"@everyone {member.mention} **why** [here](https://example.org) <#{channel.id}>")
    shown = await owner.slash(channel, "faq gaps")
    line = shown.response.content.splitlines()[1]
    assert "@everyone" not in line
    assert f"{member.mention}" not in line
    assert "\\[here]" in line
    assert not shown.response.message.mention_everyone


async def test_a_button_forgets_what_was_shown_and_nothing_else(owner, channel, guild, log):
    """Questions of after the list, and of other servers, stay."""
    server = str(guild.id)
    for text in ("old one", "other thing entirely"):
        log.note_gap(server, text)
    log.note_gap("elsewhere", "old one")
    shown = await owner.slash(channel, "faq gaps")
    log.note_gap(server, "asked later")
    await owner.click(shown.response, label="Forget these")
    assert shown.response.content == "2 wordings of questions are forgotten."
    assert not shown.response.components
    assert [gap.text for gap in log.gaps(server)] == ["asked later"]
    assert [gap.text for gap in log.gaps("elsewhere")] == ["old one"]


async def test_who_may_no_longer_manage_the_server_cannot_forget(simcord_env, owner, channel, guild, log):
    """The permission counts at the moment of the press."""
    log.note_gap(str(guild.id), "old one")
    shown = await owner.slash(channel, "faq gaps")
    simcord_env.backend.remove_member_role(guild.id, owner.id, guild.roles["managers"].id)
    await owner.click(shown.response, label="Forget these")
    assert "Manage Server permission" in shown.response.content
    assert len(log.gaps(str(guild.id))) == 1


async def test_a_button_that_nobody_presses_goes_away(simcord_env, owner, channel, guild, log):
    """The list stays to be read; the button goes, and nothing is forgotten."""
    log.note_gap(str(guild.id), "old one")
    shown = await owner.slash(channel, "faq gaps")
    await simcord_env.advance_time(700)
    assert "old one" in shown.response.content
    assert not shown.response.components
    assert len(log.gaps(str(guild.id))) == 1


@pytest.mark.parametrize("length", [1, 30, 190, 1000])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 300])
@pytest.mark.parametrize("rarer", [0, 1500])
def test_a_list_of_any_length_fits_one_message(length, count, rarer):
    """However many and long the questions are, the list is no longer than Discord takes, and says when it is cut."""
    found = [Gaps("*" * length, 7, "2026-01-01", "2026-01-02", ("*" * length, "_" * length)) for _ in range(count)]
    text, whole = listed(found, rarer)
    assert len(text) <= 2000
    assert whole == (text.count("**7\u00d7**") == count)
    assert whole != ("the file has all of them" in text)
