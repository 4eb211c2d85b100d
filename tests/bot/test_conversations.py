from bot.conversations import Conversations


def test_a_member_is_reminded_of_their_own_last_question_alone():
    """Another member, another channel and another server have another talk."""
    talks = Conversations()
    assert talks.turn("do you ship to Norway?", "shop", "general", "ann") == ()
    assert talks.turn("and gift cards?", "shop", "general", "bob") == ()
    assert talks.turn("and how much is it?", "shop", "general", "ann") == ("do you ship to Norway?",)
    assert talks.turn("thanks", "shop", "other", "ann") == talks.turn("thanks", "club", "general", "ann") == ()


def test_a_follow_up_is_remembered_whole():
    """What a follow-up refers to is not lost with the next one."""
    talks = Conversations()
    for text in ("are you open on Saturday?", "and on Sunday?"):
        talks.turn(text, "shop", "general", "ann")
    assert talks.turn("and on Monday?", "shop", "general", "ann") == ("are you open on Sunday?",)
