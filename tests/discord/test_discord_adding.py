import pytest

from knowledge import planning
from knowledge.linked_pages import Page
from knowledge.question_log import QuestionLog
from knowledge.replay import best

PRICES = b"# Delivery to Princeton\nWe deliver to Princeton for 15 dollars.\n"
PAGE = b"# Do you sell roses?\nYes, red ones.\n"


def known(store, guild):
    return [document.name for document in store.documents(str(guild.id))]


async def test_an_upload_is_shown_before_anything_changes(owner, channel, guild, store):
    """The owner alone reads what would be new and how it begins; the server knows nothing of it yet."""
    text = b"".join(b"# Question %d?\nWe have %d of them.\n" % (n, n) for n in range(9))
    shown = await owner.slash(channel, "faq upload", file=("faq.md", text))
    assert shown.ephemeral
    assert shown.response.content.splitlines() == [
        "**faq.md** would be new: 9 passages to answer from.",
        "> Question 0? We have 0 of them.",
        "> Question 1? We have 1 of them.",
        "> Question 2? We have 2 of them.",
        "> and 6 more passages",
        "Nothing is changed yet. Shall I add it?",
    ]
    assert str(guild.id) not in store.servers()


async def test_a_button_adds_what_was_shown(owner, channel, guild, store):
    """After Add the file answers, the summary stands in place of the question, and the buttons are gone."""
    shown = await owner.slash(channel, "faq upload", file=("faq.md", PAGE))
    await owner.click(shown.response, label="Add")
    assert known(store, guild) == ["faq.md"]
    assert shown.response.content == "**faq.md** is new: 1 passages to answer from."
    assert not shown.response.components


async def test_a_button_leaves_everything_as_it_was(faq, owner, channel, guild, store):
    """After Leave it nothing was added, and the buttons are gone."""
    shown = await owner.slash(channel, "faq upload", file=("more.md", PAGE))
    await owner.click(shown.response, label="Leave it")
    assert known(store, guild) == ["faq.md"]
    assert shown.response.content == "Nothing was added."
    assert not shown.response.components


async def test_a_contradiction_is_shown_with_its_date(faq, owner, channel, guild, store):
    """What the new file says against the server's notes is quoted beside it, with where and since when it stands."""
    [document] = store.documents(str(guild.id))
    shown = await owner.slash(channel, "faq upload", file=("prices.md", PRICES))
    [line] = [line for line in shown.response.content.splitlines() if line.startswith("\u26a0")]
    assert "prices.md, Delivery to Princeton" in line
    assert "15 dollars" in line
    assert f"faq.md, Do you deliver to Princeton?** ({document.taken[:10]})" in line
    assert "12 dollars" in line


async def test_what_is_said_twice_is_shown(faq, owner, channel):
    """A near-duplicate is named with the passage that it repeats."""
    text = b"# Opening hours\nWe are open from 9:00 to 18:00 on weekdays.\n"
    shown = await owner.slash(channel, "faq upload", file=("hours.md", text))
    assert "**hours.md, Opening hours** says what **faq.md, What are your opening hours?**" in shown.response.content


async def test_an_edit_shows_what_changes_and_what_goes(faq, owner, channel):
    """An upload under a name that is there tells new, changed and removed passages apart."""
    text = b"# Do you deliver to Princeton?\nYes, for 15 dollars.\n\n# Do you sell roses?\nYes.\n"
    shown = await owner.slash(channel, "faq upload", file=("faq.md", text))
    assert "**faq.md** would be changed: 1 new, 1 changed, 1 removed, 2 passages in all." in shown.response.content


async def test_nothing_is_asked_where_nothing_would_change(faq, owner, channel):
    """The same file again is unchanged, and there is no button to press."""
    content = b"""# Do you deliver to Princeton?
Yes, we deliver to Princeton for 12 dollars.

# What are your opening hours?
We are open from 9:00 to 18:00 on weekdays.
"""
    shown = await owner.slash(channel, "faq upload", file=("faq.md", content))
    assert shown.response.content == "1 unchanged."
    assert not shown.response.components


async def test_who_may_no_longer_manage_the_server_cannot_confirm(simcord_env, faq, owner, channel, guild, store):
    """The permission counts at the moment of the press, not of the upload."""
    shown = await owner.slash(channel, "faq upload", file=("more.md", PAGE))
    simcord_env.backend.remove_member_role(guild.id, owner.id, guild.roles["managers"].id)
    await owner.click(shown.response, label="Add")
    assert known(store, guild) == ["faq.md"]
    assert "Manage Server permission" in shown.response.content


async def test_a_file_that_somebody_else_changed_meanwhile_is_not_overwritten(
    faq, owner, channel, upload, store, guild
):
    """The button says so, and the other's version stays."""
    shown = await owner.slash(channel, "faq upload", file=("faq.md", PAGE))
    await upload(owner, channel, "faq.md", PRICES)
    await owner.click(shown.response, label="Add")
    assert "changed by somebody else" in shown.response.content
    assert store.content(str(guild.id), "faq.md") == PRICES


async def test_buttons_that_nobody_presses_go_away(simcord_env, faq, owner, channel, guild, store):
    """After their time the buttons are gone, and nothing was added."""
    shown = await owner.slash(channel, "faq upload", file=("more.md", PAGE))
    await simcord_env.advance_time(700)
    assert not shown.response.components
    assert shown.response.content.startswith("Nothing was added.")
    assert known(store, guild) == ["faq.md"]


async def test_a_link_is_looked_at_like_a_file(owner, channel, guild, store, monkeypatch):
    """A page is fetched, shown and added; its document is asked about again by itself."""
    page = Page("example.org/faq.md", PAGE, '"1"')
    inner = planning.plan
    monkeypatch.setattr(planning, "plan", lambda *given: inner(*given, ask=lambda *_: page))
    shown = await owner.slash(channel, "faq upload", link="https://example.org/faq")
    assert "**example.org/faq.md** would be new" in shown.response.content
    await owner.click(shown.response, label="Add")
    [document] = store.documents(str(guild.id))
    assert (document.name, document.origin, document.etag) == ("example.org/faq.md", "https://example.org/faq", '"1"')


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({}, "either a file or a link"),
        ({"file": ("faq.md", PAGE), "link": "https://example.org"}, "either a file or a link"),
        ({"link": "/etc/passwd"}, "no address of a page"),
        ({"link": "file:///etc/passwd"}, "no address of a page"),
        ({"link": "http://127.0.0.1:1/faq"}, "does not lead to a public address"),
        ({"link": "http://169.254.169.254/latest/meta-data"}, "does not lead to a public address"),
    ],
)
async def test_what_cannot_be_taken_is_refused(owner, channel, guild, store, given, sentence):
    """A file and a link, neither, or an address that leads into the bot's own network is a sentence and no button."""
    shown = await owner.slash(channel, "faq upload", **given)
    assert sentence in shown.response.content.replace("\\", "")
    assert not shown.response.components
    assert str(guild.id) not in store.servers()


async def test_owners_read_which_saved_answers_changed(faq, owner, channel, guild, settings, store, hashing, upload):
    """After an upload, saved questions whose best passage is another one are named under the summary."""
    server, question = str(guild.id), "do you deliver to Princeton"
    log = QuestionLog(settings.servers_folder, 90)
    log.save(server, question)
    log.remember(server, {question: best(store, hashing, server, question)})
    shown = await upload(owner, channel, "faq.md", b"# Do you deliver to Princeton?\nYes, for 15 dollars.\n")
    assert "The answer to *do you deliver to Princeton* has changed: now from **faq.md**." in shown.response.content
