"""Tables of items: which, how many, the cheapest, the price of one."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge import chunking, documents
from knowledge.store import Passage
from knowledge.typed.computing import compute
from knowledge.typed.kinds import Computed, Row
from knowledge.typed.recognition import recognise

ZONE = ZoneInfo("UTC")
NOON = datetime(2026, 3, 10, 12, tzinfo=ZONE)
POTIONS = """Name,Effect,Ingredients,Level,Price gold,Sold at,Vegan
Minor Tonic,Restores 40 health,Redcap + Water,1,12,Hollow,yes
Salve,Restores 90 health; burns a little,Redcap + Moss,5,30,Hollow,no
Blue Phial,Restores 60 mana,Bluebell,5,45,Port,yes
Titan Draught,Adds 25 strength,Ox Heart,20,"1,140",Port,no
"""


def answer(question, text=POTIONS, name="potions.csv", extra=()):
    passages = [*chunking.passages(name, documents.read(name, text.encode())), *extra]
    found = compute(question, recognise(passages), NOON, ZONE)
    return found.sentence if isinstance(found, Computed) else found


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("which potions cost less than 50?",
         "The potions on our list under 50 gold are Minor Tonic (12 gold), Salve (30 gold) and Blue Phial (45 gold)."),
        ("cheapest potion?", "The cheapest of the potions on our list is Minor Tonic, at 12 gold."),
        ("what is your most expensive potion",
         "The most expensive of the potions on our list is Titan Draught, at 1,140 gold."),
        ("how many potions restore health?",
         "There are 2 potions on our list with effect Restores health: Minor Tonic and Salve."),
        ("how many potions are there",
         "There are 4 potions on our list: Minor Tonic, Salve, Blue Phial and Titan Draught."),
        ("how much is the salve", "The price of Salve is 30 gold."),
        ("which potions are sold in port?", "The potions on our list sold at Port are Blue Phial and Titan Draught."),
        ("which potions use redcap", "The potions on our list with ingredients Redcap are Minor Tonic and Salve."),
        ("which potion has the highest level", "Of the potions on our list, Titan Draught has the highest level: 20."),
        ("potions at level 5 or below",
         "The potions on our list with level 5 or less are Minor Tonic (1), Salve (5) and Blue Phial (5)."),
        ("which potions are vegan", "The potions on our list with vegan: yes are Minor Tonic and Blue Phial."),
        ("any potions under 5 gold?", "None of the potions on our list is under 5 gold."),
        ("which potions cost over 2k gold", "None of the potions on our list is over 2,000 gold."),
        ("which potions cost less than $50", None),
        ("potions under 5", None),
        ("how many potions can i carry", None),
        ("which potions are not vegan", None),
        ("which potions heal", None),
        ("how many potions restore stamina", None),
        ("how much is the salve on sundays", None),
        ("what is the best potion", None),
        ("cheapest sword", None),
    ],
)  # fmt: skip
def test_questions_on_a_table_are_computed(question, sentence):
    """Rows are chosen, counted and compared; a word that the table does not hold leaves the question alone."""
    assert answer(question) == sentence


def test_other_words_for_the_same_hold_a_count_back():
    """A row that may say the same in other words makes the number uncertain."""
    assert answer("how many potions restore health?", POTIONS + "Balm,Heals 10 health,Moss,1,5,Port,no\n") is None


def test_a_row_without_a_number_holds_a_comparison_back():
    """The cheapest of a list is not known while a price on it is not."""
    assert answer("cheapest potion?", POTIONS + "Elixir,Adds 5 luck,Moss,1,ask us,Port,no\n") is None


def test_a_price_outside_the_table_that_would_win_holds_back():
    """What costs less elsewhere in the notes leaves the cheapest to retrieval."""
    extra = [Passage("a.md", "Offer", None, "Offer\nA weak potion costs 3 gold.")]
    assert answer("cheapest potion?", extra=extra) is None


MENU = "# Menu\n\n## Pizzas\n\n| Pizza | Small | Large |\n|---|---|---|\n| Owl | $9 | $14 |\n| Moss | $10 | $15 |\n\n"
SIDES = "## Sides\n\n- Knots: $5.00\n- Wings (8): $9.50\n- Fries: $4.00\n"


def test_lists_of_prices_are_tables():
    """Bulleted prices under a heading are compared, two prices a row are not."""
    told = answer("which sides are under $6?", MENU + SIDES, "menu.md")
    assert told == "The sides on our list under $6 are Fries ($4.00) and Knots ($5.00)."
    assert answer("cheapest pizza", MENU + SIDES, "menu.md") is None
    assert answer("how much is an owl", MENU + SIDES, "menu.md") is None


names = st.lists(st.from_regex(r"[A-Z][a-z]{3,8}x", fullmatch=True), min_size=2, max_size=6, unique=True)


@settings(max_examples=30)
@given(names, st.data())
def test_prices_come_back_whatever_the_file(titles, data):
    """The same items as CSV, as JSON and as a Markdown table give the same names and amounts."""
    prices = [data.draw(st.integers(1, 99_999)) for _ in titles]
    rows = list(zip(titles, prices, strict=True))
    texts = {
        "wares.csv": "Item,Price,Kind\n" + "\n".join(f'{name},"{price:,} gold",ware' for name, price in rows),
        "wares.json": str([{"item": n, "price": f"{p} gold", "kind": "ware"} for n, p in rows]).replace("'", '"'),
        "wares.md": "# Wares\n\n| Item | Price | Kind |\n|---|---|---|\n"
        + "\n".join(f"| {name} | {price} gold | ware |" for name, price in rows),
    }
    for name, text in texts.items():
        facts = recognise(chunking.passages(name, documents.read(name, text.encode())))
        found = [(fact.name, fact.cells[0].amount, fact.cells[0].unit) for fact in facts if isinstance(fact, Row)]
        assert found == [(title, price, "gold") for title, price in rows]
