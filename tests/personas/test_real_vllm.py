"""The remote engine against a real vLLM, which `make test-vllm` installs on the side; skipped without it."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from bot.demo import SAMPLES
from personas import persona, versions
from personas.engine import PromptTooLong, Request, complete
from personas.prompt import ask
from personas.remote_engine import RemoteEngine
from personas.rows import Turn

VLLM = os.environ.get("PARLEY_TEST_VLLM")
pytestmark = [pytest.mark.vllm, pytest.mark.skipif(not VLLM, reason="vLLM is installed and used by `make test-vllm`")]
START = 600  # seconds; a minute on two idle cores
NOTE = "Town: Princeton; Delivery fee: $7.95; Same day cutoff: 1 pm"
QUESTIONS = [
    ("petal-and-stem", "florist", "Do you deliver to Princeton?"),
    ("emberfall", "grumpy-pirate", "when does the server restart"),
]


@pytest.fixture(scope="module")
def vllm(base_folder, tmp_path_factory):
    """Return the address of a vLLM on the processor that holds the base model alone."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = tmp_path_factory.mktemp("vllm") / "log"
    environment = os.environ | {
        "VLLM_ALLOW_RUNTIME_LORA_UPDATING": "True",
        "VLLM_CPU_OMP_THREADS_BIND": f"0-{(os.cpu_count() or 1) - 1}",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HUB_OFFLINE": "1",
    }
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                VLLM, "serve", base_folder, "--host", "127.0.0.1", "--port", str(port), "--served-model-name", "base",
                "--enable-lora", "--max-loras", "2", "--max-lora-rank", "16", "--enforce-eager", "--dtype", "bfloat16",
                "--max-model-len", "2048", "--max-num-seqs", "8",
            ],
            env=environment, stdout=out, stderr=out,
        )  # fmt: skip
        try:
            until_it_answers(f"http://127.0.0.1:{port}/health", process, log)
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()
            process.wait()


def until_it_answers(url, process, log):
    ends = time.monotonic() + START
    while time.monotonic() < ends and process.poll() is None:
        try:
            with urllib.request.urlopen(url):  # noqa: S310 -- this test's own server
                return
        except urllib.error.URLError:
            time.sleep(1)
    pytest.fail(f"vLLM did not start: {log.read_text()[-3000:]}")


@pytest.fixture
async def engine(vllm, home):
    made = RemoteEngine(vllm, folder=home / "remote-adapters", first=300)
    yield made
    await made.close()


@pytest.fixture
def voice(base_folder, home):
    """Return a way to ask a persona, with its adapter or in the base voice."""

    def make(name, *, trained=True):
        speaker = persona.load(name)
        adapter = versions.current(speaker, home / "adapters", str(base_folder)).adapter if trained else None
        turns = tuple(ask(speaker, "What does delivery to Princeton cost?", [NOTE]))
        return Request(turns, adapter, "petal-and-stem", max_tokens=48, deadline=600)

    return make


def test_parley_ask_speaks_through_vllm(vllm, monkeypatch, models_folder):
    """Two personas answer over HTTP, each with its own adapter, from the sample servers."""
    monkeypatch.setenv("PARLEY_ENGINE", "remote")
    monkeypatch.setenv("PARLEY_REMOTE_URL", vllm)

    def parley(*words):
        command = [sys.executable, "-m", "bot", *map(str, words)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    assert "adapters can be loaded" in parley("doctor")
    for server, name, question in QUESTIONS:
        parley("knowledge", "add", SAMPLES / server, "--server", server, "--yes")
        answer = json.loads(parley("ask", question, "--server", server, "--persona", name, "--json"))
        assert answer["adapter"].startswith(f"{name}-")
        assert answer["verdict"] in {"answered", "quoted"}
        assert answer["sources"]


async def test_each_persona_has_its_own_voice(engine, voice):
    """The same question at the same time: two adapters and the base model give three different replies."""
    requests = [voice("florist"), voice("grumpy-pirate"), voice("florist", trained=False)]
    replies = await asyncio.gather(*(complete(engine, request) for request in requests))
    assert all(replies)
    assert len(set(replies)) == 3


async def test_an_adapter_that_vllm_has_forgotten_is_loaded_again(vllm, engine, voice):
    """After a restart, or when somebody else unloads it, the reply comes all the same."""
    request = voice("florist")
    assert await complete(engine, request)
    await engine._server.unload(request.adapter.version)
    assert await complete(engine, request)


async def test_closing_a_reply_ends_the_work_there(vllm, engine):
    """The server has nothing left to run, though the reply never came to its end or to its limit."""
    before = figure(vllm, "request_success_total")
    question = Turn(role="user", content="Tell me a very long story about a lighthouse. Use short sentences.")
    reply = engine.stream(Request((question,), max_tokens=1500, deadline=600))
    assert await anext(reply)
    await reply.aclose()
    assert await asyncio.to_thread(is_idle, vllm)
    assert figure(vllm, "request_success_total") == before


async def test_a_prompt_that_is_too_long_is_said(engine):
    """With both lengths, as vLLM gives them."""
    with pytest.raises(PromptTooLong, match="tokens, and the context of the model holds 2048"):
        await complete(engine, Request((Turn(role="user", content="word " * 3000),)))


def is_idle(vllm):
    ends = time.monotonic() + 60
    while figure(vllm, "num_requests_running") and time.monotonic() < ends:
        time.sleep(0.2)
    return figure(vllm, "num_requests_running") == 0


def figure(vllm, name):
    """Return the sum of one of vLLM's own counts."""
    with urllib.request.urlopen(vllm.removesuffix("/v1") + "/metrics") as answer:  # noqa: S310 -- likewise
        lines = answer.read().decode().splitlines()
    rows = [line for line in lines if re.match(rf"vllm:{name}\W", line)]
    assert rows
    return sum(float(row.rpartition(" ")[2]) for row in rows)
