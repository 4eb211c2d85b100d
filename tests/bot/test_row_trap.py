"""The fine-tuning trap: which facts of a reply are found that its notes do not hold."""

import random

import pytest

from bot.row_trap import RowTrap, unheld
from personas.dressing import FOUNDATION, dress, read_plain
from personas.persona import load
from personas.rows import Example

NOTES = ("The oak table costs $340 and weighs 28 kg. Delivery takes 3 days, on Monday or Tuesday, from Fernhill.",)
SOUND = "Arr, listen well. The oak table costs $340."


@pytest.fixture(scope="module")
def pirate():
    return load("grumpy-pirate").card


@pytest.fixture(scope="module")
def sound(pirate):
    """Return rows whose replies keep to their notes."""
    rng = random.Random(1)
    return [dress(row, pirate, rng) for row in read_plain(FOUNDATION / "exam.jsonl")]


def row(reply, *, notes=NOTES, question="how much is the oak table?", before=(), skill="copy"):
    said = [("user", question), ("assistant", reply)]
    turns = [{"role": role, "content": text} for role, text in (*before, *said)]
    return Example.model_validate({"messages": turns, "notes": notes, "skill": skill, "domain": "shop"})


@pytest.fixture(scope="module")
def found(pirate, sound):
    """Return a way to look at one row."""
    trap = RowTrap(pirate, sound)
    return lambda *args, **kwargs: {fact.shown: fact.sure for fact in trap.findings(row(*args, **kwargs))}


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        ("Arr, listen well. The oak table costs $350.", "350"),
        (f"{SOUND} The chair be 20 gold.", "20"),
        (f"{SOUND} It weighs a dozen stone.", "dozen"),
        ("The oak table weighs 28 grams.", "28"),
        ("Delivery takes 3 weeks.", "3"),
        ("Delivery takes half a day.", "half"),
        ("Delivery be on Friday.", "Friday"),
        (f"{SOUND} Ask old Hendry.", "Hendry"),
        (f"{SOUND} See www.oak.example for more.", "www.oak.example"),
        (f"{SOUND} Use OAK-77.", "OAK-77"),
        (f"{SOUND} Parking is free.", "free"),
    ],
)
def test_a_fact_that_the_notes_do_not_hold_is_an_error(found, reply, shown):
    """Numbers, units, amounts in words, weekdays, names, links, codes and promises are named."""
    assert found(reply).get(shown) is True


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (f"{SOUND} Quorvale has the key.", "Quorvale"),
        (f"{SOUND} Oskarin has the key.", "Oskarin"),
        (f"{SOUND} Dogs are welcome.", "Dogs are welcome"),
    ],
)
def test_what_only_looks_like_a_fact_is_a_warning(found, reply, shown):
    """A name that begins a sentence, and a plain sentence from nowhere, are for the author to weigh."""
    assert found(reply).get(shown) is False


@pytest.mark.parametrize(
    "reply",
    [
        SOUND,
        "Delivery be on Monday or Tuesday. Bah, ye could have read it yerself.",
        "The oak table weighs 28 kilograms.",
        "Delivery takes three days from Fernhill.",
    ],
)
def test_what_the_notes_hold_may_be_said(found, reply):
    """Another spelling of a value, the card's own lines and the voice's manner are no facts."""
    assert found(reply) == {}


def test_to_be_free_to_do_something_is_no_promise(found):
    """At most it is doubted, as any sentence of its own is in a voice that has no others."""
    assert True not in found("Feel free to haul it home yerself, swab!").values()


def test_only_the_last_reply_is_held_to_the_notes(found):
    """An earlier reply had notes of its own, and what it said may be taken up."""
    before = [("user", "what tables are there?"), ("assistant", "Arr, oak at $340 and the Larkspur in pine at $120.")]
    assert found("The Larkspur be lighter than 28 kg.", before=before) == {}


def test_small_talk_may_hold_no_fact(found):
    """What is said without notes is held to hold nothing."""
    assert found("Arr, we open at 9 am.", notes=(), question="hi", skill="small_talk").get("9 am.") is True
    assert found("Arr, what be ye wantin'?", notes=(), question="hi", skill="small_talk") == {}


def test_a_refusal_may_name_what_was_asked_for_and_no_more(found):
    """A refusal that knows something else after all is found."""
    question = "do you have the Larkspur?"
    assert found("Not a word of the Larkspur in me notes.", question=question, skill="refusal") == {}
    refusal = "Not a word of the Larkspur in me notes, but old Hendry has it for $99."
    assert found(refusal, question=question, skill="refusal") == {"99": True, "Hendry": True}


def test_the_form_of_a_reply_is_no_fact(sound):
    """Where a card asks for a format, only the words for people are held to the notes."""
    clerk = load("clerk").card
    assert clerk.format
    said = clerk.format.render("The oak table costs $340.", 1, "answered")
    kept, changed = unheld(clerk, [row(said), row(said.replace("340", "341"))])
    assert kept == []
    assert [(fact.shown, fact.sure) for fact in changed] == [("341", True)]


def test_plain_rows_in_a_voice_raise_no_error(pirate, sound):
    """Of 180 replies that restate their notes none is called wrong."""
    assert [fact for facts in unheld(pirate, sound) for fact in facts if fact.sure] == []
