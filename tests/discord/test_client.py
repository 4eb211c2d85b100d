import asyncio

import discord
import pytest
from aiohttp import web

from bot.discord_client import BadToken, CannotConnect, run_bot
from bot.schedule import reindex, watched_folder
from bot.settings import load


@pytest.fixture
async def discord_says(monkeypatch):
    """Return a way to put a server in Discord's place that gives every request the same status."""
    runners = []

    async def says(status):
        async def answer(_):
            return web.json_response({"message": f"{status}: no", "code": 0}, status=status)

        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        runners.append(runner)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = site._server.sockets[0].getsockname()[1]  # aiohttp has no public way to ask
        monkeypatch.setattr(discord.http.Route, "BASE", f"http://127.0.0.1:{port}/api/v10")

    yield says
    for runner in runners:
        await runner.cleanup()


@pytest.fixture
def admitted(monkeypatch):
    """Let every token in, without a network."""

    async def login(self, token):
        await self._async_setup_hook()

    monkeypatch.setattr(discord.Client, "login", login)


@pytest.mark.parametrize("token", [None, "", "  "])
async def test_without_a_token_the_operator_reads_where_to_get_one(store, hashing, answerer, token):
    """No token is a sentence with the variable to set."""
    with pytest.raises(BadToken, match="PARLEY_DISCORD_TOKEN"):
        await run_bot(load(discord_token=token), store, hashing, answerer)


async def test_a_wrong_token_is_a_sentence(store, hashing, answerer, discord_says, settings):
    """A token that Discord refuses is told apart from a missing one, and no server is touched."""
    await discord_says(401)
    with pytest.raises(BadToken, match="does not accept the token"):
        await run_bot(load(discord_token="wrong"), store, hashing, answerer)  # noqa: S106 - no secret
    assert not settings.servers_folder.exists()


async def test_a_discord_that_is_away_is_a_sentence(store, hashing, answerer, monkeypatch):
    """Without a network the operator reads that Discord cannot be reached."""
    monkeypatch.setattr(discord.http.Route, "BASE", "http://127.0.0.1:9/api/v10")
    with pytest.raises(CannotConnect, match="cannot be reached"):
        await run_bot(load(discord_token="right"), store, hashing, answerer)  # noqa: S106 - no secret


@pytest.mark.parametrize(
    ("error", "expected", "sentence"),
    [
        (discord.PrivilegedIntentsRequired(None), CannotConnect, "Message Content Intent"),
        ("4004", BadToken, "does not accept the token"),
    ],
)
async def test_what_discord_refuses_later_is_a_sentence(
    store, hashing, answerer, admitted, monkeypatch, error, expected, sentence
):
    """What only the gateway can refuse says what to do as well."""
    if error == "4004":
        socket = type("Socket", (), {"close_code": 4004})()
        error = discord.ConnectionClosed(socket, shard_id=None)

    async def connect(self, *, reconnect=True):
        raise error

    monkeypatch.setattr(discord.Client, "connect", connect)
    with pytest.raises(expected, match=sentence):
        await run_bot(load(discord_token="right"), store, hashing, answerer)  # noqa: S106 - no secret


async def test_watched_files_are_indexed_while_the_bot_is_online(
    store, hashing, answerer, admitted, monkeypatch, settings
):
    """The schedule begins with the bot, and ends with it when it is told to stop."""
    folder = watched_folder(settings, "1")
    folder.mkdir(parents=True)
    (folder / "hours.md").write_text("# When do you open?\nWe open at 9:00.")
    indexed = asyncio.Event()
    monkeypatch.setattr(
        "bot.schedule.reindex", lambda *parts: (reindex(*parts), loop.call_soon_threadsafe(indexed.set))[0]
    )
    loop = asyncio.get_running_loop()

    async def connect(self, *, reconnect=True):
        await asyncio.Event().wait()

    monkeypatch.setattr(discord.Client, "connect", connect)
    running = asyncio.create_task(run_bot(load(discord_token="right"), store, hashing, answerer))  # noqa: S106 - no secret
    await asyncio.wait_for(indexed.wait(), 30)
    assert [document.name for document in store.documents("1")] == ["hours.md"]
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
