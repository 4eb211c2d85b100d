"""Where is delivered to, for how much and until when."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from knowledge import chunking, documents
from knowledge.store import Passage
from knowledge.typed.computing import compute
from knowledge.typed.kinds import Area, Computed, Disputed
from knowledge.typed.recognition import recognise

ZONE = ZoneInfo("America/New_York")
NOON = datetime(2026, 3, 10, 12, tzinfo=ZONE)
TOWNS = """town,zip,delivery_fee,order_by,notes
Ashby,08540,$4.95,3 pm,"We deliver to Ashby, including Ashby Heath and Marl."
Dunmore,08541,$6.50,noon,
Pine Ridge,08542,$9.00,11:30 am,
"""
RULES = (
    "Rules\nWe deliver only to the towns in our delivery list. We do not deliver to Harlow or Wick. "
    "Delivery is free in Ashby on orders of $100 or more."
)


def answer(question, *texts, table=TOWNS):
    passages = chunking.passages("delivery.csv", documents.read("delivery.csv", table.encode())) if table else []
    passages += [Passage("a.md", text.split("\n")[0], None, text) for text in texts]
    found = compute(question, recognise(passages), NOON, ZONE)
    return found.sentence if isinstance(found, Computed) else found


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("do you deliver to Dunmore?", "Yes, we deliver to Dunmore; the delivery fee is $6.50."),
        ("do u deliver to marl",
         "Yes, we deliver to Marl, which is part of Ashby on our list; the delivery fee is $4.95."),
        ("do you deliver to 08541?", "Yes, we deliver to 08541; the delivery fee is $6.50."),
        ("do you deliver to 08600", "We deliver only to the places on our list, and 08600 is not on it."),
        ("do you deliver to harlow", "No, we do not deliver to Harlow."),
        ("Do you deliver to Kessa?", "We deliver only to the places on our list, and Kessa is not on it."),
        ("how much is delivery to pine ridge", "The delivery fee for Pine Ridge is $9.00."),
        ("whats the fee for Ashby",
         "The delivery fee for Ashby is $4.95; delivery is free there on orders of $100 or more."),
        ("how much is delivery to Ashby for a $100 order?",
         "Delivery to Ashby is free for an order of $100: it is free on orders of $100 or more."),
        ("until when can i order for same day in pine ridge",
         "For same-day delivery to Pine Ridge, order by 11:30 am."),
        ("which town has the lowest delivery fee?",
         "Of the towns on our list, Ashby has the lowest delivery fee: $4.95."),
        ("do you deliver to Ashbey", None),
        ("Do you deliver to Rider University?", None),
        ("do you deliver to my house", None),
        ("do you deliver to Dunmore on Sundays?", None),
        ("do you deliver", None),
    ],
)  # fmt: skip
def test_questions_on_delivery_are_computed(question, sentence):
    """Places of the list, parts of them and postal codes are told; slips, buildings and days are left alone."""
    assert answer(question, RULES) == sentence


def test_a_list_that_is_not_said_to_be_all_denies_nothing():
    """Without a word that the list is all, a place that is not on it is left to retrieval."""
    assert answer("Do you deliver to Kessa?") is None


def test_contradicting_fees_are_both_shown():
    """Two fees for one town are no answer; both rows come back."""
    found = answer("how much is delivery to Dunmore", table=TOWNS + "Dunmore,08541,$7.00,noon,\n")
    assert isinstance(found, Disputed)
    assert len(found.passages) == 2


@pytest.mark.parametrize(
    "text",
    [
        "We are unable to deliver to Bath.",
        "We used to deliver to Bath.",
        "If you order for $50 we deliver to Bath.",
        "We deliver to Bath on Fridays.",
        "Do you deliver to Bath?",
    ],
)
def test_what_limits_a_delivery_is_no_plain_yes(text):
    """A sentence that takes delivery back, or ties it to a condition, makes no area."""
    assert not [fact for fact in recognise([Passage("a.md", "Delivery", None, text)]) if isinstance(fact, Area)]
