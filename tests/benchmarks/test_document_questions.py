"""The questions on documents and how a reply to them is judged; the answers themselves are measured by `make bench`."""

import re
from collections import Counter

import pytest
from document_answers import answers, sources, wanted, within
from question_rows import QUESTIONS, read, right, stands, wrong_fact

from bot.answers import Answer, Question
from bot.demo import SAMPLES
from knowledge.chunking import passages
from knowledge.documents import read as entries
from knowledge.store import Passage
from personas.persona import names

ROWS = read(QUESTIONS / "documents.jsonl")
SAMPLE_ROWS = [row for row in ROWS if (SAMPLES / row["server"]).is_dir()]
POTION = {"kind": "answerable", "expect": ["48 gold", "hollowmere|stall"], "forbid": ["35 gold"]}
SILENT = {"kind": "unanswerable", "expect": [], "forbid": ["$"]}


def answer(reply, verdict="answered"):
    return Answer(Question("?", "s", "p"), None, reply, verdict)


@pytest.fixture(scope="module")
def indexed():
    """Return the passages of each sample server."""
    return {
        folder.name: [
            p for file in folder.iterdir() for p in passages(file.name, entries(file.name, file.read_bytes()))
        ]
        for folder in SAMPLES.iterdir()
    }


def test_there_are_200_questions_of_which_60_have_no_answer_in_two_equal_halves_and_112_later_ones():
    """Each half holds 100 questions, 30 of them unanswerable; every second question of a server is kept."""
    assert Counter((row["half"], row["kind"] == "unanswerable") for row in ROWS) == {
        ("dev", False): 70, ("dev", True): 30, ("kept", False): 70, ("kept", True): 30,
        ("blind", False): 77, ("blind", True): 35,
    }  # fmt: skip
    halves = [row for row in ROWS if row["half"] != "blind"]
    assert all((row["half"] == "dev") == (int(row["id"][-3:]) % 2 == 1) for row in halves)


def test_no_question_is_asked_twice():
    """Neither an id nor a question stands in any file twice."""
    rows = [row for file in QUESTIONS.glob("*.jsonl") for row in read(file) if "id" in row]
    assert len({row["id"] for row in rows}) == len({row["text"] for row in rows}) == len(rows)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_a_question_that_has_an_answer_says_which_and_where(row):
    """Expected values and entries are there where there is an answer, and only there; a shipped persona is asked."""
    assert bool(row["expect"]) == bool(wanted(row)) == (row["kind"] in {"answerable", "no"})
    assert row["persona"] in names()


@pytest.mark.parametrize("row", [row for row in SAMPLE_ROWS if row["entry"]], ids=lambda row: row["id"])
def test_what_is_expected_stands_in_the_samples(row, indexed):
    """Each entry names at most one passage of its server, and together these hold every expected value."""
    there = indexed[row["server"]]
    found = [[passage for passage in there if answers(entry, passage)] for entry in wanted(row)]
    assert all(found)
    text = "\n".join(passage.searchable for one in found for passage in one)
    if row["kind"] == "answerable":
        assert all(any(stands(value, text) for value in group.split("|")) for group in row["expect"])


@pytest.mark.parametrize(
    ("value", "reply", "held"),
    [
        ("no", "Now leave me be.", False), ("no", "No, we do not.", True), ("n't", "We don't.", True),
        ("poison", "They are poisonous.", True), ("10", "It holds 100.", False), ("12", "It costs 12,000 gold.", False),
        ("$36", "It is $36.00.", True), ("4.99", "It is $14.99.", False), ("12,000", "12,000 gold", True),
        ("pk;link", "Type PK;link first.", True), ("-1", "Set it to -1.", True), ("8.25", "8.25, dear.", True),
        ("journalctl", '{"answer": "Logs:\\njournalctl"}', True),
    ],
)  # fmt: skip
def test_a_value_stands_in_a_reply_as_a_value(value, reply, held):
    """Short words are whole, numbers do not go on, and other values may be continued."""
    assert stands(value, reply) is held


def test_a_reply_is_right_with_every_expected_value():
    """One alternative of each group is enough, one group is not."""
    assert right(POTION, answer("48 gold, at the stall."))
    assert not right(POTION, answer("48 gold."))
    assert not right(POTION, answer("48 gold, at the stall.", "unsure"))
    assert right(SILENT, answer("My notes are silent.", "unsure"))
    assert not right(SILENT, answer("It is so.", "quoted"))


@pytest.mark.parametrize(
    ("row", "reply", "verdict", "why"),
    [
        (POTION, "48 gold, at the stall.", "answered", ""),
        (POTION, "35 gold, at the stall.", "answered", "states '35 gold'"),
        (POTION, "It is cheap.", "answered", "lacks the expected value"),
        (POTION, "Here:\n> 35 gold\nDone.", "quoted", ""),
        (POTION, "35 gold, and of the rest:\n> 48 gold", "quoted", "states '35 gold'"),
        (POTION, '{"answer": "35 gold", "note": 1}', "quoted", ""),
        (SILENT, "It is so.", "answered", "answers what the documents do not"),
        (SILENT, "It is $5.", "answered", "states '$'"),
        (SILENT, "My notes on $ are silent.", "unsure", ""),
    ],
)
def test_a_wrong_fact_is_what_the_voice_says_wrongly_itself(row, reply, verdict, why):
    """A forbidden value, a missing one and an answer to a silent document count; a passage as it stands does not."""
    assert wrong_fact(row, answer(reply, verdict)) == why


def test_an_entry_names_passages_by_document_section_and_words():
    """Each part that is given narrows it; alternatives widen it; a heading's odd spaces do not matter."""
    one = Passage("faq.md", "Terms > Section 5 -\u00a0Returns", None, "Within 14 days.")
    assert answers("faq.md#Section 5 - Returns", one)
    assert answers("faq.md#Terms#14 days", one)
    assert answers("faq.md##14 days", one)
    assert answers("other.md#Terms|faq.md#Terms", one)
    assert not answers("faq.md#Terms#30 days", one)
    assert not answers("faq.md#Section 5", one)
    assert answers("a.csv#town-01", Passage("a.csv", "", "town-01", "Fee: 4"))


def test_each_thing_a_message_asks_has_to_be_found():
    """A message with two questions is answered by the first hits only where both are."""
    first, second = (Passage("a.md", name, None, name) for name in ("One", "Two"))
    row = {"entry": ["a.md#One", "a.md#Two"]}
    assert within({"row": row, "hits": [[first], [second]]}, 1)
    assert not within({"row": row, "hits": [[first, second], [first]]}, 1)
    assert within({"row": row, "hits": [[first, second]]}, 2)


def test_a_server_whose_folder_is_absent_is_left_out_with_a_sentence(tmp_path, capsys):
    """The samples are always there; a folder is found by its own name or one folder deep, without SOURCE.txt."""
    folder = tmp_path / "game" / "angband"
    folder.mkdir(parents=True)
    for name in ("faq.md", "SOURCE.txt"):
        (folder / name).write_text("# Words", "utf-8")
    found = sources(ROWS, [tmp_path])
    assert sorted(found) == ["angband", "emberfall", "petal-and-stem"]
    assert found["angband"] == [folder / "faq.md"] == sources(ROWS, [folder])["angband"]
    assert re.findall(r"^(\S+) is left out", capsys.readouterr().out, re.MULTILINE)[:2] == [
        "3mdeb-shop",
        "luanti-players",
    ]
