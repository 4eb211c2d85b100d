import pytest

from personas.dressing import FOUNDATION, read_plain
from personas.persona import LIBRARY
from personas.rows import read_rows
from personas.voice_classifier import held_out, train_classifier

PLAIN = [row.reply for row in read_plain(FOUNDATION / "rows.jsonl") if row.reply][:900]


@pytest.fixture(scope="module")
def pirate():
    return read_rows(LIBRARY / "grumpy-pirate" / "examples.jsonl")[:300]


@pytest.fixture(scope="module")
def classifier(pirate):
    return train_classifier([row.reply for row in pirate], PLAIN[:800])


def test_a_voice_is_known_on_subjects_never_trained_on(classifier):
    """Nearly all replies of the exam are recognised, and nearly no plain reply is."""
    exam = [row.reply for row in read_rows(LIBRARY / "grumpy-pirate" / "exam.jsonl")]
    assert sum(map(classifier.recognises, exam)) >= 0.9 * len(exam)
    assert sum(map(classifier.recognises, PLAIN[800:])) <= 5


def test_numbers_say_nothing_about_a_voice(classifier):
    """Two replies that differ in their figures alone are as likely in the voice."""
    assert classifier.probability("Arr, that be 120 gold.") == classifier.probability("Arr, that be 897 gold.")


def test_the_same_rows_give_the_same_classifier(classifier, pirate):
    """Trained again, a classifier says exactly the same."""
    again = train_classifier([row.reply for row in pirate], PLAIN[:800])
    assert again.probabilities(PLAIN[:20]) == classifier.probabilities(PLAIN[:20])


def test_held_out_replies_are_scored_in_their_order(pirate):
    """A plain reply among voiced ones is the one that is recognised least."""
    voiced = [row.reply for row in pirate]
    voiced[17] = PLAIN[-1]
    found = held_out(voiced, PLAIN[:800], [row.domain for row in pirate])
    assert len(found) == len(voiced)
    assert found.index(min(found)) == 17


def test_too_few_replies_are_refused(pirate):
    """With fewer than ten replies, or one subject, nothing can be held out."""
    voiced = [row.reply for row in pirate[:20]]
    with pytest.raises(ValueError, match="At least 10"):
        held_out(voiced[:9], PLAIN, ["a", "b", "c"] * 3)
    with pytest.raises(ValueError, match="two subjects"):
        held_out(voiced, PLAIN, ["a"] * 20)
    with pytest.raises(ValueError, match="needs replies"):
        train_classifier([], PLAIN)
