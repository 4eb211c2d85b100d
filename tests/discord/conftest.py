import asyncio

import discord
import pytest

from bot.answering import Answerer
from bot.answers import Question
from bot.discord_client import ParleyClient
from bot.settings import load
from bot.voices import Voices
from bot.wiring import open_questions, zone_of
from knowledge import documents
from knowledge.embedding import HashEmbedder
from knowledge.indexing import add_upload
from knowledge.sqlite_store import SqliteStore
from personas.engine import EchoEngine
from personas.persona import LIBRARY

FAQ = b"""# Do you deliver to Princeton?
Yes, we deliver to Princeton for 12 dollars.

# What are your opening hours?
We are open from 9:00 to 18:00 on weekdays.
"""


@pytest.fixture(autouse=True, scope="session")
def first_answer(tmp_path_factory):
    """Have all that a first answer loads loaded before a simulated Discord waits for one."""
    store, embedder = SqliteStore(tmp_path_factory.mktemp("first")), HashEmbedder()
    add_upload(store, embedder, "1", "faq.md", FAQ)
    voices = Voices([LIBRARY], tmp_path_factory.mktemp("adapters"), None)
    answerer = Answerer(store, embedder, EchoEngine(), voices, silence=0.2, longest=100)
    asyncio.run(answerer.answer(Question("do you deliver to Princeton?", "1", "florist")))
    store.close()


@pytest.fixture(autouse=True)
def reader():
    """Have the process that reads files run before a simulated Discord waits for it; it ends when it is idle."""
    documents.read("faq.md", FAQ)


@pytest.fixture
def settings():
    return load(engine="echo", silence=0.2, persona="florist")


@pytest.fixture
def store(settings):
    store = SqliteStore(settings.servers_folder)
    yield store
    store.close()


@pytest.fixture
def hashing():
    return HashEmbedder()


@pytest.fixture
def engine():
    return EchoEngine()


@pytest.fixture
def answerer(settings, store, hashing, engine):
    voices = Voices(settings.libraries, settings.home / "adapters", None)
    return Answerer(
        store,
        hashing,
        engine,
        voices,
        silence=settings.silence,
        longest=settings.longest_question,
        log=open_questions(settings),
        zone=zone_of(settings),
    )


@pytest.fixture
def simcord_bot(settings, store, hashing, answerer):
    return ParleyClient(settings, store, hashing, answerer)


@pytest.fixture
def guild(simcord_env):
    return simcord_env.create_guild()


@pytest.fixture
def shop(guild):
    return guild.create_category("shop")


@pytest.fixture
def channel(guild, shop):
    return guild.create_text_channel("questions", category=shop)


@pytest.fixture
def member(simcord_env, guild):
    return guild.add_member(simcord_env.create_user("ann"))


@pytest.fixture
def owner(simcord_env, guild):
    managers = guild.create_role("managers", permissions=discord.Permissions(manage_guild=True))
    return guild.add_member(simcord_env.create_user("olga"), roles=[managers])


@pytest.fixture
def upload():
    """Return a way to upload a file and to press Add where that is asked."""

    async def uploaded(actor, channel, name, content):
        shown = await actor.slash(channel, "faq upload", file=(name, content))
        if shown.response.components:
            await actor.click(shown.response, label="Add")
        return shown

    return uploaded


@pytest.fixture
def faq_of(upload):
    """Return a way to upload the FAQ."""
    return lambda actor, channel: upload(actor, channel, "faq.md", FAQ)


@pytest.fixture
async def faq(faq_of, owner, channel):
    return await faq_of(owner, channel)


@pytest.fixture
def me(simcord_env):
    return f"<@{simcord_env.bot.user.id}>"


@pytest.fixture
def sent(simcord_env):
    """Return the bodies of all messages that the bot has sent to channels."""

    def bodies():
        return [
            request.json
            for request in simcord_env.http_requests
            if request.method == "POST" and request.path.endswith("/messages")
        ]

    return bodies
