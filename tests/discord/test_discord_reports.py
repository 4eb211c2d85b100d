import asyncio
import logging

import pytest

from bot.discord_reports import messages
from bot.schedule import Schedule, watched_folder
from bot.servers import ServerChoices
from knowledge.question_log import Found
from knowledge.replay import ChangedAnswer

PRINCETON = "do you deliver to Princeton"
DEARER = b"# Do you deliver to Princeton?\nYes, we deliver to Princeton for 15 dollars.\n"


@pytest.fixture
def desk(guild):
    """Return a channel of those who care for the files."""
    return guild.create_text_channel("desk")


@pytest.fixture
async def reporting(faq, owner, channel, desk):
    """Save a question, and have its changes reported at the desk."""
    await owner.slash(channel, "faq questions", save=PRINCETON)
    return await owner.slash(channel, "faq reports", channel=desk)


@pytest.fixture
def watched(settings, guild):
    folder = watched_folder(settings, str(guild.id))
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def schedule(simcord_bot, store, hashing, settings):
    return Schedule(store, hashing, settings, simcord_bot.report)


def posted(desk):
    """Return what was reported after the first message, which says that reports begin."""
    return [message.content for message in desk.history()][1:]


async def test_a_changed_answer_is_reported_with_before_and_after(reporting, owner, channel, desk, upload, sent):
    """The channel reads question, both passages with their files, and what to do; nobody is notified."""
    assert "reported in" in reporting.response.content
    assert reporting.ephemeral
    await upload(owner, channel, "faq.md", DEARER)
    [report] = posted(desk)
    assert report.splitlines()[1:4] == [
        "**do you deliver to Princeton**",
        "> before: Yes, we deliver to Princeton for 12 dollars. (*faq.md, Do you deliver to Princeton?*)",
        "> now: Yes, we deliver to Princeton for 15 dollars. (*faq.md, Do you deliver to Princeton?*)",
    ]
    assert "`/faq upload`" in report
    assert all(body["allowed_mentions"] == {"parse": []} for body in sent())


async def test_nothing_is_said_where_nothing_changed(reporting, owner, channel, desk, upload):
    """An upload that changes no saved question's answer, a refresh and the same again report nothing."""
    await upload(owner, channel, "more.md", b"# Do you sell roses?\nYes, red ones.\n")
    await owner.slash(channel, "faq refresh")
    assert posted(desk) == []
    await upload(owner, channel, "faq.md", DEARER)
    await owner.slash(channel, "faq refresh")
    await owner.slash(channel, "faq list")
    assert len(posted(desk)) == 1


async def test_a_removal_is_reported_as_no_longer_answered(reporting, owner, channel, desk):
    """Where no file answers any more, the report says so and what it needs."""
    await owner.slash(channel, "faq remove", file="faq.md")
    [report] = posted(desk)
    assert "> now: not answered any more" in report
    assert "needs a file" in report


async def test_without_a_channel_nothing_is_reported(faq, owner, channel, guild, upload, sent):
    """Reports are off until a channel is chosen, and from then on only what changes later is told."""
    await owner.slash(channel, "faq questions", save=PRINCETON)
    assert "not reported in any channel" in (await owner.slash(channel, "faq reports")).response.content
    await upload(owner, channel, "faq.md", DEARER)
    assert sent() == []
    desk = guild.create_text_channel("desk")
    await owner.slash(channel, "faq reports", channel=desk)
    await owner.slash(channel, "faq refresh")
    assert posted(desk) == []


async def test_reports_end_when_they_are_switched_off(reporting, owner, channel, desk, upload):
    """After off nothing is reported, and the command says so."""
    assert f"<#{desk.id}>" in (await owner.slash(channel, "faq reports")).response.content
    assert "from now on" in (await owner.slash(channel, "faq reports", off=True)).response.content
    await upload(owner, channel, "faq.md", DEARER)
    assert posted(desk) == []


async def test_the_schedule_reports_too(reporting, owner, channel, desk, watched, schedule, guild):
    """A file that changed on the disk is reported after the re-indexing that found it."""
    await owner.slash(channel, "faq remove", file="faq.md")
    (watched / "prices.md").write_bytes(DEARER)
    await schedule.run(str(guild.id))
    assert "15 dollars" in posted(desk)[-1]
    await schedule.run(str(guild.id))
    assert len(posted(desk)) == 2


async def test_what_changed_while_the_bot_was_away_is_reported_afterwards(
    reporting, owner, channel, desk, schedule, guild, store, hashing, settings
):
    """An addition from the terminal is told by the next run of the schedule, once."""
    from bot.replaying import replayed
    from knowledge import indexing

    server = str(guild.id)
    report = indexing.add_upload(store, hashing, server, "faq.md", DEARER)
    assert replayed(report, store, lambda: hashing, settings, server).answers
    assert posted(desk) == []
    await asyncio.gather(schedule.run(server), schedule.run(server), owner.slash(channel, "faq list"))
    assert len(posted(desk)) == 1


@pytest.mark.parametrize("gone", [True, False])
async def test_a_channel_that_cannot_be_written_to_is_said_and_nothing_is_lost(
    simcord_env, reporting, owner, channel, guild, desk, upload, caplog, gone
):
    """The log and the managers' commands say why, once in the log; the report arrives where it can be sent again."""
    if gone:
        simcord_env.backend.delete_channel(desk.id)
    else:
        simcord_env.inject_error("POST", f"/channels/{desk.id}/messages", status=403, code=50013, times=None)
    reason = "is gone: choose another" if gone else "I may not write in"
    with caplog.at_level(logging.WARNING, "bot.discord_reports"):
        shown = await upload(owner, channel, "faq.md", DEARER)
        assert "**faq.md** is changed" in shown.response.content
        assert reason in shown.response.content
        assert reason in (await owner.slash(channel, "faq list")).response.content
    assert caplog.text.count(reason) == 1
    other = guild.create_text_channel("other")
    if gone:  # a new channel begins anew, as told above in the command's own answer
        await owner.slash(channel, "faq reports", channel=other)
    else:
        simcord_env.backend.faults.clear()
    after = await owner.slash(channel, "faq list")
    assert reason not in after.response.content
    assert len(posted(desk)) == 1 if not gone else posted(other) == []


async def test_a_channel_that_is_closed_to_the_bot_cannot_be_chosen(
    simcord_env, faq, owner, channel, guild, desk, settings
):
    """The choice is refused in a sentence and changes nothing."""
    simcord_env.inject_error("POST", f"/channels/{desk.id}/messages", status=403, code=50001)
    told = await owner.slash(channel, "faq reports", channel=desk)
    assert "I may not write in" in told.response.content
    assert ServerChoices(settings.servers_folder).report_channel(str(guild.id)) is None


async def test_a_report_that_breaks_harms_no_command(reporting, owner, channel, upload, monkeypatch, caplog):
    """Whatever goes wrong with a report, the command that caused it is answered as ever."""

    def broken(*_):
        raise OSError

    monkeypatch.setattr("bot.discord_reports.untold", broken)
    shown = await upload(owner, channel, "faq.md", DEARER)
    assert "**faq.md** is changed" in shown.response.content
    assert "could not be reported" in caplog.text


async def test_each_server_reads_its_own_reports_alone(simcord_env, reporting, owner, channel, desk, upload):
    """What changes on one server is told on no other one, even where both have a channel for it."""
    elsewhere = simcord_env.create_guild("Elsewhere")
    theirs = elsewhere.create_text_channel("desk")
    await elsewhere.add_member(elsewhere.owner).slash(theirs, "faq reports", channel=theirs)
    await upload(owner, channel, "faq.md", DEARER)
    assert len(posted(desk)) == 1
    assert [message.content for message in theirs.history() if "15 dollars" in message.content] == []


@pytest.mark.parametrize("count", [1, 3, 10, 11, 100])
@pytest.mark.parametrize("length", [10, 5000])
def test_a_report_of_any_length_comes_in_messages_that_discord_takes(count, length):
    """Each change is told in one message only, and none is left out; beyond ten, the rest is counted."""
    before = Found("a" * 200, "*" * length, "_" * length, 0.9)
    changed = [ChangedAnswer(f"{n}" + "@everyone" * (length // 9), before, before) for n in range(count)]
    sent = list(messages(changed))
    assert [one for _, told in sent for one in told] == changed
    assert all(0 < len(text) <= 2000 for text, _ in sent)
    assert all("@everyone" not in text for text, _ in sent)
    assert ("more saved questions" in sent[-1][0]) == (count > 10)
    assert list(messages([])) == []
