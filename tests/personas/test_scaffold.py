import json
import resource
import tomllib
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from personas.card_file import as_toml
from personas.dressing import PlainRow
from personas.persona import BadPersona, Card, CardLines, Style, load, names
from personas.rows import read_rows
from personas.scaffold import check_name, complete, create, spread

ROBOT = {"title": "Robot", "description": "A robot.", "voice": "You are a robot.",
         "style": {"openings": ["Beep boop.", "Bzzt:"], "closings": ["Beep."], "yes": ["Affirmative"]}}  # fmt: skip


def plain(n, skill="copy", reply="It costs 12 gold."):
    talk = skill == "small_talk"
    notes, source = ((), {}) if talk else ((f"Rope {n}: 12 gold.",), {"from": 1})
    said = "" if talk else reply
    return PlainRow(domain="harbour", skill=skill, notes=notes, question=f"rope {n}?", reply=said, **source)


@pytest.fixture
def foundation(tmp_path):
    """Return a small foundation's folder."""
    folder = tmp_path / "foundation"
    folder.mkdir()
    rows = [plain(n) for n in range(30)] + [plain(n, "small_talk") for n in range(3)]
    rows += [plain(n, "yes_no", "Yes, for 12 gold.") for n in range(30)]
    for file, some in (("rows", rows), ("exam", rows[:5])):
        (folder / f"{file}.jsonl").write_text("".join(row.model_dump_json(by_alias=True) + "\n" for row in some))
    return folder


LINE = st.text(st.characters(codec="utf-8"), min_size=1, max_size=30).filter(str.strip)
LINES = st.lists(LINE, min_size=1, max_size=4)


@settings(deadline=None, max_examples=50)
@given(
    st.builds(
        Card,
        title=LINE,
        description=LINE,
        voice=LINE,
        origin=LINE,
        lines=st.builds(CardLines, **dict.fromkeys(CardLines.model_fields, LINES)),
        style=st.builds(
            Style, openings=st.lists(LINE), bare=st.floats(0, 1), yes=LINES, words=st.dictionaries(LINE, LINE)
        ),
        traits=st.lists(
            st.fixed_dictionaries({"name": LINE, "pattern": st.just(r"\b(?:a'|b)\d"), "share": st.floats(0, 1)})
        ),
    )
)
def test_a_card_reads_as_it_was_written(card):
    """Whatever its words, a card in TOML is the same card again."""
    assert Card.model_validate(tomllib.loads(as_toml(card))) == card


@pytest.mark.parametrize("name", names())
def test_a_shipped_card_reads_as_it_was_written(name):
    """The same holds for formats with schemas and patterns."""
    card = load(name).card
    again = Card.model_validate(tomllib.loads(as_toml(card)))
    assert (again.format, again.traits, again.lines) == (card.format, card.traits, card.lines)


def test_every_key_has_a_comment():
    """A new card explains each of its keys to its author."""
    lines = as_toml(complete(ROBOT, "json")).splitlines()
    for key in ("title", "voice", "language", "origin", "greeting", "error", "openings", "bare", "words", "small_talk",
                "[lines]", "[style]", "[[traits]]", "[format]"):  # fmt: skip
        [at] = [n for n, line in enumerate(lines) if line.partition(" ")[0] == key]
        assert lines[at - 1].startswith("# ") or key == "description"


@pytest.mark.parametrize("shape", [None, "bullets", "citations", "json"])
def test_a_few_lines_make_a_persona_in_any_form(tmp_path, foundation, shape):
    """Every fixed line and every reply is in the persona's form, and the same seed writes the same."""
    card = complete(ROBOT, shape)
    first, again = (
        create("robot", card, tmp_path / home, rows=20, seed=3, foundation=foundation) for home in ("a", "b")
    )
    assert {path.name for path in first.folder.iterdir()} == {"persona.toml", "examples.jsonl", "exam.jsonl"}
    for path in first.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes()
    rows, exam = (read_rows(first.folder / file) for file in ("examples.jsonl", "exam.jsonl"))
    assert (len(rows), len(exam)) == (20, 5)
    assert first.card == card
    if shape:
        spoken = [line for some in card.lines.model_dump().values() for line in some]
        assert all(card.format.holds(words, 1) for words in [*spoken, *(row.reply for row in (*rows, *exam))])
    else:
        assert any(row.reply.startswith(("Beep boop. Affirmative, for", "Bzzt: Affirmative, for")) for row in rows)


def test_rows_are_spread_over_the_skills():
    """Each skill has as many rows as another, as far as it has them, and none comes twice."""
    rows = [plain(n) for n in range(30)] + [plain(n, "small_talk") for n in range(3)]
    chosen = spread(rows, 10, seed=1)
    assert Counter(row.skill for row in chosen) == {"copy": 7, "small_talk": 3}
    assert len({row.question + row.skill for row in chosen}) == 10
    assert len(spread(rows, 1000, seed=1)) == 33
    assert spread(rows, 10, seed=1) == chosen != spread(rows, 10, seed=2)


def test_every_fault_of_an_outline_is_told():
    """What is missing, too long or of another type is listed in one sentence."""
    with pytest.raises(BadPersona) as raised:
        complete({"title": "x" * 301, "voice": "You are.", "lines": "Hello", "tone": "gruff"})
    assert all(f"{key}: " in str(raised.value) for key in ("title", "description", "lines", "tone"))
    with pytest.raises(BadPersona, match=r"openings: "):
        complete(ROBOT | {"style": {"openings": "Beep."}})


def test_a_line_that_cannot_take_the_form_is_told():
    """A line that is longer than a line of the form may be is named, with what to do."""
    long = "beep " * 55
    with pytest.raises(BadPersona, match=rf"{long.strip()}.*short sentences"):
        complete(ROBOT | {"lines": {"error": [long]}}, "bullets")


@pytest.mark.parametrize("name", ["", "Robot", "a b", "../x", ".x", "-x", "x-", "x" * 33, "rob\n", "caf\u00e9"])
def test_a_bad_name_is_refused(tmp_path, name):
    """A name that could not be a folder's everywhere is refused with an example."""
    with pytest.raises(BadPersona, match="such as night-librarian"):
        check_name(name, [tmp_path])


def test_a_taken_name_is_refused(tmp_path, write_persona):
    """A name that any library has is refused."""
    write_persona(tmp_path / "shipped", "amy")
    with pytest.raises(BadPersona, match="already"):
        check_name("amy", [tmp_path / "shipped", tmp_path / "own"])
    check_name("ben", [tmp_path / "shipped", tmp_path / "own"])


def test_nothing_half_written_stays(tmp_path, foundation):
    """A folder that cannot be written is told; what a cut off run has left is no persona and is replaced."""
    card = complete(ROBOT)
    (tmp_path / "file").write_text("")
    with pytest.raises(BadPersona, match="cannot be written"):
        create("robot", card, tmp_path / "file", rows=5, foundation=foundation)
    library = tmp_path / "library"
    with pytest.raises(BadPersona, match="cannot be written"):
        create("robot", card, library, rows=5, foundation=foundation, beside={"no/such": "folder"})
    assert list(library.iterdir()) == []
    (library / ".robot.new").mkdir()
    (library / ".robot.new" / "persona.toml").write_text("cut")
    assert names(library) == []
    create("robot", card, library, rows=5, foundation=foundation)
    assert [path.name for path in library.iterdir()] == ["robot"]
    assert json.loads((library / "robot" / "exam.jsonl").read_text().splitlines()[0])["domain"] == "harbour"


def test_a_full_disk_leaves_nothing_behind(tmp_path, foundation):
    """Where a file cannot be written to its end, a sentence says so and nothing of the folder is left."""
    card = complete(ROBOT)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(BadPersona, match=r"cannot be written \(File too large\)"):
            create("robot", card, tmp_path / "library", rows=60, foundation=foundation)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list((tmp_path / "library").iterdir()) == []
