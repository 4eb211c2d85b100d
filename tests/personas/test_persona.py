import json

import pytest
from bosun_persona import CARD, ROWS, as_lines

from personas.persona import BadPersona, load, names
from personas.rows import read_rows


def test_a_folder_with_a_card_is_a_persona(tmp_path, write_persona):
    """A persona's name is its folder's; a folder without a card is none."""
    write_persona(tmp_path, "zoe")
    write_persona(tmp_path, "amy")
    (tmp_path / "notes").mkdir()
    assert names(tmp_path) == ["amy", "zoe"]
    assert load("amy", tmp_path).card.title == "Bosun"


@pytest.mark.parametrize("name", ["nobody", "", "..", "../amy", "amy/"])
def test_unknown_name_lists_the_known(tmp_path, write_persona, name):
    """Any name that is not a persona's is refused with those that are."""
    write_persona(tmp_path, "amy")
    write_persona(tmp_path, "zoe")
    with pytest.raises(BadPersona, match=r"Known personas: amy, zoe\."):
        load(name, tmp_path)


def test_every_fault_of_a_card_is_listed(tmp_path, write_persona):
    """A missing key, an unknown key, an empty list and an empty line are told together, each with its place."""
    card = CARD.replace('title = "Bosun"\n', "").replace('voice = "You are a bosun."', 'voice = " "\ntone = "gruff"')
    with pytest.raises(BadPersona) as raised:
        write_persona(tmp_path, card=card.replace('greeting = ["Ahoy."]', "greeting = []"))
    for place in ("title", "voice", "tone", "lines.greeting"):
        assert f"{place}: " in str(raised.value)


def test_card_that_is_no_toml(tmp_path, write_persona):
    """The line of a syntax error is told."""
    with pytest.raises(BadPersona, match=r"bosun is not TOML: .*line 1"):
        write_persona(tmp_path, card="title = Bosun")


def test_files_in_another_encoding(bosun):
    """A card or a row that is not UTF-8 is told as such."""
    (bosun.folder / "examples.jsonl").write_bytes(as_lines(ROWS).encode() + b'{"notes": "caf\xe9"}')
    with pytest.raises(BadPersona, match=r"line 9: .*(?i:utf-8|unicode)"):
        read_rows(bosun.folder / "examples.jsonl")
    (bosun.folder / "persona.toml").write_bytes(b'title = "caf\xe9"')
    with pytest.raises(BadPersona, match=r"is not TOML: .*utf-8"):
        load("bosun", bosun.folder.parent)


def test_every_faulty_row_is_listed(bosun):
    """Rows that are no JSON, lack a key, do not end in a reply or an unknown skill are told by their line numbers."""
    faulty = [
        "not JSON\n",
        as_lines([{key: value for key, value in ROWS[0].items() if key != "domain"}]),
        as_lines(ROWS[:1]),
        "\n",
        as_lines([ROWS[0] | {"messages": ROWS[0]["messages"][:1]}]),
        as_lines([ROWS[0] | {"skill": "dance"}]),
    ]
    path = bosun.folder / "examples.jsonl"
    path.write_text("".join(faulty), "utf-8")
    with pytest.raises(BadPersona) as raised:
        read_rows(path)
    told = str(raised.value)
    assert [f"line {n}: " in told for n in range(1, 7)] == [True, True, False, False, True, True]


@pytest.mark.parametrize("content", [None, "", "\n\n"])
def test_no_rows(bosun, content):
    """A file that is missing or empty is named, with what to do."""
    path = bosun.folder / "exam.jsonl"
    if content is not None:
        path.write_text(content)
    with pytest.raises(BadPersona, match=r"exam\.jsonl .*write one example a line"):
        read_rows(path)


def test_rows_survive_reading(bosun):
    """Question, reply and notes of a row are those that were written."""
    rows = read_rows(bosun.folder / "examples.jsonl")
    assert [json.loads(row.model_dump_json(exclude_defaults=True)) for row in rows] == ROWS
    assert (rows[0].question, rows[0].reply) == ("what does the rope cost?", "Arr, the rope be 12 gold.")


def test_a_row_may_hold_any_character(bosun):
    """A row ends at a line feed, not at the other characters that end a line somewhere."""
    path = bosun.folder / "examples.jsonl"
    row = ROWS[0] | {"notes": ["one\u2028two\x85three"]}
    path.write_bytes(json.dumps(row, ensure_ascii=False).encode() + b"\r\n" + as_lines(ROWS[1:2]).encode())
    assert [len(row.notes) for row in read_rows(path)] == [1, 1]


def test_a_line_is_the_same_for_the_same_key(bosun):
    """A persona says the same line to the same question, and all of its lines to many."""
    said = {bosun.line("not_in_notes", str(n)) for n in range(50)}
    assert said == set(bosun.card.lines.not_in_notes)
    assert bosun.line("not_in_notes", "why?") == bosun.line("not_in_notes", "why?")


def test_the_closing_is_drawn_by_the_question():
    """Whichever of its closings a reply has, it goes out with the one drawn for the key; other words are left alone."""
    florist = load("florist")
    closings = florist.card.style.closings
    said = {florist.closed(f"Roses cost $5. {closings[0]}", str(n)) for n in range(500)}
    assert said == {f"Roses cost $5. {closing}" for closing in closings}
    assert len({florist.closed(f"Roses cost $5. {closing}", "how much?") for closing in closings}) == 1
    assert florist.closed("Roses cost $5.", "how much?") == "Roses cost $5."
