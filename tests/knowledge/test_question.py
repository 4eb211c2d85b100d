import pytest

from knowledge.focus import brings, settles, touches
from knowledge.question import asked


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("how much is delivery", "a price"),
        ("when r u open", "a time"),
        ("how long do the flowers last", "a length of time"),
        ("how many inches is the wreath", "a number of inches"),
        ("what year did you open", "a year"),
        ("who runs the guild", "a name"),
        ("whats your email", "an e-mail address"),
        ("what is your phone number", "a telephone number"),
        ("what level do i need", "a level"),
        ("how many HP do i start with", "a number of HP"),
        ("how far ahead do i order", "a length of time"),
        ("whats the command to leave a guild", "a command"),
        ("which variable keeps the logs", "a command"),
        ("who commands the fleet", "a name"),
        ("where is the shop", None),
        ("do you deliver to oskerby", None),
    ],
)
def test_the_kind_of_value_asked_for_is_read_off(question, title):
    """The asking word decides what a reply must hold."""
    wanted = asked(question).wanted
    assert (wanted.title if wanted else None) == title


@pytest.mark.parametrize("question", ["do you sell roses", "any roses left?", "hey, can i return it", "is it vegan"])
def test_yes_or_no_questions_are_recognised(question):
    """Auxiliary first, with or without a greeting."""
    assert asked(question).yes_no


@pytest.mark.parametrize("question", ["where can i park", "what do you sell", "how do i return it"])
def test_open_questions_are_not_taken_for_yes_or_no(question):
    """A question word in front makes a question open."""
    assert not asked(question).yes_no


def test_a_note_brings_what_is_asked_for_or_not():
    """A price is no length, and "free" answers how much."""
    assert brings("A wreath costs $145.", "how much is a wreath")
    assert brings("Parking is free.", "how much is parking")
    assert not brings("A wreath costs $145.", "how many inches is a wreath")
    assert brings("A class holds 12 kids.", "how many kids are in a class")
    assert not brings("The class for kids costs $25.", "how many kids are in a class")
    assert not brings("The war is on Saturday at 3 pm.", "how many hours does the war take")
    assert not brings("A warrior strikes often.", "max blows warrior")
    assert brings("Type /guild leave at the gate.", "which command takes me out of a guild")
    assert not brings("You can leave a guild at the gate.", "which command takes me out of a guild")


def test_a_note_is_touched_by_what_shares_a_content_word_with_it():
    """A vase touches a note on vases, a capital does not."""
    note = "Vase returns\nA vase can be returned within 30 days."
    assert touches(note, "my vase broke")
    assert not touches(note, "capital of australia")


def test_an_address_settles_a_question_for_one():
    """Who asks for a telephone number is answered by one, whatever words stand around it."""
    assert settles("Call us at (609) 555-0148.", "whats ur phone number")
    assert settles("Write to hello@shop.example.", "your email?")
    assert not settles("Call us any time.", "whats ur phone number")
    assert not settles("A wreath costs $145.", "how much is a bouquet")
