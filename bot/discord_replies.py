"""Replies to messages and commands on Discord: without pings and previews, and never nothing when something breaks."""

import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import discord
from discord import app_commands

from bot import outages
from bot.admission import Busy
from bot.answering import BadQuestion
from bot.discord_growing import NOBODY, GrowingReply, Send
from bot.discord_text import split
from bot.zones import UnknownZone
from knowledge.documents import UnreadableDocument
from knowledge.planning import Outdated
from knowledge.store import BadServer, StoreUnavailable, UnknownServer
from personas.engine import EngineUnavailable
from personas.persona import BadPersona

log = logging.getLogger(__name__)

Command = app_commands.Command[app_commands.Group, ..., None]
NOTHING_UPLOADED = (
    "I have no notes for this server yet: someone who may manage it can give me a file of questions and answers "
    "with `/faq upload`."
)
AWAY = (
    "I cannot get at this server's notes just now, and nothing was changed. Please try again in a few minutes; if it "
    "stays like this, tell whoever runs me."
)
BROKEN = "Something broke on my side. Try again in a moment; if it stays, tell whoever runs me."
_NO_HISTORY = 160002  # "Cannot reply without permission to read message history"
_MOST_CHOICES = 25  # of an autocompletion, and
_LONGEST_CHOICE = 100  # characters of one; Discord API, "Application Command Option Choice"

Check = Callable[[discord.Interaction], None]
"""Raises Refusal for those who may not manage the server."""


class Refusal(Exception):  # noqa: N818 -- named for what it is
    """What was asked for is not done; the message is a sentence for the one who asked."""


@dataclass(frozen=True)
class Pictured:
    """A text with a picture under it."""

    text: str
    picture: Path | None


@dataclass(frozen=True)
class Private:
    """A text that only the one who asked shall see, though the answer would have been for everyone."""

    text: str


class Buttons(discord.ui.View):
    """Buttons that are told where they were sent."""

    message: discord.Message | None = None


@dataclass(frozen=True)
class Offer:
    """A text with buttons under it, and a file where there is more to read."""

    text: str
    buttons: Buttons
    file: discord.File | None = None

    async def send(self, interaction: discord.Interaction) -> None:
        """Send it to the one who used a deferred command."""
        *parts, last = split(self.text)
        for part in parts:
            await interaction.followup.send(part, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True)
        message = await interaction.followup.send(
            last, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True, view=self.buttons, wait=True,
            files=[self.file] if self.file else [],
        )  # fmt: skip
        self.buttons.message = message


Said = str | Pictured | Offer | Private
Work = Callable[[], Awaitable[Said]]
"""Does what a command is for, and returns what to say."""
Respond = Callable[[discord.Interaction, Work], Awaitable[None]]
"""Answers a command for the one who used it alone."""
_SENTENCES = (
    Refusal, BadQuestion, BadPersona, BadServer, Busy, EngineUnavailable, Outdated, UnknownZone, UnreadableDocument,
)  # fmt: skip


def explain(error: Exception, broken: str = BROKEN) -> str:
    """Return the error's own sentence, or ``broken`` with a reference under which the log has the details.

    What is wrong with a store is for the operator, and said in the log alone.
    """
    if isinstance(error, UnknownServer):
        return NOTHING_UPLOADED
    if isinstance(error, StoreUnavailable):
        outages.note(error)
        return AWAY
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


def replying(message: discord.Message) -> Send:
    """Return a way to send the parts of a reply; told twice about the same message, Discord sends it once."""

    async def send(text: str, part: int) -> discord.Message:
        nonce = str(message.id) if part == 1 else f"{message.id}-{part}"
        into = message.channel
        if part > 1:
            return await into.send(text, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True)
        reference = message.to_reference(fail_if_not_exists=False)
        try:
            return await into.send(
                text, reference=reference, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True
            )
        except discord.HTTPException as error:
            if error.code != _NO_HISTORY:
                raise
            return await into.send(text, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True)

    return send


def following(interaction: discord.Interaction, *, private: bool, picture: Path | None = None) -> Send:
    """Return a way to send the parts of a deferred response, with a picture under the first one."""

    async def send(text: str, part: int) -> discord.Message:
        files = [discord.File(picture)] if picture and part == 1 else []
        return await interaction.followup.send(
            text, ephemeral=private, allowed_mentions=NOBODY, suppress_embeds=True, wait=True, files=files
        )

    return send


def offers(names: Sequence[str]) -> list[app_commands.Choice[str]]:
    """Return names as Discord offers them while somebody types: as many and as long ones as it takes."""
    fitting = [name for name in names if len(name) <= _LONGEST_CHOICE]
    return [app_commands.Choice(name=name, value=name) for name in fitting[:_MOST_CHOICES]]


async def respond(
    interaction: discord.Interaction,
    work: Work,
    *,
    private: bool,
    growing: GrowingReply | None = None,
) -> None:
    """Tell Discord at once that an answer is coming, do the work and send its text, or why it failed.

    ``private``: only the one who used the command sees the answer. ``growing``: where the work shows it as it comes.
    """
    await interaction.response.defer(ephemeral=private, thinking=True)  # Discord waits three seconds
    try:
        done = await work()
    except Exception as error:  # noqa: BLE001 -- whoever used a command always gets an answer
        done = explain(error)
    if isinstance(done, Offer):
        await done.send(interaction)
        return
    if isinstance(done, Private):
        await _whisper(interaction, done.text, growing)
        return
    text, picture = (done.text, done.picture) if isinstance(done, Pictured) else (done, None)
    await (growing or GrowingReply(following(interaction, private=private, picture=picture))).finish(text)


async def _whisper(interaction: discord.Interaction, text: str, growing: GrowingReply | None) -> None:
    """Take back the answer that everyone was promised, and tell the asker alone why there is none."""
    # Until the promise is kept, whatever is sent takes its place, for everyone to see.
    await interaction.edit_original_response(content="\u2026", allowed_mentions=NOBODY)
    await interaction.followup.send(text, ephemeral=True, allowed_mentions=NOBODY, suppress_embeds=True)
    if growing:
        await growing.withdraw()
    with suppress(discord.NotFound):  # where some of the answer was shown, that was it
        await interaction.delete_original_response()
