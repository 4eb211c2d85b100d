import re

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.answering import Answerer, BadQuestion, Question
from bot.demo import SAMPLES
from bot.voices import Voices
from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.sqlite_store import SqliteStore
from knowledge.store import UnknownServer
from personas import persona
from personas.persona import BadPersona

FEE = "Do you deliver to Princeton?"
TRUE = "Yes, my dear, we deliver to Princeton for $7.95."
FALSE = "Yes, my dear, we deliver to Princeton for $9.00."
CARD = persona.load("florist").card.lines


class Scripted:
    """An engine that returns the given drafts, one after the other, and the last one for ever after."""

    def __init__(self, *drafts):
        self.drafts = list(drafts)
        self.asked = []

    async def stream(self, request):
        self.asked.append((request.turns[-1].content, request.temperature))
        yield self.drafts.pop(0) if len(self.drafts) > 1 else self.drafts[0]

    async def close(self):
        pass


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    store = SqliteStore(tmp_path_factory.mktemp("servers"))
    for folder in SAMPLES.iterdir():
        indexing.add(store, HashEmbedder(), folder.name, [folder])
    yield store
    store.close()


@pytest.fixture(scope="module")
def voices(tmp_path_factory):
    return Voices(persona.LIBRARY, tmp_path_factory.mktemp("adapters"), None)


@pytest.fixture
def answer(store, voices):
    """Return a way to ask the florist's shop with an engine that returns the given drafts."""

    async def ask(text, *drafts, server="petal-and-stem", name="florist", engine=None, silence=0.2, **more):
        speaker = engine or Scripted(*drafts)
        answerer = Answerer(store, HashEmbedder(), speaker, voices, silence=silence, longest=1000)
        return await answerer.answer(Question(text, server, name, **more))

    return ask


async def test_a_true_draft_is_sent_as_it_is(answer):
    """The first draft goes out where its note bears it out, with the passage that it stands on and the time it took."""
    engine = Scripted(TRUE)
    given_ = await answer(FEE, engine=engine, id="7")
    assert (given_.reply, given_.verdict, given_.unsupported) == (TRUE, "answered", ())
    [source] = given_.sources
    assert (source.n, source.document) == (1, "delivery-towns.csv")
    assert "Princeton" in source.passage
    assert given_.question.id == "7"
    assert set(given_.timings_ms) == {"retrieve", "generate", "check", "total"}
    assert given_.timings_ms["total"] >= max(given_.timings_ms.values()) >= 0
    [(prompt, warmth)] = engine.asked
    assert source.passage in prompt
    assert prompt.endswith(f"Question: {FEE}")
    assert warmth == 0


async def test_a_false_draft_is_drawn_again(answer):
    """After a false draft two more are drawn, warmer; the first that is true goes out, and the fault is told."""
    engine = Scripted(FALSE, FALSE, TRUE)
    given_ = await answer(FEE, engine=engine)
    assert (given_.reply, given_.verdict) == (TRUE, "answered")
    assert any("9" in fault for fault in given_.unsupported)
    assert [warmth > 0 for _, warmth in engine.asked] == [False, True, True]


async def test_when_no_draft_is_true_the_passage_speaks(answer):
    """The passage stands word for word between two of the persona's own lines."""
    given_ = await answer(FEE, FALSE)
    assert given_.verdict == "quoted"
    opening, *quoted, closing = given_.reply.split("\n")
    assert opening in CARD.quote_opening
    assert closing in CARD.quote_closing
    assert "\n".join(line.removeprefix("> ") for line in quoted) == given_.sources[0].passage
    assert any("9" in fault for fault in given_.unsupported)


async def test_where_nothing_likely_is_found_the_model_is_not_asked(answer):
    """Below the least probability, the persona's own line goes out, without sources and without a draft."""
    engine = Scripted(TRUE)
    given_ = await answer(FEE, engine=engine, silence=0.99)
    assert given_.verdict == "unsure"
    assert given_.reply in CARD.not_in_notes
    assert given_.sources == ()
    assert engine.asked == []


@pytest.mark.parametrize("draft", [TRUE, "The king of the north is Wilhelm, dear.", "zxqv blorp"])
@pytest.mark.parametrize("text", ["who is the king of the north?", "zxqv blorp", "\U0001f337\U0001f337"])
async def test_what_the_notes_do_not_speak_of_is_not_answered(answer, text, draft):
    """Where the best passage shares no word of weight with the question, no draft can pass for an answer."""
    given_ = await answer(text, draft)
    assert (given_.verdict, given_.sources) == ("unsure", ())
    assert given_.reply in CARD.not_in_notes


async def test_a_model_that_finds_nothing_in_its_note_is_believed(answer):
    """Where every draft declines, the persona's own line goes out, not the passage."""
    given_ = await answer(FEE, "I am so sorry, dear, that is not in my notes.")
    assert given_.verdict == "unsure"
    assert given_.reply in CARD.not_in_notes
    assert given_.sources == ()


async def test_small_talk_is_answered_without_notes(answer):
    """A greeting gets the voice's own words."""
    engine = Scripted("Good morning, my dear, how lovely of you to stop by!")
    given_ = await answer("good morning!", engine=engine)
    assert (given_.verdict, given_.reply) == ("chat", "Good morning, my dear, how lovely of you to stop by!")
    assert given_.sources == ()
    assert engine.asked == [("good morning!", 0)]


@pytest.mark.parametrize(
    "draft", ["Hello! Roses are $5 today.", "We close at 9 pm, dear.", "Do ask for Wilhelmina Brandt."]
)
async def test_small_talk_claims_nothing(answer, draft):
    """A greeting with a price, an hour or a name in it is replaced by the persona's own."""
    given_ = await answer("hello", draft)
    assert (given_.verdict, given_.reply in CARD.greeting) == ("chat", True)


@pytest.mark.parametrize(
    "bait",
    [
        "@everyone", "@here", "<@123456789012345678>", "<@&99>", "<#55>", "https://evil.example/x",
        "http://1.2.3.4", "evil.example/free", "discord.gg/abc", "bit.ly/abc", "free.xyz", "//evil.ru", "@Moderators",
        "<:rose:1>", "win@evil.example", "[roses](https://evil.example)", "www.evil.example",
    ],
)  # fmt: skip
@pytest.mark.parametrize("text", [FEE, "hello"])
async def test_a_mention_or_link_that_is_not_in_the_notes_is_never_sent(answer, text, bait):
    """Whatever the model says to a question or a greeting, nobody is called and no link is made up."""
    for draft in (f"{TRUE if text == FEE else 'Hello, dear.'} {bait}", bait, f"{bait} {TRUE}"):
        assert bait not in (await answer(text, draft)).reply


async def test_a_sentence_that_was_cut_off_is_dropped(answer):
    """A last sentence without an end, as the token limit leaves it, is not sent; line breaks are spaces."""
    given_ = await answer(FEE, "Yes, my dear, we deliver to\nPrinceton for $7.95. Our own van also")
    assert given_.reply == TRUE


@pytest.mark.parametrize(("text", "sentence"), [("", "empty"), (" \n\t", "empty"), ("why " * 1250, "at most 1,000")])
async def test_a_question_that_cannot_be_taken_is_a_sentence(answer, text, sentence):
    """An empty or endless question is refused before anything is searched or asked."""
    engine = Scripted(TRUE)
    with pytest.raises(BadQuestion, match=sentence):
        await answer(text, engine=engine)
    assert engine.asked == []


@pytest.mark.parametrize("text", [FEE, "hello"])
async def test_whose_knowledge_and_whose_voice_must_be_known(answer, text):
    """An unknown server or persona is told, for small talk too."""
    with pytest.raises(UnknownServer):
        await answer(text, TRUE, server="nowhere")
    with pytest.raises(BadPersona, match="Known personas: florist"):
        await answer(text, TRUE, name="nobody")


@pytest.mark.parametrize(
    ("text", "home", "away"),
    [
        (FEE, "petal-and-stem", "emberfall"),
        ("what does the Greater Healing Draught do?", "emberfall", "petal-and-stem"),
    ],
)
async def test_a_server_never_answers_from_anothers_notes(answer, text, home, away):
    """What one server knows is unknown to the other, and never in a prompt of the other."""
    engine = Scripted(TRUE)
    assert (await answer(text, engine=engine, server=home)).sources
    own = engine.asked[0][0].split("\n\nQuestion: ")[0]
    elsewhere = Scripted(TRUE)
    given_ = await answer(text, engine=elsewhere, server=away)
    assert given_.verdict in {"unsure", "quoted"}
    assert all(own not in prompt for prompt, _ in elsewhere.asked)
    names = {path.name for path in (SAMPLES / away).iterdir()}
    assert {source.document for source in given_.sources} <= names


async def test_a_document_of_one_channel_answers_there_alone(answer, store, tmp_path):
    """A file that belongs to a channel is found from it and from nowhere else."""
    path = tmp_path / "staff.md"
    path.write_text("# Where is the spare key?\nThe spare key hangs behind the blue door.\n")
    indexing.add(store, HashEmbedder(), "staffed", [path], ["staff"])
    draft = "The spare key hangs behind the blue door."
    inside = await answer("where is the spare key?", draft, server="staffed", channels=("staff",))
    assert (inside.verdict, inside.reply) == ("answered", draft)
    outside = await answer("where is the spare key?", draft, server="staffed", channels=("lobby",))
    assert (outside.verdict, outside.sources) == ("unsure", ())


@given(
    st.lists(
        st.sampled_from(
            ["yes", "no", "Princeton", "Trenton", "deliver", "for", "by", "2 pm", "noon", "free", "not", "the", "."]
        )
        | st.integers(0, 99).map(str)
        | st.decimals(0, 99, places=2).map("${}".format),
        min_size=1,
        max_size=12,
    ).map(" ".join)
)
@hypothesis_settings(deadline=None, max_examples=60, suppress_health_check=list(HealthCheck))
async def test_no_number_is_sent_that_the_passage_lacks(answer, draft):
    """Whatever words and numbers a model strings together, each number that is sent stands in the source."""
    given_ = await answer(FEE, draft)
    held = " ".join(source.passage for source in given_.sources)
    assert set(re.findall(r"\d+", given_.reply)) <= set(re.findall(r"\d+", held))
