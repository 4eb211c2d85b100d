import asyncio
import logging

import discord
import pytest

from bot.answers import Answer
from bot.discord_chat import incoming
from bot.discord_replies import NOTHING_UPLOADED
from personas import persona
from personas.engine import EngineUnavailable

PRINCETON = "do you deliver to Princeton?"
FLORIST = persona.load("florist").card


@pytest.fixture
def replying(answerer, monkeypatch):
    """Return a way to let every question have the given reply, or error."""

    def with_reply(reply):
        async def answer(question, on_sentence=None, on_place=None):
            if isinstance(reply, Exception):
                raise reply
            return Answer(question, None, reply, "answered")

        monkeypatch.setattr(answerer, "answer", answer)

    return with_reply


async def test_a_mention_is_answered_from_the_notes(faq, member, channel, me):
    """Whoever mentions the bot gets a reply with its source under it."""
    asked = await member.send(channel, f"{me} {PRINCETON}")
    answer = channel.last_message
    assert answer.reference.message_id == asked.id
    assert "12 dollars" in answer.content
    assert answer.content.splitlines()[-1] == "-# [1] faq.md, Do you deliver to Princeton?"


async def test_the_guilds_name_comes_with_a_question(replying, answerer, monkeypatch, faq, member, channel, guild, me):
    """A mention and /ask both say what people call their server."""
    names = []

    async def answer(question, on_sentence=None, on_place=None):
        names.append(question.server_name)
        return Answer(question, None, "Yes.", "answered")

    monkeypatch.setattr(answerer, "answer", answer)
    await member.send(channel, f"{me} {PRINCETON}")
    await member.slash(channel, "ask", question=PRINCETON)
    assert names == [guild.name, guild.name]


async def test_a_reply_to_the_bot_is_answered(faq, member, channel, me):
    """A reply to one of the bot's messages needs no mention; a reply to anyone else is left alone."""
    hello = await member.send(channel, f"{me} hello")
    greeting = channel.last_message
    await member.send(channel, "what are your opening hours?", reply_to=greeting)
    assert "9:00" in channel.last_message.content
    await member.send(channel, PRINCETON, reply_to=hello)
    assert channel.last_message.content == PRINCETON


async def test_the_bots_role_counts_as_its_name(simcord_env, guild, member, channel, me):
    """Members who pick the bot's role from the list of mentions mean the bot."""
    message = await member.send(channel, f"{me} hello")
    server = simcord_env.bot.get_guild(guild.id)
    role = next(iter(server.roles))
    role.tags = discord.RoleTags({"bot_id": simcord_env.bot.user.id})
    message.guild = server
    assert str(role.id) in incoming(message, simcord_env.bot.user.id).ours


async def test_nobody_is_answered_unasked(faq, member, channel, sent):
    """A message that neither mentions the bot nor replies to it is not answered, whatever it says."""
    await member.send(channel, f"@everyone {PRINCETON}")
    assert sent() == []


async def test_programs_are_never_answered(simcord_env, faq, guild, channel, me, sent):
    """Bots and webhooks that mention the bot get no answer, so that no two bots talk without end."""
    other = guild.add_member(simcord_env.create_user("other", bot=True))
    await other.send(channel, f"{me} {PRINCETON}")
    await guild.create_webhook(channel).send(f"{me} {PRINCETON}")
    assert sent() == []


async def test_a_bare_mention_is_greeted(member, channel, me):
    """A mention without a question gets one of the persona's greetings, even before anything is uploaded."""
    await member.send(channel, me)
    assert channel.last_message.content in FLORIST.lines.greeting


async def test_a_server_without_notes_is_told_how_to_add_them(member, owner, channel, me, faq_of):
    """Before the first upload, and after the last file is removed, a question gets the way to upload one."""
    await member.send(channel, f"{me} {PRINCETON}")
    assert channel.last_message.content == NOTHING_UPLOADED
    await faq_of(owner, channel)
    await owner.slash(channel, "faq remove", file="faq.md")
    await member.send(channel, f"{me} {PRINCETON}")
    assert channel.last_message.content == NOTHING_UPLOADED


async def test_what_the_notes_do_not_say_is_not_said(faq, member, channel, me):
    """A question that the notes do not answer gets the persona's own line and no source."""
    await member.send(channel, f"{me} zyzzyva quokka")
    assert channel.last_message.content in FLORIST.lines.not_in_notes


async def test_a_question_that_is_too_long_is_refused(faq, member, channel, me):
    """The asker reads how long a question may be."""
    await member.send(channel, f"{me} {'why ' * 400}")
    assert "at most 1,000" in channel.last_message.content


async def test_no_reply_pings_or_previews(simcord_env, faq, member, channel, me, sent, replying):
    """A reply that holds mentions and links notifies nobody and unfolds nothing."""
    replying(f"@everyone @here {member.mention} https://example.org")
    await member.send(channel, f"{me} hello")
    assert sent()[-1]["allowed_mentions"] == {"parse": []}  # nor the one it replies to
    assert channel.last_message.flags.suppress_embeds
    assert not channel.last_message.mention_everyone


async def test_a_long_reply_comes_in_parts_each_sent_once(faq, member, channel, me, sent, replying):
    """Parts follow one another, the first as the reply; a nonce each keeps Discord from showing one twice."""
    replying("\n\n".join(f"Paragraph {n} {'word ' * 100}" for n in range(12)))
    asked = await member.send(channel, f"{me} tell me everything")
    first, *others = sent()
    assert first["message_reference"]["message_id"] == asked.id
    assert first["message_reference"]["fail_if_not_exists"] is False
    assert len(others) == 3
    assert not any("message_reference" in body for body in others)
    assert [body["nonce"] for body in sent()] == [str(asked.id), *(f"{asked.id}-{n}" for n in (2, 3, 4))]
    assert all(body["enforce_nonce"] and len(body["nonce"]) <= 25 for body in sent())
    assert "Paragraph 11" in others[-1]["content"]


async def test_the_bot_types_while_it_thinks(simcord_env, faq, member, channel, me):
    """The typing indicator is on before the reply is sent."""
    await member.send(channel, f"{me} {PRINCETON}")
    calls = [request.path.rsplit("/", 1)[-1] for request in simcord_env.http_requests if request.method == "POST"]
    assert calls[-2:] == ["typing", "messages"]


async def test_an_answer_does_not_depend_on_the_typing_indicator(simcord_env, faq, member, channel, me):
    """Where the indicator fails, the answer is sent all the same."""
    simcord_env.inject_error("POST", "/channels/*/typing", status=403)
    await member.send(channel, f"{me} {PRINCETON}")
    assert "12 dollars" in channel.last_message.content


async def test_without_the_right_to_read_history_the_answer_is_no_reply(simcord_env, faq, member, channel, me):
    """Discord refuses replies to a bot that may not read history; it answers without reference then."""
    simcord_env.inject_error("POST", "/channels/*/messages", status=400, code=160002)
    await member.send(channel, f"{me} {PRINCETON}")
    assert "12 dollars" in channel.last_message.content
    assert channel.last_message.reference is None


async def test_a_channel_that_is_closed_to_the_bot_is_logged(simcord_env, faq, member, channel, me, caplog):
    """Where the bot may not write, the operator reads it in the log and the bot goes on."""
    simcord_env.inject_error("POST", "/channels/*/messages", status=403, code=50013)
    await member.send(channel, f"{me} {PRINCETON}")
    assert "could not be sent" in caplog.text
    await member.send(channel, f"{me} {PRINCETON}")
    assert "12 dollars" in channel.last_message.content


async def test_an_engine_that_is_away_says_so(faq, member, channel, me, replying):
    """Errors that have a sentence are passed on as they are."""
    replying(EngineUnavailable("The model is starting: ask again in a minute."))
    await member.send(channel, f"{me} {PRINCETON}")
    assert channel.last_message.content == "The model is starting: ask again in a minute."


async def test_anything_unforeseen_gets_a_line_and_a_reference(faq, member, channel, me, replying, caplog):
    """The member reads the persona's error line with a reference, the operator finds the same in the log."""
    replying(RuntimeError("secret detail"))
    with caplog.at_level(logging.ERROR):
        await member.send(channel, f"{me} {PRINCETON}")
    line, _, reference = channel.last_message.content.partition(" (reference ")
    assert line in FLORIST.lines.error
    assert f"reference {reference.rstrip(')')}" in caplog.text
    assert "secret detail" in caplog.text
    assert "secret detail" not in channel.last_message.content


async def test_direct_messages_are_sent_to_a_server(simcord_env, member):
    """Answers belong to servers, and a direct message is told so."""
    await member.send_dm("do you deliver?")
    assert "on the server" in member.user.dm_channel.last_message.content


async def test_ask_is_deferred_and_answered_for_all(simcord_env, faq, member, channel, answerer, monkeypatch):
    """/ask is acknowledged before the answer is sought, and shows question and answer to everyone."""
    acknowledged = []
    answer = answerer.answer

    async def watched(question, *callbacks):
        acknowledged.extend(request.path for request in simcord_env.http_requests if "callback" in request.path)
        return await answer(question, *callbacks)

    before = len([request for request in simcord_env.http_requests if "callback" in request.path])
    monkeypatch.setattr(answerer, "answer", watched)
    result = await member.slash(channel, "ask", question=PRINCETON)
    assert len(acknowledged) == before + 1
    assert not result.ephemeral
    [*_, deferral] = [request.json for request in simcord_env.http_requests if "callback" in request.path]
    assert deferral == {"type": 5}
    assert result.response.content.startswith(f"> {PRINCETON}\n")
    assert "12 dollars" in result.response.content
    assert result.response.content.endswith("-# [1] faq.md, Do you deliver to Princeton?")


async def test_a_long_answer_to_ask_comes_in_parts(faq, member, channel, replying):
    """What does not fit the first response follows it."""
    replying("word " * 1000)
    result = await member.slash(channel, "ask", question="everything?")
    assert [len(part.content) <= 2000 for part in (result.response, *result.followups)] == [True] * 3


async def test_ask_on_a_server_without_notes_tells_how_to_add_them(member, channel):
    """/ask explains itself as a mention does."""
    result = await member.slash(channel, "ask", question=PRINCETON)
    assert NOTHING_UPLOADED in result.response.content


async def test_everyone_may_see_who_speaks(member, channel):
    """/persona show and list are open to members and answer them alone."""
    shown = await member.slash(channel, "persona show")
    assert shown.ephemeral
    assert "`florist`" in shown.response.content
    assert "nobody was chosen" in shown.response.content
    assert [file.filename for file in shown.response.attachments] == ["avatar.png"]
    listed = await member.slash(channel, "persona list")
    assert listed.ephemeral
    assert all(f"`{name}`" in listed.response.content for name in persona.names())


async def test_own_personas_are_listed_beside_those_that_ship(member, channel, settings):
    """A persona of the operator's own is listed; one whose card has faults is too, and keeps no other from it."""
    card = (persona.LIBRARY / "florist" / "persona.toml").read_text("utf-8")
    for name, text in (("night-owl", card.replace("Florist", "Night Owl")), ("broken", "title = 3")):
        (settings.own_personas / name).mkdir(parents=True)
        (settings.own_personas / name / "persona.toml").write_text(text, "utf-8")
    listed = (await member.slash(channel, "persona list")).response.content
    assert "(`night-owl`)" in listed
    assert "`broken` cannot speak: " in listed
    assert "(`florist`)" in listed


async def test_servers_know_nothing_of_each_other(simcord_env, faq, member, channel, me):
    """A file of one server answers nothing on another."""
    elsewhere = simcord_env.create_guild("Elsewhere")
    there = elsewhere.create_text_channel("questions")
    stranger = elsewhere.add_member(simcord_env.create_user("stan"))
    await asyncio.gather(stranger.send(there, f"{me} {PRINCETON}"))
    assert there.last_message.content == NOTHING_UPLOADED
