"""What a server's owners use: who speaks where, and the files that answers come from."""

import asyncio
from functools import partial

import discord
from discord import app_commands

from bot.discord_chat import Chat, place_of
from bot.discord_replies import NOTHING_UPLOADED, Command, Refusal, respond
from bot.discord_text import plain, summary
from bot.routing import Level
from bot.schedule import reindex
from bot.servers import ServerChoices
from bot.settings import Settings
from knowledge import indexing
from knowledge.documents import LARGEST, READERS, check_name
from knowledge.embedding import Embedder
from knowledge.store import Store, UnknownServer
from personas import persona

_MOST_CHOICES = 25  # of an autocompletion, and
_LONGEST_CHOICE = 100  # characters of one; Discord API, "Application Command Option Choice"
_PREVIEWED = 3
_LONGEST_PREVIEW = 160


def require_manager(interaction: discord.Interaction) -> None:
    """Raise Refusal unless the member may manage the server.

    Commands also ask Discord to hide them from others, but a server can switch that off.
    """
    place_of(interaction.guild_id, interaction.channel)
    if not interaction.permissions.manage_guild:
        raise Refusal("Only members with the Manage Server permission can do this: ask one of them.")


class Admin:
    """Serves those who manage a server."""

    def __init__(
        self, settings: Settings, store: Store, embedder: Embedder, choices: ServerChoices, chat: Chat
    ) -> None:
        self._settings, self._store, self._embedder, self._choices = settings, store, embedder, choices
        self._chat = chat

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
        ]

    async def personas(self, _: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the personas whose names hold what was typed."""
        return _offers(persona.names(*self._settings.libraries), typed)

    async def documents(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the server's files whose names hold what was typed, to those who may remove them."""
        try:
            require_manager(interaction)
            documents = await asyncio.to_thread(self._store.documents, str(interaction.guild_id))
        except (Refusal, UnknownServer):
            return []
        return _offers([document.name for document in documents], typed)

    @app_commands.rename(name="persona", level="where")
    @app_commands.describe(name="Who should speak", level="Where; the whole channel unless you say otherwise")
    async def choose(self, interaction: discord.Interaction, name: str, level: Level = "channel") -> None:
        """Let a persona speak in this thread, channel, category or server."""

        async def chosen() -> str:
            server, key = _managed(interaction, level)
            title = persona.load(name, *self._settings.libraries).card.title  # refuses unknown names
            await asyncio.to_thread(self._choices.set, server, key, name)
            return f"**{plain(title)}** speaks in this {level} from now on."

        await respond(interaction, chosen, private=True)

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

        await respond(interaction, forgotten, private=True)

    @app_commands.describe(file=f"{', '.join(dict.fromkeys(READERS.values()))}; {LARGEST // 2**20} MiB")
    async def upload(self, interaction: discord.Interaction, file: discord.Attachment) -> None:
        """Index an uploaded file and say what became of it."""
        await respond(interaction, partial(self._upload, interaction, file), private=True)

    async def files(self, interaction: discord.Interaction) -> None:
        """Name the files that answers come from."""

        async def listed() -> str:
            require_manager(interaction)
            documents = await asyncio.to_thread(self._store.documents, str(interaction.guild_id))
            lines = [f"- {plain(document.name, 200)}: {document.passages} passages" for document in documents]
            return "\n".join(lines) or NOTHING_UPLOADED

        await respond(interaction, listed, private=True)

    @app_commands.rename(name="file")
    @app_commands.describe(name="The file to remove")
    async def remove(self, interaction: discord.Interaction, name: str) -> None:
        """Remove a file, so that nothing is answered from it any more."""
        await respond(interaction, partial(self._remove, interaction, name), private=True)

    async def refresh(self, interaction: discord.Interaction) -> None:
        """Re-index the server's files now."""

        async def refreshed() -> str:
            require_manager(interaction)
            server = str(interaction.guild_id)
            return summary(await asyncio.to_thread(reindex, self._store, self._embedder, self._settings, server))

        await respond(interaction, refreshed, private=True)

    async def _upload(self, interaction: discord.Interaction, file: discord.Attachment) -> str:
        require_manager(interaction)
        check_name(file.filename)
        if file.size > LARGEST:
            raise Refusal(f"{plain(file.filename)} is larger than {LARGEST // 2**20} MiB: split it into smaller files.")
        try:
            content = await file.read()
        except discord.HTTPException as error:
            raise Refusal(f"{plain(file.filename)} could not be fetched from Discord: upload it again.") from error
        server = str(interaction.guild_id)
        report = await asyncio.to_thread(
            indexing.add_upload, self._store, self._embedder, server, file.filename, content
        )
        names = [change.name for change in report.changes if change.outcome != "refused"]
        preview = await asyncio.to_thread(self._preview, server, names)
        return "\n".join([summary(report), *preview])

    def _preview(self, server: str, names: list[str]) -> list[str]:
        mine = [passage for name in names for passage in self._store.passages(server, name)]
        shown = [f"> {plain(passage.searchable, _LONGEST_PREVIEW)}" for passage in mine[:_PREVIEWED]]
        return [*shown, *([f"> and {len(mine) - _PREVIEWED} more"] if len(mine) > _PREVIEWED else [])]

    async def _remove(self, interaction: discord.Interaction, name: str) -> str:
        require_manager(interaction)
        server = str(interaction.guild_id)
        documents = await asyncio.to_thread(self._store.documents, server)
        report = await asyncio.to_thread(indexing.remove, self._store, server, name)
        origin = next((document.origin for document in documents if document.name == name), None)
        returns = ["It was read from a folder that is watched, and comes back unless it is deleted there."]
        return "\n".join([summary(report), *(returns if origin else [])])


def _managed(interaction: discord.Interaction, level: Level) -> tuple[str, str]:
    """Return the server and the key under which a choice for the level is kept. Raises Refusal."""
    require_manager(interaction)
    place = place_of(interaction.guild_id, interaction.channel)
    key = place.key(level)
    if key is None:
        raise Refusal(f"There is no {level} here: use the command inside one, or choose another place.")
    return place.server, key


def _offers(names: list[str], typed: str) -> list[app_commands.Choice[str]]:
    fitting = [name for name in names if typed.lower() in name.lower() and len(name) <= _LONGEST_CHOICE]
    return [app_commands.Choice(name=name, value=name) for name in fitting[:_MOST_CHOICES]]
