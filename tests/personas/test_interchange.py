import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas import row_files
from personas.interchange import OTHER_NAMES, SHAPES, from_record, guess_skill, shape_named, shape_of, to_record
from personas.persona import BadPersona, load
from personas.rows import Example, Turn, read_rows

FLORIST = load("florist")
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=40)
SKILLS = st.sampled_from(["copy", "list", "yes_no", "refusal"])


@st.composite
def examples(draw, text=TEXT):
    said = draw(st.lists(st.tuples(text, text), min_size=1, max_size=3))
    turns = [
        Turn(role=role, content=words) for pair in said for role, words in zip(("user", "assistant"), pair, strict=True)
    ]
    return Example(
        messages=tuple(turns),
        notes=tuple(draw(st.lists(text, max_size=3))),
        skill=draw(SKILLS),
        domain=draw(text),
        origin=draw(st.just("") | text),
    )


@pytest.mark.parametrize("ending", [".jsonl", ".json", ".csv"])
@pytest.mark.parametrize("shape", [shape for shape in SHAPES if shape != "openai"])
@settings(deadline=None, max_examples=30)
@given(rows=st.lists(examples(), min_size=1, max_size=4))
def test_what_is_exported_comes_back_as_it_was(tmp_path_factory, shape, ending, rows):
    """Whatever the words, a row is the same after export and import, and its shape is recognised by itself."""
    if ending == ".csv" and shape not in {"alpaca", "pairs", "prompt-completion-text"}:
        with pytest.raises(BadPersona, match="--format pairs"):
            row_files.rendered(rows, FLORIST, shape, ending)
        return
    file = tmp_path_factory.mktemp("rows") / f"rows{ending}"
    file.write_bytes(row_files.rendered(rows, FLORIST, shape, ending))
    found = row_files.read(file, FLORIST)
    assert list(found.rows) == rows
    assert found.shapes == {shape: len(rows)}


PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="[:"), min_size=1, max_size=40)


@settings(deadline=None, max_examples=50)
@given(row=examples(PLAIN))
def test_openai_knows_the_talk_and_its_notes(row):
    """OpenAI's format allows no further keys: talk and notes come back from the text, and nothing else is sent."""
    record = to_record(row, FLORIST, "openai")
    assert record.keys() == {"messages"}
    assert {key for turn in record["messages"] for key in turn} <= {"role", "content", "weight"}
    back = from_record(record, "messages", FLORIST.card, "rows.jsonl")
    assert (back.messages, back.notes, back.origin) == (row.messages, row.notes, "rows.jsonl")


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_learnt_holds_the_notes(shape):
    """A trainer that knows no notes still shows each one to the model: no reply is learnt by heart."""
    for row in read_rows(FLORIST.folder / "examples.jsonl")[::50]:
        record = to_record(row, FLORIST, shape)
        for ours in ("notes", "skill", "domain", "origin", "history"):
            record.pop(ours, None)
        assert all(json.dumps(note)[1:-1] in json.dumps(record) for note in row.notes)


@pytest.mark.parametrize(
    ("record", "shape"),
    [
        ({"messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}, "messages"),
        ({"messages": [{"role": "system", "content": "be"},
                       {"role": "user", "content": [{"type": "text", "text": "hi"}]},
                       {"role": "assistant", "content": "yo", "weight": 1}]}, "messages"),
        ({"conversations": [{"from": "human", "value": "hi"}, {"from": "gpt", "value": "yo"}]}, "sharegpt"),
        ({"conversations": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "yo"}]}, "sharegpt"),
        ({"prompt": [{"role": "user", "content": "hi"}], "completion": [{"role": "assistant", "content": "yo"}]},
         "prompt-completion"),
        ({"prompt": "hi", "completion": " yo"}, "prompt-completion-text"),
        ({"instruction": "hi", "input": "", "output": "yo"}, "alpaca"),
        ({"instruction": "hi", "response": "yo"}, "pairs"),
        ({"question": "hi", "answer": "yo"}, "pairs"),
    ],
)  # fmt: skip
def test_each_known_format_is_recognised(record, shape):
    """The same question and reply in every format give the same row."""
    assert shape_of(record) == shape
    row = from_record(record, shape, FLORIST.card, "chats.jsonl")
    assert (row.question, row.reply, row.notes, row.skill) == ("hi", "yo", (), "small_talk")
    assert (row.domain, row.origin) == ("chats", "chats.jsonl")


def test_the_context_of_an_instruction_is_its_note():
    """What alpaca calls input is what the reply may stand on."""
    record = {"instruction": "when do you open?", "input": "We open at 9.", "output": "At 9, dear."}
    assert from_record(record, "alpaca", FLORIST.card, "a.json").notes == ("We open at 9.",)


@pytest.mark.parametrize(
    ("reply", "notes", "skill"),
    [
        ("Lovely to see you.", [], "small_talk"),
        (FLORIST.card.lines.not_in_notes[0], ["a"], "refusal"),
        ("I'm sorry, that's not in my notes.", ["a"], "refusal"),
        ("No, we are closed.", ["a"], "yes_no"),
        ("It costs 12 dollars.", ["a", "b"], "which"),
        ("We have roses, tulips and lilies.", ["a"], "list"),
        ("It costs 12 dollars.", ["a"], "copy"),
    ],
)
def test_a_skill_is_guessed(reply, notes, skill):
    """A row without a skill gets the first that fits, as the README has it."""
    assert guess_skill(reply, notes, FLORIST.card) == skill


@pytest.mark.parametrize("trainer", OTHER_NAMES)
def test_a_trainer_names_its_format(trainer):
    """A format may be called by the trainer that reads it."""
    assert shape_named(trainer) in SHAPES
