import json
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tavern_card import write_png_card

from personas.character_card import read
from personas.persona import BadPersona
from personas.scaffold import complete

DATA = {
    "name": "Captain Brack",
    "description": "{{char}} is an old captain with a brass leg. {{char}} likes {{user}}.",
    "personality": "gruff, kind",
    "scenario": "A harbour.",
    "first_mes": "*looks up* Ahoy, {{user}}! What brings ye here? (sighs)",
    "mes_example": "<START>\n{{user}}: hi\n{{char}}: Blimey! Another one. *spits* Sit down.\n"
    "{{user}}: how much?\n{{char}}: No way! It costs 12 gold.\nCaptain Brack: Arr. Fair winds to ye.",
    "creator_notes": "",
    "system_prompt": "Write as {{char}}.",
    "post_history_instructions": "Be vivid.",
    "alternate_greetings": ["Harr, sit ye down."],
    "tags": [],
    "creator": "somebody",
    "character_version": "1",
    "extensions": {"license": "CC BY 4.0"},
    "character_book": {
        "entries": [
            {"keys": ["harbour", "port"], "content": "The harbour closes at 9.\n# It is deep.", "enabled": True},
            {"keys": ["secret"], "content": "Not this one.", "enabled": False},
            {"keys": [], "name": "{{char}}'s ship", "content": "The ship is the Gull."},
        ]
    },
}
V2 = {"spec": "chara_card_v2", "spec_version": "2.0", "data": DATA}
V3 = {"spec": "chara_card_v3", "spec_version": "3.0", "data": DATA}


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.fixture
def written(tmp_path):
    """Return a way to write a file and read it as a character card."""

    def write(data, name="card.png"):
        (tmp_path / name).write_bytes(data)
        return read(tmp_path / name)

    return write


@pytest.mark.parametrize("card", [V2, V3], ids=["V2", "V3"])
@pytest.mark.parametrize("kind", ["png", "json"])
def test_a_card_is_the_start_of_a_persona(written, card, kind):
    """Both versions in both kinds of file give the same persona: macros are names, actions are not spoken."""
    data = write_png_card(card) if kind == "png" else json.dumps(card).encode()
    outline = written(data, f"brack.{kind}").outline
    made = complete(outline)
    assert made.title == "Captain Brack"
    assert made.description == "gruff, kind"
    assert made.voice.startswith(
        "You are Captain Brack. Write as Captain Brack. gruff, kind Captain Brack is an old captain with a brass leg. "
        "Captain Brack likes the member."
    )
    assert made.voice.endswith("from the notes only.")
    assert made.lines.greeting == ("Ahoy, friend! What brings ye here?", "Harr, sit ye down.")
    assert made.style.openings == ("Blimey!", "Arr.")
    assert "Blimey! Another one. Sit down." in made.style.small_talk
    assert not any("12" in line for line in made.style.small_talk)
    assert "by somebody; licence: CC BY 4.0" in made.origin


def test_facts_go_to_the_knowledge(written):
    """The lorebook's entries that are switched on become headings of a Markdown file, and none is in the voice."""
    found = written(write_png_card(V2))
    assert found.lore == (
        "# What Captain Brack's lorebook says\n\n## harbour, port\nThe harbour closes at 9.\nIt is deep.\n\n"
        "## Captain Brack's ship\nThe ship is the Gull.\n"
    )
    assert "harbour closes" not in json.dumps(found.outline)
    assert found.left_out == ("the instructions after the history",)


def test_a_flat_card_of_the_first_version(written):
    """A card of version 1 has neither lorebook nor licence, and that is said."""
    card = {key: DATA[key] for key in ("name", "description", "personality", "scenario", "first_mes", "mes_example")}
    found = written(json.dumps(card).encode(), "old.json")
    assert found.lore == ""
    assert "licence not stated, so ask" in complete(found.outline).origin


def test_a_long_card_is_cut_and_that_is_said(written):
    """What no card prompt or fixed line can hold is left out at the end of a sentence."""
    long = DATA | {"description": "He is old. " * 2000, "first_mes": "Ahoy there! " * 200}
    found = written(json.dumps(V2 | {"data": long}).encode(), "long.json")
    made = complete(found.outline)
    assert made.voice.endswith("He is old. Answer in one or two sentences from the notes only.")
    assert len(made.lines.greeting[0]) <= 300
    assert any("beyond" in left for left in found.left_out)


_WHOLE = write_png_card(V2)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[]",
        b"hello",
        b"\x89PNG\r\n\x1a\n",
        _WHOLE[: len(_WHOLE) // 2],
        write_png_card({"spec": "chara_card_v2", "data": {"name": ""}}),
        write_png_card({"spec": "chara_card_v2", "data": 3}),
        json.dumps(V2 | {"data": DATA | {"alternate_greetings": 3}}).encode(),
        b"\x89PNG\r\n\x1a\n" + chunk(b"tEXt", b"chara\0%%%") + chunk(b"IEND", b""),
        b"\x89PNG\r\n\x1a\n" + chunk(b"zTXt", b"chara\0\0" + zlib.compress(bytes(50 * 2**20))) + chunk(b"IEND", b""),
        b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 2**31) + b"tEXtchara\0",
        b'{"name": ' + b"[" * 100_000,
    ],
)  # fmt: skip
def test_a_damaged_file_is_told(written, data):
    """Damaged, foreign and inflated files end in a sentence with the file's name."""
    with pytest.raises(BadPersona, match=r"card\.png is no character card that can be read: "):
        written(data)


def test_a_huge_or_missing_file_is_told(tmp_path):
    """A file beyond 10 MiB is not read; neither is a folder."""
    with (tmp_path / "huge.png").open("wb") as file:
        file.truncate(11 * 2**20)
    with pytest.raises(BadPersona, match="larger than 10 MiB"):
        read(tmp_path / "huge.png")
    with pytest.raises(BadPersona, match="is no file"):
        read(tmp_path)


@settings(deadline=None, max_examples=50)
@given(
    st.fixed_dictionaries(
        {"name": st.text(min_size=1)},
        optional=dict.fromkeys(
            ["description", "personality", "first_mes", "mes_example", "system_prompt", "creator"],
            st.text("ab .!?\n*(){}:<>\u202e\x1b\"'\\", max_size=400) | st.none() | st.integers(),
        )
        | {
            "alternate_greetings": st.lists(st.text() | st.none()),
            "character_book": st.dictionaries(st.text(), st.integers()),
        },
    )
)
def test_whatever_a_card_says_makes_a_persona_or_a_sentence(tmp_path_factory, data):
    """Any text in any field gives a valid card without control characters, or is refused in a sentence."""
    file = tmp_path_factory.mktemp("cards") / "card.json"
    file.write_text(json.dumps({"spec": "chara_card_v2", "data": data}))
    try:
        card = complete(read(file).outline)
    except BadPersona:
        return
    assert not {"\x1b", "\u202e"} & set(card.model_dump_json())
