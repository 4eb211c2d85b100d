import asyncio
import re
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from bot.admission import Busy, Line
from bot.answering import Answerer, BadQuestion
from bot.answers import Question
from bot.demo import SAMPLES
from bot.voices import Voices
from knowledge import indexing
from knowledge.embedding import HashEmbedder
from knowledge.sqlite_store import SqliteStore
from knowledge.store import UnknownServer
from personas import persona
from personas.engine import EngineUnavailable, PromptTooLong
from personas.local_engine import LocalEngine
from personas.persona import BadPersona

FEE = "Can you deliver to the university in Princeton?"
TRUE = "Yes, my dear, we deliver to Princeton for $7.95."
FALSE = "Yes, my dear, we deliver to Princeton for $9.00."
CARD = persona.load("florist").card.lines


class Scripted:
    """An engine that returns the given drafts, one after the other, and the last one for ever after.

    An exception in a draft's place is raised. After each sentence of a draft, `pause` is awaited.
    """

    def __init__(self, *drafts, pause=None):
        self.drafts = list(drafts)
        self.pause = pause
        self.asked = []
        self.deadlines = []
        self.yielded = []
        self.stopped = 0
        self.begun = asyncio.Event()

    async def stream(self, request):
        self.asked.append((request.turns[-1].content, request.temperature))
        self.deadlines.append(request.deadline)
        draft = self.drafts.pop(0) if len(self.drafts) > 1 else self.drafts[0]
        if isinstance(draft, Exception):
            raise draft
        try:
            for sentence in re.findall(r".*?[.!?]\s+|.+$", draft, re.DOTALL):
                self.yielded.append(sentence)
                self.begun.set()
                yield sentence
                if self.pause:
                    await self.pause()
        except (asyncio.CancelledError, GeneratorExit):
            self.stopped += 1
            raise

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
    return Voices([persona.LIBRARY], tmp_path_factory.mktemp("adapters"), None)


@pytest.fixture
def answer(store, voices):
    """Return a way to ask the florist's shop with an engine that returns the given drafts."""

    async def ask(
        text, *drafts, server="petal-and-stem", name="florist", engine=None, silence=0.2, line=None,
        on_sentence=None, on_place=None, store=store, **more,
    ):  # fmt: skip
        speaker = engine or Scripted(*drafts)
        answerer = Answerer(store, HashEmbedder(), speaker, voices, silence=silence, longest=1000, line=line)
        return await answerer.answer(Question(text, server, name, **more), on_sentence, on_place)

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


async def test_a_misspelt_question_is_answered_as_the_right_one(answer):
    """The search, the prompt and the check get the documents' spelling; the answer keeps the member's own words."""
    asked = "can u delivr to Princetno univresity, pls?"
    engine = Scripted(TRUE)
    given_ = await answer(asked, engine=engine)
    assert (given_.reply, given_.verdict, given_.question.text) == (TRUE, "answered", asked)
    assert engine.asked[0][0].endswith("Question: can you deliver to princeton university, please?")


async def test_the_servers_name_is_no_part_of_the_question(answer):
    """Whoever names the server asks what everybody asks."""
    engine = Scripted(TRUE)
    asked = "Can Lumo Flowers deliver to the university in Princeton?"
    given_ = await answer(asked, engine=engine, server_name="Lumo Flowers | Official")
    assert (given_.verdict, given_.question.text) == ("answered", asked)
    assert engine.asked[0][0].endswith(f"Question: {FEE}")


async def test_a_misspelt_item_is_found_in_the_tables(answer):
    """What is computed from a table is computed for a misspelt item too."""
    right, wrong = [
        await answer(f"how much is the {item}?", "I draw nothing.") for item in ("peace lily", "paece lliy")
    ]
    assert right.sources == wrong.sources


async def test_what_is_shown_while_it_grows_closes_as_the_answer_does(answer):
    """The closing that is drawn for a question stands in the growing reply too."""
    shown: list[str] = []
    closings = persona.load("florist").card.style.closings
    given_ = await answer(FEE, f"{TRUE} {closings[0]}", on_sentence=shown.append)
    assert shown[-1] == given_.reply
    assert given_.reply.startswith(TRUE)
    assert given_.reply.removeprefix(f"{TRUE} ") in closings


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


async def test_a_computed_answer_is_voiced_with_its_passage(answer):
    """What follows from a table cites its row; a draft that bends a computed value or leaves it out is not sent."""
    drafts = {
        "Yes, my dear, we deliver to Princeton for $7.95.": "answered",
        "Yes, my dear, we deliver to Princeton.": "quoted",
        "Yes, dear, for $9.00.": "quoted",
    }
    for draft, verdict in drafts.items():
        given_ = await answer("do you deliver to Princeton?", draft)
        assert given_.verdict == verdict
        assert given_.sources[0].document == "delivery-towns.csv"
        assert "9.00" not in given_.reply


async def test_passages_that_contradict_each_other_are_both_shown(answer, tmp_path):
    """Each with its document and the day it was taken in; no draft chooses between them."""
    store = SqliteStore(tmp_path)
    for name, hour in (("a.md", "6 pm"), ("b.md", "8 pm")):
        indexing.add_upload(store, HashEmbedder(), "s", name, f"## Workshop\nThe workshop closes at {hour}.\n".encode())
    engine = Scripted("The workshop closes at 6 pm, dear.")
    given_ = await answer("when does the workshop close?", engine=engine, server="s", store=store, silence=0)
    assert (given_.verdict, engine.asked) == ("quoted", [])
    assert {source.document for source in given_.sources} == {"a.md", "b.md"}
    assert all(shown in given_.reply for shown in ("6 pm", "8 pm", f"(a.md, {datetime.now(UTC).date()})"))
    store.close()


async def test_a_message_with_two_questions_gets_two_answers(answer):
    """Each is answered on its own passage, and the sources are numbered through."""
    engine = Scripted(TRUE, "Yes, my dear, we deliver to Ewing for $6.75.")
    text, shown = "Do you deliver to Princeton? Do you deliver to Ewing?", []
    given_ = await answer(text, engine=engine, on_sentence=shown.append)
    assert given_.reply.split("\n") == [TRUE, engine.drafts[-1]]
    assert [(source.n, "Princeton" in source.passage) for source in given_.sources] == [(1, True), (2, False)]
    assert (given_.verdict, given_.question.text) == ("answered", text)
    assert shown[-1] == given_.reply


async def test_the_least_certain_answer_names_a_message_with_two(answer):
    """Where one part had to be quoted, the whole is called quoted; a part that the notes lack keeps its own line."""
    both = await answer("Do you deliver to Princeton? Do you deliver to Ewing?", TRUE)
    assert both.verdict == "quoted"
    half = await answer("Do you deliver to Princeton? who is the king of the north?", TRUE)
    assert (half.verdict, half.reply.split("\n")[0]) == ("answered", TRUE)
    assert half.reply.split("\n")[1] in CARD.not_in_notes


async def test_a_persona_with_a_form_gives_one_answer(answer):
    """A form holds one answer, and two of them would be no form any more."""
    engine = Scripted("zxqv")
    await answer("Do you deliver to Princeton? Do you deliver to Ewing?", engine=engine, name="clerk", silence=0)
    assert all(prompt.endswith("Do you deliver to Ewing?") for prompt, _ in engine.asked)


async def test_a_follow_up_is_understood_from_what_was_asked_before(answer):
    """The question that the notes are asked is a whole one; what the member wrote is kept."""
    engine = Scripted(TRUE)
    given_ = await answer("and to Princeton?", engine=engine, earlier=("Do you deliver to Ewing?",))
    assert (given_.reply, given_.question.text) == (TRUE, "and to Princeton?")
    assert engine.asked[0][0].endswith("Question: Do you deliver to Princeton?")


async def test_a_model_that_finds_nothing_in_its_note_is_believed_where_the_search_doubts_too(answer):
    """Where every draft declines, the persona's own line goes out; where the search is sure, the passage does."""
    none = "I am so sorry, dear, that is not in my notes."
    given_ = await answer(FEE, none, silence=0.5)
    assert given_.verdict == "unsure"
    assert given_.reply in CARD.not_in_notes
    assert given_.sources == ()
    assert (await answer(FEE, none, silence=0.05)).verdict == "quoted"


@pytest.fixture
def pool(tmp_path):
    """Return a store with the rules of a swimming pool."""
    store = SqliteStore(tmp_path)
    rules = "# Rules\nThe dogs stay outside. Bring a towel of your own. Lockers cost 2 EUR. The water is warm.\n"
    steps = "# Tickets\nPush the red button of the machine. Put a coin in. Take the ticket. Keep it in a dry place.\n"
    indexing.add_upload(store, HashEmbedder(), "pool", "rules.md", f"{rules}{steps}".encode())
    yield store
    store.close()


async def test_a_true_sentence_beside_the_point_is_not_sent(answer, pool):
    """The voice and the search have to choose the same sentence; where they differ, the passage speaks."""
    asked = {"server": "pool", "store": pool, "silence": 0.01}
    assert (await answer("what about dogs?", "The dogs stay outside, dear.", **asked)).verdict == "answered"
    beside = await answer("what about dogs?", "Bring a towel of your own, dear.", **asked)
    assert beside.verdict == "quoted"
    assert beside.unsupported


async def test_a_reply_that_passes_over_what_was_asked_is_not_sent(answer, pool):
    """A sentence about dogs is none about towels, which the rules speak of as well."""
    asked = {"server": "pool", "store": pool, "silence": 0.01}
    passed = await answer("what about dogs and a towel?", "The dogs stay outside, dear.", **asked)
    assert passed.verdict == "quoted"
    assert any("towel" in reason for reason in passed.unsupported)


async def test_where_the_search_is_not_sure_the_passage_speaks_and_no_draft_is_shown(answer, pool):
    """What is said of dogs may be true and no answer: a voice tells only what was found for sure."""
    asked, shown = {"server": "pool", "store": pool}, []
    reply = "The dogs stay outside, dear."
    unsure = await answer("what about dogs?", reply, **asked, silence=0.05, on_sentence=shown.append)
    assert (unsure.verdict, shown) == ("quoted", [])
    engine = Scripted("The lockers cost 9 EUR, dear.")
    await answer("what about dogs?", engine=engine, **asked, silence=0.05)
    assert len(engine.asked) == 1  # what another draft says changes nothing
    sure = await answer("what about dogs?", reply, **asked, silence=0.01, on_sentence=shown.append)
    assert (sure.verdict, shown) == ("answered", [reply])


async def test_steps_are_passed_on_as_they_stand(answer, pool):
    """Who asks how to do something gets the passage, and no engine is asked."""
    engine = Scripted("Push the red button, dear.")
    steps = await answer("how do i use the ticket machine?", engine=engine, server="pool", store=pool, silence=0.05)
    assert steps.verdict == "quoted"
    assert "Keep it in a dry place." in steps.reply
    assert engine.asked == []


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
    with pytest.raises(BadPersona, match="Known personas: clerk, florist"):
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


async def test_sentences_are_shown_once_they_are_checked(answer):
    """Each sentence is shown while the next is still to come, with all that stands before it."""
    draft = f"{TRUE} Deliveries to Princeton students need a cell phone number."
    engine = Scripted(draft, pause=lambda: asyncio.sleep(0))
    shown = []
    given_ = await answer(FEE, engine=engine, on_sentence=lambda text: shown.append((text, len(engine.yielded))))
    assert shown[0] == (TRUE, 1)
    assert (given_.verdict, [text for text, _ in shown]) == ("answered", [TRUE, draft])


async def test_a_false_sentence_is_not_shown_and_ends_its_draft(answer):
    """What follows a sentence that the notes do not bear out is not written any more; the redrafts come next."""
    engine = Scripted(f"{TRUE} That is ${99}, dear. Nobody writes this.", TRUE)
    shown = []
    given_ = await answer(FEE, engine=engine, on_sentence=shown.append)
    assert (given_.reply, given_.verdict, shown) == (TRUE, "answered", [TRUE])
    assert "Nobody writes this." not in engine.yielded
    assert any("99" in fault for fault in given_.unsupported)


async def test_a_draft_that_lacks_the_answer_is_replaced(answer):
    """A reply that only lacks the value is shown as it grows, and the verdict on the whole still counts."""
    shown = []
    given_ = await answer("How much is delivery to Princeton?", "We deliver to Princeton.", on_sentence=shown.append)
    assert (shown, given_.verdict) == (["We deliver to Princeton."], "quoted")


async def test_a_bare_yes_or_no_is_not_shown(answer):
    """A yes or no that may be taken back is shown with what it is about, or not at all."""
    shown = []
    draft = "Yes, my dear. We deliver to Princeton for $7.95."
    await answer("delivery to the university in Princeton, how much?", draft, on_sentence=shown.append)
    assert shown == [draft]


async def test_redrafts_are_never_shown(answer):
    """Only the first draft is streamed; a redraft is the final reply or nothing."""
    shown = []
    given_ = await answer(FEE, FALSE, TRUE, on_sentence=shown.append)
    assert (given_.verdict, shown) == ("answered", [])


async def test_an_unfinished_sentence_is_not_shown(answer):
    """What the token limit may have cut off waits for the end, where it is dropped."""
    shown = []
    await answer(FEE, f"{TRUE} Our own van also", on_sentence=shown.append)
    assert shown == [TRUE]


async def test_small_talk_is_shown_as_it_comes(answer):
    """The sentences of a greeting that claim nothing are shown, the others are not."""
    shown = []
    given_ = await answer("hello", "Hello there, my dear. Roses are $5 today.", on_sentence=shown.append)
    assert (given_.reply in CARD.greeting, shown) == (True, ["Hello there, my dear."])


async def test_the_second_redraft_ends_when_the_first_passes(answer):
    """Nobody waits for the other redraft, and the engine is told so."""
    slow = asyncio.Event()

    class Uneven(Scripted):
        async def stream(self, request):
            async for sentence in super().stream(request):
                if len(self.asked) == 3 and sentence == FALSE:
                    try:
                        await slow.wait()
                    finally:
                        self.stopped += 1
                yield sentence

    engine = Uneven(FALSE, TRUE, FALSE)
    given_ = await asyncio.wait_for(answer(FEE, engine=engine), 30)
    assert (given_.reply, given_.verdict) == (TRUE, "answered")
    assert len(engine.asked) == 3
    assert engine.stopped >= 1


AWAY = EngineUnavailable("The voice engine is starting. Please ask again in a minute.")
LONG = PromptTooLong("The prompt has 9,000 tokens; at most 2,048 are read.")


@pytest.mark.parametrize("drafts", [(AWAY,), (FALSE, AWAY), (LONG,)])
async def test_without_an_engine_the_passage_speaks(answer, drafts):
    """Where the engine is away, from the start or half-way, or the note is too long for it, the passage is quoted."""
    given_ = await answer(FEE, *drafts)
    assert given_.verdict == "quoted"
    assert given_.sources[0].passage in given_.reply.replace("> ", "")
    assert given_.unsupported[-1].endswith(str(drafts[-1]))
    assert (drafts[-1] is LONG) == ("longer than the model reads" in given_.unsupported[-1])


async def test_without_an_engine_nothing_is_made_up(answer):
    """What the notes do not hold is left unsure, and small talk gets the persona's own greeting."""
    assert (await answer("who is the king of the north?", AWAY)).verdict == "unsure"
    greeted = await answer("hello", AWAY)
    assert (greeted.verdict, greeted.reply in CARD.greeting, greeted.unsupported) == ("chat", True, (str(AWAY),))


async def test_questions_wait_in_line_and_hear_their_place(answer):
    """One question holds its turn until its last draft; the next hears that it is the first in line."""
    heard, question = asyncio.Event(), "How much is delivery to Princeton?"
    engine, line, places = Scripted("We deliver to Princeton.", pause=heard.wait), Line(at_once=1), []

    def on_place(place):
        places.append(place)
        heard.set()

    first = asyncio.create_task(answer(question, engine=engine, line=line))
    await engine.begun.wait()
    second = asyncio.create_task(answer(question, engine=engine, line=line, on_place=on_place))
    assert [(await task).verdict for task in (first, second)] == ["quoted", "quoted"]
    assert places == [1]
    assert [warmth > 0 for _, warmth in engine.asked] == [False, True, True] * 2


async def test_a_full_line_is_a_sentence(answer):
    """Whoever finds no place is told to try again; what the notes do not say is said all the same, without a turn."""
    line = Line(at_once=1, longest=1)
    async with line.turn("other"):
        joined = asyncio.Event()
        waiting = asyncio.create_task(answer(FEE, TRUE, line=line, on_place=lambda _: joined.set()))
        await joined.wait()
        with pytest.raises(Busy, match="wait for those answers"):
            await answer(FEE, TRUE, line=line)
        assert (await answer("who is the king of the north?", TRUE, line=line, silence=0.9)).verdict == "unsure"
    assert (await waiting).reply == TRUE


async def test_the_engine_is_told_how_long_anybody_waits(answer):
    """Each draft gets what is left of the time that an answer may take."""
    engine = Scripted(FALSE, FALSE, TRUE)
    await answer(FEE, engine=engine)
    first, *redrafts = engine.deadlines
    assert all(0 < left < first <= 120 for left in redrafts)


async def test_a_cancelled_question_stops_its_draft_and_frees_its_turn(answer):
    """The engine's stream is closed, and the next question has the turn."""
    engine, line = Scripted(f"{TRUE} And so on.", pause=asyncio.Event().wait), Line(at_once=1)
    task = asyncio.create_task(answer(FEE, engine=engine, line=line))
    await engine.begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert engine.stopped == 1
    assert (await answer(FEE, TRUE, line=line)).reply == TRUE


async def test_where_no_worker_can_live_the_passage_is_quoted_at_once_after_a_few_tries(answer, tmp_path):
    """The first question sees the worker die several times, the next ones do not start it again; all are answered."""
    engine = LocalEngine(str(tmp_path / "nothing"), log=tmp_path / "engine.log")
    first = await answer(FEE, engine=engine)
    tried = (tmp_path / "engine.log").stat().st_size
    second = await answer(FEE, engine=engine)
    await engine.close()
    assert (first.verdict, second.verdict) == ("quoted", "quoted")
    assert first.reply == second.reply
    assert any("voice engine stopped" in reason for reason in second.unsupported)
    assert (tmp_path / "engine.log").stat().st_size == tried > 0
