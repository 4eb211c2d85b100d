"""The remote engine against what real servers (vLLM 0.32, llama.cpp) answered once, and against broken ones."""

import asyncio
import contextlib
import json
import logging
import socket
from pathlib import Path

import pytest
from aiohttp import web

from personas.adapter_files import read
from personas.engine import Adapter, EngineUnavailable, Grammar, PromptTooLong, Request, complete
from personas.remote_engine import RemoteEngine
from personas.rows import Turn

RECORDINGS = Path(__file__).parent / "recordings"
FLORIST, PIRATE = "florist-c1e14b34b28b", "grumpy-pirate-27dabfd9f192"
MODELS, CHAT = "/v1/models", "/v1/chat/completions"
LOAD, UNLOAD = "/v1/load_lora_adapter", "/v1/unload_lora_adapter"
TURNS = (Turn(role="user", content="do you deliver to Princeton?"),)
SSE = "text/event-stream"
CHUNK = 'data: {"model":"smollm2","choices":[{"index":0,"delta":{"content":"Aye. No"},"finish_reason":null}]}\n\n'
END = 'data: {"model":"smollm2","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n'


class Played:
    """A server that gives the answers written down for each path, one after the other, and the last again and again."""

    def __init__(self):
        self.url = ""
        self.answers = {MODELS: ["vllm-models"], LOAD: ["vllm-loaded"], UNLOAD: ["vllm-unloaded"]}
        self.names = {}
        """Version names in the recordings, and those of the adapters that stand for them."""
        self.asked = []
        self.headers = []
        self.begun, self.gone = asyncio.Event(), asyncio.Event()

    def bodies(self, path):
        return [body for asked, body in self.asked if asked == path]

    async def answer(self, request):
        self.asked.append((request.path, await request.json() if request.can_read_body else None))
        self.headers.append(request.headers)
        answers = self.answers[request.path]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if callable(answer):
            return await answer(request)
        head, _, body = (RECORDINGS / f"{answer}.http").read_text("utf-8").partition("\n\n")
        for recorded, version in self.names.items():
            body = body.replace(recorded, version)
        status, _, kind = head.partition(" ")
        return web.Response(status=int(status), body=body.encode(), headers={"content-type": kind})


def answering(body, *, status=200, kind="application/json", **headers):
    async def answer(_request):
        data = body if isinstance(body, bytes) else body.encode()
        return web.Response(status=status, body=data, headers={"content-type": kind, **headers})

    return answer


@pytest.fixture
async def server():
    played = Played()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", played.answer)
    runner = web.AppRunner(app, handler_cancellation=True)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    played.url = f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}/v1"
    yield played
    await runner.cleanup()


@pytest.fixture
async def engine(server, tmp_path, monkeypatch):
    """Return a way to make an engine for the played server; no pause before it asks again."""
    monkeypatch.setattr("personas.remote_engine._PAUSE", 0)
    async with contextlib.AsyncExitStack() as stack:

        def make(url=None, **options):
            made = RemoteEngine(url or server.url, folder=tmp_path / "shelf", **options)
            stack.push_async_callback(made.close)
            return made

        yield make


@pytest.fixture
def adapter(server, tmp_path):
    """Return a way to make an adapter; its weights are bytes that nobody reads here."""

    def make(recorded):
        folder = tmp_path / "own" / recorded
        folder.mkdir(parents=True)
        for name in ("adapter_config.json", "card.json"):
            (folder / name).write_text("{}")
        (folder / "adapter_model.safetensors").write_text(recorded)
        version = f"{recorded.rpartition('-')[0]}-{read(folder).digest}"
        server.names[recorded] = version
        return Adapter(version, folder)

    return make


async def sentences(engine, request):
    return [sentence async for sentence in engine.stream(request)]


async def test_vllm_speaks_with_an_adapter(server, engine, adapter, tmp_path):
    """It is put where the server can read it, loaded under its version, and the reply comes in whole sentences."""
    server.answers[CHAT] = ["vllm-pirate"]
    pirate = adapter(PIRATE)
    found = await sentences(engine(), Request(TURNS, pirate, "my-shop", max_tokens=72))
    assert len(found) >= 1
    assert all(sentence.rstrip()[-1] in ".!?" for sentence in found)
    assert "Princeton" in "".join(found)
    put = tmp_path / "shelf" / pirate.version
    assert server.bodies(LOAD) == [{"lora_name": pirate.version, "lora_path": str(put)}]
    assert read(put).contents == read(pirate.folder).contents
    [body] = server.bodies(CHAT)
    assert (body["model"], body["max_tokens"], body["temperature"]) == (pirate.version, 72, 0)
    assert body["messages"] == [{"role": "user", "content": TURNS[0].content}]


async def test_an_adapter_is_loaded_once(server, engine, adapter):
    """Many requests at the same time need one load; one that another process loaded is no fault."""
    server.answers |= {LOAD: ["vllm-already-loaded"], CHAT: ["vllm-florist"]}
    remote, request = engine(), Request(TURNS, adapter(FLORIST))
    replies = await asyncio.gather(*(complete(remote, request) for _ in range(5)))
    assert len(set(replies)) == 1
    assert len(server.bodies(LOAD)) == 1


async def test_the_folder_is_named_as_the_server_sees_it(server, engine, adapter):
    """Where the server sees the adapters under another path, it is told that one."""
    server.answers[CHAT] = ["vllm-florist"]
    await complete(engine(mount="/adapters/"), Request(TURNS, adapter(FLORIST)))
    [body] = server.bodies(LOAD)
    assert body["lora_path"] == f"/adapters/{body['lora_name']}"


async def test_after_a_restart_the_adapter_is_loaded_again(server, engine, adapter):
    """A server that has forgotten an adapter is given it once more, and the member notices nothing."""
    server.answers[CHAT] = ["vllm-florist", "vllm-unknown-model", "vllm-florist"]
    remote, request = engine(), Request(TURNS, adapter(FLORIST))
    first = await complete(remote, request)
    assert await complete(remote, request) == first
    assert len(server.bodies(LOAD)) == 2


async def test_an_adapter_that_stays_unknown_is_said(server, engine, adapter):
    """Loaded again and still not known, it is not tried for ever."""
    server.answers[CHAT] = ["vllm-unknown-model"]
    with pytest.raises(EngineUnavailable, match="no such model"):
        await complete(engine(), Request(TURNS, adapter(FLORIST)))
    assert len(server.bodies(CHAT)) == 2


async def test_a_managed_voice_is_asked_for_by_its_model(server, engine, tmp_path):
    """Nothing is loaded for it, whatever else the server can load; one that is gone there is said."""
    server.answers[CHAT] = [echo_model, "vllm-unknown-model"]
    request = Request(TURNS, Adapter("bosun-0123456789ab", tmp_path, "ft:small:org:bosun:1"))
    remote = engine()
    assert await complete(remote, request) == "Aye. No"
    assert server.bodies(CHAT)[0]["model"] == "ft:small:org:bosun:1"
    with pytest.raises(
        EngineUnavailable, match=r"no longer has ft:small:org:bosun:1, .* train it again with --managed"
    ):
        await complete(remote, request)
    assert len(server.bodies(CHAT)) == 2
    assert server.bodies(LOAD) == []


async def test_the_least_recently_used_adapter_makes_room(server, engine, adapter, tmp_path):
    """Beyond the bound, the one that was not used for longest is unloaded; its copy stays for the server to find."""
    server.answers[CHAT] = [echo_model]
    remote = engine(most=2)
    one, two, three = (adapter(f"bosun-{n}") for n in "123")
    for chosen in (one, two, one, three):
        await complete(remote, Request(TURNS, chosen))
    assert server.bodies(UNLOAD) == [{"lora_name": two.version}]
    assert len(list((tmp_path / "shelf").iterdir())) == 3
    await complete(remote, Request(TURNS, two))
    assert [body["lora_name"] for body in server.bodies(LOAD)] == [a.version for a in (one, two, three, two)]


async def test_a_damaged_copy_is_mended(server, engine, adapter, tmp_path):
    """A copy that a power cut left half written is replaced before the server is sent to it."""
    server.answers[CHAT] = ["vllm-florist"]
    florist = adapter(FLORIST)
    put = tmp_path / "shelf" / florist.version
    put.mkdir(parents=True)
    (put / "adapter_model.safetensors").write_text("hal")
    await complete(engine(), Request(TURNS, florist))
    assert read(put).contents == read(florist.folder).contents
    assert list(put.parent.iterdir()) == [put]


async def test_weights_that_are_no_longer_the_version_are_not_loaded(server, engine, adapter):
    """Files that changed after they were chosen would be another voice under the old name."""
    florist = adapter(FLORIST)
    (florist.folder / "adapter_model.safetensors").write_text("another voice")
    with pytest.raises(EngineUnavailable, match="is not florist-"):
        await complete(engine(), Request(TURNS, florist))
    assert server.bodies(LOAD) == []


async def echo_model(request):
    model = (await request.json())["model"]
    return web.Response(text=(CHUNK + END).replace("smollm2", model), content_type=SSE)


async def test_an_adapter_in_use_is_not_unloaded(server, engine, adapter):
    """While a reply in its voice is being written, room is made elsewhere or not at all."""
    server.answers[CHAT] = [echo_model]
    remote = engine(most=1)
    busy = remote.stream(Request(TURNS, adapter("bosun-1")))
    assert await anext(busy) == "Aye. "
    await complete(remote, Request(TURNS, adapter("bosun-2")))
    assert server.bodies(UNLOAD) == []
    await busy.aclose()


async def test_another_voice_is_not_shown(server, engine, adapter):
    """A server that answers with another model than the adapter asked for is refused."""
    server.answers[CHAT] = ["vllm-base"]
    with pytest.raises(EngineUnavailable, match="another voice"):
        await complete(engine(), Request(TURNS, adapter(PIRATE)))


async def test_adapters_that_the_server_was_started_with(server, engine, adapter):
    """With `listed`, nothing is loaded, and an adapter that is not listed is said with the option that it needs."""
    server.answers |= {MODELS: ["vllm-listed-models"], CHAT: ["vllm-florist"]}
    remote, pirate = engine(use="listed"), adapter(PIRATE)
    assert "Princeton" in await complete(remote, Request(TURNS, adapter(FLORIST)))
    with pytest.raises(EngineUnavailable, match=f"--lora-modules {pirate.version}="):
        await complete(remote, Request(TURNS, pirate))
    assert server.bodies(LOAD) == []


async def test_each_server_has_a_salt_of_its_own(server, engine):
    """What vLLM keeps of a prompt is never used again for another server, and the salt does not tell which it is."""
    server.answers[CHAT] = ["vllm-base"]
    remote, other = engine(), engine()
    for asked in (remote, other):
        for name in ("my-shop", "my-shop", "emberfall"):
            await complete(asked, Request(TURNS, server=name))
    salts = [body["cache_salt"] for body in server.bodies(CHAT)]
    assert salts[0] == salts[1]
    assert len(set(salts)) == 4
    assert not any("shop" in salt for salt in salts)


async def test_llama_cpp_speaks_in_its_base_voice(server, engine):
    """A server without adapters answers from the turns alone and is sent no field that is not OpenAI's."""
    server.answers |= {MODELS: ["llama-models"], CHAT: ["llama-base"]}
    found = await sentences(engine(use="none"), Request(TURNS))
    assert len(found) > 1
    [body] = server.bodies(CHAT)
    assert body.keys() == {"model", "messages", "max_tokens", "temperature", "stream"}


async def test_the_token_limit_cuts_a_reply(server, engine, adapter):
    """A reply that the limit cut off is given as far as it came."""
    server.answers[CHAT] = ["vllm-cut"]
    reply = await complete(engine(), Request(TURNS, adapter(FLORIST), max_tokens=6))
    assert reply
    assert reply[-1] not in ".!?"


@pytest.mark.parametrize(
    ("recording", "words"),
    [
        ("vllm-too-long", "at least 2049 tokens, and the context of the model holds 2048"),
        ("llama-too-long", "at least 3031 tokens, and the context of the model holds 1024"),
        (answering(END.replace("stop", "length"), kind=SSE), "leaves no room for a reply"),
    ],
)
async def test_a_prompt_that_is_too_long_is_said(server, engine, recording, words):
    """Both servers' ways to say it become one exception with the lengths in tokens."""
    server.answers[CHAT] = [recording]
    with pytest.raises(PromptTooLong, match=words):
        await complete(engine(), Request(TURNS))


HTML = answering("<!doctype html><h1>It works!</h1>", kind="text/html; charset=utf-8")
BREAKS = answering(CHUNK, kind=SSE)


async def breaks_in_the_middle(request):
    response = web.StreamResponse(headers={"content-type": SSE})
    await response.prepare(request)
    await response.write(CHUNK.encode())
    request.transport.abort()
    return response


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param(HTML, "answered with text/html where a stream", id="html"),
        pytest.param(answering('{"choices": []}'), "answered with application/json", id="no stream"),
        pytest.param(answering("data: {}\n\n", kind=SSE), "where a reply was expected", id="no choices"),
        pytest.param(answering('data: {"choices": 7}\n\n', kind=SSE), "a reply was expected", id="choices of no kind"),
        pytest.param(answering("data: 7\n\n", kind=SSE), "a reply was expected", id="a number"),
        pytest.param(answering("data: {nonsense\n\n", kind=SSE), "JSON in UTF-8 was expected", id="no json"),
        pytest.param(answering(b'data: {"choices": "\xff\xfe"}\n\n', kind=SSE), "in UTF-8 was expected", id="no utf-8"),
        pytest.param(BREAKS, "broke off half-way", id="ends early"),
        pytest.param(breaks_in_the_middle, "broke off half-way", id="breaks"),
        pytest.param(
            answering('data: {"error": {"message": "out of memory"}}\n\n', kind=SSE), "out of memory", id="error within"
        ),
        pytest.param(
            answering("", status=307, location="https://elsewhere.example/v1?key=x"),
            r"sends us on to https://elsewhere\.example/v1: set remote_url",
            id="redirect",
        ),
        pytest.param("vllm-wrong-key", "refuses the key: set PARLEY_REMOTE_KEY", id="key of vllm"),
        pytest.param("llama-models-nokey", "refuses the key", id="key of llama.cpp"),
        pytest.param("vllm-nothing-here", "Not Found; remote_url mostly ends in /v1", id="wrong path"),
        pytest.param(answering("<h1>gone</h1>", status=404, kind="text/html"), "404", id="html with 404"),
        pytest.param("vllm-unknown-model", "mend remote_model", id="unknown model"),
        pytest.param("llama-loading", "still starting", id="starting"),
        pytest.param(answering('{"error": "slow down"}', status=429), "slow down", id="too many"),
        pytest.param(answering("<h1>bad</h1>", status=502, kind="text/html"), "busy or still", id="gateway"),
        pytest.param(
            answering('{"error": {"message": "boom"}}', status=500), "boom; its log", id="fault of the server's"
        ),
    ],
)
async def test_a_strange_answer_is_a_sentence(server, engine, answer, words):
    """Whatever comes instead of a reply, the message names the server and says what to do."""
    server.answers[CHAT] = [answer]
    with pytest.raises(EngineUnavailable, match=words) as caught:
        await complete(engine(), Request(TURNS))
    sentence = str(caught.value)
    assert server.url.partition("//")[2].partition("/")[0] in sentence
    assert sentence.endswith(".")
    assert "<" not in sentence


@pytest.mark.parametrize("answer", [HTML, answering("[]"), answering("\xff", kind="application/json")])
async def test_a_strange_list_of_models_is_a_sentence(server, engine, answer):
    """The first thing that is asked may go wrong in the same ways."""
    server.answers[MODELS] = [answer]
    with pytest.raises(EngineUnavailable, match="was expected: remote_url must lead"):
        await complete(engine(), Request(TURNS))


async def test_a_busy_server_is_asked_once_more(server, engine):
    """A request that was not taken is sent again; the second answer counts."""
    server.answers[CHAT] = ["llama-loading", "vllm-base"]
    assert await complete(engine(), Request(TURNS))
    assert len(server.bodies(CHAT)) == 2


async def hangs_up(request):
    request.transport.abort()
    return web.Response()


async def test_a_connection_that_was_kept_too_long_is_not_the_end(server, engine):
    """A server that was started anew knows nothing of old connections; the request goes over a new one."""
    server.answers[CHAT] = ["vllm-base", hangs_up, "vllm-base"]
    remote = engine()
    first = await complete(remote, Request(TURNS))
    assert await complete(remote, Request(TURNS)) == first


@pytest.mark.parametrize("answer", [BREAKS, breaks_in_the_middle])
async def test_what_was_begun_is_not_asked_again(server, engine, answer):
    """After the first word a reply is never begun anew: the reader would get it twice."""
    server.answers[CHAT] = [answer, "vllm-base"]
    found = []
    with pytest.raises(EngineUnavailable):
        found += [sentence async for sentence in engine().stream(Request(TURNS))]
    assert len(server.bodies(CHAT)) == 1


async def test_nobody_there_is_a_sentence(engine):
    """A closed port is said at once."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(EngineUnavailable, match="Nobody answers at"):
        await complete(engine(url), Request(TURNS))


async def test_a_server_without_tls_is_a_sentence(server, engine):
    """A server that is asked by https and speaks only http is told from one that is down."""
    with pytest.raises(EngineUnavailable, match="No trusted connection"):
        await complete(engine(server.url.replace("http:", "https:")), Request(TURNS))


@pytest.mark.parametrize(("models", "words"), [("[]", "lists 0 models"), ('[{"id": "a"}, {"id": "b"}]', "2 models")])
async def test_the_model_must_be_clear(server, engine, models, words):
    """With several models or none, the operator is asked to name one."""
    server.answers[MODELS] = [answering(f'{{"data": {models}}}')]
    with pytest.raises(EngineUnavailable, match=words):
        await complete(engine(), Request(TURNS))


def silent(server, *beginning):
    """Return an answer that begins and then says nothing more until the reader goes."""

    async def answer(request):
        response = web.StreamResponse(headers={"content-type": SSE})
        await response.prepare(request)
        for part in beginning:
            await response.write(part.encode())
        server.begun.set()
        try:
            await asyncio.sleep(600)
        finally:
            server.gone.set()
        return response

    return answer


@pytest.mark.parametrize(
    ("beginning", "options", "deadline", "words"),
    [
        ([], {"first": 0.2}, 120, "No word came for 0 seconds"),
        ([CHUNK], {"between": 0.2}, 120, "No word came for 0 seconds"),
        ([CHUNK], {}, 0.5, "not done within 0 seconds|not done within 1 seconds"),
    ],
)
async def test_nobody_waits_for_ever(server, engine, beginning, options, deadline, words):
    """Each limit ends the request with a sentence and lets go of the server."""
    server.answers[CHAT] = [silent(server, *beginning)]
    with pytest.raises(EngineUnavailable, match=words):
        await complete(engine(**options), Request(TURNS, deadline=deadline))
    await asyncio.wait_for(server.gone.wait(), 10)


async def test_closing_the_reply_lets_go_of_the_server(server, engine):
    """A reader that stops after a sentence closes the connection, by which the server knows to stop."""
    server.answers[CHAT] = [silent(server, CHUNK)]
    reply = engine().stream(Request(TURNS))
    assert await anext(reply) == "Aye. "
    await reply.aclose()
    await asyncio.wait_for(server.gone.wait(), 10)


async def test_cancelling_the_reader_lets_go_of_the_server(server, engine):
    """So does cancelling the task that waits for the next word."""
    server.answers[CHAT] = [silent(server, CHUNK)]
    task = asyncio.create_task(complete(engine(), Request(TURNS)))
    await asyncio.wait_for(server.begun.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.wait_for(server.gone.wait(), 10)


async def test_the_key_is_sent_and_never_shown(server, engine, caplog):
    """The key is in the request and in no log line and no sentence."""
    server.answers[CHAT] = ["vllm-wrong-key"]
    with caplog.at_level(logging.DEBUG), pytest.raises(EngineUnavailable) as caught:
        await complete(engine(key="k-very-secret"), Request(TURNS))
    assert all(headers["authorization"] == "Bearer k-very-secret" for headers in server.headers)
    assert "k-very-secret" not in caplog.text + str(caught.value) + repr(caught.value.__cause__)


async def test_a_password_in_the_address_is_never_shown(server, engine):
    """Of an address with a user and a password, only the rest is shown."""
    server.answers[CHAT] = ["vllm-wrong-key"]
    with pytest.raises(EngineUnavailable) as caught:
        await complete(engine(server.url.replace("http://", "http://user:pass-word@")), Request(TURNS))
    assert "pass-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("answers", "use", "words"),
    [
        ({UNLOAD: ["vllm-not-loaded"]}, "load", "answers with the model smollm2; adapters can be loaded."),
        ({MODELS: ["vllm-listed-models"]}, "listed", f"it lists the adapters {FLORIST}."),
        ({}, "listed", "it lists no adapters."),
        ({}, "none", "personas speak in its own voice."),
    ],
)
async def test_examining_says_what_is_there(server, engine, answers, use, words):
    """The operator learns which model answers and whether personas have their voices, and nothing is changed."""
    server.answers |= answers
    assert words in await engine(use=use).examine()
    assert server.bodies(LOAD) == server.bodies(CHAT) == []


@pytest.mark.parametrize("recording", ["vllm-loading-off", "llama-load-lora"])
async def test_a_server_that_loads_no_adapters_is_said(server, engine, adapter, recording):
    """Both when it is examined and when a voice is asked for, with what to change."""
    server.answers |= {LOAD: [recording], UNLOAD: [recording]}
    remote = engine()
    with pytest.raises(EngineUnavailable, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
        await remote.examine()
    with pytest.raises(EngineUnavailable, match="VLLM_ALLOW_RUNTIME_LORA_UPDATING"):
        await complete(remote, Request(TURNS, adapter(FLORIST)))


async def test_a_folder_that_the_server_does_not_see_is_said(server, engine, adapter):
    """The sentence names the setting that maps one path to the other."""
    server.answers[LOAD] = ["vllm-folder-missing"]
    with pytest.raises(EngineUnavailable, match="remote_adapter_mount says under"):
        await complete(engine(), Request(TURNS, adapter(FLORIST)))


async def test_a_shelf_that_cannot_be_written_is_said(engine, adapter, tmp_path):
    """A data folder that is full or closed is a sentence too."""
    (tmp_path / "shelf").write_text("a file stands there")
    with pytest.raises(EngineUnavailable, match="could not be put into"):
        await complete(engine(), Request(TURNS, adapter(FLORIST)))


SCHEMA = {
    "type": "object",
    "properties": {"format": {"type": "string", "maxLength": 9}, "n": {"anyOf": [{"type": "integer", "minimum": 1}]}},
    "required": ["format", "n"],
    "additionalProperties": False,
}
PLAIN = SCHEMA | {"properties": {"format": {"type": "string"}, "n": {"anyOf": [{"type": "integer"}]}}}
OTHER = '{"data": [{"id": "gpt", "owned_by": "openai"}]}'


@pytest.mark.parametrize(("models", "schema"), [("vllm-models", SCHEMA), (answering(OTHER), PLAIN)])
async def test_a_schema_goes_to_every_server(server, engine, models, schema):
    """VLLM gets it whole; others get it without what OpenAI refuses, properties of such a name kept."""
    server.answers |= {MODELS: [models], CHAT: ["vllm-base"]}
    await complete(engine(), Request(TURNS, grammar=Grammar("json", json.dumps(SCHEMA))))
    [body] = server.bodies(CHAT)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "reply", "schema": schema, "strict": True},
    }
    assert "structured_outputs" not in body


async def test_a_schema_with_room_for_more_is_not_strict(server, engine):
    """OpenAI refuses a strict schema whose properties are optional."""
    server.answers[CHAT] = ["vllm-base"]
    loose = {"type": "object", "properties": {"a": {"type": "string"}}}
    await complete(engine(), Request(TURNS, grammar=Grammar("json", json.dumps(loose))))
    assert server.bodies(CHAT)[0]["response_format"]["json_schema"]["strict"] is False


@pytest.mark.parametrize(("models", "held"), [("vllm-models", True), (answering(OTHER), False)])
async def test_a_pattern_goes_to_vllm_alone(server, engine, models, held):
    """Beside the salt of the cache; other servers have no word for it, and refuse words that they do not know."""
    server.answers |= {MODELS: [models], CHAT: ["vllm-base"]}
    await complete(engine(), Request(TURNS, grammar=Grammar("regex", "- .+")))
    [body] = server.bodies(CHAT)
    assert body.get("structured_outputs") == ({"regex": "- .+"} if held else None)
    assert ("cache_salt" in body) == held
    assert "response_format" not in body
