"""`parley persona check` as an author sees it."""

import json

import pytest
from click.testing import CliRunner

from bot.__main__ import cli
from bot.row_trap import unheld
from personas import checkup
from personas.checkup import examine
from personas.persona import LIBRARY, load, names


@pytest.mark.parametrize("name", names())
def test_the_shipped_personas_are_sound(name, monkeypatch):
    """No shipped row says for sure what its notes do not, none stands there twice, and the exam is kept apart."""
    monkeypatch.setattr(checkup, "_others", lambda _: [])  # how strong a voice is, is not asked here, and takes long
    found = examine(load(name), lambda card, rows, *, doubts=False: unheld(card, rows, doubts=False))
    assert not [finding for finding in found.findings if finding.grade == "error"]


@pytest.fixture
def parley(tmp_path, monkeypatch):
    """Return a way to check a persona of one's own that is a shipped card with a few rows."""
    monkeypatch.setenv("COLUMNS", "300")
    folder = tmp_path / "personas" / "saltbeard"
    folder.mkdir(parents=True)
    monkeypatch.setenv("PARLEY_HOME", str(tmp_path))
    (folder / "persona.toml").write_bytes((LIBRARY / "grumpy-pirate" / "persona.toml").read_bytes())
    lines = (LIBRARY / "grumpy-pirate" / "examples.jsonl").read_text("utf-8").splitlines()[:40]

    def run(*options, add=()):
        (folder / "examples.jsonl").write_text("\n".join([*lines, *add]), "utf-8")
        done = CliRunner().invoke(cli, ["persona", "check", "saltbeard", *options])
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exc_info
        return done

    return run


TRAP = json.dumps(
    {
        "messages": [
            {"role": "user", "content": "what is a rope?"},
            {"role": "assistant", "content": "Arr, listen well. A rope costs 13 gold."},
        ],
        "notes": ["A rope costs 12 gold."],
        "skill": "copy",
        "domain": "ropes",
    }
)


def test_errors_end_in_status_1_with_a_summary(parley):
    """The trap, a broken row and what to do about them are shown by kind, and counted at the end."""
    done = parley(add=(TRAP, '{"oops": 1}'))
    assert done.exit_code == 1
    assert "error examples.jsonl row 41: 13 does not stand in the notes." in done.stdout
    assert "error examples.jsonl row 42: messages: Field required" in done.stdout
    assert "Write it into the notes, or take it out of the reply." in done.stdout
    assert "saltbeard is not sound: 2 errors" in done.stdout.splitlines()[-1]


def test_warnings_alone_end_in_status_0(parley):
    """A persona without errors is sound, whatever it could have more of."""
    done = parley()
    assert done.exit_code == 0
    assert "saltbeard is sound: 0 errors and" in done.stdout.splitlines()[-1]
    assert "Too few rows" in done.stdout


def test_the_json_has_every_finding(parley):
    """Each finding has its kind, grade, file, row, what is wrong and how to mend it."""
    done = parley("--json", add=(TRAP,))
    found = json.loads(done.stdout)
    assert done.exit_code == 1
    assert (found["persona"], found["sound"], found["rows"]["examples.jsonl"]) == ("saltbeard", False, 41)
    [trapped] = [finding for finding in found["findings"] if finding["grade"] == "error"]
    assert trapped.keys() == {"kind", "grade", "file", "row", "wrong", "mend"}
    assert (trapped["kind"], trapped["file"], trapped["row"]) == ("trap", "examples.jsonl", 41)
    assert 0 <= found["voice"]["recognised"] <= 1
