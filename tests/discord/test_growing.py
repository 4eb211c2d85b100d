import asyncio

import discord
import pytest

from bot import discord_growing
from bot.answers import Answer, Source
from bot.discord_growing import GrowingReply
from bot.discord_text import plain
from personas import persona

SOURCE = Source(1, "faq.md", "Delivery", None, "We deliver to Princeton for 12 dollars.", 0.9)
FIRST = "Yes, we deliver to Princeton."
WHOLE = f"{FIRST} It costs 12 dollars."
NOTE = "-# [1] faq.md, Delivery"


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Let nothing wait for the clock."""
    for name in ("_TOGETHER", "_PACE", "_NOTICEABLE", "_PLACE_PACE"):
        monkeypatch.setattr(discord_growing, name, 0.0)


@pytest.fixture
def script(simcord_env, answerer, monkeypatch):
    """Let every answer run through the given steps: sentences, places, and events to wait for."""

    def follow(*steps, reply=WHOLE):
        async def answer(question, on_sentence, on_place):
            for step in steps:
                if isinstance(step, str):
                    on_sentence(step)
                elif isinstance(step, int):
                    on_place(step)
                else:
                    await simcord_env.external_wait(step.wait(), reason="the engine writes")
            return Answer(question, None, reply, "answered", (SOURCE,))

        monkeypatch.setattr(answerer, "answer", answer)

    return follow


@pytest.fixture
def edits(simcord_env):
    """Return the bodies of all edits of messages in channels."""

    def bodies():
        edited = [request for request in simcord_env.http_requests if request.method == "PATCH"]
        return [request.json for request in edited if request.path.startswith("/channels/")]

    return bodies


async def test_a_reply_grows_by_edits(simcord_env, faq, member, channel, me, sent, edits, script):
    """The first sentence is sent as the reply, and the whole with its sources is an edit of the same message."""
    rest = asyncio.Event()
    script(FIRST, rest)
    asked = await member.send(channel, f"{me} do you deliver?")
    shown = channel.last_message
    assert (shown.content, shown.reference.message_id) == (FIRST, asked.id)
    rest.set()
    await simcord_env.settle()
    assert (channel.last_message.id, channel.last_message.content) == (shown.id, f"{WHOLE}\n{NOTE}")
    [body] = sent()
    assert (body["nonce"], body["enforce_nonce"]) == (str(asked.id), True)
    assert [edit["allowed_mentions"] for edit in edits()] == [{"parse": []}]
    assert channel.last_message.flags.suppress_embeds


async def test_a_short_reply_is_sent_once(faq, member, channel, me, sent, edits, script, monkeypatch):
    """A reply that is whole soon after its first sentence is never edited."""
    monkeypatch.setattr(discord_growing, "_TOGETHER", 60.0)
    script(FIRST)
    await member.send(channel, f"{me} do you deliver?")
    assert channel.last_message.content == f"{WHOLE}\n{NOTE}"
    assert (len(sent()), edits()) == (1, [])


async def test_what_did_not_pass_is_replaced(faq, member, channel, me, sent, script):
    """Where the final reply is another one, it stands in the place of what was shown."""
    script(FIRST, reply="Here is the page itself.")
    await member.send(channel, f"{me} do you deliver?")
    assert channel.last_message.content == f"Here is the page itself.\n{NOTE}"
    assert len(sent()) == 1


async def test_a_place_in_line_is_shown_in_the_reply(simcord_env, faq, member, channel, me, sent, script):
    """Whoever waits reads the persona's own line and the place, in the message that the reply then takes."""
    turn = asyncio.Event()
    script(3, turn, FIRST)
    await member.send(channel, f"{me} do you deliver?")
    waiting, _, place = channel.last_message.content.removeprefix("-# ").partition(" You are")
    assert waiting in [plain(line, 300) for line in persona.load("florist").card.lines.waiting]
    assert place == " number 3 in line."
    turn.set()
    await simcord_env.settle()
    assert channel.last_message.content == f"{WHOLE}\n{NOTE}"
    assert len(sent()) == 1


async def test_a_short_wait_is_not_spoken_of(faq, member, channel, me, sent, edits, script, monkeypatch):
    """Before a wait can be noticed, no place is shown."""
    monkeypatch.setattr(discord_growing, "_NOTICEABLE", 60.0)
    script(3)
    await member.send(channel, f"{me} do you deliver?")
    assert (len(sent()), edits()) == (1, [])


async def test_ask_grows_too(simcord_env, faq, member, channel, script):
    """The deferred response is edited, with the question above every state of it."""
    rest = asyncio.Event()
    script(FIRST, rest)
    await member.slash(channel, "ask", question="do you deliver?")
    shown = channel.last_message
    assert shown.content == f"> do you deliver?\n{FIRST}"
    rest.set()
    await simcord_env.settle()
    assert channel.last_message.id == shown.id
    assert channel.last_message.content == f"> do you deliver?\n{WHOLE}\n{NOTE}"
    assert channel.last_message.flags.suppress_embeds


@pytest.mark.parametrize("shown", [(), (FIRST,)])
@pytest.mark.parametrize("bulk", [False, True])
async def test_a_deleted_question_is_not_answered(
    simcord_env, faq, guild, member, channel, me, sent, script, shown, bulk
):
    """When the asker deletes the question, the work stops, what was shown is gone, and no late reply comes."""
    never = asyncio.Event()
    script(*shown, never)
    asked = await member.send(channel, f"{me} do you deliver?")
    assert len(sent()) == len(shown)
    if bulk:
        event = discord.RawBulkMessageDeleteEvent({"ids": [str(asked.id)], "channel_id": str(channel.id)})
        await simcord_env.bot.on_raw_bulk_message_delete(event)
    else:
        await member.delete(asked)
    never.set()
    await simcord_env.settle()
    assert len(sent()) == len(shown)
    assert len([request for request in simcord_env.http_requests if request.method == "DELETE"]) == len(shown)


async def test_a_reply_that_may_not_be_written_is_tried_once(faq, simcord_env, member, channel, me, script, caplog):
    """Where Discord refuses the first sentence, the rest is not sent after it, and the log says so."""
    rest = asyncio.Event()
    script(FIRST, rest)
    simcord_env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    await member.send(channel, f"{me} do you deliver?")
    rest.set()
    await simcord_env.settle()
    posts = [request for request in simcord_env.http_requests if request.path.endswith("/messages")]
    assert len(posts) == 1
    assert "could not be sent" in caplog.text


class Shown:
    """A message in nobody's channel."""

    def __init__(self, content):
        self.content, self.deleted = content, False

    async def edit(self, *, content, suppress, allowed_mentions):
        self.content = content
        return self

    async def delete(self):
        self.deleted = True


async def test_only_the_newest_text_is_shown():
    """Texts that come while one is being sent replace one another, so that edits never queue up."""
    going, sends = asyncio.Event(), []

    async def send(text, part):
        sends.append(text)
        await going.wait()
        return Shown(text)

    growing = GrowingReply(send, "> why\n")
    growing.grow("One.")
    while not sends:  # noqa: ASYNC110 -- until the message is under way
        await asyncio.sleep(0)
    for text in ("One. Two.", "One. Two. Three."):
        growing.grow(text)
    finishing = asyncio.create_task(growing.finish("All."))
    await asyncio.sleep(0)
    going.set()
    await finishing
    assert sends == ["> why\nOne."]
    assert growing._sent[0].content == "> why\nAll."


async def test_a_message_under_way_is_taken_back_too():
    """A reply that is withdrawn while Discord is still being told of it is deleted once it is there."""
    going, there = asyncio.Event(), []

    async def send(text, part):
        await going.wait()
        there.append(Shown(text))
        return there[-1]

    growing = GrowingReply(send)
    finishing = asyncio.create_task(growing.finish("All."))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    finishing.cancel()
    withdrawing = asyncio.create_task(growing.withdraw())
    await asyncio.sleep(0)
    going.set()
    await withdrawing
    assert [message.deleted for message in there] == [True]
