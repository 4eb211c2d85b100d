import json

import pytest

from bot import persona_check
from personas import persona

ROW = {
    "messages": [{"role": "user", "content": "what is a rope?"}, {"role": "assistant", "content": "Arr, 12 gold."}],
    "notes": ["A rope costs 12 gold."],
    "skill": "copy",
    "domain": "harbour",
}


@pytest.mark.parametrize("name", persona.names())
def test_the_shipped_personas_are_sound(name):
    """No shipped row says what its notes do not, and none stands there twice."""
    assert list(persona_check.examine(name)) == []


@pytest.fixture
def findings(tmp_path, monkeypatch):
    """Return a way to check a persona whose only exam row is given."""
    folder = tmp_path / "pirate"
    folder.mkdir()
    (folder / "persona.toml").write_bytes((persona.LIBRARY / "grumpy-pirate" / "persona.toml").read_bytes())
    (folder / "examples.jsonl").write_text(json.dumps(ROW) + "\n")
    monkeypatch.setattr(persona_check, "load", lambda name: persona.load(name, tmp_path))

    def check(**changes):
        (folder / "exam.jsonl").write_text(json.dumps(ROW | changes) + "\n")
        return list(persona_check.examine("pirate"))

    return check


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"notes": ["A rope costs 13 gold."]}, "exam.jsonl row 1: 12 does not stand in the notes."),
        ({}, "exam.jsonl row 1: the same question and notes as examples.jsonl row 1; drop one."),
        ({"skill": "small_talk"}, "small talk has no notes"),
        ({"notes": []}, "small talk has no notes"),
    ],
)
def test_a_faulty_row_is_named(findings, changes, said):
    """A value that the notes lack, a row that is there twice and a skill at odds with its notes are found."""
    assert any(said in finding for finding in findings(**changes))


def test_a_row_that_keeps_to_its_notes_is_not_named(findings):
    """What the notes hold may be said."""
    assert findings(notes=["A rope costs 12 gold, a knife 20 gold."]) == []
