from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from watched_embedder import WatchedEmbedder

from knowledge.postgres_store import PostgresStore
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Store

# A busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture(params=["sqlite", "postgres"])
def another(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Give a way to open the same store once more, as another process would."""
    opened: list[Store] = []
    url = request.getfixturevalue("empty_database") if request.param == "postgres" else ""

    def open_one() -> Store:
        opened.append(PostgresStore(url) if url else SqliteStore(tmp_path / "servers"))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(another: Callable[[], Store]) -> Store:
    return another()


@pytest.fixture
def watched() -> WatchedEmbedder:
    return WatchedEmbedder()
