import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.unsafe_text import unsafe


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("I'll kill ye, swab", "a threat"),
        ("Go kill yourself.", "a threat"),
        ("what a retard", "a slur"),
        ("send nudes", "sexual content"),
        ("This is bullshit.", "a coarse word"),
        ("Ask <@123456789012345678>.", "a call to everybody or to a member"),
        ("His id is 123456789012345678.", "the id of a member or a server"),
        ("Pay with 4111 1111 1111 1111.", "the number of a payment card"),
        ("Write to mike@hotmail.co.uk.", "an e-mail address that may be somebody's"),
        ("Call +1 (415) 867-5309 now.", "a telephone number that may be somebody's"),
    ],
)
def test_unsafe_text_is_named(text, name):
    """Each kind is told by its name."""
    assert name in {found.name for found in unsafe(text)}


@pytest.mark.parametrize(
    "text",
    [
        "Blast it, ye scurvy swab, damn yer eyes!",
        "Mail hello@petals.example or book@shop.example.com.",
        "Call 555-0148, or 020 7946 0000.",
        "Open 9:00-17:30 from June 6 to August 29; 1,234,567 players; version 4.18.2.",
        "Grapes and drapes; the cockpit; Scunthorpe; the analyst's assessment.",
        "Order 10-20-30 or 2026-11-21, sizes 36 38 40.",
    ],
)
def test_what_is_in_character_or_invented_is_let_be(text):
    """Mild oaths, reserved addresses, numbers kept for stories, hours, dates and sizes are nobody's business."""
    assert list(unsafe(text)) == []


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text):
    """Whatever stands in a row, what is found stands in it."""
    assert all(found.shown in text for found in unsafe(text))
