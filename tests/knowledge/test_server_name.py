"""Questions without the name of their server."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.server_name import without_name


@pytest.mark.parametrize(
    ("question", "left"),
    [
        ("does Mossbank Books ship abroad?", "do you ship abroad?"),
        ("is mossbank books open on Monday", "are you open on Monday"),
        ("what are Mossbank Books' hours?", "what are your hours?"),
        ("can I order from the Mossbank Books shop?", "can I order?"),
        ("mossbank books opening hours", "books opening hours"),
        ("does Mossbank Books deliver", "do you deliver"),
        ("what is Mossbank Books?", "what is Mossbank Books?"),
        ("who is the mayor of Mossbank?", "who is the mayor of Mossbank?"),
    ],
)
@pytest.mark.parametrize("name", ["Mossbank Books", "\U0001f4da Mossbank Books | Official", "mossbank-books"])
def test_the_servers_name_is_left_out(question: str, left: str, name: str) -> None:
    """The name, however it is written, gives way to "you" or to nothing, unless nothing else is asked."""
    assert without_name(question, name) == left


@pytest.mark.parametrize("written", ["Petal & Stem", "petal and stem", "PETAL N STEM", "petal-stem", "petalstem"])
def test_two_ordinary_words_together_are_a_name(written: str) -> None:
    """A name of ordinary words is known by all of them in their order, and one of them alone is no name."""
    assert without_name(f"what roses does {written} have?", "petal-and-stem") == "what roses do you have?"
    assert without_name("does the stem keep a petal?", "petal-and-stem") == "does the stem keep a petal?"


@pytest.mark.parametrize("name", ["Rust", "1234567890", "", "The Server", "\U0001f338", "ab"])
def test_some_names_tell_nothing(name: str) -> None:
    """An ordinary word, an id and an empty name leave a question as it is."""
    question = "how do I get rust off the server 1234567890 ab?"
    assert without_name(question, name) == question


@given(question=st.text(max_size=60), name=st.text(max_size=30))
def test_any_name_is_safe(question: str, name: str) -> None:
    """No name and no question raises, and a question that asked something still does."""
    assert bool(without_name(question, name).strip()) == bool(question.strip())
