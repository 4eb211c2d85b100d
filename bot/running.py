"""The Discord bot from settings to shutdown."""

import asyncio
import logging
import signal

from bot.discord_client import run_bot
from bot.settings import Settings
from bot.wiring import parts


async def run(settings: Settings) -> None:
    """Run until Discord or the operator ends it; SIGTERM, as systemd and Docker send it, ends it cleanly.

    Raises CannotConnect (BadToken among them) and ModelsMissing.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 -- a coroutine always runs in one, for the type checker
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    try:
        async with parts(settings) as ready:
            await run_bot(settings, ready.store, ready.embedder, ready.answerer)
    except asyncio.CancelledError:
        logging.getLogger(__name__).info("stopped")
