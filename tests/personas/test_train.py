import hashlib
import json
import random
import shutil

import pytest
from bosun_persona import ROWS, as_lines

from personas import adapters
from personas.persona import BadPersona, load
from personas.prompt import ask
from personas.rows import Example, read_rows
from personas.train import Recipe, _batches, _rate, encode, train


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
    ids, start = encode(bosun, example, tokenizer)
    turns = [turn.model_dump() for turn in ask(bosun, example.question, example.notes, card=False)]
    served = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    assert ids[:start] == tokenizer(served, add_special_tokens=False)["input_ids"]
    assert tokenizer.decode(ids[start:-1]) == example.reply
    assert ids[-1] == tokenizer.eos_token_id


def test_the_loss_sees_reply_tokens_alone(bosun, tiny_base):
    """The loss of a batch, padded, is the mean over its reply tokens, whatever the prompts' lengths."""
    import torch
    from peft import LoraConfig, get_peft_model

    from personas.base_model import load_base
    from personas.train import _loss

    model, tokenizer = load_base(str(tiny_base))
    adapted = get_peft_model(model.float(), LoraConfig(r=2, target_modules="all-linear"))
    first, second = ROWS[0], ROWS[1] | {"notes": ["The sail costs 13 gold.", "The crew eats at noon."]}
    batch = [encode(bosun, Example.model_validate(row), tokenizer) for row in (first, second)]
    loss = _loss(adapted, batch, tokenizer.pad_token_id)
    wanted = []
    for ids, start in batch:
        logits = adapted(torch.tensor([ids])).logits[0, start - 1 : -1]
        wanted.append(torch.nn.functional.cross_entropy(logits, torch.tensor(ids[start:]), reduction="none"))
    assert torch.allclose(loss, torch.cat(wanted).mean(), atol=1e-4)


def test_an_epoch_takes_every_row_once(bosun, tiny_tokenizer):
    """Each row is in one batch, and with nothing exchanged or added it is as it was written."""
    rows = [(bosun, row) for row in read_rows(bosun.folder / "examples.jsonl")]
    recipe = Recipe(batch_rows=3, exchanged=0, distractors=0)
    batches = _batches(rows, tiny_tokenizer, recipe, random.Random(1))
    assert sorted(map(len, batches)) == [2, 3, 3]
    assert sorted(ids for batch in batches for ids, _ in batch) == sorted(
        encode(*row, tiny_tokenizer)[0] for row in rows
    )


def test_the_rate_rises_and_falls():
    """The learning rate starts above nothing, reaches its peak after the warm-up and ends near nothing."""
    rates = [_rate(step, 100, 0.05) for step in range(100)]
    assert rates[0] > 0
    assert max(rates) == 1 == rates[5]
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[-1] < 0.01


def test_training_makes_an_adapter_that_explains_itself(bosun, tiny_base, tmp_path):
    """One epoch gives a folder that passes the gate, with a card that says from what it was made and how."""
    seen = []
    folder = tmp_path / "adapter"
    card = train([bosun], str(tiny_base), folder, Recipe(rank=2, epochs=1), progress=lambda *step: seen.append(step))
    admitted = adapters.admit(folder, "bosun", str(tiny_base))
    assert admitted.version.startswith("bosun-")
    assert card["adapter_sha256"] == hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert json.loads((folder / "card.json").read_text()) == card
    assert (card["persona"], card["recipe"]["rank"], set(card["rows"])) == ("bosun", 2, {"bosun"})
    assert [(done, total) for done, total, _ in seen] == [(1, 1)]


def test_training_goes_on_from_an_adapter_and_with_another_personas_rows(bosun, write_persona, tiny_base, tmp_path):
    """The card of the second adapter holds that of the first, and names the rows of both personas."""
    mate = write_persona(bosun.folder.parent, "mate")
    recipe = Recipe(rank=2, epochs=1)
    first = train([bosun, mate], str(tiny_base), tmp_path / "first", recipe)
    second = train([mate], str(tiny_base), tmp_path / "second", recipe, start=tmp_path / "first")
    assert set(first["rows"]) == {"bosun", "mate"}
    assert second["started_from"] == first
    adapters.admit(tmp_path / "second", "mate", str(tiny_base))


def test_training_does_not_go_on_from_an_unsound_adapter(bosun, tiny_base, trained, tmp_path):
    """The adapter to go on from passes the gate before it is loaded."""
    start = shutil.copytree(trained, tmp_path / "start")
    (start / "adapter_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(adapters.BadAdapter, match="a pickle"):
        train([bosun], str(tiny_base), tmp_path / "next", Recipe(rank=2, epochs=1), start=start)
    assert not (tmp_path / "next").exists()


def test_the_same_seed_gives_the_same_adapter(bosun, tiny_base, tmp_path):
    """An adapter can be made again from what its card says."""
    recipe = Recipe(rank=2, epochs=1)
    made = {train([bosun], str(tiny_base), tmp_path / n, recipe)["adapter_sha256"] for n in "ab"}
    assert len(made) == 1


def test_faulty_rows_are_told_before_anything_is_written(bosun, tmp_path):
    """A broken row ends the command before the model is loaded; no folder is made."""
    (bosun.folder / "examples.jsonl").write_text(as_lines(ROWS) + "{}\n")
    with pytest.raises(BadPersona, match="line 9"):
        train([load("bosun", bosun.folder.parent)], "no such model", tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()
