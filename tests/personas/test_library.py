"""The personas that ship: what their authors promise, held against the files."""

import csv
import hashlib
import json
import random
import re
from pathlib import Path

import pytest

import knowledge
from knowledge.fact_check import check, voice_words
from knowledge.polarity import declines
from personas import versions
from personas.dressing import PlainRow, dress
from personas.persona import LIBRARY, load, names
from personas.rows import read_rows

SAMPLES = Path(knowledge.__file__).parent / "samples"
CALENDAR = re.compile(r"\b(?:Day|Eve|Sunday|Monday|Friday|Saturday|Christmas|Easter)\b")
NAME = re.compile(r"\b[A-Z][a-z']+(?: (?:(?:of|the|on|in) )*[A-Z][a-z']+)+\b")
SHIPPED = ["clerk", "florist", "game-companion", "grumpy-pirate", "herald", "old-librarian"]


def sample_names():
    """Return the names of several words in the sample servers' files, holidays aside, and the florist's towns."""
    text = "\n".join(path.read_text("utf-8") for path in SAMPLES.rglob("*.*"))
    with (SAMPLES / "petal-and-stem" / "delivery-towns.csv").open(encoding="utf-8") as file:
        towns = {row["town"] for row in csv.DictReader(file)}
    return towns | {name for name in NAME.findall(text) if not CALENDAR.search(name)}


def rows(name, file):
    return read_rows(LIBRARY / name / file)


def test_six_personas_ship():
    """The library holds three that speak freely, and three whose replies have a form."""
    assert names() == SHIPPED
    assert [name for name in names() if load(name).card.format] == ["clerk", "herald", "old-librarian"]


@pytest.mark.parametrize("name", SHIPPED)
def test_cards_speak_for_themselves(name):
    """Each card loads, and no two of its lines are the same."""
    lines = [line for some in load(name).card.lines.model_dump().values() for line in some]
    assert len(set(lines)) == len(lines)


@pytest.mark.parametrize("name", SHIPPED)
def test_what_a_card_says_has_the_persona_s_own_form(name):
    """Where a card has a format, all its fixed lines and its small talk hold it."""
    card = load(name).card
    said = [*(line for some in card.lines.model_dump().values() for line in some), *card.style.small_talk]
    assert not [line for line in said if card.format and not card.format.holds(line, 0)]


@pytest.mark.parametrize("name", SHIPPED)
def test_refusals_of_a_card_are_recognised(name):
    """The fact check knows each line that says the notes are silent, and takes no small talk for one."""
    card = load(name).card
    words = card.format.words if card.format else str
    assert all(declines(words(line)) for line in card.lines.not_in_notes)
    assert len({words(line).split()[0] for line in card.lines.not_in_notes}) == len(card.lines.not_in_notes) == 3
    assert not [said for said in card.style.small_talk if declines(words(said))]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_dressed_reply_bears_the_marks_of_its_voice(name):
    """Whatever opening and closing are drawn, a dressed reply has each mark as often as its card says, or as seldom."""
    card, rng = load(name).card, random.Random(11)
    row = PlainRow(
        domain="zoo", skill="copy", notes=("Tours cost 14 EUR.",), question="how much is a tour?",
        reply="Yes, tours cost 14 EUR.", **{"from": 1},
    )  # fmt: skip
    replies = [dress(row, card, rng).reply for _ in range(400)]
    for trait in card.traits:
        share = sum(bool(re.search(trait.pattern, reply, re.IGNORECASE | re.MULTILINE)) for reply in replies) / 400
        assert share <= trait.share if trait.never else share >= trait.share - 0.05, trait.name


@pytest.mark.parametrize("name", SHIPPED)
def test_dressing_leaves_the_facts_to_be_found(name):
    """No opening and no closing of a card makes the fact check doubt a reply that it believes when plain."""
    card, rng = load(name).card, random.Random(12)
    words = card.format.words if card.format else str
    row = PlainRow(
        domain="zoo", skill="copy", notes=("The night tour costs 14 EUR and starts at 9 pm.",),
        question="how much is the night tour?", reply="The night tour costs 14 EUR.", **{"from": 1},
    )  # fmt: skip
    replies = [words(dress(row, card, rng).reply) for _ in range(400)]
    given = f"{row.notes[0]} {row.question}"
    vocabulary = voice_words((reply, given) for reply in [*replies, *map(words, card.style.small_talk)])
    doubted = [reply for reply in set(replies) if not check(reply, row.question, row.notes, vocabulary).passed]
    assert not doubted
    assert not [said for said in card.style.small_talk if check(words(said), "", [], vocabulary).findings]


@pytest.mark.parametrize("name", SHIPPED)
def test_there_are_examples_of_every_skill(name):
    """A voice is taught by 400 rows or more, with ten at least of each skill, and examined in each skill."""
    examples = rows(name, "examples.jsonl")
    assert len(examples) >= 400
    skills = [row.skill for row in examples]
    assert min(skills.count(skill) for skill in set(skills)) >= 10
    assert {row.skill for row in rows(name, "exam.jsonl")} == set(skills)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_exam_is_of_domains_never_taught(name):
    """No exam row is of a domain that an example is of."""
    assert not {row.domain for row in rows(name, "exam.jsonl")} & {row.domain for row in rows(name, "examples.jsonl")}


@pytest.mark.parametrize("name", SHIPPED)
def test_no_row_holds_a_fact_of_the_sample_servers(name):
    """No name from the sample servers' files stands in any row: a voice must find them in its notes."""
    some = sample_names()
    assert {"Princeton", "Greater Healing Draught", "Garden Path Bouquet"} <= some
    taught = "\n".join((LIBRARY / name / file).read_text("utf-8") for file in ("examples.jsonl", "exam.jsonl"))
    assert not [found for found in sorted(some) if re.search(rf"\b{re.escape(found)}\b", taught)]


@pytest.mark.parametrize("name", SHIPPED)
def test_the_card_of_the_voice_names_the_examples_that_ship(name):
    """The shipped adapter was trained on the shipped rows, by name and hash, and is small enough to ship."""
    folder = LIBRARY / name / "adapter"
    weights = folder / "adapter_model.safetensors"
    card = json.loads((folder / "card.json").read_text("utf-8"))
    assert card["persona"] == name
    assert card["rows"]["sha256"] == hashlib.sha256((LIBRARY / name / "examples.jsonl").read_bytes()).hexdigest()
    assert card["adapter_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert weights.stat().st_size <= 12_000_000


@pytest.mark.model
@pytest.mark.parametrize("name", SHIPPED)
def test_the_shipped_voice_is_served_on_the_embedded_model(name, base_folder, tmp_path):
    """The shipped adapter passes the gate for the base model that `parley setup` makes."""
    served = versions.current(load(name), tmp_path, str(base_folder))
    assert (served.adapter.folder, served.refused) == (LIBRARY / name / "adapter", ())
