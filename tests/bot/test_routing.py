from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.routing import LEVELS, Choice, Incoming, Place, addressed, persona_for, question

THREAD = Place(server="1", channel="20", category="10", thread="30")
MESSAGE = Incoming(text="<@9> hello", from_program=False, ours=frozenset({"9", "90"}))


@pytest.mark.parametrize(
    ("bindings", "choice"),
    [
        ({}, Choice("clerk", "default")),
        ({"server": "pirate"}, Choice("pirate", "server")),
        ({"server": "pirate", "10": "florist"}, Choice("florist", "category")),
        ({"server": "pirate", "10": "florist", "20": "bard"}, Choice("bard", "channel")),
        ({"server": "pirate", "20": "bard", "30": "ghost"}, Choice("ghost", "thread")),
        ({"31": "ghost", "21": "bard"}, Choice("clerk", "default")),
    ],
)
def test_the_narrowest_choice_speaks(bindings, choice):
    """The thread's choice counts before the channel's, the category's, the server's and the default."""
    assert persona_for(THREAD, bindings, "clerk") == choice


@given(st.sets(st.sampled_from(LEVELS)))
def test_every_set_of_choices_is_decided_by_its_narrowest_level(levels):
    """Whatever is chosen, the level that decides is the first of those that have a choice."""
    choice = persona_for(THREAD, {THREAD.key(level): level for level in levels}, "clerk")
    expected = next((level for level in LEVELS if level in levels), None)
    assert choice == (Choice(expected, expected) if expected else Choice("clerk", "default"))


def test_a_server_and_its_first_channel_of_the_same_id_are_told_apart():
    """A choice for the channel whose id is the server's does not spread to other channels."""
    first = Place(server="1", channel="1")
    assert persona_for(Place(server="1", channel="2"), {first.key("channel"): "bard"}, "clerk").persona == "clerk"


def test_a_channel_without_category_or_thread_has_no_key_for_them():
    """Levels that a place does not have are skipped."""
    assert [Place("1", "20").key(level) for level in LEVELS] == [None, "20", None, "server"]


@pytest.mark.parametrize(
    ("change", "answered"),
    [
        ({}, False),
        ({"mentioned": frozenset({"9"})}, True),
        ({"mentioned": frozenset({"90"})}, True),
        ({"mentioned": frozenset({"8"})}, False),
        ({"replies_to": "9"}, True),
        ({"replies_to": "8"}, False),
        ({"mentioned": frozenset({"9"}), "from_program": True}, False),
        ({"replies_to": "9", "from_program": True}, False),
    ],
)
def test_only_people_who_mention_or_reply_are_answered(change, answered):
    """A mention of the bot or its role and a reply to it are answered, programs never."""
    assert addressed(replace(MESSAGE, **change)) is answered


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("<@9> do you deliver?", "do you deliver?"),
        ("<@!9>, do you deliver?", "do you deliver?"),
        ("<@&90>: do you deliver?", "do you deliver?"),
        ("do you <@9> deliver?", "do you deliver?"),
        ("<@9>", ""),
        ("<@9>\n  first\n\nsecond", "first\nsecond"),
        ("<@9> what is <#7> for, <@8>?", "what is #shop for, Ann?"),
        ("<@9> who is <@6>?", "who is ?"),
        ("<@9> nice <a:rose:123> <:tulip:4>", "nice :rose: :tulip:"),
    ],
)
def test_the_question_is_the_text_without_the_mention(text, asked):
    """The bot's mention goes, other references become names, and lines stay lines."""
    assert question(replace(MESSAGE, text=text, names={"7": "#shop", "8": "Ann"})) == asked
