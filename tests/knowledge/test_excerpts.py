"""The part of a passage that a question is about, and the paragraphs that it is cut from."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.excerpts import excerpt
from knowledge.store import Passage
from knowledge.wrapped_lines import unwrapped

WRAPPED = (
    "The scroll of Word of Recall takes you back to the deepest level that you\n"
    "have been on, and back to town where it is read in the dungeon. It\n"
    "takes a while to act."
)


def passage(text, section="Rules"):
    return Passage("rules.md", section, None, text)


def nearest(shown, sentence):
    """Return cosines of which one sentence has the highest."""
    return [0.8 if sentence in view and view != shown.searchable else 0.2 for view in shown.views]


def test_the_sentence_that_is_nearest_is_kept_and_the_others_go():
    """What stands beside the answer cannot be taken for it."""
    shown = passage("Rules\nThe pool opens at nine. Dogs stay outside. Bring a towel. Lockers cost 2 EUR.")
    assert excerpt(shown, nearest(shown, "Dogs"), "may my terrier swim").text == "Rules\nDogs stay outside."


def test_shared_words_choose_where_no_model_has_read_the_passage():
    """The rarer a word within the passage, the more it tells."""
    shown = passage("Rules\nThe pool opens at nine. The pool is for dogs too. Bring a towel. Lockers cost 2 EUR.")
    assert excerpt(shown, (), "what do lockers at the pool cost").text == "Rules\nLockers cost 2 EUR."


def test_a_sentence_that_leans_on_the_one_before_brings_it_along():
    """A sentence with "it" says nothing without what it stands for."""
    shown = passage("Rules\nThe pool opens at nine. A sauna pass is sold here. It costs 5 EUR. Bring a towel. Be nice.")
    assert (
        excerpt(shown, nearest(shown, "It costs"), "how much").text
        == "Rules\nA sauna pass is sold here. It costs 5 EUR."
    )


def test_a_list_stays_whole_with_the_line_that_announces_it():
    """Half a list would answer "is X on it?" wrongly."""
    listed = "We ship to:\n- Norway\n- Chile\n- Japan"
    shown = passage(f"Shipping\nParcels leave on Mondays. We pack well.\n{listed}\nCustoms are yours.", "Shipping")
    assert excerpt(shown, nearest(shown, "Chile"), "do you send to santiago").text == f"Shipping\n{listed}"


def test_the_answers_are_what_fits_best_and_not_all_that_is_kept():
    """A voice reads more than the sentence that it has to restate."""
    shown = passage("Rules\nThe pool opens at nine. Dogs stay outside. Lockers cost 2 EUR. It is loud.")
    found = excerpt(shown, nearest(shown, "Lockers"), "when does the pool open")
    assert found.answers == {"The pool opens at nine."}
    assert "Lockers" in found.text


def test_one_item_of_a_short_list_answers_with_all_of_it():
    """Who names Chile may name Norway beside it."""
    shown = passage("Shipping\nParcels leave on Mondays. We pack well.\nWe ship to:\n- Norway\n- Chile", "Shipping")
    assert excerpt(shown, nearest(shown, "Chile"), "santiago").answers == {"We ship to:", "- Norway", "- Chile"}


def test_steps_are_instructions_where_it_is_asked_how_to():
    """A passage that tells several things is passed on whole to who asks how; another question may be voiced."""
    shown = passage("Tents\nUnroll the sheet. Peg its corners. Raise the pole. Tie the ropes.", "Tents")
    assert excerpt(shown, (), "how do i put up a tent").instructions
    assert not excerpt(shown, (), "what do i peg").instructions
    assert excerpt(shown, (), "how do i raise the pole").shortest == "Raise the pole.\nTie the ropes."
    one = passage("Tents\n- Unroll the sheet, then peg its corners", "Tents")
    assert excerpt(one, (), "how do i put up a tent").instructions


def test_items_that_name_their_value_stand_alone():
    """A quest's reward is told without its level and giver."""
    shown = passage("Wolves\n- Giver: Farmer Joss\n- Level: 5\n- Reward: 95 gold\n- Task: kill 8 wolves", "Wolves")
    assert excerpt(shown, (), "reward for the wolves").text == "Wolves\n- Reward: 95 gold"


def test_a_command_stays_with_the_sentence_that_announces_it():
    """An announcement is no answer without what it announces."""
    code = "To see the logs on Linux run:\n\n```\njournalctl -u game\n```"
    shown = passage(f"Logs\nLogs may help. Attach them to a report. They are private.\n{code}", "Logs")
    found = excerpt(shown, nearest(shown, "To see"), "logs on linux")
    assert found.instructions
    assert "journalctl" in found.shortest


@given(st.text("ab .:\n-|1", max_size=80), st.text("ab ", max_size=10))
def test_an_excerpt_invents_nothing(body, question):
    """Each of its lines, and each word, stands in the passage."""
    shown = passage(f"Rules\n{body}")
    found = excerpt(shown, [0.5] * len(shown.views), question)
    words = f"{found.text} {found.shortest}".split()
    assert set(words) <= set(shown.searchable.split())


def test_a_wrapped_paragraph_becomes_one_line():
    """The end of a line that an editor made is a space."""
    assert unwrapped(f"# Scrolls\n\n{WRAPPED}\n") == f"# Scrolls\n\n{WRAPPED.replace(chr(10), ' ')}\n"


@pytest.mark.parametrize(
    "text",
    [
        "12 Quay Street\nSaltwick\nOpen daily",
        "Monday to Friday we are here from nine in the morning until\nSaturday: 10 to 4",
        "```\na line of code that is long enough to have been wrapped somewhere\nelse\n```",
        "We deliver to the old town and to the harbour on every weekday.\nSaturdays are for pick-up.",
        "| a column that is long enough to be a wrapped line | b |\n|---|---|\n| c | d |",
        "- an item of a list that is long enough to be a wrapped line\n- another",
    ],
)
def test_lines_that_were_ended_on_purpose_stay(text):
    """Addresses, hours, code, tables, lists and sentences of their own keep their lines."""
    assert unwrapped(text) == text


def test_the_second_line_of_a_list_item_belongs_to_it():
    """A list item may be wrapped too."""
    item = "- Put the red key into the lock on the left and turn it until the door\n  opens by itself"
    assert unwrapped(item) == item.replace("\n  ", " ")
