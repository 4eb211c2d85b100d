import random

import pytest
from bosun_persona import CARD, ROWS, as_lines
from teaching import QUICK

from personas.persona import load
from personas.prompt import ask
from personas.recipe import Recipe
from personas.rows import Example, read_rows
from personas.training_rows import IGNORED, encode, lessons, vary

CITING = (
    CARD
    + """
[format]
pattern = '[^\\[\\]]+ \\[\\d\\]'
each = "{text} [{note}]"
markup = ' \\[\\d\\]'
"""
)
CITED = {
    "messages": [
        {"role": "user", "content": "what does the rope cost?"},
        {"role": "assistant", "content": "Arr, the rope be 1 gold. [1]"},
    ],
    "notes": ["The rope costs 1 gold."],
    "skill": "copy",
    "domain": "harbour",
}


@pytest.fixture(params=["tiny", pytest.param("real", marks=pytest.mark.model)])
def tokenizer(request):
    if request.param == "tiny":
        return request.getfixturevalue("tiny_tokenizer")
    from personas.base_model import load_base

    return load_base(str(request.getfixturevalue("base_folder")))[1]


@pytest.mark.parametrize("row", [0, 7])
def test_the_prompt_is_what_serving_sends_and_only_the_reply_is_learnt(bosun, tokenizer, row):
    """The ids before the mark are the serving prompt's; those after it are the reply and the token that ends it."""
    example = read_rows(bosun.folder / "examples.jsonl")[row]
    encoded = encode(bosun, example, tokenizer)
    turns = [turn.model_dump() for turn in ask(bosun, example.question, example.notes, card=False)]
    served = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert encoded.ids[: encoded.start] == tokenizer(served, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(encoded.ids[encoded.start : -1]) == example.reply
    assert encoded.ids[-1] == tokenizer.eos_token_id
    assert encoded.labels == [IGNORED] * encoded.start + encoded.ids[encoded.start :]


def test_the_talk_before_is_read_and_not_learnt(bosun, tiny_tokenizer):
    """Earlier turns stand in the prompt, without notes; only the last reply counts."""
    talk = Example.model_validate(ROWS[0] | {"messages": [*ROWS[1]["messages"], *ROWS[0]["messages"]]})
    encoded = encode(bosun, talk, tiny_tokenizer)
    before = tiny_tokenizer.decode(encoded.ids[: encoded.start])
    assert before.index("the sail be 13 gold") < before.index("what does the rope cost?") < before.index("Notes:")
    assert tiny_tokenizer.decode(encoded.ids[encoded.start : -1]) == "Arr, the rope be 12 gold."


@pytest.mark.parametrize("epochs", [1, 3])
def test_every_epoch_has_every_row_once(bosun, tiny_tokenizer, epochs):
    """With nothing exchanged or added, each row is learnt as it was written, and as often as there are epochs."""
    rows = read_rows(bosun.folder / "examples.jsonl")
    recipe = Recipe(batch_rows=3, exchanged=0, distractors=0, joined=0, epochs=epochs)
    learnt = sorted(row.ids for row in lessons(bosun, rows, [], tiny_tokenizer, recipe))
    assert learnt == sorted([encode(bosun, row, tiny_tokenizer).ids for row in rows] * epochs)


def test_the_rehearsal_is_learnt_from_its_second_token_on(bosun, tiny_tokenizer):
    """A passage that the base wrote is learnt whole, but for the token that it began with."""
    rows = read_rows(bosun.folder / "examples.jsonl")
    found = [row for row in lessons(bosun, rows, [[1, 5, 6]], tiny_tokenizer, QUICK) if row.ids == [1, 5, 6]]
    assert [row.labels for row in found] == [[IGNORED, 5, 6]]


def test_the_same_seed_gives_the_same_lessons(bosun, tiny_tokenizer):
    """What a run that was cut off has learnt already, it need not look at again."""
    rows = read_rows(bosun.folder / "examples.jsonl")
    first, again, other = (lessons(bosun, rows, [], tiny_tokenizer, Recipe(seed=seed)) for seed in (1, 1, 2))
    assert first == again != other


def test_a_citation_follows_its_note(tmp_path, write_persona, tiny_tokenizer):
    """Whatever notes are put beside its own and whatever its values become, a reply cites the note that it is from."""
    speaker = write_persona(tmp_path, "scribe", CITING, [CITED, *ROWS[1:]])
    assert as_lines([CITED])
    rows = read_rows(load("scribe", tmp_path).folder / "examples.jsonl")
    recipe, seen = Recipe(exchanged=1, distractors=1, joined=0), set()
    for seed in range(60):
        row = vary(rows[0], rows, speaker, tiny_tokenizer, recipe, random.Random(seed))
        own = next(n for n, note in enumerate(row.notes, 1) if note.startswith("The rope costs"))
        assert row.reply.endswith(f" [{own}]")
        price = row.notes[own - 1].removeprefix("The rope costs ")
        assert row.reply == f"Arr, the rope be {price} [{own}]"
        seen.add((own, len(row.notes), price))
    assert {own for own, *_ in seen} == {1, 2}
    assert len({price for *_, price in seen}) > 1


def test_a_longer_note_holds_the_rows_own(bosun, tiny_tokenizer):
    """Joined with another row's note, a row's own stands in it whole, and the reply stays."""
    rows = read_rows(bosun.folder / "examples.jsonl")
    recipe = Recipe(exchanged=0, distractors=0, joined=1)
    seen = {vary(rows[0], rows, bosun, tiny_tokenizer, recipe, random.Random(seed)).notes for seed in range(60)}
    assert all(rows[0].notes[0] in note for [note] in seen)
    assert {note.startswith(rows[0].notes[0]) for [note] in seen} == {True, False}
