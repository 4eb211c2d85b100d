"""The real worker, in a process of its own, with a tiny model, on both runtimes."""

import asyncio
import contextlib
import os
import signal

import pytest
from bosun_persona import ROWS
from teaching import teach

from personas import adapters
from personas.engine import EngineUnavailable, PromptTooLong, Request, complete
from personas.local_engine import LocalEngine
from personas.prompt import ask
from personas.recipe import Recipe
from personas.rows import Turn

CRIES = {"bosun": "Aye.", "mate": "Hey!"}
QUESTIONS = ["what does the rope cost?", "and the sail?", "oar?", "what in the world does the longest mast cost?"]
HELLO = Request((Turn(role="user", content="hello"),))
LONG = Request((Turn(role="user", content="hello"),), max_tokens=1500)
"""A reply of the untrained base, which hardly ever ends by itself."""


@pytest.fixture(scope="module")
def voices(tmp_path_factory, write_persona, tiny_base):
    """Return two personas with adapters that have learnt to say one thing each, whatever is asked."""
    home, made = tmp_path_factory.mktemp("voices"), {}
    for name, cry in CRIES.items():
        rows = [row | {"messages": [row["messages"][0], {"role": "assistant", "content": cry}]} for row in ROWS]
        persona = write_persona(home / "library", name, rows=rows)
        recipe = Recipe(
            rank=8,
            epochs=60,
            batch_rows=4,
            learning_rate=1e-2,
            exchanged=0,
            distractors=0,
            joined=0,
            rehearsed=0,
        )
        teach(persona, tiny_base, home / name, recipe)
        made[name] = persona, adapters.admit(home / name, name, str(tiny_base))
    return made


@pytest.fixture(params=["openvino", "peft"])
async def engine(request, tiny_base, tmp_path):
    engine = LocalEngine(str(tiny_base), runtime=request.param, log=tmp_path / "engine.log")
    yield engine
    await engine.close()


@pytest.fixture
async def fast(tiny_base, tmp_path):
    engine = LocalEngine(str(tiny_base), runtime="openvino", log=tmp_path / "engine.log")
    yield engine
    await engine.close()


def asked(voice, text="oar?", **more):
    persona, adapter = voice
    return Request(tuple(ask(persona, text, ["A note."], card=False)), adapter, **{"max_tokens": 12, **more})


async def test_each_request_is_answered_in_its_own_voice(engine, voices):
    """Requests of two adapters and of none, sent together in turns, get what each gets when it is sent alone."""
    plain = Request(HELLO.turns, max_tokens=6)
    silent = await complete(engine, plain)
    mixed = [(name, question) for question in QUESTIONS for name in CRIES]
    replies = await asyncio.gather(
        *(complete(engine, asked(voices[name], text)) for name, text in mixed), complete(engine, plain)
    )
    assert replies[:-1] == [CRIES[name] for name, _ in mixed]
    assert silent not in CRIES.values()
    assert replies[-1] == silent


async def test_requests_of_different_warmth_and_length_do_not_mix(engine, voices):
    """A reply that may wander beside one that may not: the second is the greedy one, and each keeps its limit."""
    warm, cold, short = await asyncio.gather(
        complete(engine, asked(voices["bosun"], temperature=0.8)),
        complete(engine, asked(voices["bosun"])),
        complete(engine, asked(voices["bosun"], max_tokens=2)),
    )
    assert isinstance(warm, str)
    assert cold == "Aye."
    assert short == "Ay"


async def test_the_two_runtimes_say_the_same(tiny_base, voices):
    """In bf16 the fast runtime's greedy replies are plain peft's, to the byte."""
    replies = []
    for runtime in ("openvino", "peft"):
        engine = LocalEngine(str(tiny_base), runtime=runtime, weights="bf16")
        requests = [asked(voice, text) for voice in voices.values() for text in QUESTIONS]
        replies.append(await asyncio.gather(*(complete(engine, request) for request in requests)))
        await engine.close()
    assert replies[0] == replies[1]


async def test_the_runtime_is_chosen_and_said(tiny_base, gpt2_base, tmp_path):
    """The Llama family gets the fast runtime by itself; any other is answered by peft, and the log says why."""
    engine = LocalEngine(str(tiny_base))
    assert "OpenVINO" in await engine.start()
    await engine.close()
    engine = LocalEngine(str(gpt2_base), log=tmp_path / "engine.log")
    assert "peft" in await engine.start()
    assert isinstance(await complete(engine, Request(HELLO.turns, max_tokens=4)), str)
    await engine.close()
    assert "it is a gpt2 model" in (tmp_path / "engine.log").read_text()


async def test_a_prompt_beyond_the_context_is_refused_with_its_length(engine):
    """Nothing is cut in silence: the asker hears how long it is and how much is read."""
    with pytest.raises(PromptTooLong, match=r"has [\d,]+ tokens, and this model reads [\d,]+\. Ask with fewer"):
        await complete(engine, Request((Turn(role="user", content="word " * 5000),), max_tokens=12))


async def test_an_adapter_that_is_gone_is_a_sentence(engine, voices):
    """A folder that was removed fails its own request alone."""
    _, adapter = voices["bosun"]
    gone = Request(HELLO.turns, adapters.Adapter("bosun-gone", adapter.folder / "gone"), max_tokens=4)
    failed, answered = await asyncio.gather(
        complete(engine, gone), complete(engine, asked(voices["mate"])), return_exceptions=True
    )
    assert isinstance(failed, EngineUnavailable)
    assert "bosun-gone cannot be read" in str(failed)
    assert answered == "Hey!"


async def test_a_killed_worker_is_started_again(engine, voices):
    """Whoever waits while the worker dies gets the reply from the next one, and does not notice."""
    waiting = [asyncio.create_task(complete(engine, asked(voices["mate"], text))) for text in QUESTIONS[:2]]
    while engine._worker is None:  # noqa: ASYNC110 -- the engine needs no such event itself
        await asyncio.sleep(0)
    dead = engine._worker
    dead.kill()
    assert await asyncio.gather(*waiting) == ["Hey!"] * 2
    assert engine._worker.pid != dead.pid


async def test_a_reply_goes_on_where_it_was_when_the_worker_died(fast):
    """What was said already stays said: a reply that is cut by a dead worker is the one that nobody cut."""
    whole = await complete(fast, Request(LONG.turns, max_tokens=300))
    pieces = fast._pieces(Request(LONG.turns, max_tokens=300))
    heard = [await anext(pieces)]
    fast._worker.kill()
    heard += [piece async for piece in pieces]
    assert "".join(heard).strip() == whole


async def test_a_stopped_worker_is_replaced(tiny_base, voices):
    """A worker that gives no sign of life while somebody waits is ended, and the request answered by another."""
    engine = LocalEngine(str(tiny_base), runtime="openvino", patience=1.0)
    await engine.start()
    stopped = engine._worker
    os.kill(stopped.pid, signal.SIGSTOP)
    assert await complete(engine, asked(voices["bosun"])) == "Aye."
    assert engine._worker.pid != stopped.pid
    await engine.close()


async def test_a_cancelled_reply_is_forgotten_and_the_others_go_on(fast, voices):
    """Who closes the stream leaves at once; the next request is answered while nothing of the old one is."""
    for _ in range(20):
        async with contextlib.aclosing(fast._pieces(LONG)) as pieces:
            await anext(pieces)
        assert not fast._waiting
    assert await complete(fast, asked(voices["bosun"])) == "Aye."


async def test_a_worker_that_cannot_start_is_a_sentence_and_then_left_alone(tmp_path):
    """Where the model cannot be loaded the asker is told to come back, the next one at once; the log has the reason."""
    engine = LocalEngine(str(tmp_path / "nothing"), log=tmp_path / "engine.log")
    with pytest.raises(EngineUnavailable, match=r"stopped .*ask again"):
        await complete(engine, HELLO)
    tried = (tmp_path / "engine.log").read_text()
    assert "nothing" in tried
    with pytest.raises(EngineUnavailable, match=r"several times in a row.* ask again"):
        await complete(engine, HELLO)
    assert (tmp_path / "engine.log").read_text() == tried
    await engine.close()


async def test_a_reply_that_takes_too_long_is_a_sentence(fast):
    """After the time that the asker gives it, a reply is given up."""
    with pytest.raises(EngineUnavailable, match=r"No reply came within 0 seconds"):
        await complete(fast, Request(HELLO.turns, deadline=0.01))


async def test_closing_an_engine_that_never_spoke(tiny_base):
    """There is nothing to end."""
    await LocalEngine(str(tiny_base)).close()
