import pytest

from bot.small_talk import is_small_talk


@pytest.mark.parametrize(
    "text",
    [
        "hi", "Hello there!", "heyyy", "good morning everyone", "yo",
        "sup?", "thanks", "Thank you so much!!", "ty mate",
        "how are you?", "hey, how are you doing today?", "who are you",
        "what's your name?", "what\u2019s up", "tell me a joke",
        "are you a bot?", "are you a real person?", "you're the best", "you are so funny", "good bot", "i'm bored",
        "bye", "see you later", "good night, captain", "lol", "ok cool thanks", "hi \U0001f44b", "gm", "ahoy matey",
    ],
)  # fmt: skip
def test_greetings_thanks_and_chatter(text):
    """What no note can answer is small talk."""
    assert is_small_talk(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "?", "\U0001f44b",
        "hi, do you deliver to Princeton?", "thanks, and what does it cost?", "how are you open on Monday?",
        "who are you delivering to", "what are your hours?", "good morning, are you open?",
        "are you open today", "are you there on Sunday",
        "what is a bot", "how do you do returns", "is the great sword nice",
        "you sell roses", "hit points", "yoga classes",
        "tell me about roses", "i am hungry, what food heals", "cool down of the fireball", "nice roses how much",
    ],
)  # fmt: skip
def test_questions_are_not_small_talk(text):
    """A question is not swallowed because it begins with a greeting or looks like chatter."""
    assert not is_small_talk(text)
