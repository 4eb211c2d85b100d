"""The bot on Discord: connects, registers its commands, and hands every event to chat or admin.

discord.py is the library that the platform's own documentation names first for Python; it keeps the connection
alive, obeys rate limits and parses commands, so that nothing here has to.
"""

import asyncio
import logging
from contextlib import suppress

import discord
from discord import app_commands

from bot.answering import Answerer
from bot.discord_admin import Admin
from bot.discord_chat import Chat
from bot.discord_growing import NOBODY
from bot.discord_replies import explain
from bot.schedule import Schedule
from bot.servers import ServerChoices
from bot.settings import Settings
from knowledge.embedding import Embedder
from knowledge.store import Store

log = logging.getLogger(__name__)

_PORTAL = "https://discord.com/developers/applications"
_TOKEN_REFUSED = 4004  # gateway close code "Authentication failed"


class CannotConnect(Exception):  # noqa: N818 -- named for what is wrong
    """The bot cannot go online; the message says what to do."""


class BadToken(CannotConnect):
    """There is no token, or Discord does not accept it; the message says where to get one."""


class ParleyClient(discord.Client):
    """One bot on all its servers."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, answerer: Answerer) -> None:
        intents = discord.Intents.none()
        intents.guilds = intents.guild_messages = intents.dm_messages = intents.message_content = True
        super().__init__(intents=intents, allowed_mentions=NOBODY, max_messages=None)  # no message is kept
        choices = ServerChoices(settings.servers_folder)
        self._chat = Chat(settings, store, answerer, choices)
        self._admin = admin = Admin(settings, store, embedder, choices, self._chat, self.get_partial_messageable)
        persona = app_commands.Group(name="persona", description="Who speaks where")
        manage = discord.Permissions(manage_guild=True)
        faq = app_commands.Group(name="faq", description="The files that answers come from", default_permissions=manage)
        for command in [*self._chat.persona_commands(), *admin.persona_commands()]:
            persona.add_command(command)
        for command in admin.faq_commands():
            faq.add_command(command)
        self.tree = _Tree(
            self,
            allowed_contexts=app_commands.AppCommandContext(guild=True),
            allowed_installs=app_commands.AppInstallationType(guild=True),
        )
        for command in self._chat.commands():
            self.tree.add_command(command)
        self.tree.add_command(persona)
        self.tree.add_command(faq)

    async def setup_hook(self) -> None:
        """Register the commands with Discord."""
        await self.tree.sync()

    async def on_ready(self) -> None:
        """Say in the log that the bot is online."""
        log.info("Online as %s on %d servers.", self.user, len(self.guilds))

    async def on_message(self, message: discord.Message) -> None:
        """Answer members who mention the bot or reply to it."""
        if self.user:
            await self._chat.hear(message, self.user.id)

    async def report(self, server: str) -> None:
        """Tell the server, where it wants that, which saved questions are answered differently now."""
        await self._admin.reports.tell(server)

    async def on_raw_message_delete(self, event: discord.RawMessageDeleteEvent) -> None:
        """Stop answering a question that its asker, or a moderator, has deleted."""
        await self._chat.forget(event.message_id)

    async def on_raw_bulk_message_delete(self, event: discord.RawBulkMessageDeleteEvent) -> None:
        """Stop answering questions that were deleted together."""
        await asyncio.gather(*map(self._chat.forget, event.message_ids))


class _Tree(app_commands.CommandTree[ParleyClient]):
    async def on_error(
        self, interaction: discord.Interaction[ParleyClient], error: app_commands.AppCommandError, /
    ) -> None:
        """Answer even where a command could not be begun."""
        text = explain(error)
        with suppress(discord.HTTPException):  # it may be too late for any answer
            if not interaction.response.is_done():
                await interaction.response.send_message(text, ephemeral=True, allowed_mentions=NOBODY)


async def run_bot(settings: Settings, store: Store, embedder: Embedder, answerer: Answerer) -> None:
    """Run the bot until it is cancelled. Raises BadToken, CannotConnect."""
    token = settings.discord_token.get_secret_value().strip() if settings.discord_token else ""
    if not token:
        raise BadToken(
            f"There is no Discord token: create a bot at {_PORTAL}, copy its token from the page Bot, and set "
            "PARLEY_DISCORD_TOKEN to it."
        )
    client = ParleyClient(settings, store, embedder, answerer)
    schedule = Schedule(store, embedder, settings, client.report)
    async with client:
        await _login(client, token)
        schedule.start()
        try:
            await client.connect()
        except discord.PrivilegedIntentsRequired as error:
            raise CannotConnect(
                "Discord does not let the bot read messages: open its application at "
                f"{_PORTAL}, and switch on Message Content Intent on the page Bot."
            ) from error
        except discord.ConnectionClosed as error:
            raise (
                _refused() if error.code == _TOKEN_REFUSED else CannotConnect(f"Discord hung up: {error}.")
            ) from error
        finally:
            schedule.stop()


async def _login(client: discord.Client, token: str) -> None:
    try:
        await client.login(token)
    except discord.LoginFailure as error:
        raise _refused() from error
    except (OSError, discord.HTTPException) as error:
        raise CannotConnect(f"Discord cannot be reached ({error}): check the network, then start again.") from error


def _refused() -> BadToken:
    return BadToken(
        f"Discord does not accept the token: copy it again from {_PORTAL}, page Bot (Reset Token shows a new one), "
        "and set PARLEY_DISCORD_TOKEN to it."
    )
