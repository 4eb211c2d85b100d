import discord
import pytest
from aiohttp import web

from bot.discord_client import BadToken, CannotConnect, run_bot
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
    store, hashing, answerer, monkeypatch, error, expected, sentence
):
    """What only the gateway can refuse says what to do as well."""
    if error == "4004":
        socket = type("Socket", (), {"close_code": 4004})()
        error = discord.ConnectionClosed(socket, shard_id=None)

    async def login(self, token):
        await self._async_setup_hook()

    async def connect(self, *, reconnect=True):
        raise error

    monkeypatch.setattr(discord.Client, "login", login)
    monkeypatch.setattr(discord.Client, "connect", connect)
    with pytest.raises(expected, match=sentence):
        await run_bot(load(discord_token="right"), store, hashing, answerer)  # noqa: S106 - no secret
