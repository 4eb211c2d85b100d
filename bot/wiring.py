"""Settings to working parts: the only place that picks backends."""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot import models
from bot.admission import Line
from bot.answering import Answerer
from bot.computed import ZoneOf
from bot.servers import ServerChoices
from bot.settings import BadSettings, Settings
from bot.voices import Voices, spoken_by
from knowledge.embedding import OWN_ADAPTER, Embedder, HashEmbedder, SentenceTransformerEmbedder
from knowledge.question_log import QuestionLog
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store
from personas.engine import EchoEngine, Engine
from personas.local_engine import LocalEngine
from personas.remote_engine import RemoteEngine

if TYPE_CHECKING:
    from knowledge.postgres_store import PostgresStore


@dataclass(frozen=True)
class Parts:
    """What the front ends are given."""

    settings: Settings
    store: Store
    embedder: Embedder
    answerer: Answerer


def open_store(settings: Settings, kind: str | None = None) -> Store:
    """Return the store of all servers, or the one of a ``kind`` that is not in use. Raises BadSettings."""
    if (kind or settings.store) == "postgres":
        return open_postgres(settings)
    return SqliteStore(settings.servers_folder)


def open_postgres(settings: Settings) -> "PostgresStore":
    """Return the store in PostgreSQL, which connects when it is first used. Raises BadSettings."""
    if settings.postgres_url is None:
        raise BadSettings(
            "No PostgreSQL database is named: set postgres_url in parley.toml or PARLEY_POSTGRES_URL, such as "
            "postgresql://parley:password@127.0.0.1/parley."
        )
    try:
        from knowledge.postgres_store import PostgresStore
    except ImportError as error:
        raise BadSettings("PostgreSQL needs its driver: pip install 'parley[postgres]'.") from error
    return PostgresStore(settings.postgres_url.get_secret_value())


def open_embedder(settings: Settings) -> Embedder:
    """Return the embedder; raises ModelsMissing before `parley setup` has run."""
    if settings.engine == "echo":
        return HashEmbedder()
    models.check(settings, models.needed(settings))
    adapter = None if settings.embedder else OWN_ADAPTER
    return SentenceTransformerEmbedder(models.embedder_path(settings), adapter=adapter)


def open_questions(settings: Settings) -> QuestionLog:
    """Return what all servers are asked."""
    return QuestionLog(settings.servers_folder, settings.gap_days)


def zone_of(settings: Settings) -> ZoneOf:
    """Return a way to find where a server's clock is: its own choice, else the setting."""
    choices = ServerChoices(settings.servers_folder)
    return lambda server: choices.time_zone(server) or settings.time_zone


def open_remote(settings: Settings) -> RemoteEngine:
    """Return the engine that asks a server."""
    return RemoteEngine(
        str(settings.remote_url),
        folder=settings.adapter_folder,
        model=settings.remote_model,
        key=settings.remote_key.get_secret_value() if settings.remote_key else None,
        use=settings.remote_adapters,
        mount=settings.remote_adapter_mount,
    )


def open_local(settings: Settings) -> LocalEngine:
    """Return the engine of this machine; its process starts with the first request."""
    return LocalEngine(
        models.base_path(settings),
        runtime=settings.runtime,
        weights=settings.weights,
        adapter_memory=settings.adapter_memory,
        log=settings.home / "engine.log",
    )


def _open_engine(settings: Settings) -> Engine:
    if settings.engine == "remote":
        return open_remote(settings)
    if settings.engine == "echo":
        return EchoEngine()
    return open_local(settings)


@contextlib.asynccontextmanager
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """Open everything that an answer needs, and close it again."""
    store = open_store(settings)
    embedder = open_embedder(settings)
    engine = _open_engine(settings)
    base = None if settings.engine == "echo" else spoken_by(settings)
    voices = Voices(settings.libraries, settings.home / "adapters", base)
    line = Line(settings.at_once, settings.longest_line)
    answerer = Answerer(
        store,
        embedder,
        engine,
        voices,
        silence=settings.silence,
        longest=settings.longest_question,
        line=line,
        log=open_questions(settings),
        zone=zone_of(settings),
    )
    try:
        yield Parts(settings, store, embedder, answerer)
    finally:
        await engine.close()
        store.close()
