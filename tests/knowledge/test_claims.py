from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.claims import claims, names, stem


def values(text):
    return [(claim.kind, claim.value) for claim in claims(text)]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("9 am", "9:00 AM"),
        ("1 pm", "13:00"),
        ("noon", "12 pm"),
        ("$7.50", "$7.5"),
        ("1,200 gold", "1200 gold"),
        ("twelve seats", "12 seats"),
        ("the third floor", "the 3rd floor"),
        ("Tues", "Tuesday"),
        ("https://www.x.example/a/", "x.example/a"),
    ],
)
def test_two_spellings_of_a_value_are_equal(one, other):
    """Values compare by what they mean, not by how they are written."""
    assert values(one) == values(other)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("write to hello@shop.example", [("email", "hello@shop.example")]),
        ("use SCARF-26 or /home", [("code", "scarf-26"), ("code", "/home")]),
        ("runs on v2.4", [("code", "v2.4")]),
        ("up to 30cm", [("number", "30")]),
        ("until 65 pm", [("number", "65")]),
        ("in May, on May 3", [("month", "may"), ("month", "may"), ("number", "3")]),
        ("you may march on", []),
        ("call 0148", [("number", "0148")]),
    ],
)
def test_values_of_each_kind_are_read(text, expected):
    """Addresses, codes, joined units, months and telephone numbers are told apart."""
    assert values(text) == expected


def test_a_number_carries_what_it_counts():
    """The unit is the word counted, the currency, or the word before the number."""
    units = [claim.unit for claim in claims("Level 12 costs $5, 30 gold or 15% off for 3 people")]
    assert units == ["level", "$", "gold", "%", stem("people")]


def test_names_are_told_from_words_that_open_a_sentence():
    """A capital after a full stop proves nothing, one in mid-sentence does."""
    found = {word: opens for word, _, opens in names("Arr, ask Wilf. Rest at Hollowmere!")}
    assert found == {"Arr": True, "Wilf": False, "Rest": True, "Hollowmere": False}


def test_threads_do_not_mix_up_each_others_words():
    """Words are stemmed in many threads at once, each as it is alone."""
    words = [
        f"{start}{end}"
        for start in ("deliver", "restor", "organis", "brew", "happi")
        for end in ("ing", "ness", "ed", "s")
    ]
    alone = [stem(word) for word in words]
    with ThreadPoolExecutor(8) as pool:
        for _ in range(50):
            stem.cache_clear()
            assert list(pool.map(stem, words)) == alone


@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text):
    """Any text can be read, and every claim stands where it says."""
    for claim in claims(text):
        assert text[claim.start : claim.start + len(claim.shown)] == claim.shown
    list(names(text))
