"""Drift of a tiny model under an adapter, and under one that changes nothing."""

import json
import shutil

import pytest
from safetensors.torch import load_file, save_file

from personas.dressing import FOUNDATION
from personas.drift import measure


@pytest.fixture
def with_b(trained, tmp_path):
    """Return a way to make an adapter whose B matrices hold one value everywhere."""

    def make(value):
        folder = shutil.copytree(trained, tmp_path / f"b-{value}")
        file = folder / "adapter_model.safetensors"
        save_file({name: 0 * w + value if "lora_B" in name else w for name, w in load_file(file).items()}, file)
        return folder

    return make


def test_an_adapter_that_does_nothing_changes_nothing(with_b, tiny_base):
    """With all B matrices zero, losses and answers are those of the base model, to the last bit."""
    drift = measure(str(tiny_base), with_b(0.0))
    assert drift.before == drift.after
    assert len(drift.before.right) == 40
    assert 1 < drift.before.perplexity < 10_000


def test_an_adapter_that_does_something_is_seen(with_b, tiny_base):
    """The base model's own figures are the same with any adapter."""
    drift, other = (measure(str(tiny_base), with_b(value)) for value in (0.5, 0.0))
    assert drift.before == other.before
    assert drift.after.perplexity != drift.before.perplexity
    assert drift.before.tokens == drift.after.tokens


def test_the_questions_are_sound():
    """Forty, each with one right choice among others that differ."""
    rows = [json.loads(line) for line in (FOUNDATION / "questions.jsonl").read_text("utf-8").splitlines()]
    assert len(rows) == 40
    for one in rows:
        assert len(set(one["choices"])) == len(one["choices"]) >= 2
        assert 0 <= one["right"] < len(one["choices"])
    guessed = sum(1 / len(one["choices"]) for one in rows)
    assert guessed == pytest.approx(12, abs=1.5)


def test_the_plain_text_is_plain():
    """More than a thousand words in a dozen passages, none of it in a shipped voice."""
    text = (FOUNDATION / "plain_text.txt").read_text("utf-8")
    assert len(text.split()) > 1000
    assert len(text.split("\n\n")) >= 12
    assert not {"arr", "hero", "dearie", "landlubber"} & set(text.lower().split())
