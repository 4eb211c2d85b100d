"""Personas whose every reply has a form: what is asked for, what is checked, and what is sent."""

import json

import pytest

from bot.answering import Answerer
from bot.answers import Question
from bot.demo import SAMPLES
from bot.quoting import quote
from bot.voices import Voices
from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.sqlite_store import SqliteStore
from personas.persona import LIBRARY, load

FEE = "Do you deliver to Princeton?"
FORMED = ["clerk", "herald", "old-librarian"]
TRUE = "Yes, we deliver to Princeton for $7.95."
FALSE = "Yes, we deliver to Princeton for $9.00."


class Scripted:
    """An engine that writes the given drafts, and the last one for ever after."""

    def __init__(self, *drafts):
        self.drafts = list(drafts)
        self.requests = []

    async def stream(self, request):
        self.requests.append(request)
        for piece in (self.drafts.pop(0) if len(self.drafts) > 1 else self.drafts[0]).partition(" "):
            yield piece

    async def close(self):
        pass


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = SqliteStore(tmp_path_factory.mktemp("servers"))
    indexing.add(store, HashEmbedder(), "petal-and-stem", [SAMPLES / "petal-and-stem"])
    yield store
    store.close()


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return Voices((LIBRARY,), tmp_path_factory.mktemp("adapters"), None)


@pytest.fixture
def answer(store, voices):
    """Return a way to ask a persona whose engine writes the given drafts."""

    async def ask(name, text, *drafts, on_sentence=None, engine=None):
        answerer = Answerer(store, HashEmbedder(), engine or Scripted(*drafts), voices, silence=0.2, longest=1000)
        return await answerer.answer(Question(text, "petal-and-stem", name), on_sentence)

    return ask


def form_of(name):
    return load(name).card.format


def formed(name, text, note=1, status="answered"):
    return form_of(name).render(text, note, status)


@pytest.mark.parametrize("name", FORMED)
async def test_a_true_draft_in_its_form_is_sent_whole(answer, name):
    """The reply is the draft, the engine was held to the card's form, and nothing was shown before it was whole."""
    shown = []
    engine = Scripted(formed(name, TRUE))
    given = await answer(name, FEE, engine=engine, on_sentence=shown.append)
    assert (given.reply, given.verdict, given.unsupported) == (formed(name, TRUE), "answered", ())
    assert shown == []
    [request] = engine.requests
    assert request.grammar == form_of(name).grammar


@pytest.mark.parametrize("name", FORMED)
async def test_what_is_no_true_reply_in_the_form_is_quoted_in_it(answer, name):
    """A false draft, one without form, one with more after it and one that cites no note of its own are not sent."""
    whole, other = formed(name, TRUE), formed(name, TRUE, 2)
    for draft in (formed(name, FALSE), TRUE, f"{whole}\nThat is all.", *([other] if other != whole else [])):
        given = await answer(name, FEE, draft)
        assert given.verdict == "quoted"
        assert form_of(name).holds(given.reply, 1)
        assert "7.95" in form_of(name).words(given.reply)


@pytest.mark.parametrize("name", ["clerk", "old-librarian"])
async def test_a_reply_must_say_by_its_form_what_it_says_by_its_words(answer, name):
    """A true answer that names no note is not sent."""
    given = await answer(name, FEE, formed(name, TRUE, None, "not_in_notes"))
    assert given.verdict == "quoted"
    assert any("by its form" in fault for fault in given.unsupported)


@pytest.mark.parametrize("name", FORMED)
@pytest.mark.parametrize(("text", "verdict"), [("hello", "chat"), ("zxqv blorp", "unsure")])
async def test_fixed_lines_have_the_form(answer, name, text, verdict):
    """Where no draft is sound, greetings and refusals are the card's own, and in its form."""
    given = await answer(name, text, "no form at all, 12 dollars to Mars")
    assert given.verdict == verdict
    assert form_of(name).holds(given.reply, 0)


async def test_the_clerks_quote_is_one_json_object(answer):
    """Nothing stands around it, and it names its note."""
    given = await answer("clerk", FEE, FALSE)
    assert json.loads(given.reply)["status"] == "answered"
    assert json.loads(given.reply)["note"] == 1


async def test_the_heralds_quote_has_its_frame(answer):
    """A bullet before and one after the passage's own."""
    given = await answer("herald", FEE, FALSE)
    lines, reply = load("herald").card.lines, given.reply
    assert any(reply.startswith(line + "\n- ") for line in lines.quote_opening)
    assert any(reply.endswith("\n" + line) for line in lines.quote_closing)


@pytest.mark.parametrize("name", FORMED)
def test_a_passage_too_long_for_the_form_is_quoted_by_what_was_asked_for(voices, name):
    """The sentences that fit the question best stand for it."""
    trees = ["birch", "oak", "elm", "lime", "cedar", "maple", "beech", "poplar", "willow", "chestnut"]
    passage = " ".join(
        f"The {tree} room costs {n}00 EUR a night and has a view of a garden." for n, tree in enumerate(trees)
    )
    answer = "The willow room costs 800 EUR a night and has a view of a garden."
    reply = quote(voices.voice(name), passage, "what does the willow room cost?", answer)
    assert form_of(name).holds(reply, 1)
    assert "800 EUR" in reply


@pytest.mark.parametrize("name", FORMED)
def test_the_form_is_no_word_of_the_voice(tmp_path, name):
    """Names of JSON properties do not pass for words that the voice may use of its own."""
    words = Voices((LIBRARY,), tmp_path, None).voice(name).words
    assert not words & {"status", "not_in_notes", "null"}
