"""`parley persona install`, `rollback` and `train` as their users see them, with the shipped adapters."""

import json
import shutil

import pytest
from click.testing import CliRunner

from bot.__main__ import cli
from personas.persona import LIBRARY

pytestmark = pytest.mark.model
FLORIST = LIBRARY / "florist" / "adapter"


@pytest.fixture
def parley(models_folder, monkeypatch):
    """Return a way to run a command, which comes back with its exit status, output and errors."""
    monkeypatch.setenv("COLUMNS", "300")

    def run(*words):
        done = CliRunner().invoke(cli, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return run


@pytest.fixture
def adapter(tmp_path):
    return shutil.copytree(FLORIST, tmp_path / "adapter")


def files(folder):
    return {path.relative_to(folder): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def louder(adapter):
    """Make another version of it."""
    config = adapter / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": 33}))
    return adapter


def test_an_adapter_is_installed_listed_and_rolled_back(parley, adapter, home):
    """The persona that the card names speaks with it, until it goes back to the one that ships."""
    done = parley("persona", "install", louder(adapter), "--allow")
    assert (done.exit_code, done.stderr) == (0, "")
    version = done.stdout.removeprefix("florist speaks with ").strip()
    assert (home / "adapters" / "florist" / version / "card.json").is_file()
    shutil.rmtree(adapter)
    assert version in parley("persona", "list").stdout
    shown = parley("persona", "show", "florist").stdout
    assert f"voice: {version}" in shown
    assert f"installed, the newest first: {version}" in shown
    back = parley("persona", "rollback", "florist")
    assert back.exit_code == 0
    assert back.stdout.startswith("florist speaks with florist-")
    assert version not in back.stdout
    again = parley("persona", "rollback", "florist")
    assert again.exit_code == 1
    assert "nothing to go back from" in again.stderr


def test_the_shipped_adapter_installed_from_elsewhere_is_the_same_version(parley, adapter, home):
    """A copy has the name of what it is a copy of."""
    before = parley("persona", "show", "florist").stdout.splitlines()[0]
    assert parley("persona", "install", adapter, "--allow").exit_code == 0
    assert (home / "adapters" / "florist" / "served.json").is_file()
    assert parley("persona", "show", "florist").stdout.splitlines()[0] == before


def test_an_adapter_can_be_given_to_another_persona(parley, adapter):
    """With --persona, whatever its card says; without a name on the card, only so."""
    assert parley("persona", "install", adapter, "--allow", "--persona", "grumpy-pirate").stdout.startswith(
        "grumpy-pirate speaks"
    )
    card = adapter / "card.json"
    card.write_text(json.dumps(json.loads(card.read_text()) | {"persona": None}))
    done = parley("persona", "install", adapter)
    assert done.exit_code == 1
    assert "say whose voice it is with --persona" in done.stderr


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"\x80\x04" * 99), "is a pickle"),
        (lambda folder: (folder / "tokenizer.json").write_text("{}"), "do not belong in an adapter: tokenizer.json"),
        (shutil.rmtree, "no folder that can be read"),
        (
            lambda folder: (folder / "card.json").write_text(
                (folder / "card.json").read_text().replace('"persona": "florist"', '"persona": "../florist"', 1)
            ),
            "no persona named '../florist'",
        ),
    ],
)
def test_a_refused_adapter_leaves_everything_as_it_was(parley, adapter, home, damage, sentence):
    """The sentence says why, and the voice that served goes on serving."""
    version = parley("persona", "install", louder(adapter), "--allow").stdout.split()[-1]
    before = files(home)
    damage(adapter)
    done = parley("persona", "install", adapter, "--allow")
    assert done.exit_code == 1
    assert sentence in done.stderr
    assert files(home) == before
    assert f"voice: {version}" in parley("persona", "show", "florist").stdout


def test_a_voice_damaged_on_the_disk_is_told(parley, adapter, home):
    """The doctor, the list and the persona itself say so; the version before speaks."""
    version = parley("persona", "install", louder(adapter), "--allow").stdout.split()[-1]
    weights = home / "adapters" / "florist" / version / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    doctor = parley("doctor")
    assert doctor.exit_code == 1
    [line] = [line for line in doctor.stdout.splitlines() if line.startswith("mend")]
    assert version in line
    assert "is damaged" in line
    assert "(1 refused)" in parley("persona", "list").stdout
    shown = parley("persona", "show", "florist").stdout
    assert "refused: " in shown
    assert f"voice: {version}" not in shown
    parley("persona", "rollback", "florist")
    assert parley("doctor").exit_code == 0


@pytest.fixture
def trains(monkeypatch):
    """Return a way to have training yield a folder's adapter: the real one takes minutes."""

    def yields(adapter):
        class Trained:
            def __init__(self, run, folder):
                self.run, self.steps, self.done, self.lessons = run, 1, 0, ()

            def probe(self):
                return 0.0, 0

            def finish(self, folder, progress):
                shutil.copytree(adapter, folder)
                return {"final_loss": 0.5, "seconds": 1}

        monkeypatch.setattr("personas.train.Training", Trained)

    return yields


def test_a_trained_voice_waits_for_its_evaluation(parley, adapter, home, trains, tmp_path):
    """It is kept, and what served goes on serving; with --out it is only written there."""
    trains(louder(adapter))
    before = parley("persona", "show", "florist").stdout.splitlines()[0]
    done = parley("persona", "train", "florist", "--out", tmp_path / "out")
    assert (tmp_path / "out" / "card.json").is_file()
    assert not (home / "adapters").exists()
    assert f"`parley persona evaluate florist --adapter {tmp_path / 'out'}`" in done.stdout
    done = parley("persona", "train", "florist")
    [candidate] = (home / "adapters" / "florist" / ".candidates").iterdir()
    assert done.stdout.startswith(f"{candidate}: final loss 0.5")
    assert "`parley persona evaluate florist`" in done.stdout
    assert parley("persona", "show", "florist").stdout.splitlines()[0] == before


def test_a_trained_voice_that_is_not_sound_is_not_kept(parley, adapter, home, trains):
    """Training passes through the same check as every adapter."""
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    trains(adapter)
    done = parley("persona", "train", "florist")
    assert done.exit_code == 1
    assert "is empty" in done.stderr
    assert not (home / "adapters").exists()


def test_an_adapter_that_proved_nothing_is_not_installed(parley, adapter, home):
    """Unless somebody allows it, which its card then says."""
    card = json.loads((adapter / "card.json").read_text())
    (adapter / "card.json").write_text(json.dumps(card | {"evaluation": None}))
    done = parley("persona", "install", adapter)
    assert done.exit_code == 1
    assert "has no evaluation" in done.stderr
    assert not (home / "adapters").exists()
    version = parley("persona", "install", adapter, "--allow").stdout.split()[-1]
    installed = json.loads((home / "adapters" / "florist" / version / "card.json").read_text())
    assert installed["evaluation"]["gate"] == {"passed": False, "reasons": ["It was never evaluated."], "allowed": True}


def test_installing_needs_the_base_model(parley, adapter, home, monkeypatch, tmp_path):
    """Before `parley setup`, install and rollback say that, and change nothing."""
    monkeypatch.setenv("PARLEY_MODELS", str(tmp_path / "none"))
    for words in (("install", adapter), ("rollback", "florist")):
        done = parley("persona", *words)
        assert done.exit_code == 1
        assert "run `parley setup`" in done.stderr
    assert not list(home.iterdir())
