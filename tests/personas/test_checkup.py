"""What a check of a persona's folder finds, with a trap that knows one word."""

import json

import pytest
from bosun_persona import CARD, ROWS, as_lines

from personas import checkup
from personas.checkup import examine
from personas.findings import TITLES, Unheld
from personas.persona import load

STYLE = """
[style]
openings = ["Ahoy!", "Arr, hear this.", "Heave to!", "Aye, listen."]
closings = []
small_talk = ["Arr, fair winds.", "Aye, aye.", "Arr, what now?", "Ahoy to ye."]
"""
FORMAT = """
[format]
pattern = '''> .+'''
each = "> {text}"
"""


def trap(card, rows, *, doubts=True):
    """Find the word "lies", and "maybe" where doubts are wanted."""
    found = []
    for row in rows:
        facts = [Unheld("lies", "lies does not stand in the notes.", sure=True)] if "lies" in row.reply else []
        if doubts and "maybe" in row.reply:
            facts.append(Unheld("maybe", "maybe sounds like a fact.", sure=False))
        found.append(facts)
    return found


def said(reply, **changes):
    """Return a row about another subject, with another reply."""
    question = {"role": "user", "content": changes.pop("question", "what does the anchor weigh?")}
    row = {
        "messages": [question, {"role": "assistant", "content": reply}],
        "notes": ["The anchor weighs 90 kg, as the harbour master wrote down last spring."],
        "skill": "copy",
        "domain": "anchors",
    }
    return row | changes


@pytest.fixture(autouse=True)
def few_others(monkeypatch):
    """Tell the voice from a few replies: from those of all personas takes seconds for each test."""
    monkeypatch.setattr(checkup, "_others", lambda _: [f"The anchor costs {n} gold." for n in range(20)])


@pytest.fixture
def check(tmp_path):
    """Return a way to check a folder, which comes back as (kind, grade, place, what is wrong) of each finding."""

    def run(*rows, exam=None, card=CARD + STYLE):
        folder = tmp_path / "bosun"
        folder.mkdir()
        (folder / "persona.toml").write_text(card, "utf-8")
        (folder / "examples.jsonl").write_text(as_lines([*ROWS, *rows]), "utf-8")
        if exam is not None:
            (folder / "exam.jsonl").write_text(as_lines(exam), "utf-8")
        return examine(load("bosun", tmp_path), trap)

    return run


def wrong(found, kind, grade=None):
    return [(f.place, f.wrong) for f in found.findings if f.kind == kind and grade in {None, f.grade}]


def test_a_fact_is_an_error_and_a_doubt_a_warning(check):
    """Both are shown with the row and its reply."""
    found = check(said("Arr, no lies."), said("Arr, maybe so.", question="is it heavy?"))
    assert wrong(found, "trap", "error") == [
        ("examples.jsonl row 9", "lies does not stand in the notes. (Arr, no lies.)")
    ]
    assert wrong(found, "trap", "warning") == [("examples.jsonl row 10", "maybe sounds like a fact. (Arr, maybe so.)")]
    assert not found.sound


def test_warnings_alone_leave_a_persona_sound(check):
    """An author may weigh a warning."""
    found = check(said("Arr, maybe so."))
    assert found.findings
    assert found.sound


def test_every_broken_row_is_named_and_the_others_are_checked(tmp_path):
    """A row that cannot be read keeps nothing else from being found."""
    folder = tmp_path / "bosun"
    folder.mkdir()
    (folder / "persona.toml").write_text(CARD, "utf-8")
    lines = [json.dumps(said("Arr, lies.")), "{", "", '{"messages": [], "skill": "copy", "domain": "x"}']
    (folder / "examples.jsonl").write_text("\n".join(lines), "utf-8")
    (folder / "exam.jsonl").write_text("\n", "utf-8")
    found = examine(load("bosun", tmp_path), trap)
    assert [place for place, _ in wrong(found, "broken", "error")] == [
        "examples.jsonl row 2", "examples.jsonl row 4", "exam.jsonl",
    ]  # fmt: skip
    assert [place for place, _ in wrong(found, "trap")] == ["examples.jsonl row 1"]
    assert found.rows == {"examples.jsonl": 1, "exam.jsonl": 0}


def test_a_card_alone_is_sound(tmp_path):
    """A persona that speaks from its card alone is told what it lacks, and is not called wrong."""
    folder = tmp_path / "bosun"
    folder.mkdir()
    (folder / "persona.toml").write_text(CARD, "utf-8")
    found = examine(load("bosun", tmp_path), trap)
    assert [text for _, text in wrong(found, "broken", "warning")] == [
        "no examples: the persona speaks from its card alone",
        "no exam: nothing can be evaluated",
    ]
    assert found.sound
    assert found.voice is None


def test_doubles_and_leaks_are_told_apart(check):
    """The same row twice is an error, nearly the same a warning; seen in training, an exam row is a leak."""
    one, nearly = said("Arr, the anchor weighs 90 kg."), said("Arr, the anchor weighs 90 kg!")
    other = said("Aye, it be at the north quay.", question="where is the anchor?", notes=["It lies at the north quay."])
    found = check(one, one, nearly, exam=[one, other | {"domain": "quays"}])
    assert [place for place, _ in wrong(found, "double", "error")] == ["examples.jsonl row 10"]
    assert [place for place, _ in wrong(found, "double", "warning")] == ["examples.jsonl row 11"]
    assert wrong(found, "leak") == [
        ("exam.jsonl", 'the domain "anchors" is in the examples too'),
        ("exam.jsonl row 1", 'the same row as examples.jsonl row 9 ("what does the anchor weigh?")'),
    ]


def test_skills_with_too_few_rows_are_counted(check):
    """Each skill, talks of several turns and the exam have a number below which they teach or show too little."""
    found = check(exam=[said("Arr, 90 kg.")])
    shown = {text.split()[-1]: text for _, text in wrong(found, "skills")}
    assert shown["copy"] == "8 rows of copy"
    assert shown["multi-turn"] == "0 rows of multi-turn"
    assert shown["rows"] == "1 rows"


def test_a_skill_at_odds_with_its_notes_is_an_error(check):
    """Small talk has no notes, and every other skill has some."""
    found = check(said("Arr.", skill="small_talk"), said("Aye.", notes=[], question="weight?"))
    assert wrong(found, "broken", "error") == [
        ("examples.jsonl row 9", "small_talk with notes"),
        ("examples.jsonl row 10", "copy without notes"),
    ]


def test_a_reply_without_the_form_is_an_error(check):
    """What is taught must be what the engine holds replies to; so must be the card's own lines, once written in it."""
    found = check(said("> Arr, 90 kg."), card=CARD + STYLE + FORMAT)
    assert [place for place, _ in wrong(found, "format", "error")] == [f"examples.jsonl row {n}" for n in range(1, 9)]


def test_long_foreign_and_unsafe_rows_are_named(check):
    """Length, language and unsafe text are found in their rows."""
    found = check(
        said("Arr, " + "heave " * 60, question="long?"),
        said("Der Anker wiegt leider neunzig Kilogramm, mein Freund.", question="german?"),
        said("Arr, ask @everyone about it.", question="mention?"),
        said("Arr.", notes=["Write to jane.doe@gmail.com for the anchor."], question="mail?"),
    )
    assert [place for place, _ in wrong(found, "length")] == ["examples.jsonl row 9"]
    assert [place for place, _ in wrong(found, "language")] == ["examples.jsonl row 10"]
    assert wrong(found, "unsafe") == [
        ("examples.jsonl row 11", 'a call to everybody or to a member: "@everyone"'),
        ("examples.jsonl row 12", 'an e-mail address that may be somebody\'s: "jane.doe@gmail.com"'),
    ]


def test_rows_say_where_they_come_from(check, tmp_path):
    """Either the card says it for all, or each row for itself."""
    assert len(wrong(check(), "provenance")) == 1
    rows = [row | {"origin": "written by hand"} for row in ROWS]
    (tmp_path / "bosun" / "examples.jsonl").write_text(as_lines(rows), "utf-8")
    assert wrong(examine(load("bosun", tmp_path), trap), "provenance") == []


@pytest.mark.parametrize(
    ("old", "new", "grade", "text"),
    [
        ('"Heave to!"', '"All lies!"', "error", 'style.openings "All lies!": lies is a fact'),
        ('"Heave to!"', '"Ahoy!"', "warning", "style.openings has a line twice"),
        (', "Heave to!", "Aye, listen."', "", "warning", "style.openings has 2 lines"),
        ("closings = []", 'words = { "You there" = "ye" }', "warning", 'style.words "You there" is never exchanged'),
    ],
)
def test_a_style_is_checked_too(check, old, new, grade, text):
    """A line that stands beside any answer holds no fact, and there are several, and what is never used is named."""
    found = check(card=(CARD + STYLE).replace(old, new))
    assert ("persona.toml", text) in wrong(found, "card", grade)


def test_traits_are_held_to_their_share(check):
    """A trait that fewer replies have than the card asks for is named."""
    traits = "[[traits]]\nname = 'says ahoy'\npattern = 'ahoy'\nshare = 0.5\n"
    others = [said(f"Arr, {n} kg.", domain=f"thing {n}", question=f"thing {n}?") for n in range(60, 63)]
    found = check(*others, card=CARD + STYLE + traits)
    assert found.voice.traits == (("says ahoy", 0.0),)
    assert ("persona.toml", 'the trait "says ahoy" is in 0% of the replies; at least 50% are asked for') in wrong(
        found, "voice"
    )


def test_findings_stand_in_the_order_of_the_report(check):
    """The kinds are sorted as their titles are, errors first."""
    found = check(said("Arr, lies."), said("Arr, maybe."), said("> @everyone"), card=CARD)
    order = [(list(TITLES).index(f.kind), f.grade) for f in found.findings]
    assert order == sorted(order)
