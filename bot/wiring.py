"""Settings to working parts: the only place that picks backends."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from bot import models
from bot.answering import Answerer
from bot.settings import Settings
from bot.voices import Voices
from knowledge.embedding import Embedder, HashEmbedder, SentenceTransformerEmbedder
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store
from personas import persona
from personas.engine import EchoEngine, Engine
from personas.local_engine import LocalEngine


@dataclass(frozen=True)
class Parts:
    """What the front ends are given."""

    settings: Settings
    store: Store
    embedder: Embedder
    answerer: Answerer


def open_store(settings: Settings) -> Store:
    """Return the store of all servers; raises BadSettings where SQLite is too old."""
    return SqliteStore(settings.servers_folder)


def open_embedder(settings: Settings) -> Embedder:
    """Return the embedder; raises ModelsMissing before `parley setup` has run."""
    if settings.engine == "echo":
        return HashEmbedder()
    models.check(settings)
    return SentenceTransformerEmbedder(models.embedder_path(settings))


@contextlib.asynccontextmanager
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open everything that an answer needs, and close it again."""
    store = open_store(settings)
    embedder = open_embedder(settings)
    base = models.base_path(settings) if settings.engine == "local" else None
    engine: Engine = LocalEngine(base, log=settings.home / "engine.log") if base else EchoEngine()
    voices = Voices(persona.LIBRARY, settings.home / "adapters", base)
    answerer = Answerer(store, embedder, engine, voices, silence=settings.silence, longest=settings.longest_question)
    try:
        yield Parts(settings, store, embedder, answerer)
    finally:
        await engine.close()
        store.close()
