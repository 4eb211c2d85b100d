"""What bears a sentence of a reply: conversions, conditions, days by today and lists."""

from datetime import date

import pytest

from knowledge.claims import claims
from knowledge.fact_check import check
from knowledge.limits import compared
from knowledge.opposites import denies, turned
from knowledge.statements import read_notes
from knowledge.units import equal

VOICE = frozenset({"aye", "nay"})
DELIVERY = "Delivery costs $4.50 and is free for orders above $40."
PAYING = "We accept cash, all cards and Venmo. Personal checks are not accepted."
KEYS = "Brass key: 40 coins; Iron key: 75 coins; Silver key: 120 coins"
HOUSE = "We are open Tuesday to Sunday from 10 am to 5 pm. On Mondays the house is closed."


def passes(reply, question, *notes, today=None):
    return check(reply, question, notes, VOICE, today=today).passed


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ("90 minutes", "1.5 hours", True),
        ("90 minutes", "2.5 hours", False),
        ("1 km", "1000 m", True),
        ("3 weeks", "21 days", True),
        ("85 cents", "$0.85", True),
        ("20 kg", "20 pounds", False),
        ("5 seats", "5 guests", False),
        ("3 hours", "3 km", False),
    ],
)
def test_numbers_are_equal_across_units(one, other, alike):
    """Two numbers with units of one dimension are equal where they measure the same."""
    assert equal(claims(one)[0], claims(other)[0]) == alike


@pytest.mark.parametrize(
    ("question", "clause", "within"),
    [
        ("my order is 35", "free for orders above $40", False),
        ("my order is 52", "free for orders above $40", True),
        ("we are 12", "groups of 15 or more", False),
        ("im 17", "16 or older", True),
        ("a vase of 45 cm", "the largest part we print is 38 cm tall", False),
        ("do you have a limit", "up to 3 people", None),
        ("my order is 35", "free on Mondays", None),
    ],
)
def test_a_question_s_number_is_held_against_a_limit(question, clause, within):
    """A number lies within a limit, beyond it, or cannot be compared."""
    assert compared(question, clause) is within


def test_denials_count_once_and_twice():
    """Two denials affirm, the no that answers is none, and closed is the opposite of open."""
    assert denies("We do not take checks.")
    assert not denies("No, we take checks.")
    assert not denies("It is not that we never do.")
    assert turned("are you open", "the house is closed")
    assert not turned("are you open", "the house closes at 6")


@pytest.mark.parametrize(
    ("right", "wrong", "question", "note"),
    [
        (
            "The tour takes 1.5 hours.",
            "The tour takes 2.5 hours.",
            "how long is the tour",
            "The tour takes 90 minutes.",
        ),
        (
            "No, delivery is free for orders above $40.",
            "Yes, delivery is free for your order.",
            "my order is 35, is delivery free?",
            DELIVERY,
        ),
        ("Delivery is free for orders above $40.", "Delivery is free.", "is delivery free", DELIVERY),
        ("Yes, we accept Venmo.", "No, personal checks are not accepted.", "do you take venmo?", PAYING),
        ("The iron key costs 75 coins.", "The iron key costs 120 coins.", "what does the iron key cost", KEYS),
        (
            "Yes, your shows stay online until the paid month ends.",
            "No, your shows stay online until the paid month ends.",
            "do my shows stay online if i cancel",
            "If you cancel, your shows stay online until the paid month ends.",
        ),
        (
            "The class is for ages 7 to 12.",
            "The class is $25 per child.",
            "what ages is the class for",
            "Saturday class: for ages 7 to 12, $25 per child.",
        ),
        (
            "You can make daggers, shields and horseshoes.",
            "You can make daggers, helmets and horseshoes.",
            "what can i make at the forge",
            "At the forge you can make daggers, shields and horseshoes.",
        ),
        (
            "Mira teaches pottery.",
            "Jonas teaches pottery.",
            "who teaches pottery",
            "Our teachers: Mira teaches pottery and Jonas teaches weaving.",
        ),
    ],
)
def test_a_true_reply_passes_and_its_bent_twin_does_not(right, wrong, question, note):
    """Conversions, conditions, lists, items, ages and yes or no are told apart in the same notes."""
    assert check(right, question, [note], VOICE).findings == ()
    assert not passes(wrong, question, note)


def test_days_by_today():
    """What "tomorrow" is depends on today, and without today it is not claimed."""
    sunday, fair = date(2026, 3, 1), "The pumpkin fair is on Saturday, October 17."
    assert passes("No, tomorrow is Monday and the house is closed.", "are you open tomorrow?", HOUSE, today=sunday)
    assert not passes("Yes, we are open tomorrow from 10 am to 5 pm.", "are you open tomorrow?", HOUSE, today=sunday)
    assert passes("The fair is tomorrow, on October 17.", "when is the fair", fair, today=date(2026, 10, 16))
    assert not passes("The fair is today, on October 17.", "when is the fair", fair, today=date(2026, 10, 16))
    assert not passes("The fair is tomorrow.", "when is the fair", fair)


def test_each_sentence_names_the_note_that_bears_it():
    """Two sentences from two notes have two supports; the voice's own words have none."""
    notes = ["The Coastal Trail is 14 km long.", "The Ridge Trail is steep."]
    outcome = check("The Ridge Trail is steep. The Coastal Trail is 14 km long. Aye!", "about the trails", notes, VOICE)
    assert outcome.passed
    assert [statement.note for _, statement in outcome.supports] == [2, 1]


def test_a_row_s_cells_are_about_its_first():
    """A cell of a row stands for the thing that the row is of; an item of a list of prices does not."""
    row, prices = read_notes(["Item: Frost Bow | Damage: 42 | Price: 900 gold"]), read_notes([KEYS])
    assert all("frost" in part.words for part in row.parts)
    assert [("brass" in part.words) for part in prices.parts] == [True, False, False]


@pytest.mark.parametrize(
    ("question", "reply"),
    [
        ("whats the dmg on the frost bow", "The Frost Bow costs 900 gold."),
        ("how much gold for the frost bow", "The Frost Bow has 42 damage."),
        ("what times is the bow lesson", "The bow lesson is in Eastern Time."),
    ],
)
def test_another_value_of_the_same_thing_is_no_answer(question, reply):
    """What a thing is asked for by name, short or whole, has to come from the clause that names it."""
    note = "Frost Bow | Damage: 42 | Price: 900 gold | The bow lesson is at 4 pm Eastern Time"
    assert not passes(reply, question, note)
    assert passes("The Frost Bow has 42 damage.", "whats the dmg on the frost bow", note)
    assert passes("The Frost Bow costs 900 gold.", "how much gold for the frost bow", note)
