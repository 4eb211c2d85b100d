"""The fast runtime, in this process: company, reuse, drafts and cancelling change nothing of a reply."""

import pytest
from transformers import AutoConfig, AutoTokenizer

from personas import continuous_batching
from personas.continuous_batching import ContinuousBatching
from personas.generation import Job, Setup


@pytest.fixture
def said():
    return []


@pytest.fixture
def runtime(tiny_base, said):
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    config = AutoConfig.from_pretrained(tiny_base)
    return ContinuousBatching(
        Setup(str(tiny_base), config, tokenizer, frozenset(), 2**20, said.append), tiny_base, "bf16"
    )


def job(number, prompt, version=None, folder=None, max_tokens=12):
    return Job(number, tuple(prompt), version, folder, "server", max_tokens, 0.0)


def prompt(number, length=40):
    return [5 + (number * 7 + n * n) % 200 for n in range(length)]


def run(runtime):
    while runtime.busy:
        runtime.step()


def text(said, number):
    return "".join(message["text"] for message in said if message["id"] == number)


def idle(runtime):
    """Return whether every block and every slot is free."""
    return runtime._blocks.free == runtime._model.blocks and not any(runtime._model.slots._users.values())


def test_company_and_reuse_change_nothing(runtime, said, trained):
    """Replies of an adapter and of none are the same alone, again, and among more jobs than there are rows."""
    prompts = [prompt(n, 20 + 30 * n) for n in range(20)]  # the longest are read in several parts
    voices = [("bosun-1", trained) if n % 2 else (None, None) for n in range(20)]
    for n in range(20):
        runtime.submit(job(n, prompts[n], *voices[n]))
        run(runtime)
    for n in range(20):
        runtime.submit(job(100 + n, prompts[n], *voices[n]))
    run(runtime)
    assert [text(said, 100 + n) for n in range(20)] == [text(said, n) for n in range(20)]
    assert idle(runtime)


def test_drafts_change_nothing(runtime, said, monkeypatch):
    """What is drafted and checked is what would have been written one by one."""
    repeated = [5, 9, 17] * 15
    runtime.submit(job(1, repeated, max_tokens=60))
    run(runtime)
    monkeypatch.setattr(continuous_batching, "_CHEAP", 0)
    runtime.submit(job(2, repeated, max_tokens=60))
    run(runtime)
    assert text(said, 1) == text(said, 2)


@pytest.mark.parametrize("most", [1, 2, 33])
def test_a_reply_has_as_many_tokens_as_it_may(runtime, most):
    """Where no turn ends, the limit is met exactly."""
    runtime.submit(job(1, prompt(1), max_tokens=most))
    row = runtime._join()
    run(runtime)
    assert row.reply.written == most


@pytest.mark.parametrize("steps", [0, 1, 2, 5])
def test_a_cancelled_job_gives_everything_back(runtime, said, trained, steps):
    """Waiting, being read or being written: its blocks and its slot are free at once, and nothing more is said."""
    runtime.submit(job(1, prompt(1, 600), "bosun-1", trained, max_tokens=50))
    for _ in range(steps):
        runtime.step()
    before = len(said)
    runtime.cancel(1)
    assert idle(runtime)
    assert not runtime.busy
    runtime.submit(job(2, prompt(2)))
    run(runtime)
    assert {message["id"] for message in said[before:]} == {2}
