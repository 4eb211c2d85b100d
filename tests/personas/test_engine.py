import pytest

from personas.engine import EchoEngine, Request, complete
from personas.prompt import ask
from personas.rows import Turn


@pytest.mark.parametrize(
    ("notes", "reply"),
    [
        (["Ten feet.\nNo more."], "Ten feet. No more."),
        (["Ten feet.", "Nine gold."], "Ten feet."),
        (["one two three four"], "one two three"),
        ([], "how long?"),
    ],
)
async def test_the_echo_repeats_the_first_note(bosun, notes, reply):
    """The first note comes back word for word, cut at the limit; without notes, the question."""
    limit = 3 if reply == "one two three" else 96
    asked = Request(tuple(ask(bosun, "how long?", notes)), max_tokens=limit)
    assert await complete(EchoEngine(), asked) == reply


async def test_the_echo_needs_no_card_and_no_end():
    """It takes any turns, and closing it is harmless."""
    engine = EchoEngine()
    assert await complete(engine, Request((Turn(role="user", content="hello"),))) == "hello"
    await engine.close()
