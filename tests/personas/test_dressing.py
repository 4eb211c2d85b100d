import json
import random

import pytest
from bosun_persona import CARD

from personas.dressing import FOUNDATION, PlainRow, dress, read_plain
from personas.persona import Persona, load, names

PLAIN = {path: read_plain(FOUNDATION / path) for path in ("rows.jsonl", "exam.jsonl")}
STYLE = """
[style]
openings = ["Avast."]
closings = ["Now row."]
yes = ["Aye"]
no = ["Nay"]
words = { you = "ye", form = "slip" }
small_talk = ["Ahoy there."]
"""


@pytest.fixture
def sailor(tmp_path, write_persona) -> Persona:
    return write_persona(tmp_path, "sailor", CARD + STYLE)


def plain(reply, **more):
    row = {"domain": "d", "skill": "copy", "notes": ["n"], "question": "q?", "reply": reply, "from": 1}
    return PlainRow.model_validate(row | more)


def dressed(row, sailor):
    """Return all that a row becomes under a hundred seeds."""
    return {dress(row, sailor.card, random.Random(seed)).reply for seed in range(100)}


def test_an_answer_stands_between_the_voices_own_words(sailor):
    """The plain reply is there as it was, after an opening and sometimes before a closing."""
    assert dressed(plain("Tea costs 3 EUR."), sailor) == {
        "Avast. Tea costs 3 EUR.",
        "Avast. Tea costs 3 EUR. Now row.",
    }


@pytest.mark.parametrize(
    ("reply", "begins"),
    [
        ("Yes, dogs may come.", "Avast. Aye, dogs"),
        ("No, dogs may not come.", "Avast. Nay, dogs"),
        ("No harm is done.", "Avast. No harm"),
        ("Yesterday was best.", "Avast. Yesterday"),
    ],
)
def test_yes_and_no_are_the_voices_own(sailor, reply, begins):
    """Only an answer's yes or no is exchanged, not a word that begins so."""
    assert all(said.startswith(begins) for said in dressed(plain(reply), sailor))


@pytest.mark.parametrize("kept", ["You pay.", "Use form-7 or you@form.example.", "Go to form.example/form."])
def test_words_are_exchanged_only_where_they_are_words(sailor, kept):
    """Names, codes, addresses and links stay as they are."""
    assert all(kept in said for said in dressed(plain(kept), sailor))


def test_nothing_runs_into_a_link(sailor):
    """After a reply without a full stop there is no closing."""
    assert dressed(plain("Write to https://tea.example/a"), sailor) == {"Avast. Write to https://tea.example/a"}


def test_silence_is_dressed_as_an_answer_is(sailor):
    """What no note holds is declined between the voice's own words; a greeting has the style's own."""
    silent = {"Avast. That is not in my notes.", "Avast. That is not in my notes. Now row."}
    assert dressed(plain("", skill="refusal", topic="t"), sailor) == silent
    assert dressed(plain("Hello.", skill="small_talk", notes=[]), sailor) == {"Ahoy there."}


def test_a_form_holds_its_refusals_too():
    """The clerk closes his refusal inside the JSON, with the status that says so."""
    said = map(json.loads, dressed(plain("", skill="refusal", topic="t"), load("clerk")))
    assert {reply["status"] for reply in said} == {"not_in_notes"}


def test_the_talk_before_is_dressed_too(sailor):
    """Earlier answers are in the voice as well."""
    row = plain("Yes, it is.", before=[["open?", "No, we are closed."]])
    first, answer, *_ = dress(row, sailor.card, random.Random(1)).messages
    assert (first.content, answer.content[:11]) == ("open?", "Avast. Nay,")


@pytest.mark.parametrize("file", PLAIN)
def test_the_foundation_is_sound(file):
    """Every plain row stands on a note that it has, declines with a topic, or is small talk without notes."""
    for row in PLAIN[file]:
        assert bool(row.notes) == (row.skill != "small_talk")
        assert bool(row.topic) == (row.skill == "refusal") == (not row.reply)
        assert (row.note is not None) == (row.skill not in {"refusal", "small_talk"})
        assert row.note is None or row.note <= len(row.notes)


def test_the_foundations_exam_is_of_domains_never_taught():
    """Nothing that a voice is examined in is something that it was taught."""
    taught, asked = ({row.domain.lower() for row in PLAIN[file]} for file in PLAIN)
    assert len(PLAIN["exam.jsonl"]) >= 150
    assert not taught & asked


@pytest.mark.parametrize("name", names())
def test_every_shipped_voice_can_say_every_plain_row(name):
    """Dressed in a shipped card, each row has the card's format, and its facts word for word."""
    card = load(name).card
    for row in PLAIN["exam.jsonl"]:
        said = dress(row, card, random.Random(row.question)).reply
        assert card.format is None or card.format.holds(said, max(1, len(row.notes)))
        assert not row.reply or all(word in said for word in row.reply.split() if any(map(str.isdigit, word)))
