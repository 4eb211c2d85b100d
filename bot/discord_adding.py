"""Uploads on Discord: shown to their owner with two buttons, and written only when one of these says so."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord

from bot.discord_growing import NOBODY
from bot.discord_preview import offered, reported
from bot.discord_replies import Buttons, Check, Offer, Refusal, explain
from bot.discord_text import plain
from bot.replaying import replayed
from bot.settings import Settings
from knowledge import planning
from knowledge.documents import LARGEST, check_name
from knowledge.embedding import Embedder
from knowledge.indexing import Report
from knowledge.linked_pages import linked
from knowledge.preview import Preview
from knowledge.store import Store

_PATIENCE = 600.0
"""Seconds for which the buttons wait; what they belong to can be edited for 900 (Discord API, "Interaction Token")."""
_LEFT = "Nothing was added."

After = Callable[[str], Awaitable[str]]


class Adding:
    """Looks at uploads and links, and writes what was confirmed."""

    def __init__(self, settings: Settings, store: Store, embedder: Embedder, check: Check, after: After) -> None:
        """Take what every upload needs; ``after``: is told the server of each, and returns what to say besides."""
        self._settings, self._store, self._embedder, self._check = settings, store, embedder, check
        self._after = after

    async def look(
        self, interaction: discord.Interaction, file: discord.Attachment | None, link: str | None
    ) -> str | Offer:
        """Return what a file or a linked page would change, with buttons where it would change anything."""
        self._check(interaction)
        server = str(interaction.guild_id)
        if (file is None) == (link is None):
            raise Refusal("Give me either a file or a link.")
        if file is not None:
            content = await _content(file)
            shown = await asyncio.to_thread(
                planning.plan_upload, self._store, self._embedder, server, file.filename, content
            )
        elif linked(link):
            shown = await asyncio.to_thread(planning.plan, self._store, self._embedder, server, [str(link)])
        else:
            raise Refusal(f"{plain(str(link))} is no address of a page: give one that begins with https://")
        if not shown.alters:
            return reported(Report(tuple(one.change for one in shown.documents), 0.0))

        async def write() -> str:
            return reported(await asyncio.to_thread(self._write, server, shown)) + await self._after(server)

        return Offer(offered(shown), Confirmation(self._check, write))

    def _write(self, server: str, shown: Preview) -> Report:
        report = planning.commit(self._store, self._embedder, server, shown)
        return replayed(report, self._store, lambda: self._embedder, self._settings, server)


class Confirmation(Buttons):
    """Two buttons under a preview. Whoever presses one must be allowed to at that moment."""

    def __init__(self, check: Check, write: Callable[[], Awaitable[str]]) -> None:
        super().__init__(timeout=_PATIENCE)
        self._check, self._write = check, write

    @discord.ui.button(label="Add", style=discord.ButtonStyle.success)
    async def add(self, interaction: discord.Interaction, _: discord.ui.Button["Confirmation"]) -> None:
        """Write what was shown."""
        await self._end(interaction, self._write)

    @discord.ui.button(label="Leave it", style=discord.ButtonStyle.secondary)
    async def leave(self, interaction: discord.Interaction, _: discord.ui.Button["Confirmation"]) -> None:
        """Write nothing."""

        async def left() -> str:
            return _LEFT

        await self._end(interaction, left)

    async def on_timeout(self) -> None:
        """Take the buttons away, and say that nothing was added."""
        if self.message:
            with suppress(discord.HTTPException):
                await self.message.edit(content=f"{_LEFT} Upload it again to add it.", view=None)

    async def _end(self, interaction: discord.Interaction, work: Callable[[], Awaitable[str]]) -> None:
        self.stop()  # a second press finds nothing to do
        await interaction.response.defer()
        try:
            self._check(interaction)
            done = await work()
        except Exception as error:  # noqa: BLE001 -- whoever presses a button always gets an answer
            done = explain(error)
        await interaction.edit_original_response(content=done, view=None, allowed_mentions=NOBODY)


async def _content(file: discord.Attachment) -> bytes:
    check_name(file.filename)
    if file.size > LARGEST:
        raise Refusal(f"{plain(file.filename)} is larger than {LARGEST // 2**20} MiB: split it into smaller files.")
    try:
        return await file.read()
    except discord.HTTPException as error:
        raise Refusal(f"{plain(file.filename)} could not be fetched from Discord: upload it again.") from error
