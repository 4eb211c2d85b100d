import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import replace

import pytest
from bosun_persona import ROWS
from teaching import QUICK, run_of, teach

from personas import adapters, train
from personas.base_weights import fingerprint
from personas.persona import BadPersona
from personas.train import Training, TrainingStopped
from personas.trainer import fit
from personas.training_method import choose, prepare
from personas.training_rows import Encoded, encode


def test_training_makes_an_adapter_that_explains_itself(bosun, tiny_base, tmp_path):
    """One epoch gives a folder that passes the gate, with a card that says from what it was made and how."""
    seen = []
    folder = tmp_path / "adapter"
    card = teach(bosun, tiny_base, folder, progress=lambda *step: seen.append(step))
    admitted = adapters.admit(folder, "bosun", str(tiny_base))
    assert admitted.version.startswith("bosun-")
    assert card["adapter_sha256"] == hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert json.loads((folder / "card.json").read_text()) == card
    assert (card["persona"], card["method"], card["recipe"]["rank"], card["rows"]["count"]) == ("bosun", "lora", 2, 8)
    assert card["base"]["sha256"] == fingerprint(str(tiny_base))
    assert [(done, total) for done, total, _ in seen] == [(1, 1)]
    assert not list((tmp_path / "checkpoints").iterdir())


def test_rows_are_learnt(bosun, tiny_base, tmp_path):
    """Passes over the same rows bring their loss down."""
    losses = []
    recipe = replace(QUICK, rank=8, epochs=30, batch_rows=4, learning_rate=5e-3, exchanged=0, distractors=0, joined=0)
    teach(bosun, tiny_base, tmp_path / "adapter", recipe, progress=lambda *step: losses.append(step[2]))
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_the_loss_is_that_of_the_reply_tokens_alone(bosun, tiny_base, tmp_path):
    """The loss of a batch is the mean over its reply tokens, whatever the prompts' lengths."""
    import torch

    from personas.base_model import load_base

    losses = []
    recipe = replace(QUICK, exchanged=0, distractors=0, joined=0)
    teach(bosun, tiny_base, tmp_path / "adapter", recipe, progress=lambda *step: losses.append(step[2]))
    model, tokenizer = load_base(str(tiny_base))
    wanted = []
    for row in run_of(bosun, tiny_base).rows:
        encoded = encode(bosun, row, tokenizer)
        logits = model(torch.tensor([encoded.ids])).logits[0, encoded.start - 1 : -1].float()
        wanted.append(
            torch.nn.functional.cross_entropy(logits, torch.tensor(encoded.ids[encoded.start :]), reduction="none")
        )
    assert losses[0] == pytest.approx(float(torch.cat(wanted).mean()), rel=0.02)


def test_training_goes_on_from_an_adapter(bosun, trained, tiny_base, tmp_path):
    """The card of the second adapter holds that of the first."""
    second = teach(bosun, tiny_base, tmp_path / "second", start=trained)
    assert second["started_from"] == json.loads((trained / "card.json").read_text())
    adapters.admit(tmp_path / "second", "bosun", str(tiny_base))


def test_training_does_not_go_on_from_an_unsound_adapter(bosun, tiny_base, trained, tmp_path):
    """The adapter to go on from passes the gate before it is loaded."""
    start = shutil.copytree(trained, tmp_path / "start")
    (start / "adapter_model.bin").write_bytes(b"\x80\x04.")
    with pytest.raises(adapters.BadAdapter, match="a pickle"):
        teach(bosun, tiny_base, tmp_path / "next", start=start)
    assert not (tmp_path / "next").exists()


def test_the_same_run_gives_the_same_adapter(bosun, tiny_base, tmp_path):
    """An adapter can be made again from what its card says; the base's own passages are the same ones too."""
    recipe = replace(QUICK, rehearsed=0.25)
    made = {teach(bosun, tiny_base, tmp_path / n / "adapter", recipe)["adapter_sha256"] for n in "ab"}
    assert len(made) == 1


def test_what_the_base_wrote_itself_teaches_nothing(tiny_base, tmp_path):
    """The rehearsal holds a voice to the base's own probabilities: with nothing else to learn, no weight moves."""
    model, tokenizer = prepare(tiny_base, choose(tiny_base), QUICK, None)
    passages = [Encoded([1, *range(5, 9 + n)], 1) for n in range(8)]
    assert fit(model, tokenizer, passages, QUICK, tmp_path, None, None, "whole") == pytest.approx(0, abs=1e-6)
    assert not any(weights.any() for name, weights in model.named_parameters() if "lora_B" in name)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    sys.path[:0] = sys.argv[4:]
    from personas import trainer
    from personas.persona import load
    from teaching import QUICK, run_of
    from dataclasses import replace
    from personas.train import Training
    trainer._EVERY = 2
    recipe = replace(QUICK, epochs=8, batch_rows=4)
    work = Path(sys.argv[3])
    def kill(done, total, loss):
        print(done, flush=True)
        if done == 7:
            os.kill(os.getpid(), signal.SIGKILL)
    run = run_of(load("bosun", Path(sys.argv[1])), sys.argv[2], recipe)
    Training(run, work / "checkpoints").finish(work / "adapter", kill)
"""


def test_a_killed_run_goes_on_where_it_was_and_ends_the_same(bosun, tiny_base, tmp_path, monkeypatch):
    """Killed at a step, the same run starts from the last whole checkpoint and ends in the very same adapter."""
    work = tmp_path / "work"
    root, here = os.getcwd(), os.path.dirname(__file__)  # noqa: PTH109, PTH120 -- strings for another process
    command = [sys.executable, "-c", textwrap.dedent(KILLED), bosun.folder.parent, tiny_base, work, root, here]
    killed = subprocess.run(command, capture_output=True, text=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert not (work / "adapter").exists()
    recipe = replace(QUICK, epochs=8, batch_rows=4)
    (work / "checkpoints").glob("*").__next__().joinpath("checkpoint-8").mkdir()  # as a kill in mid-writing leaves it
    resumed = Training(run_of(bosun, tiny_base, recipe), work / "checkpoints")
    assert resumed.done == 6
    seen = []
    card = resumed.finish(work / "adapter", lambda done, total, loss: seen.append(done))
    assert seen == list(range(7, 17))
    whole = teach(bosun, tiny_base, tmp_path / "whole" / "adapter", recipe)
    assert card["adapter_sha256"] == whole["adapter_sha256"]


def test_another_recipe_is_another_run(bosun, tiny_base):
    """What was learnt from other rows, or otherwise, is not gone on from."""
    run = run_of(bosun, tiny_base)
    keys = {run.key, replace(run, rows=run.rows[:-1]).key, replace(run, recipe=replace(QUICK, seed=8)).key}
    assert len(keys) == 3
    assert run.key == run_of(bosun, tiny_base).key


def test_a_full_disk_is_said_and_nothing_learnt_is_lost(bosun, tiny_base, tmp_path, monkeypatch):
    """Where the adapter finds no room, one sentence says so, and the run goes on from its checkpoint later."""
    recipe = replace(QUICK, epochs=2, batch_rows=4)
    training = Training(run_of(bosun, tiny_base, recipe), tmp_path / "checkpoints")
    monkeypatch.setattr("personas.trainer._EVERY", 2)

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(train, "_save", full)
        with pytest.raises(TrainingStopped, match=r"The disk is full: make room .* goes on from step 4"):
            training.finish(tmp_path / "adapter")
    assert not (tmp_path / "adapter").exists()
    Training(run_of(bosun, tiny_base, recipe), tmp_path / "checkpoints").finish(tmp_path / "adapter")
    adapters.admit(tmp_path / "adapter", "bosun", str(tiny_base))


def test_the_plan_measures_and_changes_nothing(bosun, tiny_base, tmp_path):
    """Probing the time and memory of a step leaves the weights as they were."""
    import torch

    training = Training(run_of(bosun, tiny_base), tmp_path / "checkpoints")
    before = {name: weight.clone() for name, weight in training._model.named_parameters()}
    started = time.perf_counter()
    seconds, memory = training.probe()
    assert 0 < seconds < time.perf_counter() - started
    assert memory > 2**20
    assert all(torch.equal(before[name], weight) for name, weight in training._model.named_parameters())
    assert all(weight.grad is None for weight in training._model.parameters())


def test_without_cuda_plain_lora_is_chosen_and_unsloth_is_refused(tiny_base, monkeypatch):
    """The method suits the machine, and what cannot be had is said."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert str(choose(str(tiny_base))) == "lora on cpu: no CUDA here"
    with pytest.raises(BadPersona, match="leave --method out"):
        choose(str(tiny_base), "unsloth")


@pytest.mark.parametrize(
    ("installed", "memory", "method"),
    [
        ({"unsloth", "bitsandbytes"}, 80, "unsloth"),
        ({"bitsandbytes"}, 1e-6, "qlora"),
        ({"bitsandbytes"}, 80, "lora"),
        (set(), 1e-6, "lora"),
    ],
)
def test_with_cuda_the_method_is_what_is_installed_and_fits(tiny_base, monkeypatch, installed, memory, method):
    """Unsloth where it is, four bits where bf16 has no room, else plain LoRA."""
    from types import SimpleNamespace

    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    found = SimpleNamespace(total_memory=memory * 2**30)
    monkeypatch.setattr("torch.cuda.get_device_properties", lambda _: found)
    monkeypatch.setattr("personas.training_method._installed", lambda name: name in installed)
    assert choose(str(tiny_base)).name == method


def test_four_bit_training_gives_an_adapter_for_the_whole_base(bosun, tiny_base, tmp_path):
    """QLoRA trains on a base of four bits, here on the processor; its adapter passes the gate for the base."""
    pytest.importorskip("bitsandbytes", reason="four-bit training needs parley[training]")
    run = replace(run_of(bosun, tiny_base), method=choose(str(tiny_base), "qlora"))
    card = Training(run, tmp_path / "checkpoints").finish(tmp_path / "adapter")
    assert card["method"] == "qlora"
    adapters.admit(tmp_path / "adapter", "bosun", str(tiny_base))


def test_a_second_base_of_another_family_gets_its_own_adapter(bosun, gpt2_base, tiny_base, tmp_path):
    """Any causal model can be trained on; the adapter belongs to it and to no other."""
    teach(bosun, gpt2_base, tmp_path / "adapter")
    adapters.admit(tmp_path / "adapter", "bosun", str(gpt2_base))
    with pytest.raises(adapters.OtherBase):
        adapters.admit(tmp_path / "adapter", "bosun", str(tiny_base))


def test_nothing_to_learn_is_said(bosun, tiny_base):
    """A run needs rows."""
    assert ROWS
    with pytest.raises(BadPersona, match="no rows to learn from"):
        replace(run_of(bosun, tiny_base), rows=())
