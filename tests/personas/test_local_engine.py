"""The real worker, in a process of its own, with a tiny model."""

import asyncio

import pytest
from bosun_persona import ROWS

from personas import adapters
from personas.engine import EngineUnavailable, Request, complete
from personas.local_engine import LocalEngine
from personas.persona import Turn
from personas.prompt import ask
from personas.train import Recipe, train

CRIES = {"bosun": "Aye.", "mate": "Hey!"}
QUESTIONS = ["what does the rope cost?", "and the sail?", "oar?", "what in the world does the longest mast cost?"]

HELLO = Request((Turn(role="user", content="hello"),))


@pytest.fixture(scope="module")
def voices(tmp_path_factory, write_persona, tiny_base):
    """Return two personas with adapters that have learnt to say one thing each, whatever is asked."""
    home, made = tmp_path_factory.mktemp("voices"), {}
    for name, cry in CRIES.items():
        rows = [row | {"messages": [row["messages"][0], {"role": "assistant", "content": cry}]} for row in ROWS]
        persona = write_persona(home / "library", name, rows=rows)
        recipe = Recipe(rank=8, epochs=60, batch_rows=4, learning_rate=1e-2, exchanged=0, distractors=0)
        train([persona], str(tiny_base), home / name, recipe)
        made[name] = persona, adapters.admit(home / name, name, str(tiny_base))
    return made


@pytest.fixture
async def engine(tiny_base, tmp_path):
    engine = LocalEngine(str(tiny_base), log=tmp_path / "engine.log")
    yield engine
    await engine.close()


async def test_each_request_is_answered_in_its_own_voice(engine, voices):
    """Requests of two adapters and of none, sent together in turns, get what each gets when it is sent alone."""
    turns = (Turn(role="user", content="hello"),)
    silent = await complete(engine, Request(turns, max_tokens=6))
    asked = [(*voices[name], question) for question in QUESTIONS for name in CRIES]
    replies = await asyncio.gather(
        *(
            complete(engine, Request(tuple(ask(persona, text, ["A note."])), adapter, max_tokens=12))
            for persona, adapter, text in asked
        ),
        complete(engine, Request(turns, max_tokens=6)),
    )
    assert replies[:-1] == [CRIES[persona.name] for persona, _, _ in asked]
    assert silent not in CRIES.values()
    assert replies[-1] == silent


async def test_requests_of_different_warmth_and_length_do_not_mix(engine, voices):
    """A reply that may wander beside one that may not: the second is the greedy one, and each keeps its limit."""
    persona, adapter = voices["bosun"]
    turns = tuple(ask(persona, QUESTIONS[0], ["A note."]))
    warm, cold, short = await asyncio.gather(
        complete(engine, Request(turns, adapter, temperature=0.8, max_tokens=12)),
        complete(engine, Request(turns, adapter, max_tokens=12)),
        complete(engine, Request(turns, adapter, max_tokens=2)),
    )
    assert isinstance(warm, str)
    assert cold == "Aye."
    assert short == "Ay"


async def test_a_killed_worker_is_started_again(engine, voices):
    """Whoever waits while the worker dies gets the reply from the next one, and does not notice."""
    persona, adapter = voices["mate"]
    waiting = [
        asyncio.create_task(complete(engine, Request(tuple(ask(persona, text, ["A note."])), adapter, max_tokens=12)))
        for text in QUESTIONS[:2]
    ]
    while len(engine._waiting) < len(waiting):  # noqa: ASYNC110 -- the engine needs no such event itself
        await asyncio.sleep(0)
    dead = engine._worker
    dead.kill()
    assert await asyncio.gather(*waiting) == ["Hey!"] * 2
    assert engine._worker.pid != dead.pid


async def test_a_worker_that_cannot_start_is_a_sentence(tmp_path):
    """Where the model cannot be loaded, the asker is told to come back; the reason is in the log."""
    engine = LocalEngine(str(tmp_path / "nothing"), log=tmp_path / "engine.log")
    with pytest.raises(EngineUnavailable, match=r"stopped twice .*ask again"):
        await complete(engine, HELLO)
    await engine.close()
    assert "nothing" in (tmp_path / "engine.log").read_text()


async def test_a_reply_that_never_comes_is_a_sentence(tiny_base):
    """After the time that a reply may take, the asker is told so and the worker is ended."""
    engine = LocalEngine(str(tiny_base), patience=0.01)
    with pytest.raises(EngineUnavailable, match="No reply came"):
        await complete(engine, HELLO)
    await engine.close()
    assert engine._worker.returncode is not None


async def test_closing_an_engine_that_never_spoke(tiny_base):
    """There is nothing to end."""
    await LocalEngine(str(tiny_base)).close()
