import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.query_rewriting import MOST, depends, questions, standalone


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ("when are you open? do you have parking?", ["when are you open?", "do you have parking?"]),
        ("do you sell kites and where are you", ["do you sell kites", "where are you"]),
        (
            "do you ship to Norway, and how much is it?",
            ["do you ship to Norway", "do you ship to Norway? how much is it?"],
        ),
        (
            "hi! i have a dog. can i bring him? and is there a beach",
            ["i have a dog. can i bring him?", "is there a beach"],
        ),
    ],
)
def test_a_message_that_asks_twice_is_two_questions(message: str, found: list[str]) -> None:
    """Each question stands for itself: what it refers to is put before it."""
    assert questions(message) == found


@pytest.mark.parametrize(
    "message",
    [
        "what time do you open and close",
        "can I pay with card and cash?",
        "my order 12 has not come and the tracking page is empty",
        "parking",
    ],
)
def test_a_message_that_asks_once_is_left_as_it_is(message: str) -> None:
    """Things that are joined by "and" are no second question, nor is a story."""
    assert questions(message) == [message]


@pytest.mark.parametrize(
    ("before", "message", "asked"),
    [
        ("are you open on Saturday?", "and on Sundays?", "are you open on Sundays?"),
        ("do you deliver to Ashby?", "and to Corfe", "do you deliver to Corfe?"),
        ("how much is the small kite?", "what about the large one?", "how much is the small kite? the large one?"),
        ("how much is the small kite?", "how long does it last", "how much is the small kite? how long does it last"),
    ],
)
def test_a_follow_up_is_asked_with_what_came_before(before: str, message: str, asked: str) -> None:
    """A day or a place takes the other's place in the question; else the earlier question stands before the new."""
    assert standalone(message, ["do you sell kites", before]) == asked


@pytest.mark.parametrize(
    "message", ["is there parking", "how long does shipping take", "do you ship abroad", "thanks!"]
)
def test_a_question_with_a_subject_of_its_own_is_left_alone(message: str) -> None:
    """It is not mixed with what the member asked before."""
    assert not depends(message)
    assert standalone(message, ["how much is the small kite?"]) == message


def test_nothing_is_asked_with_a_greeting() -> None:
    """A greeting before is no question that could be meant."""
    assert standalone("is it open on Monday?", ["hello there"]) == "is it open on Monday?"


@given(message=st.text(max_size=200), before=st.text(max_size=80))
def test_any_message_can_be_taken_apart(message: str, before: str) -> None:
    """Nothing raises; there is a question for each message that is not empty, and never more than the limit."""
    found = questions(message)
    assert bool(found) == bool(message.strip())
    assert len(found) <= MOST
    assert (
        standalone(message, [before])[-1:] == message.strip()[-1:]
        or depends(message)
        or standalone(message, [before]) == message
    )
