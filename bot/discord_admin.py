"""What a server's owners use: who speaks where, and the files that answers come from."""

import asyncio
from functools import partial

import discord
from discord import app_commands

from bot.discord_adding import Adding
from bot.discord_chat import Chat, place_of
from bot.discord_gaps import OpenQuestions
from bot.discord_preview import reported
from bot.discord_questions import SavedQuestions
from bot.discord_replies import NOTHING_UPLOADED, Command, Refusal, offers
from bot.discord_reports import Post, Reports
from bot.discord_text import plain
from bot.discord_zones import Zones
from bot.replaying import replayed
from bot.routing import Level
from bot.schedule import reindex
from bot.servers import ServerChoices
from bot.settings import Settings
from bot.wiring import open_questions, zone_of
from knowledge import indexing
from knowledge.documents import LARGEST, READERS
from knowledge.embedding import Embedder
from knowledge.indexing import Report
from knowledge.linked_pages import linked
from knowledge.store import Store, StoreUnavailable, UnknownServer
from personas import persona


def require_manager(interaction: discord.Interaction) -> None:
    """Raise Refusal unless the member may manage the server.

    Commands also ask Discord to hide them from others, but a server can switch that off.
    """
    place_of(interaction.guild_id, interaction.channel)
    if not interaction.permissions.manage_guild:
        raise Refusal("Only members with the Manage Server permission can do this: ask one of them.")


class Admin:
    """Serves those who manage a server."""

    def __init__(  # noqa: PLR0913, PLR0917 -- the parts of the bot, each given once by the client
        self, settings: Settings, store: Store, embedder: Embedder, choices: ServerChoices, chat: Chat, post: Post
    ) -> None:
        self._settings, self._store, self._embedder, self._choices = settings, store, embedder, choices
        self._chat = chat
        questions, check = open_questions(settings), require_manager
        self.reports = Reports(choices, questions, settings.silence, post, check)
        self._adding = Adding(settings, store, embedder, check, self.reports.reported)
        answer = self.reports.respond
        self._gaps = OpenQuestions(questions, embedder, check, answer)
        self._questions = SavedQuestions(store, embedder, questions, settings.longest_question, check, answer)
        self._zones = Zones(choices, zone_of(settings), check, answer)

    def persona_commands(self) -> list[Command]:
        """Return the commands for owners that belong to /persona."""
        choose: Command = app_commands.Command(name="set", description="Choose who speaks here", callback=self.choose)
        choose.autocomplete("name")(self.personas)
        return [
            choose,
            app_commands.Command(name="reset", description="Forget who was chosen here", callback=self.reset),
        ]

    def faq_commands(self) -> list[Command]:
        """Return the commands of /faq."""
        remove: Command = app_commands.Command(
            name="remove", description="Stop answering from a file", callback=self.remove
        )
        remove.autocomplete("name")(self.documents)
        return [
            app_commands.Command(name="upload", description="Add or replace a file of answers", callback=self.upload),
            app_commands.Command(name="list", description="The files that answers come from", callback=self.files),
            remove,
            app_commands.Command(name="refresh", description="Look for changed files now", callback=self.refresh),
            self._gaps.command(),
            self._questions.command(),
            self._zones.command(),
            self.reports.command(),
        ]

    async def personas(self, _: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the personas whose names hold what was typed."""
        return offers(_holding(typed, persona.names(*self._settings.libraries)))

    async def documents(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the server's files whose names hold what was typed, to those who may remove them."""
        try:
            require_manager(interaction)
            documents = await asyncio.to_thread(self._store.documents, str(interaction.guild_id))
        except (Refusal, StoreUnavailable, UnknownServer):
            return []
        return offers(_holding(typed, [document.name for document in documents]))

    @app_commands.rename(name="persona", level="where")
    @app_commands.describe(name="Who should speak", level="Where; the whole channel unless you say otherwise")
    async def choose(self, interaction: discord.Interaction, name: str, level: Level = "channel") -> None:
        """Let a persona speak in this thread, channel, category or server."""

        async def chosen() -> str:
            server, key = _managed(interaction, level)
            title = persona.load(name, *self._settings.libraries).card.title  # refuses unknown names
            await asyncio.to_thread(self._choices.set, server, key, name)
            return f"**{plain(title)}** speaks in this {level} from now on."

        await self.reports.respond(interaction, chosen)

    @app_commands.rename(level="where")
    @app_commands.describe(level="Where; the whole channel unless you say otherwise")
    async def reset(self, interaction: discord.Interaction, level: Level = "channel") -> None:
        """Forget the choice for this thread, channel, category or server."""

        async def forgotten() -> str:
            server, key = _managed(interaction, level)
            had_one = await asyncio.to_thread(self._choices.reset, server, key)
            place = place_of(interaction.guild_id, interaction.channel)
            speaker = (await asyncio.to_thread(self._chat.speaker, place)).persona
            done = f"The choice for this {level} is forgotten" if had_one else f"Nobody was chosen for this {level}"
            return f"{done}; `{speaker}` speaks here."

        await self.reports.respond(interaction, forgotten)

    @app_commands.describe(
        file=f"{', '.join(dict.fromkeys(READERS.values()))}; {LARGEST // 2**20} MiB",
        link="The address of a public page, https://..., which is looked at again by itself",
    )
    async def upload(
        self, interaction: discord.Interaction, file: discord.Attachment | None = None, link: str | None = None
    ) -> None:
        """Show what a file or a page would change, and add it when a button says so."""
        await self.reports.respond(interaction, partial(self._adding.look, interaction, file, link))

    async def files(self, interaction: discord.Interaction) -> None:
        """Name the files that answers come from."""

        async def listed() -> str:
            require_manager(interaction)
            documents = await asyncio.to_thread(self._store.documents, str(interaction.guild_id))
            lines = [f"- {plain(document.name, 200)}: {document.passages} passages" for document in documents]
            return "\n".join(lines) or NOTHING_UPLOADED

        await self.reports.respond(interaction, listed)

    @app_commands.rename(name="file")
    @app_commands.describe(name="The file to remove")
    async def remove(self, interaction: discord.Interaction, name: str) -> None:
        """Remove a file, so that nothing is answered from it any more."""
        await self.reports.respond(interaction, partial(self._remove, interaction, name))

    async def refresh(self, interaction: discord.Interaction) -> None:
        """Re-index the server's files now."""

        async def refreshed() -> str:
            require_manager(interaction)
            server = str(interaction.guild_id)
            return reported(await asyncio.to_thread(reindex, self._store, self._embedder, self._settings, server))

        await self.reports.respond(interaction, refreshed)

    async def _remove(self, interaction: discord.Interaction, name: str) -> str:
        require_manager(interaction)
        server = str(interaction.guild_id)
        documents = await asyncio.to_thread(self._store.documents, server)
        report = await asyncio.to_thread(self._removed, server, name)
        origin = next((document.origin for document in documents if document.name == name), None)
        returns = ["It was read from a folder that is watched, and comes back unless it is deleted there."]
        return "\n".join([reported(report), *(returns if origin and not linked(origin) else [])])

    def _removed(self, server: str, name: str) -> Report:
        report = indexing.remove(self._store, server, name)
        return replayed(report, self._store, lambda: self._embedder, self._settings, server)


def _managed(interaction: discord.Interaction, level: Level) -> tuple[str, str]:
    """Return the server and the key under which a choice for the level is kept. Raises Refusal."""
    require_manager(interaction)
    place = place_of(interaction.guild_id, interaction.channel)
    key = place.key(level)
    if key is None:
        raise Refusal(f"There is no {level} here: use the command inside one, or choose another place.")
    return place.server, key


def _holding(typed: str, names: list[str]) -> list[str]:
    return [name for name in names if typed.lower() in name.lower()]
