"""Sending replies to Discord: in parts, without pings and previews, and never nothing when something breaks."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import discord
from discord import app_commands

from bot.answering import BadQuestion
from bot.discord_text import split
from knowledge.documents import UnreadableDocument
from knowledge.store import BadServer, UnknownServer
from personas.engine import EngineUnavailable
from personas.persona import BadPersona

log = logging.getLogger(__name__)

Command = app_commands.Command[app_commands.Group, ..., None]
NOBODY = discord.AllowedMentions.none()
NOTHING_UPLOADED = (
    "I have no notes for this server yet: someone who may manage it can give me a file of questions and answers "
    "with `/faq upload`."
)
BROKEN = "Something broke on my side. Try again in a moment; if it stays, tell whoever runs me."
_NO_HISTORY = 160002  # "Cannot reply without permission to read message history"


class Refusal(Exception):  # noqa: N818 -- named for what it is
    """What was asked for is not done; the message is a sentence for the one who asked."""


_SENTENCES = (Refusal, BadQuestion, BadPersona, BadServer, EngineUnavailable, UnreadableDocument)


def explain(error: Exception, broken: str = BROKEN) -> str:
    """Return the error's own sentence, or ``broken`` with a reference under which the log has the details."""
    if isinstance(error, UnknownServer):
        return NOTHING_UPLOADED
    if isinstance(error, _SENTENCES):
        return str(error)
    reference = secrets.token_hex(4)
    log.error("Something broke, reference %s", reference, exc_info=error)
    return f"{broken} (reference {reference})"


@asynccontextmanager
async def typing(channel: discord.abc.Messageable) -> AsyncIterator[None]:
    """Show that an answer is being written; a courtesy, so where it fails the answer goes on."""
    async with AsyncExitStack() as stack:
        with suppress(discord.HTTPException):
            await stack.enter_async_context(channel.typing())
        yield


async def reply(message: discord.Message, text: str) -> None:
    """Send the text as a reply; told twice about the same message, Discord sends it once.

    Raises discord.HTTPException where the bot may not write there.
    """
    nonce = str(message.id)
    for n, part in enumerate(split(text), 1):
        if n == 1:
            await _first(message, part, nonce)
        else:
            await message.channel.send(part, nonce=f"{nonce}-{n}", allowed_mentions=NOBODY, suppress_embeds=True)


async def _first(message: discord.Message, part: str, nonce: str) -> None:
    reference = message.to_reference(fail_if_not_exists=False)
    try:
        await message.channel.send(
            part, reference=reference, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True
        )
    except discord.HTTPException as error:
        if error.code != _NO_HISTORY:
            raise
        await message.channel.send(part, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True)


async def respond(interaction: discord.Interaction, work: Callable[[], Awaitable[str]], *, private: bool) -> None:
    """Tell Discord at once that an answer is coming, do the work and send its text, or why it failed.

    ``private``: only the one who used the command sees the answer.
    """
    await interaction.response.defer(ephemeral=private, thinking=True)  # Discord waits three seconds
    try:
        text = await work()
    except Exception as error:  # noqa: BLE001 -- whoever used a command always gets an answer
        text = explain(error)
    for part in split(text):
        await interaction.followup.send(part, ephemeral=private, allowed_mentions=NOBODY, suppress_embeds=True)
