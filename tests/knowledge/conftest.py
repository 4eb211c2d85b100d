from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from watched_embedder import WatchedEmbedder

from knowledge.sqlite_store import SqliteStore

# A busy machine is no fault of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "servers")
    yield store
    store.close()


@pytest.fixture
def watched() -> WatchedEmbedder:
    return WatchedEmbedder()
