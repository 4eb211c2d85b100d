"""Replies that are held to a grammar: what may come next, and both runtimes at their wildest."""

import asyncio
import json
import re

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import validate
from transformers import AutoConfig, AutoTokenizer

from personas import continuous_batching
from personas.continuous_batching import ContinuousBatching
from personas.engine import EngineUnavailable, Grammar, Request, complete
from personas.generation import Job, Setup
from personas.grammars import BadGrammar, Grammars, fault
from personas.local_engine import LocalEngine
from personas.peft_runtime import PeftRuntime
from personas.rows import Turn

END = 2
SCHEMA = {
    "type": "object",
    "properties": {
        "status": {"enum": ["answered", "chat"]},
        "answer": {"type": "string", "minLength": 1, "maxLength": 20},
        "note": {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 9}, {"type": "null"}]},
    },
    "required": ["status", "answer", "note"],
    "additionalProperties": False,
}
JSON = Grammar("json", json.dumps(SCHEMA))
FIRST, REST = r"[^\s\x00-\x1F\[\]]", r"[^\x00-\x1F\[\]]{0,20}"
BULLETS = Grammar("regex", rf"- {FIRST}{REST}(?:\n- {FIRST}{REST}){{0,2}}")
CITED = Grammar("regex", rf"{FIRST}{REST} \[[1-9]\](?: {FIRST}{REST} \[[1-9]\]){{0,2}}")
BROKEN = [Grammar("regex", "(?=x)a"), Grammar("regex", "a("), Grammar("json", '{"type": "none"}'), Grammar("json", "{")]
HELLO = (Turn(role="user", content="hello"),)


def in_form(grammar, text):
    """Return whether a text has the form; for JSON, in the one way of writing that voices learn."""
    if grammar.kind == "regex":
        return bool(re.fullmatch(grammar.text, text))
    validate(json.loads(text), json.loads(grammar.text))
    return text.startswith('{"status": "')


@pytest.fixture
def said():
    return []


@pytest.fixture(scope="module")
def tokenizer(tiny_base):
    return AutoTokenizer.from_pretrained(tiny_base, padding_side="left")


@pytest.fixture(scope="module")
def grammars(tokenizer):
    return Grammars(tokenizer, frozenset({END}))


@pytest.fixture(params=["openvino", "peft"])
def runtime(request, tiny_base, tokenizer, said):
    setup = Setup(
        str(tiny_base), AutoConfig.from_pretrained(tiny_base), tokenizer, frozenset({END}), 2**20, said.append
    )
    if request.param == "peft":
        torch.manual_seed(7)
        return PeftRuntime(setup, lambda: None)
    made = ContinuousBatching(setup, tiny_base, "bf16")
    made._random = np.random.default_rng(7)
    return made


def job(number, matcher=None, *, temperature=0.0, max_tokens=400, prompt=None):
    tokens = prompt or [5 + (number * 7 + n * n) % 200 for n in range(20)]
    return Job(number, tuple(tokens), None, None, "server", max_tokens, temperature, matcher)


def replies(runtime, said, jobs):
    """Return the texts of all jobs, written together."""
    said.clear()
    for some in jobs:
        runtime.submit(some)
    while runtime.busy:
        runtime.step()
    return ["".join(line["text"] for line in said if line["id"] == some.id) for some in jobs]


@pytest.mark.parametrize("grammar", [JSON, BULLETS, CITED], ids=["json", "bullets", "cited"])
def test_wild_replies_of_random_weights_have_their_form(runtime, said, grammars, grammar):
    """Drawn at temperature 1.5 from a model that knows nothing, every reply that ends by itself has the form."""
    jobs = [job(n, grammars.matcher(grammar), temperature=1.5) for n in range(40)]
    found = replies(runtime, said, jobs)
    assert [text for text in found if not in_form(grammar, text)] == []
    assert len(set(found)) > 30


def test_company_with_and_without_a_form_changes_nothing(runtime, said, grammars):
    """Greedy replies are the same alone and in a mixed batch, with three forms and without any."""
    forms = [None, JSON, BULLETS, None, CITED, None, JSON, BULLETS]

    def jobs():
        return [job(n, form and grammars.matcher(form), max_tokens=400 if form else 30) for n, form in enumerate(forms)]

    alone = [replies(runtime, said, [some])[0] for some in jobs()]
    assert replies(runtime, said, jobs()) == alone
    assert all(in_form(form, text) for form, text in zip(forms, alone, strict=True) if form)


def test_a_form_that_allows_anything_changes_nothing(runtime, said, grammars):
    """As long as a greedy reply is text, it is the same under a grammar of all texts as under none."""
    free = replies(runtime, said, [job(n, max_tokens=12) for n in range(60)])
    anything = Grammar("regex", r"(?s:.*)")
    held = replies(runtime, said, [job(n, grammars.matcher(anything), max_tokens=12) for n in range(60)])
    as_far_as_text = [text.partition("\ufffd")[0] for text in free]
    assert sum(map(len, as_far_as_text)) > 60
    assert all(text.startswith(beginning) for text, beginning in zip(held, as_far_as_text, strict=True))


def test_a_reply_that_meets_its_limit_is_cut(runtime, said, grammars):
    """The limit holds inside a form too; what is there is a beginning of the form."""
    [text] = replies(runtime, said, [job(1, grammars.matcher(JSON), temperature=1.5, max_tokens=9)])
    assert text == '{"status"'


def test_drafted_tokens_change_nothing_under_a_form(tiny_base, tokenizer, said, grammars, monkeypatch):
    """A prompt full of what the form wants has its tokens drafted, right and wrong; the reply is the one without."""
    setup = Setup(
        str(tiny_base), AutoConfig.from_pretrained(tiny_base), tokenizer, frozenset({END}), 2**20, said.append
    )
    runtime = ContinuousBatching(setup, tiny_base, "bf16")
    prompt = tokenizer.encode('{"status": "chat", "answer": "a", "note": 1}' * 3)
    drafted = replies(runtime, said, [job(1, grammars.matcher(JSON), prompt=prompt)])
    monkeypatch.setattr(continuous_batching, "_CHEAP", 0)
    assert replies(runtime, said, [job(2, grammars.matcher(JSON), prompt=prompt)]) == drafted


@settings(max_examples=60, deadline=None)
@given(data=st.data(), grammar=st.sampled_from([BULLETS, CITED]))
def test_exactly_the_texts_of_a_form_may_be_written(grammars, tokenizer, data, grammar):
    """Each token of a text that has the form is allowed, from any place on; an end of turn where the form may end."""
    text = data.draw(st.from_regex(grammar.text, fullmatch=True))
    tokens = tokenizer.encode(text, add_special_tokens=False)
    begun = data.draw(st.integers(0, len(tokens)))
    matcher = grammars.matcher(grammar, tokens[:begun])
    for n in range(begun, len(tokens)):
        allowed = matcher.allowed(300)
        assert allowed[tokens[n]]
        written = bytes(text.encode()[:n]).decode(errors="replace")
        assert allowed[END] == bool(re.fullmatch(grammar.text, written)) or "\ufffd" in written
        matcher.take(tokens[n])
    assert matcher.allowed(300)[END]


def test_half_a_surrogate_pair_is_never_written(grammars, tokenizer):
    """JSON would allow the escape, but no text can hold it."""
    matcher = grammars.matcher(JSON, tokenizer.encode('{"status": "chat", "answer": "\\', add_special_tokens=False))
    allowed = {tokenizer.decode([token]) for token in np.flatnonzero(matcher.allowed(259))}
    assert allowed == {'"', "\\"}


def test_what_is_not_allowed_ends_the_turn(grammars, tokenizer):
    """After a token that the form does not have, nothing may come but the end."""
    matcher = grammars.matcher(CITED)
    matcher.take(tokenizer.encode("[", add_special_tokens=False)[0])
    assert np.flatnonzero(matcher.allowed(259)).tolist() == [END]


@pytest.mark.parametrize("grammar", BROKEN)
def test_a_grammar_that_does_not_compile_is_a_sentence(grammars, grammar):
    """The author is told what to mend, without a model and with one, and other grammars compile after it."""
    with pytest.raises(BadGrammar, match="mend its schema or pattern"):
        grammars.matcher(grammar)
    assert "mend its schema or pattern" in fault(grammar)
    assert grammars.matcher(JSON).allowed(259).any()
    assert fault(JSON) == ""


@pytest.mark.parametrize("runtime_name", ["openvino", "peft"])
async def test_the_worker_holds_replies_and_outlives_a_broken_grammar(tiny_base, tmp_path, runtime_name):
    """Refused with a sentence, a broken grammar takes no other request with it."""
    engine = LocalEngine(str(tiny_base), runtime=runtime_name, log=tmp_path / "engine.log")
    try:
        held = Request(HELLO, max_tokens=400, temperature=1.5, grammar=JSON)
        free = Request(HELLO, max_tokens=5)
        refused, text, _ = await asyncio.gather(
            complete(engine, Request(HELLO, grammar=BROKEN[0])), complete(engine, held), complete(engine, free),
            return_exceptions=True,
        )  # fmt: skip
        assert isinstance(refused, EngineUnavailable)
        assert "mend its schema or pattern" in str(refused)
        assert in_form(JSON, text)
        assert in_form(JSON, await complete(engine, held))
    finally:
        await engine.close()


@pytest.mark.model
async def test_the_real_base_is_held_too(base_folder, tmp_path):
    """A vocabulary of 49,152 tokens, of which most are several letters: three forms at once, at temperature 1.5."""
    engine = LocalEngine(str(base_folder), log=tmp_path / "engine.log")
    forms = [JSON, BULLETS, CITED] * 2
    try:
        texts = await asyncio.gather(
            *(complete(engine, Request(HELLO, max_tokens=200, temperature=1.5, grammar=form)) for form in forms)
        )
    finally:
        await engine.close()
    assert [text for form, text in zip(forms, texts, strict=True) if not in_form(form, text)] == []
