"""Settings for a remote server, and what the wiring and `parley doctor` make of them."""

import socket

import pytest
from click.testing import CliRunner

from bot import models, settings
from bot.__main__ import cli
from bot.wiring import open_remote, parts
from personas.remote_engine import RemoteEngine

URL = "http://127.0.0.1:1/v1"


@pytest.fixture
def closed():
    """Return the address of a port that nobody listens at."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}/v1"


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ({}, "cannot be used: engine is remote, so remote_url must say where"),
        ({"remote_url": "127.0.0.1:8000"}, "remote_url: "),
        ({"remote_url": "ftp://127.0.0.1/v1"}, "remote_url: "),
        ({"remote_url": URL, "remote_adapters": "some"}, "remote_adapters: "),
        ({"remote_url": URL, "remote_key": "pasted\n"}, "remote_key holds a character that no header can carry"),
        ({"remote_url": URL, "remote_key": "\u043a\u043b\u044e\u0447"}, "remote_key holds"),
    ],
)
def test_settings_that_lead_nowhere_are_a_sentence(flags, words):
    """A server that cannot be asked is said before anything starts."""
    with pytest.raises(settings.BadSettings, match=words):
        settings.load(engine="remote", **flags)


def test_the_key_is_never_shown():
    """Settings that are printed or logged keep the key to themselves."""
    assert "k-secret" not in repr(settings.load(engine="remote", remote_url=URL, remote_key="k-secret"))


def test_voices_are_put_into_the_data_folder(home, tmp_path):
    """Unless another folder is set, which a server on another machine can share."""
    assert settings.load().adapter_folder == home / "remote-adapters"
    assert settings.load(remote_adapter_folder=tmp_path).adapter_folder == tmp_path


@pytest.mark.parametrize("use", ["load", "listed", "none"])
async def test_the_wiring_asks_the_server(models_folder, use):
    """The engine is the remote one, and personas have adapters only where the server can speak with them."""
    chosen = settings.load(engine="remote", remote_url=URL, remote_adapters=use)
    async with parts(chosen) as ready:
        assert isinstance(ready.answerer._engine, RemoteEngine)
        voice = ready.answerer._voices.voice("florist")
        assert (voice.adapter is None) == (use == "none")


def test_without_voices_no_language_model_is_needed():
    """A server that speaks in its own voice brings its own model; adapters are held against the one here."""
    base, embedder = models.MODELS
    assert models.needed(settings.load(engine="remote", remote_url=URL, remote_adapters="none")) == (embedder,)
    assert models.needed(settings.load(engine="remote", remote_url=URL)) == (base, embedder)
    assert models.needed(settings.load()) == (base, embedder)


async def test_an_engine_that_was_never_asked_closes():
    """Opening and closing needs no server."""
    await open_remote(settings.load(engine="remote", remote_url=URL)).close()


def test_doctor_says_when_nobody_answers(monkeypatch, closed):
    """The operator reads the address and what to do, and the status is 1."""
    monkeypatch.setenv("PARLEY_ENGINE", "remote")
    monkeypatch.setenv("PARLEY_REMOTE_URL", closed)
    done = CliRunner().invoke(cli, ["doctor"])
    assert done.exit_code == 1
    assert f"mend  Nobody answers at {closed}: start the model server" in done.stdout
