import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import chunking, unseen
from knowledge.documents import READERS, UnreadableDocument, read
from knowledge.store import Passage


def passages(name: str, text: str) -> list[Passage]:
    return chunking.passages(name, read(name, text.encode()))


def texts(name: str, text: str) -> list[str]:
    return [passage.text for passage in passages(name, text)]


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_heading_is_an_entry_under_its_path() -> None:
    """A section becomes its heading and its text, and knows the headings above it."""
    found = passages("faq.md", "# Shop\n\n## Delivery\n\n### Do you deliver?\nYes, daily.\n\n## Parking\nFree.\n")
    assert [(p.section, p.text) for p in found] == [
        ("Shop > Delivery > Do you deliver?", "Do you deliver?\nYes, daily."),
        ("Shop > Parking", "Parking\nFree."),
    ]


@pytest.mark.parametrize(
    "pair",
    [
        "Q: Is it open?\nA: Yes.",
        "Question: Is it open?\nAnswer: Yes.",
        "**Q:** Is it open?\n**A:** Yes.",
        "**Q: Is it open?**\nA: Yes.",
        "**Q: Is it open?**\n\n**A:** Yes.",
        "- Q: Is it open?\n- A: Yes.",
        "Q1. Is it open?\nA1. Yes.",
        "**Is it open?**\n\nYes.",
        "**Is it open?**\nYes.",
        "## Q: Is it open?\nYes.",
    ],
)
def test_question_and_answer_is_one_entry(pair: str) -> None:
    """However a question is marked, it stands before its own answer and no mark is left."""
    assert texts("faq.md", f"{pair}\n\nQ: Next?\nA: No.") == ["Is it open?\nYes.", "Next?\nNo."]


def test_plain_text_question_needs_no_mark() -> None:
    """In a plain text, a paragraph that starts with a question begins an entry, below the title of the text."""
    found = passages("faq.txt", "Shop questions\n\nDo you deliver?\nYes.\n\nMore about it.\n\nIs it free?\nNo.\n")
    assert [p.text for p in found] == ["Do you deliver?\nYes.\n\nMore about it.", "Is it free?\nNo."]
    assert found[0].section == "Shop questions > Do you deliver?"


def test_table_row_carries_its_column_names() -> None:
    """Each row of a table is an entry of its own that can be read without the table."""
    found = passages("p.md", "# Prices\nBefore tax.\n\n| Item | Price |\n|---|---|\n| Rose | $4 |\n| Lily | |\n")
    assert [p.text for p in found] == ["Prices\nBefore tax.", "Item: Rose | Price: $4", "Item: Lily"]
    assert found[1].section == "Prices > Rose"


def test_table_row_with_too_many_cells_keeps_them() -> None:
    """A cell beyond the last column is not lost."""
    assert "extra" in texts("p.md", "| A |\n|---|\n| one | extra |\n")[0]


def test_list_stays_with_its_heading() -> None:
    """A short list is one entry, below its heading."""
    assert texts("p.md", "## Hours\n- Monday: closed\n- Tuesday: 9 to 5\n") == [
        "Hours\n- Monday: closed\n- Tuesday: 9 to 5"
    ]


def test_code_block_is_no_heading() -> None:
    """A hash inside a code block does not open a section."""
    assert texts("p.md", "## Start\n```\n# not a heading\nrun\n```\n") == ["Start\n```\n# not a heading\nrun\n```"]


def test_csv_rows() -> None:
    """A row names its columns, and its id becomes the entry."""
    (found,) = passages("t.csv", 'id,town,delivery_fee\nt1,"Ewing, NJ",$6.75\n')
    assert (found.entry, found.text) == ("t1", "Town: Ewing, NJ; Delivery fee: $6.75")


@pytest.mark.parametrize(("name", "mark"), [("t.csv", ";"), ("t.csv", "\t"), ("t.tsv", "\t"), ("t.csv", ",")])
def test_csv_separators(name: str, mark: str) -> None:
    """The separator is the one that the header uses."""
    assert texts(name, f"question{mark}answer\nOpen?{mark}Yes.\n") == ["Open?\nYes."]


def test_csv_value_over_two_lines_stays_whole() -> None:
    """A quoted value may hold line ends."""
    assert texts("t.csv", 'question,answer\nOpen?,"Yes.\nDaily."\n') == ["Open?\nYes.\nDaily."]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([{"question": "Open?", "answer": "Yes."}], ["Open?\nYes."]),
        ([{"id": "a", "title": "Rose", "text": "Red.", "price": 4.5}], ["Rose\nRed.\nPrice: 4.5"]),
        ([{"name": "Rose", "in_stock": True, "tags": ["red", "cut"]}], ["Name: Rose; In stock: yes; Tags: red, cut"]),
        ([{"name": "Rose", "cost": {"gold": 3}}], ["Name: Rose; Cost gold: 3"]),
        ({"Open?": "Yes.", "Free?": "No."}, ["Open?\nYes.", "Free?\nNo."]),
        ({"flowers": [{"name": "Rose", "price": 4}]}, ["Name: Rose; Price: 4"]),
        (["Dogs are welcome."], ["Dogs are welcome."]),
    ],
)
def test_json_shapes(value: object, expected: list[str]) -> None:
    """Lists of objects, objects of questions, collections by name and plain lists are all read."""
    assert texts("f.json", json.dumps(value)) == expected


def test_json_numbers_stay_as_written() -> None:
    """A price keeps its last zero."""
    assert texts("f.json", '[{"name": "Rose", "price": 24.50}]') == ["Name: Rose; Price: 24.50"]


def test_json_lines_rows() -> None:
    """Each line is an entry with its own id."""
    found = passages("f.jsonl", '{"id": "a", "title": "T", "text": "x"}\n\n{"id": 2, "title": "U", "text": "y"}\n')
    assert [(p.entry, p.text) for p in found] == [("a", "T\nx"), ("2", "U\ny")]


def test_broken_line_is_named() -> None:
    """A broken line of a JSON lines file is found by its number."""
    good = '{"title": "T", "text": "x"}\n'
    with pytest.raises(UnreadableDocument, match=r"Line 7 of items\.jsonl is not JSON: .+ Correct it"):
        passages("items.jsonl", good * 6 + '{"title": "T",\n' + good)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.exe", b"x", "of a kind"),
        ("noextension", b"x", "of a kind"),
        ("a.md", b"", "is empty"),
        ("a.md", b" \n\t\n", "is empty"),
        ("a.md", b"\xef\xbb\xbf", "is empty"),
        ("a.md", b"\x89PNG\r\n\x1a\n\x00\x00", "is no text"),
        ("a.txt", bytes(range(128, 256)) * 3, "is not text"),
        ("a.txt", b"x" * 11 * 1024 * 1024, "larger than 10 MiB"),
        ("a.json", b'[{"a": 1,]', "is not JSON"),
        ("a.json", b'[{"a": 1, "a": 2}]', "stands twice"),
        ("a.json", b'[{"a": NaN}]', "NaN is no number"),
        ("a.json", b"7", "single value"),
        ("a.json", b"[]", "no entries"),
        ("a.json", b"[" * 100_000, "nests too deeply"),
        ("a.json", rb'["\ud800"]', "half a character"),
        ("a.json", rb'["a\u0000b"]', "control characters"),
        ("a.jsonl", b"[1]\n", "is not an object"),
        ("a.csv", b'a,b\n1,"2\n', "close every quote"),
        ("a.csv", b"a,b\n1,2,3\n", "3 values in line 2"),
        ("a.csv", b"a,b\n", "no rows"),
        ("../a.md", b"x", "cannot be a document's name"),
        ("/etc/a.md", b"x", "cannot be a document's name"),
        ("a\\b.md", b"x", "cannot be a document's name"),
        ("a\nb.md", b"x", "control characters"),
        ("", b"x", "cannot be a document's name"),
    ],
)
def test_refusals(name: str, content: bytes, said: str) -> None:
    """What cannot be read is refused with one sentence that names the file and the remedy."""
    with pytest.raises(UnreadableDocument, match=said) as caught:
        read(name, content)
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_encodings(encoding: str) -> None:
    """Text in the usual encodings reads the same."""
    assert [e.body for e in read("a.md", "Ein schöner Blumenstrauß kostet 5 €.".encode(encoding))] == [
        "Ein schöner Blumenstrauß kostet 5 €."
    ]


def test_long_section_is_cut_at_sentences_under_its_heading() -> None:
    """A long section becomes several passages, each short enough to be read whole and with the heading."""
    sentences = [f"Rule {number} says that nobody may run near the deep pool." for number in range(80)]
    found = texts("p.md", "## Pool rules\n" + " ".join(sentences))
    assert len(found) > 1
    assert all(text.startswith("Pool rules\n") and text.endswith(".") for text in found)
    assert all(chunking.pieces(text) <= chunking.LONGEST for text in found)
    assert [word for text in found for word in words(text.removeprefix("Pool rules\n"))] == words(" ".join(sentences))


def test_text_without_spaces_is_cut_too() -> None:
    """A script without spaces is cut at its own full stops."""
    found = texts("p.txt", "花束は毎日新しく作られます。" * 60)
    assert len(found) > 1
    assert all(text.endswith("。") for text in found)


def test_views_are_the_whole_and_its_sentences() -> None:
    """What is embedded is the passage with the headings above it, and each of its sentences."""
    passage = Passage("p.md", "Shop > Hours", None, "Hours\nOpen daily. Closed on Monday.")
    assert passage.views == (
        "Shop\nHours\nOpen daily. Closed on Monday.",
        "Shop",
        "Hours",
        "Open daily.",
        "Closed on Monday.",
    )


PROSE = st.text(st.sampled_from("ab?.:#-*|>` \n1QA_=[]()~<&é"), max_size=400)


@given(PROSE, st.sampled_from([".md", ".txt"]))
def test_no_word_of_prose_is_lost(text: str, kind: str) -> None:
    """Every word of a text stands in some passage or in the headings above it."""
    try:
        found = passages(f"a{kind}", text)
    except UnreadableDocument:
        assert not text.strip() or not words(text)
        return
    marks = {"Q", "A", "1", "_"}
    kept = {word for p in found for part in (p.section, p.text) for word in re.findall(r"[^\W_]+", part)}
    lost = {word for word in re.findall(r"[^\W_]+", text) if word not in kept and word.strip("QA1") not in {""} | marks}
    assert not lost


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=12,
)


@given(st.lists(st.dictionaries(st.text("abid", min_size=1, max_size=4), VALUES, max_size=4), max_size=5))
def test_no_word_of_json_is_lost(rows: list[dict[str, object]]) -> None:
    """Every string of a JSON list stands in some passage."""
    try:
        found = chunking.passages("a.json", read("a.json", json.dumps(rows).encode()))
    except UnreadableDocument:
        return
    kept = "\n".join(part for p in found for part in (p.section, p.text, p.entry or ""))

    def strings(value: object) -> list[str]:
        if isinstance(value, dict):
            return [text for part in value.values() for text in strings(part)]
        if isinstance(value, list):
            return [text for part in value for text in strings(part)]
        return [value] if isinstance(value, str) else []

    seen = unseen.stripped(unseen.without_escapes(" ".join(strings(list(rows)))))
    assert set(words(seen)) <= set(words(kept))


@given(st.binary(max_size=300), st.sampled_from(sorted(READERS)))
def test_any_bytes_are_read_or_refused(content: bytes, kind: str) -> None:
    """Arbitrary bytes give entries with text, or one sentence, and never another error."""
    try:
        found = chunking.passages(f"a{kind}", read(f"a{kind}", content))
    except UnreadableDocument as error:
        assert str(error).strip()  # noqa: PT017 -- both ends are right
        return
    assert found
    assert all(passage.text.strip() for passage in found)


@given(st.text(max_size=40))
def test_any_name_is_read_or_refused(name: str) -> None:
    """A document's name never leads out of a folder."""
    try:
        read(f"{name}.md", b"Some text.")
    except UnreadableDocument:
        return
    assert not {"", ".", ".."} & set(f"{name}.md".split("/"))
