"""What counts as keeping the facts: the shipped exam's own replies do, and what is planted in them does not."""

import random

import pytest
from marked import row

from bot.fact_judge import fact_judge
from personas.dressing import FOUNDATION, dress, read_plain
from personas.persona import load, names

PLAIN = read_plain(FOUNDATION / "exam.jsonl")


@pytest.fixture(scope="module")
def judge():
    return fact_judge(load("grumpy-pirate"))


@pytest.mark.parametrize("name", names())
def test_a_right_reply_in_other_words_of_the_voice_is_right(name):
    """Dressed twice, each plain exam row's reply is judged against the other."""
    persona = load(name)
    judge = fact_judge(persona)
    for n, plain in enumerate(PLAIN):
        right, said = (dress(plain, persona.card, random.Random(seed)) for seed in (n, n + 1000))
        judged = judge(right, said.reply)
        assert judged.kept, (said.reply, judged.faults)
        assert judged.declined == (right.skill == "refusal"), said.reply


@pytest.mark.parametrize(
    ("reply", "fault"),
    [
        ("Arr, the Red Lantern opens at 10 am.", "lacks 9 am"),
        ("Arr, it opens at 9 am.", "lacks Red"),
        ("Arr, the Red Lantern opens at 9 am and shuts at 5 pm.", "invents 5 pm"),
        ("Arr, the Red Lantern opens at 9 am, says Marjorie.", "invents Marjorie"),
        ("Bah, me logbook says nothin' o' that. Ask the folk who run this ship.", "says that the notes are silent"),
    ],
)
def test_a_fact_that_is_lost_or_made_up_is_found(judge, reply, fault):
    """Each fault is named."""
    asked = row(
        "which inn opens first?",
        notes=("Inns: the Red Lantern opens at 9 am.",),
        reply="The Red Lantern opens at 9 am.",
    )
    judged = judge(asked, reply)
    assert fault in judged.faults
    assert judged.true == all("lacks" in found for found in judged.faults)
    assert judge(asked, "Harr, that be the Red Lantern, at 9:00 am.").kept


def test_yes_and_no_must_agree(judge):
    """A statement may stand for yes, not for no; what was asked need not be said again."""
    yes = row("can I come on Monday?", "yes_no", ("Open Monday to Friday.",), "Yes, we are open on Monday.")
    assert judge(yes, "Aye, come along.").kept
    assert judge(yes, "The shop be open on Monday.").kept
    assert not judge(yes, "Nay, we be closed.").kept
    no = row("do you deliver to Norfolk?", "not_listed", ("We deliver to Ely and Wells.",), "No, not to Norfolk.")
    assert judge(no, "Nay, Norfolk be not on the list.").kept
    assert not judge(no, "Aye, we deliver to Norfolk.").kept
    assert not judge(no, "We deliver to Norfolk.").kept


def test_every_item_of_a_list_counts(judge):
    """Its words may be in another order."""
    goods = row("what do you rent?", "list", ("For rent: tents, kayaks, lamps.",), "We rent tents, kayaks and lamps.")
    assert judge(goods, "Lamps, kayaks and tents, ye swab.").kept
    assert judge(goods, "Tents and kayaks, ye swab.").faults == ("lacks 'lamps'",)


def test_a_refusal_refuses(judge):
    """In the card's words or others; a guess is none, and a "not on the list" is an answer."""
    silent = row("who owns the shop?", "refusal", ("The shop opens at 9 am.",), "Not in the notes.")
    assert judge(silent, "Harr, that be nowhere in me notes.").declined
    assert not judge(silent, "The shop belongs to Marjorie.").declined
    assert not judge(silent, "Bah, me logbook says nothin' o' that. Ask the folk who run this ship. It be $5.").kept
    no = row("do you sell pigs?", "not_listed", ("We sell hens.",), "No, pigs are not on our list.")
    assert not judge(no, "Nay, pigs be not on our list.").declined


def test_small_talk_has_no_facts_to_keep(judge):
    """It neither keeps nor declines, and the fact check has its own say."""
    judged = judge(row("hello", "small_talk", (), "Arr."), "Arr, what be ye wantin'?")
    assert (judged.kept, judged.declined, judged.passed) == (True, False, True)
