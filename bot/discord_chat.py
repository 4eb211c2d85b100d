"""What members use: mentions, replies to the bot, /ask, and who speaks here."""

import asyncio
import logging
from dataclasses import dataclass
from functools import cache

import discord
from discord import app_commands

from bot import outages
from bot.answering import Answerer
from bot.answers import Question
from bot.conversations import Conversations
from bot.discord_growing import GrowingReply
from bot.discord_replies import (
    NOTHING_UPLOADED,
    Command,
    Pictured,
    Private,
    Refusal,
    explain,
    following,
    replying,
    respond,
    typing,
)
from bot.discord_text import plain, rendered
from bot.routing import Choice, Incoming, Place, addressed, persona_for, question
from bot.servers import ServerChoices
from bot.settings import Settings
from knowledge.store import Store, StoreUnavailable
from personas import persona

log = logging.getLogger(__name__)

_ON_SERVERS_ONLY = "I answer from a server's own notes, so please ask me on the server that you mean."
_NOBODY_SPEAKS = (
    "Whoever was chosen to speak here cannot speak now. Someone who may manage this server can choose another with "
    "`/persona set`."
)
_LONGEST_QUOTE = 300
_FROM = {
    "thread": "was chosen for this thread",
    "channel": "was chosen for this channel",
    "category": "was chosen for this category",
    "server": "was chosen for this server",
    "default": "speaks where nobody was chosen",
}


def place_of(server: int | None, channel: object) -> Place:
    """Return where a Discord channel or thread stands. Raises Refusal outside of servers."""
    if server is None:
        raise Refusal(_ON_SERVERS_ONLY)
    if isinstance(channel, discord.Thread):
        category = channel.parent.category_id if channel.parent else None
        return Place(str(server), str(channel.parent_id), str(category) if category else None, str(channel.id))
    category = getattr(channel, "category_id", None)
    return Place(str(server), str(getattr(channel, "id", "")), str(category) if category else None)


def incoming(message: discord.Message, me: int) -> Incoming:
    """Return what matters of a Discord message; ``me`` is the bot's own id."""
    role = message.guild.self_role if message.guild else None
    replied = message.reference.resolved if message.reference and message.type is discord.MessageType.reply else None
    written = message.type in {discord.MessageType.default, discord.MessageType.reply}
    names = {str(user.id): user.display_name for user in message.mentions}
    names |= {str(named.id): f"@{named.name}" for named in message.role_mentions}
    names |= {str(channel.id): f"#{channel.name}" for channel in message.channel_mentions}
    return Incoming(
        text=message.content,
        from_program=message.author.bot or message.webhook_id is not None or not written,
        ours=frozenset({str(me), *([str(role.id)] if role else [])}),
        mentioned=frozenset(str(named.id) for named in [*message.mentions, *message.role_mentions]),
        replies_to=str(replied.author.id) if isinstance(replied, discord.Message) else None,
        names=names,
    )


@dataclass(frozen=True)
class Asked:
    """A question as Discord brought it."""

    text: str
    place: Place
    key: str
    """The id of the message or command."""
    member: str
    server_name: str


class Chat:
    """Answers members."""

    def __init__(self, settings: Settings, store: Store, answerer: Answerer, choices: ServerChoices) -> None:
        self._settings, self._store, self._answerer, self._choices = settings, store, answerer, choices
        self._talks = Conversations()
        self._at_work: dict[int, tuple[asyncio.Task[None], GrowingReply]] = {}
        """By the message that is being answered."""

    def commands(self) -> list[Command]:
        """Return the commands for members that stand alone."""
        return [app_commands.Command(name="ask", description="Ask a question about this server", callback=self.ask)]

    def persona_commands(self) -> list[Command]:
        """Return the commands for members that belong to /persona."""
        return [
            app_commands.Command(name="show", description="Who speaks here, and why", callback=self.show),
            app_commands.Command(name="list", description="Everyone who can speak", callback=self.everyone),
        ]

    async def hear(self, message: discord.Message, me: int) -> None:
        """Answer a message that wants an answer."""
        heard = incoming(message, me)
        if not addressed(heard) and (message.guild or heard.from_program):
            return
        growing = GrowingReply(replying(message))
        task = asyncio.create_task(self._reply(message, heard, growing))
        self._at_work[message.id] = (task, growing)
        try:
            await task
        except discord.HTTPException as error:
            log.warning("A reply to message %s could not be sent: %s", message.id, error)
        finally:
            del self._at_work[message.id]

    async def forget(self, message: int) -> None:
        """Stop answering a message that is gone, and take back what was shown of the reply."""
        if message in self._at_work:
            task, growing = self._at_work[message]
            task.cancel()
            await asyncio.wait([task])
            await growing.withdraw()

    async def _reply(self, message: discord.Message, heard: Incoming, growing: GrowingReply) -> None:
        if message.guild is None:
            await growing.finish(_ON_SERVERS_ONLY)
            return
        place = place_of(message.guild.id, message.channel)
        asked = Asked(question(heard), place, str(message.id), str(message.author.id), message.guild.name)
        async with typing(message.channel):
            said = await self.answer(asked, growing)
        await growing.finish(said.text if isinstance(said, Private) else said)  # a message has no private reply

    async def answer(self, asked: Asked, growing: GrowingReply) -> str | Private:
        """Return the reply to a question, or a sentence that says why there is none.

        Private: what concerns the asker alone, for the time that the notes are out of reach.
        """
        name = self._settings.persona
        place = asked.place
        try:
            name = (await asyncio.to_thread(self.speaker, place)).persona
            if not asked.text:
                return self._load(name).line("greeting", asked.key)
            if not await asyncio.to_thread(self._store.documents, place.server):
                return NOTHING_UPLOADED
            earlier = self._talks.turn(asked.text, place.server, *place.channels[:1], asked.member)
            request = Question(
                asked.text, place.server, name, id=asked.key, channels=place.channels, member=asked.member,
                server_name=asked.server_name, earlier=earlier,
            )  # fmt: skip
            waiting = cache(lambda: self._waiting_line(name, asked.key))
            return rendered(
                await self._answerer.answer(request, growing.grow, lambda number: growing.place(number, waiting()))
            )
        except Exception as error:  # noqa: BLE001 -- a member always gets an answer
            excuse = self._excuse(error, name, asked.key)
            return Private(excuse) if isinstance(error, StoreUnavailable) else excuse

    def speaker(self, place: Place) -> Choice:
        """Return who speaks in the place."""
        return persona_for(place, self._choices.bindings(place.server), self._settings.persona)

    @app_commands.describe(question="What would you like to know?")
    async def ask(self, interaction: discord.Interaction, question: str) -> None:
        """Answer for everyone to see."""
        opening = f"> {plain(question, _LONGEST_QUOTE)}\n"  # Discord shows others only that /ask was used
        growing = GrowingReply(following(interaction, private=False), opening)

        async def answered() -> str | Private:
            place = place_of(interaction.guild_id, interaction.channel)
            name = interaction.guild.name if interaction.guild else ""
            asked = Asked(question.strip(), place, str(interaction.id), str(interaction.user.id), name)
            return await self.answer(asked, growing)

        await respond(interaction, answered, private=False, growing=growing)

    async def show(self, interaction: discord.Interaction) -> None:
        """Say who speaks here, with their picture."""

        async def shown() -> Pictured:
            place = place_of(interaction.guild_id, interaction.channel)
            choice = await asyncio.to_thread(self.speaker, place)
            speaker = self._load(choice.persona)
            title = f"**{plain(speaker.card.title)}** (`{choice.persona}`) {_FROM[choice.came_from]}."
            return Pictured(f"{title}\n{speaker.card.description}", speaker.avatar)

        await respond(interaction, shown, private=True)

    async def everyone(self, interaction: discord.Interaction) -> None:
        """Say who can speak."""

        async def listed() -> str:
            return "\n".join([self._described(name) for name in persona.names(*self._settings.libraries)])

        await respond(interaction, listed, private=True)

    def _load(self, name: str) -> persona.Persona:
        return persona.load(name, *self._settings.libraries)

    def _described(self, name: str) -> str:
        try:
            card = self._load(name).card
        except persona.BadPersona as error:
            return f"- `{name}` cannot speak: {plain(str(error))}"
        return f"- **{plain(card.title)}** (`{name}`): {card.description}"

    def _waiting_line(self, name: str, key: str) -> str:
        """Return the words for whoever waits; they are small print and no reply, and so without the persona's form."""
        speaker = self._load(name)
        line, form = speaker.line("waiting", key), speaker.card.format
        return plain(form.words(line) if form else line, _LONGEST_QUOTE)

    def _excuse(self, error: Exception, name: str, key: str) -> str:
        """Return why there is no answer, in the persona's words and form."""
        try:
            speaker = self._load(name)
        except persona.BadPersona as fault:
            outages.note(fault)
            return _NOBODY_SPEAKS if isinstance(error, persona.BadPersona) else explain(error)
        line, form = speaker.line("error", key), speaker.card.format
        if form is None:
            return explain(error, line)
        return form.render(explain(error, form.words(line)), None, "chat")
