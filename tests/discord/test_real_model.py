"""The whole path with the real models: Discord, retrieval, the engine's own process, the check, and back."""

import pytest

from bot.settings import load
from personas import persona
from personas.engine import Request, complete
from personas.local_engine import LocalEngine
from personas.rows import Turn

pytestmark = [pytest.mark.model, pytest.mark.simcord(settle_timeout=300)]


@pytest.fixture
def settings():
    return load(persona="florist")


@pytest.fixture
def hashing(embedder):
    return embedder


@pytest.fixture
async def engine(base_folder):
    engine = LocalEngine(str(base_folder))
    # Started outside of the simulation, which would wait for the process to end.
    await complete(engine, Request((Turn(role="user", content="Hello"),), max_tokens=1))
    yield engine
    await engine.close()


async def test_a_member_gets_the_truth_or_hears_that_it_is_not_in_the_notes(faq, member, channel, me):
    """The price in the reply is the one in the notes, with its source; what they do not say is not guessed."""
    await member.send(channel, f"{me} how much is delivery to Princeton?")
    assert "12" in channel.last_message.content
    assert "-# [1] faq.md" in channel.last_message.content
    await member.send(channel, f"{me} who is the king of the north?")
    assert channel.last_message.content in persona.load("florist").card.lines.not_in_notes
