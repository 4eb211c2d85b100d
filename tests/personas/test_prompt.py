import pytest

from personas.prompt import RULE, ask, teach
from personas.rows import read_rows


def test_notes_are_numbered_from_one(bosun):
    """Note n of a prompt is passage n; a voice under the rule reads the question before the notes too."""
    system, user = ask(bosun, "how long?", ["Ten feet.", "Two\nlines."], card=False)
    assert (system.role, system.content) == ("system", RULE)
    assert user.content == "how long?\n\nNotes:\n[1] Ten feet.\n[2] Two\nlines.\n\nQuestion: how long?"
    system, user = ask(bosun, "how long?", ["Ten feet.", "Two\nlines."])
    assert (system.role, system.content) == ("system", "You are a bosun.")
    assert user.role == "user"
    assert user.content == "Notes:\n[1] Ten feet.\n[2] Two\nlines.\n\nQuestion: how long?"


def test_small_talk_stands_alone(bosun):
    """Without notes the question is sent as it is."""
    assert ask(bosun, "hello", [])[1].content == "hello"


@pytest.mark.parametrize("row", range(8))
def test_teaching_renders_what_serving_renders(bosun, row):
    """An example is taught under the very turns that serving will send, and its reply is what is learnt."""
    example = read_rows(bosun.folder / "examples.jsonl")[row]
    assert teach(bosun, example) == (ask(bosun, example.question, example.notes, card=False), example.reply)
