"""A reply on Discord that grows: sent once, edited at a bounded pace, and whole in the end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import discord

from bot.discord_text import split

Send = Callable[[str, int], Awaitable[discord.Message]]
"""Sends a text as part n, from 1, of a reply."""

NOBODY = discord.AllowedMentions.none()
_TOGETHER = 0.3
"""Seconds that a first sentence waits for the rest, since most replies are as short as that."""
_PACE = 1.0
"""Seconds between edits; Discord lets about one a second through in a channel."""
_NOTICEABLE = 2.0
"""Seconds that a question waits in line before its place is shown."""
_PLACE_PACE = 10.0
"""Seconds between edits of a place, so that a long line does not use up what Discord lets through."""


class GrowingReply:
    """The messages of one reply. Everything is sent by one task, in order; only the newest text counts."""

    def __init__(self, send: Send, opening: str = "") -> None:
        """Send nothing yet; ``opening`` will stand before every text."""
        self._send, self._opening = send, opening
        self._began = asyncio.get_running_loop().time()
        self._first_sentence: float | None = None
        self._text, self._due = "", 0.0
        self._shown, self._shown_at = "", -_PLACE_PACE
        self._sent: list[discord.Message] = []
        self._changed = asyncio.Event()
        self._complete = False
        self._writer: asyncio.Task[None] | None = None

    def place(self, number: int, line: str) -> None:
        """Show the persona's own line with the place in line, where the wait is long enough to be noticed."""
        due = max(self._began + _NOTICEABLE, self._shown_at + _PLACE_PACE)
        self._show(f"-# {line} You are number {number} in line.", due)

    def grow(self, text: str) -> None:
        """Show the reply as far as it goes, after the ones before it have been read for a moment."""
        now = asyncio.get_running_loop().time()
        self._first_sentence = self._first_sentence or now
        self._show(text, max(self._first_sentence + _TOGETHER, self._shown_at + _PACE))

    async def finish(self, text: str) -> None:
        """Show the whole reply, in several messages where it needs them.

        Cancelled, it leaves the task that sends to ``withdraw``. Raises discord.HTTPException where the bot may not
        write there.
        """
        self._complete = True
        await asyncio.shield(self._show(text, 0.0))

    async def withdraw(self) -> None:
        """Send no more, and delete what was sent."""
        self._complete = True
        self._opening = ""
        with suppress(discord.HTTPException):
            await self._show("", 0.0)
            for message in self._sent:
                await message.delete()

    def _show(self, text: str, due: float) -> asyncio.Task[None]:
        self._text, self._due = self._opening + text, due
        self._changed.set()
        # One that failed is kept: what Discord has refused is not sent again.
        if self._writer is None or (self._writer.done() and not self._writer.exception()):
            self._writer = asyncio.create_task(self._write())
        return self._writer

    async def _write(self) -> None:
        loop = asyncio.get_running_loop()
        while not self._complete and self._text != self._shown:
            self._changed.clear()
            try:
                async with asyncio.timeout(max(0.0, self._due - loop.time())):
                    await self._changed.wait()
            except TimeoutError:
                self._shown, self._shown_at = self._text, loop.time()
                await self._put(1, split(self._text)[0])
        for n, part in enumerate(split(self._text) if self._complete else (), 1):
            await self._put(n, part)

    async def _put(self, n: int, part: str) -> None:
        if n > len(self._sent):
            self._sent.append(await self._send(part, n))
        elif self._sent[n - 1].content != part:
            self._sent[n - 1] = await _edited(self._sent[n - 1], part)


async def _edited(message: discord.Message, text: str) -> discord.Message:
    if isinstance(message, discord.WebhookMessage):
        return await message.edit(content=text, allowed_mentions=NOBODY)
    # Unless told otherwise, discord.py lets previews unfold again.
    return await message.edit(content=text, suppress=True, allowed_mentions=NOBODY)
