"""Settings for the two stores, what the doctor says of PostgreSQL, and moving from the command line."""

import psycopg
import pytest
from click.testing import CliRunner

from bot import settings, wiring
from bot.__main__ import cli
from knowledge.store import StoreUnavailable


@pytest.fixture(autouse=True)
def echo(home, monkeypatch):
    monkeypatch.setenv("PARLEY_ENGINE", "echo")
    monkeypatch.setenv("COLUMNS", "200")


@pytest.fixture
def database(empty_database, monkeypatch):
    monkeypatch.setenv("PARLEY_POSTGRES_URL", empty_database)
    return empty_database


def parley(*words):
    done = CliRunner().invoke(cli, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
    return done


def test_postgres_needs_an_address(monkeypatch):
    """The setting that names PostgreSQL without saying where is refused."""
    monkeypatch.setenv("PARLEY_STORE", "postgres")
    with pytest.raises(settings.BadSettings, match="postgres_url"):
        settings.load()
    monkeypatch.setenv("PARLEY_STORE", "sqlite")
    done = parley("knowledge", "move", "--server", "s", "--to", "postgres")
    assert (done.exit_code, "postgres_url" in done.stderr) == (1, True)


def test_the_address_is_not_shown(monkeypatch):
    """The database's password is in no printed settings."""
    monkeypatch.setenv("PARLEY_POSTGRES_URL", "postgresql://parley:secret@127.0.0.1/parley")
    assert "secret" not in repr(settings.load())


def test_a_server_moves_there_and_back(database, tmp_path, monkeypatch):
    """One command moves a server, and its answers come from the other store."""
    faq = tmp_path / "faq.md"
    faq.write_text("# Is there parking?\nParking is free.\n")
    assert parley("knowledge", "add", faq, "--server", "shop", "--yes").exit_code == 0
    done = parley("knowledge", "move", "--server", "shop", "--to", "postgres", "--remove-source")
    assert done.exit_code == 0
    assert "1 documents, 1 passages" in done.stdout
    assert 'store = "postgres"' in done.stdout
    assert parley("knowledge", "list", "--server", "shop").exit_code == 1
    monkeypatch.setenv("PARLEY_STORE", "postgres")
    assert "Parking is free" in parley("ask", "Is there parking?", "--server", "shop").stdout
    assert parley("knowledge", "move", "--server", "shop", "--to", "sqlite").exit_code == 0
    assert "faq.md" in parley("knowledge", "list", "--server", "shop").stdout


def test_doctor_looks_at_postgres(database, postgres, monkeypatch):
    """The doctor tells a sound database, one whose rows are open to every server, and a role that may see them all."""
    monkeypatch.setenv("PARLEY_STORE", "postgres")
    assert "row-level security" in parley("doctor").stdout
    with psycopg.connect(database, autocommit=True) as owner:
        owner.execute("ALTER TABLE parley.passages NO FORCE ROW LEVEL SECURITY")
        try:
            done = parley("doctor")
        finally:
            owner.execute("ALTER TABLE parley.passages FORCE ROW LEVEL SECURITY")
    assert done.exit_code == 1
    assert "mend  Row-level security is off on parley.passages" in done.stdout
    monkeypatch.setenv("PARLEY_POSTGRES_URL", postgres.url("postgres", "shared"))
    assert "may pass over row-level security" in parley("doctor").stdout
    monkeypatch.setenv("PARLEY_POSTGRES_URL", postgres.url())
    assert "pgvector is missing" in parley("doctor").stdout


def test_doctor_says_when_postgres_is_away(monkeypatch, tmp_path):
    """Where no PostgreSQL answers, the doctor says what to look at."""
    monkeypatch.setenv("PARLEY_STORE", "postgres")
    monkeypatch.setenv("PARLEY_POSTGRES_URL", f"postgresql://parley@/parley?host={tmp_path}")
    done = parley("doctor")
    assert done.exit_code == 1
    assert "mend  PostgreSQL cannot be used" in done.stdout


def test_an_unsafe_role_is_refused(postgres, database, monkeypatch):
    """With a role that may see every server's rows the store does nothing at all."""
    monkeypatch.setenv("PARLEY_STORE", "postgres")
    monkeypatch.setenv("PARLEY_POSTGRES_URL", postgres.url("postgres", "shared"))
    store = wiring.open_store(settings.load())
    with pytest.raises(StoreUnavailable, match="may pass over row-level security"):
        store.servers()
