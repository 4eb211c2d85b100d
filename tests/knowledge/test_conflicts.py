import json
import re
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from random import Random

import pytest

from knowledge.chunking import passages
from knowledge.claims import claims
from knowledge.conflicts import conflict, duplicates
from knowledge.documents import read
from knowledge.stated_hours import Hours, hours_in
from knowledge.store import Passage

PAIRS = [json.loads(line) for line in Path(__file__).with_name("conflict_pairs.jsonl").read_text("utf-8").splitlines()]
SAMPLES = Path(__file__).parents[2] / "knowledge" / "samples"


def passage(section, text, document="faq.md"):
    return Passage(document, section, None, f"{section}\n{text}" if section else text)


def judged(half):
    for pair in PAIRS:
        if pair["half"] == half:
            one, other = passage(*pair["one"], "old.md"), passage(*pair["other"], "new.md")
            yield pair, conflict(one, other), conflict(other, one), duplicates(one, other)


@pytest.mark.parametrize("half", ["seen", "blind"])
def test_contradictions_are_found_and_nothing_else(half):
    """On each half of the written pairs, at least 15 in 16 contradictions are found and no other pair is called one."""
    found = missed = 0
    for pair, there, back, _ in judged(half):
        wanted = pair["kind"] not in {"duplicate", "different"}
        found += wanted and there is not None
        missed += wanted and there is None
        assert (there is None) == (back is None), pair
        assert wanted or there is None, pair
    assert found >= 15 * missed


@pytest.mark.parametrize("half", ["seen", "blind"])
def test_what_is_said_twice_is_told_from_what_is_alike(half):
    """Every pair that says one thing twice is recognised, and no pair that says two things."""
    assert not [pair for pair, _, _, twice in judged(half) if twice != (pair["kind"] == "duplicate")]


def test_a_contradiction_shows_both_clauses():
    """The clauses are quoted as they stand in their passages."""
    found = conflict(
        passage("Hours", "Ring twice. Mon 9-17, Tue 9-17."),
        passage("Opening hours", "Mon 10-18, Tue 9-17.", "hours.md"),
    )
    assert (found.kind, found.one, found.other) == ("hours", "Mon 9-17", "Mon 10-18")


@pytest.fixture(scope="module", params=["petal-and-stem", "emberfall"])
def sample(request):
    """Return all passages of a sample server."""
    return [
        passage
        for file in sorted((SAMPLES / request.param).iterdir())
        for passage in passages(file.name, read(file.name, file.read_bytes()))
    ]


def test_a_sound_faq_contradicts_itself_nowhere(sample):
    """No two passages of a sample server are taken for a contradiction, however alike they are."""
    assert [pair for pair in combinations(sample, 2) if conflict(*pair)] == []


def test_a_copy_with_another_value_contradicts_its_original(sample):
    """Of copies in which one number or time was changed at random, nearly all are found; unchanged ones are twins."""
    chosen, found = Random(1), []
    for one in sample:
        assert conflict(one, replace(one, document="copy.md")) is None
        body = one.text.find("\n") + 1
        values = [
            c for c in claims(one.text) if c.start >= body and c.kind in {"number", "time"} and c.shown[0].isdigit()
        ]
        if values:
            value = chosen.choice(values)
            shown = re.match(r"\d+", value.shown)[0]
            other = str(int(shown) % 12 + 1 if value.kind == "time" else int(shown) + 3)
            text = one.text[: value.start] + other + one.text[value.start + len(shown) :]
            found.append(conflict(one, replace(one, document="copy.md", text=text)) is not None)
    assert sum(found) >= 0.96 * len(found)


@pytest.mark.parametrize(
    ("clause", "hours"),
    [
        ("Mon 9-17", Hours(540, 1020)),
        ("open from 9 am to 5:30 pm", Hours(540, 1050)),
        ("open daily 10:00\u201319:00", Hours(600, 1140)),
        ("On Sundays we are closed", Hours(closed=True)),
        ("Sunday 1-5 pm", Hours(780, 1020)),
        ("Sunday 9-5 pm", Hours(540, 1020)),
        ("We open at 8:30", Hours(opens=510)),
        ("Our hours are noon to midnight", Hours(720, 0)),
        ("Opens: 9:00; Closes: 20:00", Hours(540, 1200)),
        ("Mon 9-14 euros off", None),
        ("a box of 9-17 eggs", None),
        ("The road is closed", None),
    ],
)
def test_hours_are_read_in_the_ways_people_write_them(clause, hours):
    """Opening hours become minutes after midnight; other ranges of numbers are no hours."""
    assert hours_in(clause) == hours
