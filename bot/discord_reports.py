"""Saved questions whose answer has changed, told in the channel that a server chose for it.

What was told is kept beside each question, and a question is told once Discord has taken the message: a channel that
cannot be written to, a stop of the bot or a change from the terminal delays a report and loses none.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import discord
from discord import app_commands

from bot.discord_growing import NOBODY
from bot.discord_replies import Check, Command, Refusal, Said, Work, respond
from bot.discord_text import LONGEST, plain
from bot.servers import ServerChoices
from knowledge.question_log import Found, QuestionLog
from knowledge.replay import ChangedAnswer, untold
from knowledge.store import Passage

log = logging.getLogger(__name__)

_MOST = 10
"""Changed answers that are told in full; of more it is said how many there are."""
_LONGEST_QUESTION = 200
_LONGEST_PASSAGE = 300
_OPENING = "The files have changed, and with them the answers to saved questions:"
_WELCOME = "From now on I say here which answers to saved questions have changed."
_HINT = (
    "-# If something is wrong now, mend its file and give it to `/faq upload`, or take it out with `/faq remove`. What "
    "is not answered any more needs a file that answers it."
)
_OFF = "Changed answers are not reported in any channel: name one with `/faq reports`."

Post = Callable[[int], discord.abc.Messageable]
"""Returns a channel by its id, whether or not it is there."""


class Reports:
    """Reports changed answers, and tells managers at their next command where that cannot be done."""

    def __init__(
        self, choices: ServerChoices, questions: QuestionLog, silence: float, post: Post, check: Check
    ) -> None:
        """``silence``: probability below which a question counts as not answered."""
        self._choices, self._questions, self._silence = choices, questions, silence
        self._post, self._check = post, check
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._faults: dict[str, str] = {}
        """By server: why its report could not be sent."""

    def command(self) -> Command:
        """Return the command."""
        return app_commands.Command(
            name="reports",
            description="Where I say which saved questions are answered differently",
            callback=self.choose,
        )

    @app_commands.describe(
        channel="A channel that those who care for the files read; all who read it see the passages",
        off="Report in no channel any more",
    )
    async def choose(
        self, interaction: discord.Interaction, channel: discord.TextChannel | None = None, off: bool = False
    ) -> None:
        """Choose the channel for reports, or none, or show which it is."""

        async def chosen() -> str:
            self._check(interaction)
            server = str(interaction.guild_id)
            if off:
                await asyncio.to_thread(self._choices.set_report_channel, server, None)
                self._faults.pop(server, None)
                return "Changed answers are not reported in any channel from now on."
            if channel is not None:
                return await self._begin(server, channel.id)
            there = await asyncio.to_thread(self._choices.report_channel, server)
            return f"Changed answers are reported in <#{there}>." if there else _OFF

        await self.respond(interaction, chosen)

    async def respond(self, interaction: discord.Interaction, work: Work) -> None:
        """Answer a manager's command privately, report what it changed, and add what hinders reports."""

        async def done() -> Said:
            said = await work()
            under = await self.reported(str(interaction.guild_id))
            return said + under if isinstance(said, str) else replace(said, text=said.text + under)

        await respond(interaction, done, private=True)

    async def reported(self, server: str) -> str:
        """Report what has changed; return the line to put under an answer where that cannot be done, else nothing."""
        await self.tell(server)
        fault = self._faults.get(server)
        return f"\n\u26a0 {fault}" if fault else ""

    async def tell(self, server: str) -> None:
        """Report the answers that have changed since the last report, where the server wants that. Never raises."""
        try:
            async with self._turns[server]:
                channel = await asyncio.to_thread(self._choices.report_channel, server)
                if channel is not None:
                    await self._send(server, int(channel))
        except Exception:
            log.exception("The changed answers of server %s could not be reported.", server)

    async def _begin(self, server: str, channel: int) -> str:
        """Choose a channel that a first message reaches. Raises Refusal where it does not."""
        async with self._turns[server]:
            try:
                await self._say(channel, _WELCOME)
            except discord.HTTPException as error:
                raise Refusal(f"{_fault(error, channel)} Nothing was changed.") from error
            saved = await asyncio.to_thread(self._questions.saved, server)
            # What changed before anybody wanted to know is no news.
            await asyncio.to_thread(self._questions.tell, server, {one.text: one.found for one in saved if one.found})
            await asyncio.to_thread(self._choices.set_report_channel, server, str(channel))
            self._faults.pop(server, None)
        none = "" if saved else " No question is saved yet: save those that matter with `/faq questions`."
        return f"Changed answers are reported in <#{channel}> from now on; all who read it see the passages.{none}"

    async def _send(self, server: str, channel: int) -> None:
        changed = await asyncio.to_thread(untold, self._questions, server, self._silence)
        for text, told in messages(changed):
            try:
                await self._say(channel, text)
            except discord.HTTPException as error:
                fault = _fault(error, channel)
                if self._faults.get(server) != fault:
                    log.warning("Server %s: %s (%s)", server, fault, error)
                self._faults[server] = fault
                return
            await asyncio.to_thread(self._questions.tell, server, {one.question: one.after for one in told})
        if changed:
            self._faults.pop(server, None)

    async def _say(self, channel: int, text: str) -> None:
        # discord.py sends again what Discord did not answer; with a nonce, Discord shows it once.
        nonce = secrets.token_hex(8)
        await self._post(channel).send(text, nonce=nonce, allowed_mentions=NOBODY, suppress_embeds=True)


def messages(changed: Sequence[ChangedAnswer]) -> Iterator[tuple[str, Sequence[ChangedAnswer]]]:
    """Yield the report as messages that Discord takes, each with the changes that it tells."""
    entries = [(_entry(one), [one]) for one in changed[:_MOST]]
    if rest := changed[_MOST:]:
        entries.append((f"... and {len(rest)} more saved questions: `/faq questions` lists them.", list(rest)))
    text, told = _OPENING, list[ChangedAnswer]()
    for n, (entry, ones) in enumerate(entries, 1):
        closing = f"\n{_HINT}" if n == len(entries) else ""
        if len(text) + 1 + len(entry) + len(closing) > LONGEST:
            yield text, told
            text, told = entry, list(ones)
        else:
            text, told = f"{text}\n{entry}", [*told, *ones]
        text += closing
    if told:
        yield text, told


def _entry(one: ChangedAnswer) -> str:
    now = _shown(one.after) or "not answered any more"
    return (
        f"**{plain(one.question, _LONGEST_QUESTION)}**\n> before: {_shown(one.before) or 'not answered'}\n> now: {now}"
    )


def _shown(found: Found) -> str:
    """Return a passage with its place; nothing where the files did not answer."""
    if not found.document:
        return ""
    passage = Passage(found.document, found.section, None, found.passage)
    place = ", ".join(filter(None, (passage.document, passage.heading)))
    return f"{plain(passage.body, _LONGEST_PASSAGE)} (*{plain(place)}*)"


def _fault(error: discord.HTTPException, channel: int) -> str:
    """Return why changed answers cannot be reported, and what to do."""
    if isinstance(error, discord.NotFound):
        return f"The channel for reports of changed answers ({channel}) is gone: choose another with `/faq reports`."
    if isinstance(error, discord.Forbidden):
        return (
            f"I may not write in <#{channel}>, where changed answers are to be reported: let me view that channel and "
            "send messages there, or choose another with `/faq reports`."
        )
    return f"Discord did not take the report of changed answers for <#{channel}>: it is sent again later."
