import pytest

from bot.discord_adding import LARGEST
from bot.discord_replies import NOTHING_UPLOADED
from bot.servers import ServerChoices
from knowledge.question_log import QuestionLog
from personas import persona

REFUSED = "Manage Server permission"
PRINCETON = "do you deliver to Princeton?"


@pytest.fixture
def choices(settings):
    return ServerChoices(settings.servers_folder)


@pytest.fixture
def thread(simcord_env, guild, channel, owner):
    simcord_env.backend.create_thread(channel.id, "a thread", owner.id)
    return channel.threads[0]


async def speaker(actor, channel):
    return (await actor.slash(channel, "persona show")).response.content.split("`")[1]


async def test_the_narrowest_choice_speaks(owner, member, guild, channel, thread):
    """A choice for the server holds everywhere, until category, channel and thread choose for themselves."""
    elsewhere = guild.create_text_channel("elsewhere")
    for where, name in [("server", "grumpy-pirate"), ("category", "game-companion"), ("channel", "florist")]:
        result = await owner.slash(channel, "persona set", persona=name, where=where)
        assert result.ephemeral
        assert f"this {where}" in result.response.content
        assert await speaker(member, channel) == name
        assert await speaker(member, thread) == name
    assert await speaker(member, elsewhere) == "grumpy-pirate"
    await owner.slash(thread, "persona set", persona="game-companion", where="thread")
    assert await speaker(member, thread) == "game-companion"
    assert await speaker(member, channel) == "florist"


async def test_a_mention_is_answered_by_who_was_chosen(owner, member, channel, me):
    """The choice is in force with the next message."""
    await owner.slash(channel, "persona set", persona="grumpy-pirate")
    await member.send(channel, me)
    assert channel.last_message.content in persona.load("grumpy-pirate").card.lines.greeting


async def test_a_reset_gives_way_to_the_wider_choice(owner, member, channel):
    """After a reset the next wider choice speaks, and a second reset says that there is nothing to forget."""
    await owner.slash(channel, "persona set", persona="grumpy-pirate", where="server")
    await owner.slash(channel, "persona set", persona="game-companion")
    result = await owner.slash(channel, "persona reset")
    assert "`grumpy-pirate` speaks here" in result.response.content
    assert await speaker(member, channel) == "grumpy-pirate"
    again = await owner.slash(channel, "persona reset")
    assert "Nobody was chosen" in again.response.content


async def test_a_persona_that_does_not_exist_is_refused(owner, channel, guild, choices):
    """A wrong name changes nothing and the right ones are named."""
    result = await owner.slash(channel, "persona set", persona="nobody")
    assert "grumpy-pirate" in result.response.content
    assert choices.bindings(str(guild.id)) == {}


async def test_a_place_that_is_not_there_is_refused(owner, guild, channel, choices):
    """Outside of threads and categories nobody can be chosen for one."""
    lonely = guild.create_text_channel("lonely")
    for where in ("thread", "category"):
        result = await owner.slash(lonely, "persona set", persona="florist", where=where)
        assert f"There is no {where} here" in result.response.content
    assert choices.bindings(str(guild.id)) == {}


async def test_personas_are_offered_while_typing(owner, channel):
    """The offers are the personas whose names hold what was typed."""
    offers = await owner.autocomplete(channel, "persona set", "persona", "PIR")
    assert [offer["value"] for offer in offers] == ["grumpy-pirate"]
    everyone = await owner.autocomplete(channel, "persona set", "persona", "")
    assert [offer["value"] for offer in everyone] == persona.names()


async def test_members_cannot_choose_who_speaks(member, channel, guild, choices):
    """/persona set and reset are refused in a sentence that only the member sees."""
    for command, options in (("persona set", {"persona": "florist"}), ("persona reset", {})):
        result = await member.slash(channel, command, **options)
        assert result.ephemeral
        assert REFUSED in result.response.content
    assert choices.bindings(str(guild.id)) == {}


async def test_a_server_cannot_hand_files_to_members(
    simcord_env, faq, guild, member, channel, store, choices, settings
):
    """Where a server shows /faq to everyone, the bot itself still refuses those who may not manage it."""
    [command] = [found for found in await simcord_env.bot.tree.fetch_commands() if found.name == "faq"]
    guild.set_command_permissions(command, {guild.default_role: True})
    attempts = {
        "faq upload": {"file": ("evil.md", b"# Free?\nYes.")},
        "faq list": {},
        "faq remove": {"file": "faq.md"},
        "faq refresh": {},
        "faq gaps": {},
        "faq questions": {"save": "Free?"},
        "faq reports": {"channel": channel},
        "faq time-zone": {"zone": "Asia/Tokyo"},
    }
    QuestionLog(settings.servers_folder, 90).save(str(guild.id), "Free?")
    for name, options in attempts.items():
        result = await member.slash(channel, name, **options)
        assert result.ephemeral
        assert REFUSED in result.response.content
    for name, option in (("faq remove", "file"), ("faq questions", "forget")):
        assert await member.autocomplete(channel, name, option, "") == []
    assert [document.name for document in store.documents(str(guild.id))] == ["faq.md"]
    assert choices.time_zone(str(guild.id)) is choices.report_channel(str(guild.id)) is None


async def test_discord_is_asked_to_hide_what_members_cannot_use(simcord_env):
    """/faq needs Manage Server by default, and no command is offered outside of servers."""
    commands = {command.name: command for command in await simcord_env.bot.tree.fetch_commands()}
    assert sorted(commands) == ["ask", "faq", "persona"]
    assert commands["faq"].default_member_permissions.manage_guild
    assert all(not command.allowed_contexts.dm_channel for command in commands.values())


async def test_an_edited_file_changes_the_next_answer(faq, owner, member, channel, me, upload):
    """What is uploaded under the same name takes the place of what was there."""
    await upload(owner, channel, "faq.md", b"# Do you deliver to Princeton?\nYes, we deliver for 15 dollars.")
    await member.send(channel, f"{me} {PRINCETON}")
    assert "15 dollars" in channel.last_message.content
    assert "12 dollars" not in channel.last_message.content


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("photo.png", b"\x89PNG", "of a kind that cannot be read"),
        ("empty.md", b"", "is empty"),
        ("binary.md", b"\x00\x01\x02" * 100, "binary"),
        ("rows.jsonl", b'{"question": "a", "answer": "b"}\n{oops', "Line 2"),
        ("large.md", b"x" * (LARGEST + 1), "larger than 10 MiB"),
    ],
)
async def test_a_file_that_cannot_be_used_changes_nothing(faq, owner, channel, guild, store, name, content, sentence):
    """A refused upload says what is wrong and leaves the server's knowledge as it was."""
    result = await owner.slash(channel, "faq upload", file=(name, content))
    assert result.ephemeral
    assert sentence in result.response.content
    assert [document.name for document in store.documents(str(guild.id))] == ["faq.md"]


async def test_a_file_that_is_too_large_is_never_fetched(faq, owner, channel, monkeypatch):
    """The size that Discord tells decides before a byte is downloaded."""

    async def fetched(_):
        raise AssertionError

    monkeypatch.setattr("discord.Attachment.read", fetched)
    result = await owner.slash(channel, "faq upload", file=("large.md", b"x" * (LARGEST + 1)))
    assert "larger than 10 MiB" in result.response.content


async def test_a_removed_file_stops_answering_at_once(faq, owner, member, channel, me, upload):
    """The next question after /faq remove is not answered from the file any more."""
    await upload(owner, channel, "other.md", b"# Do you sell roses?\nYes, red ones.")
    result = await owner.slash(channel, "faq remove", file="faq.md")
    assert result.ephemeral
    assert "**faq.md** is removed" in result.response.content
    await member.send(channel, f"{me} {PRINCETON}")
    assert "dollars" not in channel.last_message.content


async def test_a_file_that_is_not_there_cannot_be_removed(faq, owner, channel):
    """The files that are there are named instead."""
    result = await owner.slash(channel, "faq remove", file="nothing.md")
    assert "faq.md" in result.response.content
    assert "refused" in result.response.content


async def test_files_are_listed_and_offered_to_owners(faq, owner, channel):
    """/faq list names each file, and /faq remove offers them while typing."""
    listed = await owner.slash(channel, "faq list")
    assert listed.ephemeral
    assert listed.response.content == "- faq.md: 2 passages"
    offers = await owner.autocomplete(channel, "faq remove", "file", "FAQ")
    assert [offer["value"] for offer in offers] == ["faq.md"]


async def test_before_the_first_upload_owners_read_how_to_begin(owner, channel):
    """On a server without files, list, remove and refresh name the way to add one."""
    for name, options in (("faq list", {}), ("faq remove", {"file": "faq.md"}), ("faq refresh", {})):
        result = await owner.slash(channel, name, **options)
        assert result.response.content == NOTHING_UPLOADED
    assert await owner.autocomplete(channel, "faq remove", "file", "") == []


async def test_a_refresh_takes_in_watched_files(owner, member, channel, guild, settings, me):
    """New, changed and deleted files of the watched folder count from the next /faq refresh on."""
    folder = settings.servers_folder / str(guild.id) / "watched"
    folder.mkdir(parents=True)
    (folder / "hours.md").write_text("# When do you open?\nWe open at 9:00.")
    result = await owner.slash(channel, "faq refresh")
    assert result.ephemeral
    assert "**hours.md** is new" in result.response.content
    (folder / "hours.md").write_text("# When do you open?\nWe open at 8:30.")
    assert "is changed" in (await owner.slash(channel, "faq refresh")).response.content
    await member.send(channel, f"{me} when do you open?")
    assert "8:30" in channel.last_message.content
    removed = await owner.slash(channel, "faq remove", file="hours.md")
    assert "comes back unless it is deleted there" in removed.response.content
    assert "is new" in (await owner.slash(channel, "faq refresh")).response.content
    (folder / "hours.md").unlink()
    assert "is removed" in (await owner.slash(channel, "faq refresh")).response.content
    assert (await owner.slash(channel, "faq refresh")).response.content == "There was nothing to do."
