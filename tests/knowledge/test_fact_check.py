import random
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.claims import claims
from knowledge.clauses import sentences
from knowledge.fact_check import check, voice_words
from personas.persona import load, names
from personas.rows import read_rows

DELIVERY = (
    "Delivery: We deliver to Oskerby ($5) and Lower Marsk ($6.50), Monday to Saturday. Order by 1 pm for the same day."
)
HOURS = "The shop is open Tuesday to Thursday from 9 am to 6 pm and Friday from 9 am to 7 pm. We are closed on Mondays."

STAMPS = "Stamp card: The stamp card is free. Ten stamps make one bouquet of yours free."
FEASTS = "Holiday hours: The shop has holiday hours. On Christmas Eve we close at 2 pm."
OIL = "Name: Serpent Oil; Ingredients: 1 Viper Fang + 1 Lamp Oil; Sold at: the stall in Hollowmere"
INSTALL = "Older versions\nYou can tell it the version, and others like it, which it installs:\nVERSION_TAG=4 install"
ORDERS = "Orders for Oskerby: We deliver to Oskerby. Orders are taken at the counter in the mill."


def faults(reply, question, *notes):
    return {
        finding.fault for finding in check(reply, question, notes, frozenset({"arr", "aye", "nay", "bah"})).findings
    }


@pytest.mark.parametrize(
    ("reply", "question", "note"),
    [
        ("Aye, we deliver to Oskerby for $5.", "do you deliver to oskerby", DELIVERY),
        ("Arr, order by 1:00 pm and it comes the same day.", "till when can i order for today", DELIVERY),
        ("Nay, Brackwater ain't on the list, only Oskerby and Lower Marsk.", "do you deliver to Brackwater?", DELIVERY),
        ("We close at 7 pm on Friday.", "when do you close on friday", HOURS),
        ("On Wednesday we are open from 9 am to 6 pm.", "hours on wednesday?", HOURS),
        ("Nay, the shop be closed on Mondays.", "are you open on monday", HOURS),
        ("Aye, we are closed on Mondays.", "are you closed on monday", HOURS),
        ("Aye, the shop has holiday hours. On Christmas Eve we close at 2 pm.", "do you have holiday hours", FEASTS),
    ],
)
def test_a_reply_that_says_what_its_notes_say_passes(reply, question, note):
    """Values, listed and unlisted names, ranges of days, yes and no are accepted where the notes bear them out."""
    assert check(reply, question, [note], frozenset({"arr", "aye", "nay", "bah"})).findings == ()


@pytest.mark.parametrize(
    ("fault", "reply", "question", "note"),
    [
        ("value", "Aye, we deliver to Oskerby for $4.", "do you deliver to oskerby", DELIVERY),
        ("value", "Order by 2 pm for the same day.", "till when can i order", DELIVERY),
        ("value", "See https://evil.example for the delivery list.", "where is the list", DELIVERY),
        ("name", "Arr, we deliver to Oskerby and Penwick.", "where do you deliver", DELIVERY),
        ("name", "Aye, we deliver to Philadelphia.", "do you deliver to Philadelphia", DELIVERY),
        ("echo", "Aye, we deliver to philadelphia.", "do you deliver to philadelphia", DELIVERY),
        ("place", "Oskerby be $6.50.", "how much is delivery to oskerby", DELIVERY),
        ("place", "We close at 6 pm on Friday.", "when do you close on friday", HOURS),
        ("yes-no", "Aye, the shop is open on Mondays.", "are you open on monday", HOURS),
        ("yes-no", "Nay, we do not deliver to Oskerby.", "do you deliver to oskerby", DELIVERY),
        ("missing", "Delivery to Oskerby is a fine voyage.", "how much is delivery to oskerby", DELIVERY),
        (
            "missing",
            "They are 12 long stems.",
            "how much for a dozen red roses",
            "Price list > Dozen Red Roses\nPrice: $72.00 | Details: The Dozen Red Roses are 12 long stems.",
        ),
        ("missing", "We take orders for Oskerby. Arr, file that here.", "where can i order for oskerby", ORDERS),
        ("stray", "Aye, the stamp card is free.", "what do i get when my stamp card is full", STAMPS),
        ("missing", "You can tell it the version.", "which variable do i set for the version", INSTALL),
        ("stray", "Serpent Oil is in the Serpent Oil with a fang.", "where is serpent oil", OIL),
        ("missing", "Aye, we have holiday hours.", "do you have holiday hours", FEASTS),
        ("silent", "We deliver Monday to Saturday.", "what is your e-mail", DELIVERY),
        ("empty", "Arr, quit yer grumbling.", "what do you deliver", DELIVERY),
        ("unit", "You reach level 40 with it.", "what level is it", "The sword has 40 damage and needs level 10."),
    ],
)
def test_a_reply_that_bends_its_notes_is_found(fault, reply, question, note):
    """Each way of saying what the notes do not say has its finding."""
    assert fault in faults(reply, question, note)


def test_a_refusal_is_recognised_as_one():
    """A reply that says that the notes are silent has no findings and is no answer either."""
    outcome = check("Bah, me notes say nothin' about parkin'.", "is there parking", [HOURS])
    assert outcome.declined
    assert not outcome.passed


def test_without_notes_nothing_may_be_claimed():
    """Small talk passes, a number or a name in it does not."""
    words = frozenset({"harr"})
    assert check("Harr, me bones ache.", "how are you", (), words).passed
    assert not check("Harr, I be 90 years old.", "how are you", (), words).passed
    assert not check("Harr, ask Grimbold.", "how are you", (), words).passed


ANYTHING = st.text(max_size=80) | st.lists(
    st.sampled_from(
        ["Aye,", "No.", "Oskerby", "$5", "6 pm", "Friday", "only", "not", "closed?", "\n", "roses", "to", "x"]
    ),
    max_size=12,
).map(" ".join)


@given(reply=ANYTHING, question=ANYTHING, note=ANYTHING)
def test_no_text_breaks_the_check(reply, question, note):
    """Whatever a model, a member or an owner writes, there is a verdict."""
    check(reply, question, [note], frozenset({"aye", "roses"}))


def rows():
    for name in names():
        speaker = load(name)
        form = speaker.card.format

        def said(row, form=form):
            return form.words(row.reply) if form else row.reply

        words = voice_words((said(row), row.source) for row in read_rows(speaker.folder / "examples.jsonl"))
        for row in read_rows(speaker.folder / "exam.jsonl"):
            yield row.question, said(row), row.notes, words


def test_a_changed_number_is_found_in_every_reply_of_the_shipped_exams():
    """Whatever the voice, a number that is not in the notes never passes."""
    rng = random.Random(1)
    changed = 0
    for question, reply, notes, words in rows():
        held = {claim.value for note in (*notes, question) for claim in claims(note)}
        for claim in claims(reply):
            if claim.kind != "number" or not (old := re.search(r"\d+", claim.shown)):
                continue
            new = next(str(n) for n in iter(lambda: rng.randint(11, 9999), None) if str(n) not in held)
            at = claim.start + old.start()
            wrong = reply[:at] + new + reply[at + len(old[0]) :]
            assert not check(wrong, question, notes, words).passed, wrong
            changed += 1
    assert changed > 100


def test_an_invented_name_is_found_in_every_reply_of_the_shipped_exams():
    """A name put at the end of a reply never passes."""
    for question, reply, notes, words in rows():
        wrong = f"{reply.rstrip('.!?')} near Quorvale."
        assert not check(wrong, question, notes, words).passed, wrong


def test_what_a_growing_reply_is_spoilt_by_lasts():
    """A reply with a spoilt beginning never passes; of those that pass, most may be shown from their first sentence."""
    rng = random.Random(2)
    spoilt, shown, passed = 0, 0, 0
    for question, reply, notes, words in rows():
        for text in (reply, f"{rng.choice(['It is $77.', 'Ask Quorvale.', 'It is free.'])} {reply}"):
            whole = check(text, question, notes, words)
            starts = [start for start, _ in sentences(text)][1:]
            for beginning in (check(text[:start].rstrip(), question, notes, words) for start in starts):
                spoilt += beginning.spoilt
                assert not (beginning.spoilt and (beginning.stands or whole.passed)), text
                passed += whole.passed
                shown += whole.passed and beginning.stands
    assert spoilt > 300
    assert shown > 0.8 * passed > 0
