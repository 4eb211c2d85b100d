"""`parley persona evaluate` as its users see it; the exam itself is made up, since a real one takes minutes."""

import json
import shutil

import pytest
from click.testing import CliRunner
from marked import evaluation, exam

from bot import wiring
from bot.__main__ import cli
from knowledge.embedding import HashEmbedder
from personas.adapters import checked
from personas.candidates import keep
from personas.persona import LIBRARY

pytestmark = pytest.mark.model


@pytest.fixture
def adapter(tmp_path):
    """Return a voice that does not ship, by another alpha, and was never evaluated."""
    folder = shutil.copytree(LIBRARY / "florist" / "adapter", tmp_path / "adapter")
    config, card = folder / "adapter_config.json", folder / "card.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": 33}))
    card.write_text(json.dumps(json.loads(card.read_text()) | {"evaluation": None}))
    return folder


@pytest.fixture
def candidate(adapter, home, base_folder):
    return keep(checked(adapter, str(base_folder)), "florist", home / "adapters")


@pytest.fixture
def parley(models_folder, monkeypatch):
    """Return a way to run a command; what the exam comes to is set beforehand."""
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setattr(wiring, "open_embedder", lambda settings: HashEmbedder())
    state = {"ours": exam(45), "theirs": exam(30), "exam_rows": None}

    async def made_up(hall, base, judge, *, find, most, allowed, progress):
        return evaluation(hall.persona, hall.adapter.version.rpartition("-")[2], **state, allowed=allowed)

    monkeypatch.setattr("personas.evaluate.evaluate", made_up)

    def run(*words, **outcome):
        state.update(outcome)
        done = CliRunner().invoke(cli, ["persona", *map(str, words)])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return run


def served(parley):
    return parley("show", "florist").stdout.splitlines()[0].rpartition("voice: ")[2]


def test_a_candidate_that_passes_serves(parley, candidate, home):
    """Its card and a page say what came of the exam; the figures stand on the terminal."""
    assert served(parley) != candidate.version
    done = parley("evaluate", "florist")
    assert (done.exit_code, done.stderr) == (0, "")
    assert "facts kept" in done.stdout
    assert f"{candidate.version} passed. florist speaks with it from the next answer on." in done.stdout
    assert served(parley) == candidate.version
    card = json.loads((home / "adapters" / "florist" / candidate.version / "card.json").read_text())
    assert card["evaluation"]["gate"] == {"passed": True, "reasons": [], "allowed": False}
    assert "<!DOCTYPE html>" in (home / "evaluations" / "florist.html").read_text()


def test_a_candidate_that_loses_facts_does_not_serve(parley, candidate, home):
    """The reason is said; whoever allows it has it served, and the card tells."""
    before = served(parley)
    done = parley("evaluate", "florist", ours=exam(40), theirs=exam(50))
    assert "did not pass and is not served. It keeps the facts in 40 of 50 answers" in done.stdout
    assert served(parley) == before
    assert json.loads((candidate.folder / "card.json").read_text())["evaluation"]["gate"]["passed"] is False
    done = parley("evaluate", "florist", "--allow")
    assert "is served all the same, as you allow it" in done.stdout
    assert served(parley) == candidate.version
    card = json.loads((home / "adapters" / "florist" / candidate.version / "card.json").read_text())
    assert card["evaluation"]["gate"]["allowed"] is True


def test_a_served_voice_that_is_refused_later_serves_no_more(parley, candidate):
    """Evaluated again by another exam, it gives way to the one before it."""
    before = served(parley)
    parley("evaluate", "florist")
    parley("evaluate", "florist", ours=exam(40), theirs=exam(50))
    assert served(parley) == before
    assert "did not pass its evaluation" in parley("show", "florist").stdout
    parley("evaluate", "florist", ours=exam(45), theirs=exam(30))
    assert served(parley) == candidate.version


def test_a_part_of_an_exam_changes_nothing(parley, candidate):
    """No card, no version; the page is there to look at."""
    before, card = served(parley), (candidate.folder / "card.json").read_text()
    done = parley("evaluate", "florist", "--rows", "60", exam_rows=180)
    assert "no card was written" in done.stdout
    assert served(parley) == before
    assert (candidate.folder / "card.json").read_text() == card


def test_an_adapter_elsewhere_proves_itself_for_install(parley, adapter, home, tmp_path):
    """Its own card gets the evaluation, with which it can be installed; nothing serves by itself."""
    done = parley("install", adapter)
    assert "has no evaluation" in done.stderr
    page = tmp_path / "pages" / "voice.html"
    done = parley("evaluate", "florist", "--adapter", adapter, "--page", page, "--json")
    assert json.loads(done.stdout)["gate"]["passed"] is True
    assert page.is_file()
    assert not (home / "adapters").exists()
    version = parley("install", adapter).stdout.split()[-1]
    assert served(parley) == version


def test_an_evaluation_of_other_weights_proves_nothing(parley, adapter, home):
    """A card that was copied over is found out."""
    parley("evaluate", "florist", "--adapter", adapter)
    config = adapter / "adapter_config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": 34}))
    done = parley("install", adapter)
    assert done.exit_code == 1
    assert "has no evaluation" in done.stderr


def test_without_a_voice_there_is_nothing_to_evaluate(parley, home, monkeypatch):
    """A persona that has a card and rows is told to train first."""
    own = home / "personas" / "night-gardener"
    shutil.copytree(LIBRARY / "florist", own, ignore=shutil.ignore_patterns("adapter"))
    done = parley("evaluate", "night-gardener")
    assert done.exit_code == 1
    assert "run `parley persona train night-gardener` first" in done.stderr
