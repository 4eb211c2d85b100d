"""`parley doctor`: what is missing or unsafe, and what to do about it."""

import asyncio
import os
from collections.abc import Iterator

import click

from bot import models
from bot.settings import BadSettings, Settings
from bot.voices import served
from bot.wiring import open_local, open_postgres, open_remote
from knowledge.store import StoreUnavailable
from personas import persona
from personas.engine import EngineUnavailable


def examine(settings: Settings) -> int:
    """Print one line a check; return 1 where something keeps Parley from answering."""
    status = 0
    for sound, sentence in _checks(settings):
        click.secho(("ok    " if sound else "mend  ") + sentence, fg=None if sound else "red")
        status = status or int(not sound)
    return status


def _checks(settings: Settings) -> Iterator[tuple[bool, str]]:
    yield _writable(settings)
    yield _reads_files()
    if settings.store == "postgres":
        yield from _postgres(settings)
    try:
        models.check(settings, models.needed(settings))
        yield True, f"The models are in {settings.models_folder}."
        if settings.engine == "local":
            yield asyncio.run(_local(settings))
        for name in persona.names(*settings.libraries) if settings.engine != "echo" else ():
            yield from _voice(name, settings)
    except models.ModelsMissing as missing:
        yield False, str(missing)
    if settings.engine == "remote":
        yield asyncio.run(_remote(settings))
    if settings.discord_token:
        yield True, "A Discord token is set."
    else:
        yield True, "No Discord token is set; the terminal works without one, `parley bot` needs PARLEY_DISCORD_TOKEN."


def _reads_files() -> tuple[bool, str]:
    from knowledge import documents, sandbox

    try:
        documents.read("doctor.md", b"Is it well?")
    except documents.UnreadableDocument:
        sentence = "The process that reads uploaded files does not run here, so no file can be added: see that nothing "
        return False, f"{sentence}limits this process's memory or its children, and run `make setup` again."
    return True, sandbox.walls()


def _postgres(settings: Settings) -> Iterator[tuple[bool, str]]:
    try:
        store = open_postgres(settings)
        wrong = store.examine()
        if not wrong:
            known = len(store.servers())
            wrong = store.examine()  # the tables are there by now
            store.close()
    except (BadSettings, StoreUnavailable) as error:
        wrong = [str(error)]
    yield from ((False, sentence) for sentence in wrong)
    if not wrong:
        yield True, f"PostgreSQL keeps the knowledge of {known} servers, each behind row-level security."


def _voice(name: str, settings: Settings) -> Iterator[tuple[bool, str]]:
    try:
        voice = served(persona.load(name, *settings.libraries), settings)
    except persona.BadPersona as error:
        yield False, str(error)
        return
    yield True, f"Voice of {name}: {voice}"
    for reason in voice.refused:
        yield False, reason


async def _local(settings: Settings) -> tuple[bool, str]:
    settings.home.mkdir(parents=True, exist_ok=True)
    engine = open_local(settings)
    try:
        return True, f"The voice engine starts, on {await engine.start()}."
    except EngineUnavailable as error:
        return False, str(error)
    finally:
        await engine.close()


async def _remote(settings: Settings) -> tuple[bool, str]:
    engine = open_remote(settings)
    try:
        return True, await engine.examine()
    except EngineUnavailable as error:
        return False, str(error)
    finally:
        await engine.close()


def _writable(settings: Settings) -> tuple[bool, str]:
    nearest = next(folder for folder in (settings.home, *settings.home.parents) if folder.exists())
    if os.access(nearest, os.W_OK):
        return True, f"Data lives in {settings.home}."
    return False, f"{settings.home} cannot be written: set PARLEY_HOME to a folder of yours."
