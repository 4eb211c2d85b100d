import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from personas.sentence_stream import SentenceStream

# Ends, what only looks like an end, and what stands around both, so that random texts hold many of each.
PARTS = [
    *" .!?…\n\r\"'()*_-1aZ。」", "...", "?!", ". ", "Mr.", "e.g.", "p.m. ", "p.m. Monday", "p.m. UTC", "No. 5", "$7.95",
    "https://a.example/b.html", "U.S.", "\n\n", "1. ", "é", "\U0001f339", "\u2028", "\x1c",
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PARTS) | st.text(max_size=3), max_size=30).map("".join)


def split(*pieces):
    stream = SentenceStream()
    sentences = [sentence for piece in pieces for sentence in stream.feed(piece)]
    return [*sentences, stream.rest()]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Aye. ", "It is $7.95. ", "Be gone!  ", "Why?"],
        ["Ask Mr. Hale or Dr. Fen, e.g. Monday at 1 p.m. today. ", "Good."],
        ["We close at 5 p.m. ", "See ye then."],
        ["Order by 1 p.m. Monday. ", "Or by 3 p.m. EST. ", "Aye."],
        ["Harr... So be it… Off with ye. ", "Now"],
        ["Read https://shop.example/faq.html?q=1. ", "Or www.shop.example. ", "Bye."],
        ["It is 4:30. ", "Room no. 5 on Dec. 24. ", "J. R. Stone says so."],
        ["- Roses\n", "- Lilies\n\n", "1. Pay\n", "2. Wait. ", "3. Go"],
        ['"Go on!" he says. ', '"Now." ', "(So he did.) ", "**Bold.** ", "End"],
        ["Really?! ", "Yes!!! ", "Version 1.2.3 of node.js it is. ", "Ok"],
        ["\n  Leading space stays. ", "Aye."],
        ["花は７日もちます。", "はい。", "どうぞ"],
        [""],
        [" \n "],
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(sentences):
    """Marks inside prices, titles, times, links and numbers end nothing; a mark before a new sentence or line does."""
    assert split("".join(sentences)) == sentences
    assert split(*"".join(sentences)) == sentences


@given(TEXT)
def test_nothing_is_lost_or_added(text):
    """The sentences and the rest are the text, to the last character."""
    assert "".join(split(text)) == text


@given(TEXT, st.lists(st.integers(0, 60)))
def test_it_does_not_matter_how_the_text_is_cut(text, cuts):
    """Whatever the pieces, the same text gives the same sentences."""
    places = [0, *sorted(place for place in cuts if place < len(text)), len(text)]
    pieces = [text[start:end] for start, end in itertools.pairwise(places)]
    assert split(*pieces) == split(text)


@given(TEXT)
def test_each_sentence_holds_words_and_the_space_after_it(text):
    """No sentence is white space alone, and only the first begins with any."""
    sentences = split(text)[:-1]
    assert all(sentence.strip() for sentence in sentences)
    assert all(not sentence[0].isspace() for sentence in split(text)[1:] if sentence)


def test_a_sentence_is_there_as_soon_as_the_next_one_begins():
    """A front end does not wait for the end of the reply."""
    stream = SentenceStream()
    assert stream.feed("Aye, it is $7.95. ") == []
    assert stream.feed("N") == ["Aye, it is $7.95. "]
    assert stream.feed("ow go.") == []
    assert stream.rest() == "Now go."
    assert stream.rest() == ""
