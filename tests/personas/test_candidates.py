"""Trained voices that wait for their evaluation."""

import json
import shutil

import pytest

from personas.adapters import BadAdapter, checked
from personas.candidates import keep, newest, promote, write_evaluation
from personas.gate import Gate
from personas.versions import Served, current, history


@pytest.fixture
def root(tmp_path):
    return tmp_path / "adapters"


@pytest.fixture
def base(tiny_base):
    return str(tiny_base)


@pytest.fixture
def made(tmp_path, trained, base):
    """Return a way to make sound adapters, each another version."""

    def make(alpha):
        folder = shutil.copytree(trained, tmp_path / f"made-{alpha}")
        config = folder / "adapter_config.json"
        config.write_text(json.dumps(json.loads(config.read_text()) | {"lora_alpha": alpha}))
        return checked(folder, base)

    return make


def judged(*reasons, allowed=False):
    return {"gate": Gate(reasons, allowed).as_json()}


def test_a_candidate_does_not_serve_until_it_is_promoted(bosun, made, root, base):
    """The newest one is kept; promoted, it is a version like any other, with its card."""
    keep(made(1), "bosun", root)
    candidate = keep(made(2), "bosun", root)
    assert newest("bosun", root, base) == candidate
    assert len(list(candidate.folder.parent.iterdir())) == 1
    assert current(bosun, root, base) == Served(None)
    write_evaluation(candidate, judged())
    served = promote(candidate, "bosun", root, base)
    assert current(bosun, root, base) == Served(served)
    assert checked(served.folder, base).card["evaluation"] == judged()
    assert newest("bosun", root, base) is None
    assert history("bosun", root) == [served.version]


def test_a_damaged_candidate_is_none(made, root, base):
    """Nor is one that is not what its name says."""
    candidate = keep(made(1), "bosun", root)
    config = candidate.folder / "adapter_config.json"
    config.write_text(config.read_text().replace('"lora_alpha": 1', '"lora_alpha": 3'))
    assert newest("bosun", root, base) is None


def test_a_version_that_was_refused_gives_way_to_the_one_before(bosun, made, root, base):
    """The reason is told; an evaluation that allows it lets it serve again."""
    first, second = (promote(keep(made(alpha), "bosun", root), "bosun", root, base) for alpha in (1, 2))
    write_evaluation(second, judged("It lost facts."))
    served = current(bosun, root, base)
    assert served.adapter == first
    assert "It lost facts." in served.refused[0]
    assert current(bosun, root, base, judged=False).adapter == second
    write_evaluation(second, judged("It lost facts.", allowed=True))
    assert current(bosun, root, base) == Served(second)


def test_a_shipped_voice_that_was_refused_does_not_speak(bosun, trained, root, base):
    """The card alone does."""
    shutil.copytree(trained, bosun.folder / "adapter")
    shipped = current(bosun, root, base).adapter
    write_evaluation(shipped, judged("It lost facts."))
    assert current(bosun, root, base).adapter is None


def test_an_evaluation_leaves_nothing_but_the_card(made, root, base):
    """What else stood in the card stays, and the version keeps its name."""
    candidate = keep(made(1), "bosun", root)
    before = checked(candidate.folder, base)
    write_evaluation(candidate, judged())
    after = checked(candidate.folder, base)
    assert after.digest == before.digest
    assert after.card == before.card | {"evaluation": judged()}
    assert list(candidate.folder.parent.iterdir()) == [candidate.folder]
    shutil.rmtree(candidate.folder)
    with pytest.raises(BadAdapter):
        write_evaluation(candidate, judged())
