"""What counts as repeating a training row."""

from personas.leakage import learnt
from personas.rows import Example, Turn

WORDS = "the guided walk along the old harbour wall costs nine silver pieces each"


def row(reply, notes=(), domain="harbour", question="well?"):
    messages = (Turn(role="user", content=question), Turn(role="assistant", content=reply))
    return Example(messages=messages, notes=notes, skill="copy", domain=domain)


def test_eight_words_of_a_training_row_are_a_leak(bosun):
    """Seven are not, nor are eight in another order; case and points do not matter."""
    leaks = learnt([row(WORDS)], bosun.card)
    assert leaks.found("Arr! The guided walk along the old, HARBOUR wall.", row("x")) == (
        "the guided walk along the old harbour wall"
    )
    assert leaks.found("The guided walk along the old harbour.", row("x")) == ""
    assert leaks.found("wall harbour old the along walk guided the", row("x")) == ""


def test_what_stands_in_front_of_a_reply_is_no_leak(bosun):
    """Neither in the notes nor in the question."""
    leaks = learnt([row(WORDS)], bosun.card)
    assert leaks.found(WORDS, row("x", notes=(f"Walks: {WORDS}.",))) == ""
    assert leaks.found(WORDS, row("x", question=f"is it so that {WORDS}?")) == ""
    assert leaks.found(WORDS, row("x", notes=("The guided walk costs nine.",)))


def test_the_voices_own_manner_is_no_leak(bosun):
    """A run that rows on three subjects share, and the card's own lines."""
    shared = [row(WORDS, domain=domain) for domain in ("zoo", "bakery", "museum")]
    assert learnt(shared, bosun.card).found(WORDS, row("x")) == ""
    assert learnt(shared[:2], bosun.card).found(WORDS, row("x"))
    lines = bosun.card.lines.model_copy(update={"error": (WORDS,)})
    card = bosun.card.model_copy(update={"lines": lines})
    assert learnt([row(WORDS)], card).found(WORDS, row("x")) == ""
