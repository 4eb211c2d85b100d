"""The base model exchanged for another: voices are trained again, and knowledge stays as it was."""

import hashlib
import json
import shutil

import pytest
from click.testing import CliRunner
from teaching import run_of

from bot.__main__ import cli
from personas import versions
from personas.adapters import checked
from personas.candidates import newest
from personas.train import Training


@pytest.fixture
def parley(models_folder):
    """Return a way to run a command that must succeed."""

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words])
        assert done.exit_code == 0, done.output
        return done.stdout

    return run


@pytest.fixture
def mate(home, bosun):
    """Put a persona of the owner's own into the data folder."""
    shutil.copytree(bosun.folder, home / "personas" / "mate")
    return "mate"


@pytest.mark.model
def test_a_voice_is_trained_for_another_base_and_switched_with_it(
    parley, mate, home, gpt2_base, tiny_base, tmp_path, monkeypatch
):
    """Trained for two bases, each base has its own version of the voice, and an answer comes from the one chosen."""
    fact = tmp_path / "hours.md"
    fact.write_text("# Hours\n\nThe rope shop is open from 9 am to 5 pm.\n")
    parley("knowledge", "add", fact, "--server", "quay", "--yes")
    store = hashlib.sha256("".join(parley("knowledge", "list", "--server", "quay").split()).encode())
    plan = CliRunner().invoke(cli, ["persona", "train", mate, "--base", str(gpt2_base), "--plan"])
    assert plan.exit_code == 0, plan.output
    assert "there is no foundation for it" in plan.stderr
    assert not (home / "adapters" / mate).exists()
    trained = {}
    for base in (gpt2_base, tiny_base):
        parley("persona", "train", mate, "--base", base, "--epochs", 1)
        candidate = newest(mate, home / "adapters", str(base))
        trained[base] = versions.install(checked(candidate.folder, str(base)), mate, home / "adapters").version
    assert len(set(trained.values())) == 2
    for base, version in trained.items():
        monkeypatch.setenv("PARLEY_BASE_MODEL", str(base))
        answer = json.loads(parley("ask", "when do you open?", "--server", "quay", "--persona", mate, "--json"))
        assert answer["adapter"] == version
        assert answer["sources"][0]["document"] == "hours.md"
    monkeypatch.delenv("PARLEY_BASE_MODEL")
    assert hashlib.sha256("".join(parley("knowledge", "list", "--server", "quay").split()).encode()).digest() == (
        store.digest()
    )


def test_a_foundation_for_another_base_is_what_its_voices_start_from(bosun, gpt2_base, tmp_path):
    """An adapter for one base is gone on from for that base alone."""
    first = Training(run_of(bosun, gpt2_base), tmp_path / "checkpoints").finish(tmp_path / "first")
    again = Training(run_of(bosun, gpt2_base, start=tmp_path / "first"), tmp_path / "checkpoints")
    assert again.finish(tmp_path / "second")["started_from"]["adapter_sha256"] == first["adapter_sha256"]
