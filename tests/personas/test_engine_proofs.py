"""The engine held to its promises many times over: a few times in every run, in full with ``--torture``."""

import asyncio
import contextlib
import itertools
import os
import random
import resource
import signal
import sys
import time
from pathlib import Path
from statistics import quantiles

import pytest
from transformers import AutoConfig
from voice_bank import VoiceBank, turns, write_lettered

from personas.engine import EngineUnavailable, Request, complete
from personas.llama_graph import dimensions
from personas.local_engine import LocalEngine
from personas.lora_slots import Slots

pytestmark = pytest.mark.torture


@pytest.fixture(scope="module")
def lettered(tmp_path_factory, tiny_base):
    folder = tmp_path_factory.mktemp("lettered")
    write_lettered(tiny_base, folder)
    return folder


@pytest.fixture(scope="module")
def bank(tmp_path_factory, lettered):
    return VoiceBank(lettered, tmp_path_factory.mktemp("bank"))


@pytest.fixture(scope="module")
def voices(bank):
    return [bank.voice(f"voice{n}") for n in range(8)]


@pytest.fixture
async def engine(lettered, tmp_path):
    """Return an engine whose adapter memory has room for three voices."""
    size = dimensions(AutoConfig.from_pretrained(lettered))
    one = sum(array.nbytes for array in Slots(size.layers, size.groups, memory=0).arrays.values())
    engine = LocalEngine(str(lettered), runtime="openvino", weights="bf16", log=tmp_path / "engine.log")
    engine._command[-1] = str(3 * one)  # the setting is in MiB, and these adapters have kilobytes
    yield engine
    await engine.close()


def say(capsys, text):
    with capsys.disabled():
        print(f"\n{text}")  # noqa: T201 -- a proof shows its count


def spread(seconds):
    cuts = quantiles(seconds, n=20) if len(seconds) > 1 else seconds * 19
    return f"p50 {cuts[9]:.2f} s, p95 {cuts[18]:.2f} s"


async def asked(engine, voice, question):
    """Return whether the voice's own reply came."""
    return await complete(engine, voice.asked(question)) == voice.replies[question]


async def test_no_request_is_answered_in_another_voice(engine, bank, voices, times, capsys):
    """Eight voices asked in a mix, in memory for three, one with a new version every 100 requests: each is itself."""
    requests, together, wrong, right = times(1_000, 10_000), asyncio.Semaphore(32), 0, 0
    draw, current = random.Random(1), list(voices)

    async def one(voice, question):
        async with together:
            return await asked(engine, voice, question)

    for start in range(0, requests, 100):
        mixed = [(voice, draw.choice(voice.questions)) for voice in draw.choices(current, k=100)]
        running = [asyncio.create_task(one(voice, question)) for voice, question in mixed]
        n = start // 100 % len(current)
        current[n] = bank.voice(f"voice{n}")  # while the requests run
        results = await asyncio.gather(*running)
        right, wrong = right + sum(results), wrong + results.count(False)
    say(
        capsys,
        f"wrong voice: {wrong} of {requests:,} requests; {len(voices) + requests // 100} versions in memory for 3",
    )
    assert (right, wrong) == (requests, 0)


async def test_a_cancelled_reply_leaves_the_worker_free(engine, voices, times, capsys):
    """Replies that fill the whole cache are cancelled at random points, and who waits for their room gets it."""
    count, draw, waits = times(50, 500), random.Random(2), []
    long = Request(turns("hello"), max_tokens=1900)
    for _ in range(count):
        async with contextlib.AsyncExitStack() as stack:
            # Four of these leave no block for a fifth request of their size, and none for the next round if kept.
            streams = [await stack.enter_async_context(contextlib.aclosing(engine._pieces(long))) for _ in range(4)]
            for stream in streams:
                await anext(stream)
            for _ in range(draw.randrange(30)):
                await anext(draw.choice(streams))
        assert not engine._waiting
        assert not engine._sent
        begun = time.perf_counter()
        assert await asked(engine, voice := draw.choice(voices), voice.questions[0])
        waits.append(time.perf_counter() - begun)
    say(capsys, f"cancelled: after {count} of {count} rounds of four the next request was answered, {spread(waits)}")


class Faults:
    """Counts what happened over many rounds of one fault."""

    def __init__(self, engine, voices, seed):
        self.engine, self.voices, self.draw = engine, voices, random.Random(seed)
        self.right = self.all = 0
        self.respawned = []

    async def round(self, fault):
        """Ask eight voices, let the fault happen after a random while, and count the right replies."""
        await self.engine.start()
        assert await asked(
            self.engine, self.voices[0], self.voices[0].questions[0]
        )  # a worker that spoke is no broken one
        worker = self.engine._worker
        running = [
            asyncio.create_task(asked(self.engine, voice, self.draw.choice(voice.questions)))
            for voice in self.voices * 4
        ]
        await asyncio.sleep(self.draw.random() * 0.05)
        fault(worker)
        begun = time.perf_counter()
        results = await asyncio.gather(*running)
        self.right, self.all = self.right + sum(results), self.all + len(results)
        if not await asked(self.engine, self.voices[1], self.voices[1].questions[0]):  # the fault comes by now
            self.all += 1
        ended = self.engine._worker is not worker
        if ended:
            await self.engine.start()
            self.respawned.append(time.perf_counter() - begun)
        return ended

    async def ended(self, worker):
        """Wait until the worker has ended."""
        await worker.wait()

    def told(self, name, count):
        replies = f"{self.right} of {self.all} replies right"
        return f"{name} x {count}: {replies}; from fault to all answered {spread(self.respawned)}"


@pytest.mark.parametrize(("name", "few", "many"), [("SIGKILL", 2, 100), ("SIGSTOP", 1, 50)])
async def test_a_worker_that_is_ended_or_stopped(engine, voices, times, capsys, name, few, many):
    """Everyone who waited gets the reply in the right voice from the next worker."""
    count, faults = times(few, many), Faults(engine, voices, 3)
    engine._patience = 3.0
    for _ in range(count):
        assert await faults.round(lambda worker: os.kill(worker.pid, signal.Signals[name]))
    say(capsys, faults.told(name, count))
    assert faults.right == faults.all == 32 * count


async def test_a_step_that_fails(engine, voices, times, capsys, tmp_path):
    """A worker that meets an error inside the model ends, and everyone who waited gets the right reply."""
    count, faults, flag = times(2, 200), Faults(engine, voices, 4), tmp_path / "fail"
    engine._command[1:3] = [str(Path(__file__).with_name("faulty_worker.py")), str(flag)]
    for _ in range(count):
        assert await faults.round(lambda _worker: flag.touch())
        assert not flag.exists()
    say(capsys, faults.told("error in a step", count))
    assert faults.right == faults.all == 32 * count
    assert (tmp_path / "engine.log").read_text().count("a fault inside a step") >= count


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process are Linux's own")
async def test_a_worker_without_memory(engine, voices, times, capsys):
    """A worker that may take no more memory ends or goes on; nobody hears another voice or goes without a reply."""
    count, faults, ended = times(1, 20), Faults(engine, voices, 5), 0
    engine._patience = 2.0
    for _ in range(count):
        ended += await faults.round(lambda worker: resource.prlimit(worker.pid, resource.RLIMIT_AS, (2**20, 2**20)))
        if engine._worker.returncode is None:
            engine._worker.kill()  # the next round begins with one that has memory
            await engine._reader
    say(capsys, f"{faults.told('no memory', count)}; {ended} of {count} workers ended of it")
    assert faults.right == faults.all == 32 * count


async def test_a_worker_that_always_dies_is_left_alone(lettered, tmp_path):
    """After three deaths in a row questions are refused without another try."""
    tries = tmp_path / "tries"
    engine = LocalEngine(str(lettered))
    engine._command = [sys.executable, "-c", f"open({str(tries)!r}, 'a').write('x')"]
    for _ in itertools.repeat(None, 3):
        with pytest.raises(EngineUnavailable, match="Please ask again in a minute"):
            await complete(engine, Request(turns("hello")))
    assert tries.read_text() == "xxx"
    await engine.close()
