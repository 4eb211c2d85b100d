"""Who passes the gate: a loss beyond chance is refused, a difference within it is not."""

import dataclasses

import pytest
from marked import exam, mark, row

from personas.gate import FEWEST, Gate, allow, decide, refusal, unproved


def test_a_voice_that_keeps_what_the_prompt_keeps_passes():
    """Better passes, and so does a little worse, which chance explains."""
    assert decide(exam(45), exam(30)).passed
    assert decide(exam(45), exam(45)).passed
    assert decide(exam(41), exam(45)).passed


def test_a_loss_of_facts_is_refused():
    """The reason gives both figures, and how many questions there were."""
    gate = decide(exam(40), exam(45))
    assert not gate.passed
    assert not gate.open
    assert gate.reasons == ("It keeps the facts in 40 of 50 answers, the base model with the card prompt in 45.",)


def test_a_loss_of_refusals_is_refused():
    """Questions that the notes do not answer are counted apart from the others."""
    [reason] = decide(exam(45, refused=4), exam(45, refused=10)).reasons
    assert reason.startswith("It says that the notes are silent in 4 of 10 questions")


def test_one_reply_out_of_the_format_is_refused():
    """Nobody's chance: every reply must have the format."""
    ours = exam(45, form=True)
    assert decide(ours, exam(45, form=False)).passed
    ours[3] = dataclasses.replace(ours[3], form=False)
    [reason] = decide(ours, exam(45, form=True)).reasons
    assert reason.startswith("The format is broken in 1 of 60 replies")


def test_a_short_exam_proves_nothing():
    """However good the replies are."""
    ours = [mark(row())] * (FEWEST - 1)
    [reason] = decide(ours, ours).reasons
    assert reason.startswith(f"The exam had {FEWEST - 1} rows")


def test_what_is_allowed_is_open_and_has_not_passed():
    """The reasons stay."""
    gate = decide(exam(40), exam(45), allowed=True)
    assert (gate.passed, gate.open, len(gate.reasons)) == (False, True, 1)


def card(gate, adapter="abc"):
    return {"persona": "bosun", "evaluation": {"adapter": adapter, "gate": gate.as_json(), "rows": 60}}


def test_a_card_says_whether_its_adapter_is_served():
    """Refused alone is what an evaluation refused; what was never evaluated, or holds nonsense, is not."""
    lost = Gate(("It lost facts.",))
    assert refusal(card(lost), "DIR") == "DIR did not pass its evaluation: It lost facts."
    for served in (card(Gate()), card(Gate(("It lost facts.",), allowed=True)), {}, {"evaluation": None}):
        assert refusal(served, "DIR") == ""


@pytest.mark.parametrize("broken", [{}, {"evaluation": 3}, {"evaluation": {"gate": []}}, card(Gate(), "other")])
def test_an_evaluation_of_something_else_proves_nothing(broken):
    """Of other weights, or none at all."""
    assert "has no evaluation" in unproved(broken, "abc", "DIR")


def test_what_passed_or_was_allowed_may_be_installed():
    """What was refused may not, and the reason is said."""
    assert unproved(card(Gate()), "abc", "DIR") == ""
    lost = card(Gate(("It lost facts.",)))
    assert "It lost facts." in unproved(lost, "abc", "DIR")
    allowed = allow(lost, "abc")
    assert unproved(allowed, "abc", "DIR") == ""
    assert allowed["evaluation"]["gate"] == {"passed": False, "reasons": ["It lost facts."], "allowed": True}
    assert allowed["evaluation"]["rows"] == 60
    assert unproved(allow({}, "abc"), "abc", "DIR") == ""
    assert allow({}, "abc")["evaluation"]["gate"]["reasons"] == ["It was never evaluated."]
