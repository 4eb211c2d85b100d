"""A database or model that is away: members and managers read one sentence, the operator the reason."""

import logging

import pytest

from bot.discord_replies import AWAY
from bot.outages import _Once, log
from bot.schedule import Schedule
from knowledge.postgres_store import PostgresStore
from knowledge.store import StoreUnavailable
from personas.engine import EngineUnavailable

PRINCETON = "do you deliver to Princeton?"


@pytest.fixture(autouse=True)
def nothing_said_yet(monkeypatch):
    """Give the log of outages an empty memory."""
    fresh = _Once()
    [known] = log.filters
    log.removeFilter(known)
    log.addFilter(fresh)
    yield
    log.removeFilter(fresh)
    log.addFilter(known)


class Away:
    """Brings a store out of reach: what it does is done by a PostgreSQL store that finds no server."""

    def __init__(self, store, dead):
        self._store, self._dead, self.away = store, dead, False

    def __getattr__(self, name):
        return getattr(self._dead if self.away else self._store, name)


@pytest.fixture
def store(store, tmp_path, monkeypatch):
    monkeypatch.setattr("knowledge.postgres_connection._PATIENCE", -1.0)  # simulated clocks stand still
    dead = PostgresStore(f"postgresql://parley:secret@/parley?host={tmp_path}")
    yield Away(store, dead)
    dead.close()


async def test_a_member_who_asks_reads_one_sentence_alone(faq, member, channel, store, caplog):
    """/ask promised an answer to everyone; that there is none now is told to the asker, without the reason."""
    store.away = True
    asked = await member.slash(channel, "ask", question=PRINCETON)
    assert asked.response is None  # taken back
    [told] = asked.followups
    assert told.ephemeral
    assert told.content == AWAY
    store.away = False
    again = await member.slash(channel, "ask", question=PRINCETON)
    assert "12 dollars" in again.response.content


async def test_a_mention_is_answered_with_the_sentence(faq, member, channel, store, me):
    """A message has no private reply, so its answer is the sentence itself."""
    store.away = True
    await member.send(channel, f"{me} {PRINCETON}")
    assert channel.last_message.content == AWAY


@pytest.mark.parametrize(
    ("command", "options"),
    [
        ("faq list", {}),
        ("faq refresh", {}),
        ("faq remove", {"file": "faq.md"}),
        ("faq upload", {"file": ("new.md", b"# Is there parking?\nYes.\n")}),
        ("faq questions", {"save": "when?"}),
    ],
)
async def test_managers_read_the_sentence_too(faq, owner, channel, store, command, options):
    """Every command that needs the notes says that they are out of reach, and nothing of the operator's machine."""
    store.away = True
    told = await owner.slash(channel, command, **options)
    assert told.ephemeral
    assert told.response.content == AWAY
    assert await owner.autocomplete(channel, "faq remove", "file", "") == []


async def test_what_needs_no_notes_goes_on(faq, owner, member, channel, store, me):
    """Who speaks, the clock and the list of gaps are there while the database is not."""
    store.away = True
    assert "speaks in this" in (await owner.slash(channel, "persona set", persona="florist")).response.content
    assert "UTC" in (await owner.slash(channel, "faq time-zone")).response.content
    assert "could answer everything" in (await owner.slash(channel, "faq gaps")).response.content
    await member.send(channel, me)
    assert channel.last_message.content != AWAY


async def test_the_reason_is_logged_once_and_without_a_trace(
    faq, owner, member, channel, store, me, caplog, hashing, settings, guild
):
    """Ten questions, commands and re-indexings of one outage are one line, with what to do and without the password."""
    schedule = Schedule(store, hashing, settings)
    store.away = True
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await member.send(channel, f"{me} {PRINCETON}")
            await member.slash(channel, "ask", question=PRINCETON)
            await owner.slash(channel, "faq list")
            await schedule.run(str(guild.id))
            await schedule.look_for_servers()
    [line] = [record for record in caplog.records if record.name.startswith("bot")]
    assert "see that it runs" in line.getMessage()
    assert line.exc_info is None
    assert "Traceback" not in caplog.text
    assert "secret" not in caplog.text


async def test_a_model_that_cannot_be_started_is_logged_once_and_the_notes_speak(
    faq, member, channel, engine, me, monkeypatch, caplog
):
    """Members read the passage in the persona's frame, and the operator why no draft was written."""

    async def stream(_):
        raise EngineUnavailable("The voice engine could not start: engine.log in the data folder says why.")
        yield ""

    monkeypatch.setattr(engine, "stream", stream)
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await member.send(channel, f"{me} {PRINCETON}")
            assert "12 dollars" in channel.last_message.content
            assert "engine.log" not in channel.last_message.content
    assert caplog.text.count("engine.log in the data folder says why") == 1


async def test_a_persona_that_cannot_be_read_is_logged_once(faq, owner, member, channel, settings, me, caplog):
    """Members read that nobody can speak and what a manager can do; what is wrong with the card is for the operator."""
    folder = settings.own_personas / "night-owl"
    folder.mkdir(parents=True)
    card = (settings.libraries[0] / "florist" / "persona.toml").read_text("utf-8")
    (folder / "persona.toml").write_text(card, "utf-8")
    await owner.slash(channel, "persona set", persona="night-owl")
    (folder / "persona.toml").write_text("title = 3", "utf-8")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            await member.send(channel, f"{me} {PRINCETON}")
            assert "`/persona set`" in channel.last_message.content
            assert "persona.toml" not in channel.last_message.content
    assert caplog.text.count("persona.toml of night-owl has faults") == 1
    await owner.slash(channel, "persona set", persona="florist")
    await member.send(channel, f"{me} {PRINCETON}")
    assert "12 dollars" in channel.last_message.content


def test_a_reason_is_said_again_when_it_is_another_one(caplog):
    """The same reason with other seconds is no news; another reason is."""
    for text in ("no connection after 14.98 sec", "no connection after 15.01 sec", "the disk is full"):
        log.error("%s", StoreUnavailable(text))
    assert [record.getMessage() for record in caplog.records] == ["no connection after 14.98 sec", "the disk is full"]
