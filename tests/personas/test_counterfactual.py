import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.counterfactual import exchange, invent_name
from personas.persona import load as load_persona
from personas.persona import names
from personas.rows import Example, read_rows

NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
NAME = re.compile(r"\b[A-Z][a-z]+\b")
# Stands for a tokenizer, which takes a word in one piece and a name in several.
COMMON = frozenset(
    "monday tuesday wednesday thursday friday saturday sunday january february march april june july august "
    "september october november december the this that your with from what when where does only every each".split()
)


def is_rare(name):
    return name.lower() not in COMMON


def row(question, reply, *notes):
    turns = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    return Example.model_validate({"messages": turns, "notes": notes, "skill": "copy", "domain": "test"})


def supported(example, citation):
    """Return the numbers of a reply that stand in its notes, and the names that do, as counts of the reply's words."""
    notes = " ".join(example.notes)
    reply = re.sub(citation or "(?!)", "", example.reply)
    return [[word in pattern.findall(notes) for word in pattern.findall(reply)] for pattern in (NUMBER, NAME)]


@pytest.mark.parametrize("name", names())
def test_what_the_reply_had_from_its_notes_it_still_has(name):
    """In every shipped row, each number and name of a reply that stood in the notes stands in them afterwards."""
    rng = random.Random(3)
    speaker = load_persona(name)
    rows = [row for row in read_rows(speaker.folder / "examples.jsonl") if not row.earlier]
    citation = speaker.card.format.citation if speaker.card.format else None
    for before in rows:
        after = exchange(before, rng, is_rare, citation)
        assert supported(after, citation) == supported(before, citation), (before, after)
    assert sum(exchange(before, rng, is_rare, citation).notes != before.notes for before in rows) > len(rows) / 2


@pytest.mark.parametrize("name", names())
def test_a_row_keeps_its_shape(name):
    """Numbers keep their count and length, notes their number, and lists the count of their commas and lines."""
    rng = random.Random(4)
    for before in read_rows(load_persona(name).folder / "examples.jsonl"):
        after = exchange(before, rng, is_rare)
        assert (after.skill, after.domain, len(after.notes)) == (before.skill, before.domain, len(before.notes))
        for old, new in zip((*before.notes, before.reply), (*after.notes, after.reply), strict=True):
            assert re.sub(r"\w+", "w", new) == re.sub(r"\w+", "w", old)
            assert list(map(len, NUMBER.findall(new))) == list(map(len, NUMBER.findall(old)))


@given(st.lists(st.integers(1, 9999), min_size=1, max_size=8), st.integers())
@settings(deadline=None)
def test_numbers_of_one_length_keep_their_order(numbers, seed):
    """The cheapest of several stays the cheapest, so that a comparison in a reply stays true."""
    before = row("what do they cost?", "See the notes.", ", ".join(f"item {n}" for n in numbers))
    after = exchange(before, random.Random(seed), is_rare)
    swapped = [int(n) for n in NUMBER.findall(after.notes[0])]
    for length in range(1, 5):
        old, new = (
            [n for n, m in zip(numbers if first else swapped, numbers, strict=True) if len(str(m)) == length]
            for first in (True, False)
        )
        assert [sorted(old).index(n) for n in old] == [sorted(new).index(n) for n in new]


def test_one_value_is_the_same_everywhere():
    """A name or number is exchanged alike in notes, question and reply, whatever its case in the question."""
    after = exchange(
        row("do you go to brackley?", "Aye, Brackley for 40 gold.", "We go to Brackley for 40 gold."),
        random.Random(1),
        is_rare,
    )
    name, price = re.fullmatch(r"We go to (\w+) for (\d\d) gold\.", after.notes[0]).groups()
    assert name != "Brackley"
    assert after.reply == f"Aye, {name} for {price} gold."
    assert after.question == f"do you go to {name.lower()}?"


def test_a_comparison_keeps_its_numbers():
    """Where the question holds a number, all numbers stay: the reply may hang on which is greater."""
    before = row("is 40 gold enough?", "No, it be 50 gold.", "it costs 50 gold.")
    assert exchange(before, random.Random(1), is_rare) == before


@pytest.mark.parametrize(
    "note", ["call 555-0143", "see a.b/12", "it opens at 9:30", "version 1.2.3", "#42", "2nd floor", "at 3pm"]
)
def test_what_looks_like_a_number_but_is_a_code_or_a_time_stays(note):
    """Telephone numbers, addresses, times, versions and ordinals are left whole."""
    before = row("where?", "Look.", note)
    assert exchange(before, random.Random(1), is_rare).notes == (note,)


@given(st.integers())
@settings(deadline=None)
def test_invented_names_look_like_names(seed):
    """An invented name is one capitalised word."""
    assert re.fullmatch(r"[A-Z][a-z]+", invent_name(random.Random(seed)))
