"""The forms of replies: what is written holds, what is held is the words, and nothing else passes."""

import json

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from personas.dressing import FOUNDATION, read_plain
from personas.persona import load, names
from personas.reply_format import Format

FORMED = [name for name in names() if load(name).card.format]
CLERK, HERALD, LIBRARIAN = (load(name).card.format for name in ("clerk", "herald", "old-librarian"))
FORMS = [CLERK, HERALD, LIBRARIAN]
WORD = st.from_regex(r"[^\W_]{1,9}(?:['.,:/-][^\W_]{1,4})?", fullmatch=True) | st.sampled_from(
    ["The", "a.m.", "St.", "Dr.", "J.", "U.S.", "e.g.", "No.", "5", "$7.95", "1.", "Wait...", "Really?!", "10%"]
)
MARKED = st.tuples(
    WORD, st.sampled_from(["{}"] * 8 + ["{}.", "{}!", "{}?", "{},", "{}:", "({})", '"{}"', '"{}."', '"{}'])
).map(lambda pair: pair[1].format(pair[0]))
TEXT = st.lists(MARKED, min_size=1, max_size=14).map(" ".join)
PLAIN = [row for row in read_plain(FOUNDATION / "exam.jsonl") if row.reply]


def in_sentences(form, text):
    """Return how many parts a form writes a text in."""
    return form.render(text, 1, "answered").count("[1]" if form is LIBRARIAN else "\n- ") + (form is HERALD)


def test_three_personas_have_a_form():
    """JSON by a schema, and two patterns."""
    assert FORMED == ["clerk", "herald", "old-librarian"]


@pytest.mark.parametrize("form", FORMS, ids=FORMED)
@settings(max_examples=60, deadline=None)
@given(text=TEXT, note=st.integers(1, 9), told=st.booleans())
@example(
    text="Ask Dr. J. Smith on St. Mary's Road, e.g. at 9 a.m. Monday. It costs $7.95. Bring No. 5!", note=2, told=True
)
@example(text='He said "now." Then it closed.', note=1, told=True)
@example(text="1. Go to the gate. 2. Ring.", note=1, told=True)
@example(text="- item", note=1, told=True)
def test_what_is_written_holds_and_its_words_come_back(form, text, note, told):
    """Any words on a note, or on none, are in the form and stand in it as they were."""
    assume(in_sentences(form, text) <= 4)
    number, status = (note, "answered") if told else (None, "chat")
    reply = form.render(text, number, status)
    assert form.holds(reply, note)
    assert form.words(reply) == text
    assert form.claims(reply) in ({told, None} if form is HERALD else {told})


@pytest.mark.parametrize("form", [CLERK, LIBRARIAN], ids=["clerk", "old-librarian"])
@settings(max_examples=30, deadline=None)
@given(text=TEXT, note=st.integers(1, 9), notes=st.integers(0, 9))
def test_only_notes_that_there_are_may_be_cited(form, text, note, notes):
    """A number above that of the notes is no citation."""
    assume(in_sentences(form, text) <= 4)
    assert form.holds(form.render(text, note, "answered"), notes) == (note <= notes)


@pytest.mark.parametrize("name", FORMED)
def test_the_plain_exam_can_be_written_in_the_form(name):
    """Every plain reply holds, and its words come back."""
    form = load(name).card.format
    replies = [(row.reply, form.render(row.reply, row.note, "answered")) for row in PLAIN]
    assert [reply for _, reply in replies if not form.holds(reply, 9)] == []
    assert [reply for text, reply in replies if form.words(reply) != " ".join(text.split())] == []


@pytest.mark.parametrize("name", FORMED)
def test_each_line_of_the_card_has_the_form(name):
    """Greetings, refusals, errors and all other fixed lines hold without a note, and claim none."""
    card = load(name).card
    lines = [line for some in card.lines.model_dump().values() for line in some]
    said = [*lines, *card.style.small_talk]
    assert [line for line in said if not card.format.holds(line, 0)] == []
    assert [line for line in said if card.format.claims(line)] == []


@pytest.mark.parametrize("form", FORMS, ids=FORMED)
@settings(max_examples=60, deadline=None)
@given(paragraphs=st.lists(st.lists(WORD, min_size=1, max_size=40).map(" ".join), min_size=1, max_size=8))
def test_a_long_passage_is_shortened_until_it_holds(form, paragraphs):
    """As much as there is room for is written, word for word from its beginning; a cut is marked."""
    passage = "\n".join(paragraphs)
    reply = form.fit(passage, 1)
    assert form.holds(reply, 1)
    kept = " ".join(form.words(reply).removesuffix(" …").split())
    assert " ".join(passage.split()).startswith(kept)
    assert kept


@pytest.mark.parametrize(
    ("form", "reply"),
    [
        (CLERK, ""),
        (CLERK, "Yes."),
        (CLERK, '{"status": "answered", "answer": "Yes.", "note": 1'),
        (CLERK, '{"status": "answered", "answer": "Yes."}'),
        (CLERK, '{"status": "sure", "answer": "Yes.", "note": 1}'),
        (CLERK, '{"status": "answered", "answer": "Yes.", "note": 1, "more": 2}'),
        (CLERK, '{"status": "answered", "answer": "", "note": 1}'),
        (CLERK, json.dumps({"status": "answered", "answer": "a" * 301, "note": 1})),
        (CLERK, "[]"),
        (HERALD, "Yes."),
        (HERALD, "- Yes.\nNo bullet."),
        (HERALD, "- Yes.\n\n- No."),
        (HERALD, "- Yes.\n" * 9),
        (LIBRARIAN, ""),
        (LIBRARIAN, "Yes. [1] It opens."),
        (LIBRARIAN, "Yes. It opens. [1]"),
        (LIBRARIAN, "Yes. [1] "),
        (LIBRARIAN, "[1]"),
        (LIBRARIAN, "Yes [n]."),
        (LIBRARIAN, "Yes. [10]"),
        (LIBRARIAN, "Yes.\nIt opens. [1]"),
    ],
)
def test_what_has_not_the_form_does_not_hold(form, reply):
    """Cut, bare, too long, with something more or without a citation."""
    assert not form.holds(reply, 9)


@pytest.mark.parametrize(
    "faulty",
    [
        {},
        {"pattern": "a", "schema": {"type": "object"}},
        {"pattern": "a("},
        {"schema": {"type": "object"}, "whole": "{text}", "spoken": "answer"},
        {"schema": {"type": "object"}, "whole": '{"answer": {note}}', "spoken": "answer"},
        {"schema": {"type": "object"}, "whole": '{"answer": {text}', "spoken": "answer"},
        {"schema": {"type": "object"}, "whole": '{"reply": {text}}', "spoken": "answer"},
        {"schema": {"type": 7}, "whole": '{"answer": {text}}', "spoken": "answer"},
    ],
)
def test_a_faulty_table_is_refused(faulty):
    """Neither, both, no regular expression, no JSON object, or words in another place than it says."""
    with pytest.raises(ValidationError):
        Format.model_validate(faulty)
