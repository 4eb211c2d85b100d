"""/faq questions: what is asked again after every change of the files."""

import asyncio

import discord
from discord import app_commands

from bot.discord_replies import Check, Command, Refusal, Respond, offers
from bot.discord_text import LONGEST, plain
from knowledge.embedding import Embedder
from knowledge.question_log import QuestionLog, Saved
from knowledge.replay import best
from knowledge.store import Store

_LONGEST_QUESTION = 200
_NONE = "No question is saved: save those that matter with `/faq questions save`."
_MORE = "... and more: `parley knowledge questions list` shows all."
MOST = 100
"""Saved questions of a server: each is searched for anew after every change of its files."""


class SavedQuestions:
    """Shows, saves and lets go of questions."""

    def __init__(  # noqa: PLR0913, PLR0917 -- what a search needs, and how to answer
        self, store: Store, embedder: Embedder, log: QuestionLog, longest: int, check: Check, respond: Respond
    ) -> None:
        """``longest``: characters of a question."""
        self._store, self._embedder, self._log, self._longest = store, embedder, log, longest
        self._check, self._respond = check, respond

    def command(self) -> Command:
        """Return the command."""
        change: Command = app_commands.Command(
            name="questions",
            description="Questions that are asked again after every change",
            callback=self.change,
        )
        change.autocomplete("forget")(self.offered)
        return change

    async def offered(self, interaction: discord.Interaction, typed: str) -> list[app_commands.Choice[str]]:
        """Offer the saved questions that hold what was typed, to those who may let go of them."""
        try:
            self._check(interaction)
        except Refusal:
            return []
        saved = await asyncio.to_thread(self._log.saved, str(interaction.guild_id))
        return offers([one.text for one in saved if typed.casefold() in one.text.casefold()])

    @app_commands.describe(save="A question to ask again from now on", forget="A saved question to let go of")
    async def change(self, interaction: discord.Interaction, save: str = "", forget: str = "") -> None:
        """Save a question, let go of one, and list those that are saved."""

        async def changed() -> str:
            self._check(interaction)
            server = str(interaction.guild_id)
            done = [await asyncio.to_thread(self._saved, server, " ".join(save.split()))] if save else []
            if forget and not await asyncio.to_thread(self._log.unsave, server, forget):
                done.append(f"*{plain(forget, _LONGEST_QUESTION)}* was not saved.")
            return _listed(done, await asyncio.to_thread(self._log.saved, server))

        await self._respond(interaction, changed)

    def _saved(self, server: str, text: str) -> str:
        """Save a question and return what it finds now. Raises Refusal, UnknownServer."""
        if not text or len(text) > self._longest:
            raise Refusal(f"A question has 1 to {self._longest:,} characters.")
        if len(self._log.saved(server)) >= MOST:
            raise Refusal(f"{MOST} questions are saved, and no more are taken: let go of one first.")
        self._store.documents(server)
        found = best(self._store, self._embedder, server, text)
        self._log.save(server, text)
        self._log.remember(server, {text: found})
        where = f"**{plain(found.document)}**, {found.answerable:.0%} certain" if found.document else "nothing"
        return f"*{plain(text, _LONGEST_QUESTION)}* is saved; it finds {where}."


def _listed(done: list[str], saved: list[Saved]) -> str:
    """Return what was done and the saved questions, as many as one message holds."""
    lines = [*done, f"Saved questions: {len(saved)}" if saved else _NONE]
    room = LONGEST - sum(len(line) + 1 for line in lines) - len(_MORE)
    for one in saved:
        line = f"- {plain(one.text, _LONGEST_QUESTION)}"
        if one.found and one.found.document:
            line += f" (**{plain(one.found.document)}**)"
        room -= len(line) + 1
        if room < 0:
            return "\n".join([*lines, _MORE])
        lines.append(line)
    return "\n".join(lines)
