"""/faq gaps: what members asked that the files could not answer, for those who can."""

import asyncio
import io
from collections.abc import Callable, Sequence
from contextlib import suppress

import discord
from discord import app_commands

from bot.discord_growing import NOBODY
from bot.discord_replies import Buttons, Check, Command, Offer, Respond, explain
from bot.discord_text import LONGEST, plain
from knowledge.embedding import Embedder
from knowledge.gaps import Gaps, merged
from knowledge.question_log import QuestionLog

NONE = "The files could answer everything that was asked."
_PATIENCE = 600.0  # seconds for which the button waits
_MOST = 300
"""Wordings that are compared with each other, the most asked. MiniLM takes 3 s of processor time for as many (5.1 s for
500, 28 s for 2,000), in which the questions of members wait."""
_LONGEST_QUESTION = 200
_LONGEST_WORDINGS = 150
_LONGEST_LINE = 1000  # characters of a question in the file
_HINT = "-# Write the answers into a file and give it to `/faq upload`; then I can forget these."


class OpenQuestions:
    """Shows the questions without an answer, and forgets those that it has shown."""

    def __init__(self, log: QuestionLog, embedder: Embedder, check: Check, respond: Respond) -> None:
        self._log, self._embedder, self._check, self._respond = log, embedder, check, respond

    def command(self) -> Command:
        """Return the command."""
        return app_commands.Command(
            name="gaps", description="What members asked that the files could not answer", callback=self.show
        )

    async def show(self, interaction: discord.Interaction) -> None:
        """Show the questions that the files could not answer, the most asked first."""

        async def shown() -> str | Offer:
            self._check(interaction)
            server = str(interaction.guild_id)
            found, rarer = await asyncio.to_thread(self._found, server)
            if not found:
                return NONE
            wordings = [wording for one in found for wording in one.wordings]
            button = Forgetting(self._check, lambda: self._log.forget_gaps(server, *wordings))
            text, whole = listed(found, rarer)
            return Offer(text, button, None if whole else _file(found))

        await self._respond(interaction, shown)

    def _found(self, server: str) -> tuple[list[Gaps], int]:
        """Return the questions without an answer, and how many wordings were asked too rarely to be compared."""
        asked = self._log.gaps(server)
        return (merged(self._embedder, asked[:_MOST]) if asked else []), len(asked[_MOST:])


class Forgetting(Buttons):
    """A button that forgets what was shown above it."""

    def __init__(self, check: Check, forget: Callable[[], int]) -> None:
        super().__init__(timeout=_PATIENCE)
        self._check, self._forget = check, forget

    @discord.ui.button(label="Forget these", style=discord.ButtonStyle.secondary)
    async def forget(self, interaction: discord.Interaction, _: discord.ui.Button["Forgetting"]) -> None:
        """Delete the questions that were shown; one that is asked again is counted from one."""
        self.stop()  # a second press finds nothing to do
        await interaction.response.defer()
        try:
            self._check(interaction)
            done = f"{await asyncio.to_thread(self._forget)} wordings of questions are forgotten."
        except Exception as error:  # noqa: BLE001 -- whoever presses a button always gets an answer
            done = explain(error)
        await interaction.edit_original_response(content=done, view=None, attachments=[], allowed_mentions=NOBODY)

    async def on_timeout(self) -> None:
        """Take the button away."""
        if self.message:
            with suppress(discord.HTTPException):
                await self.message.edit(view=None)


def listed(found: Sequence[Gaps], rarer: int = 0) -> tuple[str, bool]:
    """Return the questions as one message shows them, and whether it has room for all.

    ``rarer``: wordings besides them that were asked more rarely.
    """
    times = sum(one.times for one in found)
    entries = [f"The files could not answer {len(found)} questions, which were asked {times} times:"]
    rest = f"... and {rarer} more wordings, asked more rarely." if rarer else ""
    room = LONGEST - len("\n".join((entries[0], rest, _HINT))) - len("\n... and 0,000 more: the file has all of them.")
    for n, one in enumerate(found):
        entry = _entry(one)
        if len(entry) + 1 > room:
            entries.append(f"... and {len(found) - n:,} more: the file has all of them.")
            return "\n".join(filter(None, (*entries, rest, _HINT))), False
        room -= len(entry) + 1
        entries.append(entry)
    return "\n".join(filter(None, (*entries, rest, _HINT))), True


def _entry(one: Gaps) -> str:
    entry = f"**{one.times}\u00d7** {plain(one.text, _LONGEST_QUESTION)} (last on {one.last[:10]})"
    others = plain("; ".join(one.wordings[1:]), _LONGEST_WORDINGS)
    return f"{entry}\n-# also: {others}" if others else entry


def _file(found: Sequence[Gaps]) -> discord.File:
    lines = (
        "\n".join(
            (
                f"{one.times} times, from {one.first[:10]} to {one.last[:10]}",
                *(f"  {w[:_LONGEST_LINE]}" for w in one.wordings),
            )
        )
        for one in found
    )
    return discord.File(io.BytesIO("\n".join((*lines, "")).encode()), "gaps.txt")
