import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.answers import Answer, Question, Source
from bot.discord_text import LONGEST, _pieces, footnotes, plain, rendered, split

WORDS = st.text("ab .!?\n", min_size=1, max_size=400)
BLOCK = st.tuples(st.sampled_from(["", "py", "c++"]), st.text("xy =\n", min_size=1, max_size=400))
DOCUMENT = st.lists(WORDS | BLOCK.map(lambda block: f"\n```{block[0]}\n{block[1]}\n```\n"), max_size=6).map("".join)


def source(n, document="faq.md", section="Delivery", entry=None):
    return Source(n, document, section, entry, "text", 0.5)


@settings(deadline=None)
@given(st.text() | st.text("`ab\n "), st.integers(60, 200))
@example("`" * 500, 60)
@example("```py\n" + "\n" * 300 + "x", 60)
@example("```" + "\n" * 300, 60)
@example("x" * 500, 60)
def test_parts_fit_are_not_blank_and_lose_nothing(text, limit):
    """Whatever the text, each part can be sent, and only white space and closed code blocks' ends differ."""
    parts = split(text, limit)
    assert all(0 < len(part) <= limit and part.strip() for part in parts)
    # The pieces without the fences that were added are the text: this needs a look behind `split`.
    bodies = "".join(body for _, body, _ in _pieces(text, limit))
    assert "".join(bodies.split()) == "".join(text.split())


@settings(deadline=None)
@given(DOCUMENT, st.integers(80, 300))
def test_every_part_has_whole_code_blocks(text, limit):
    """Each part closes the code blocks that it opens."""
    assert all(part.count("```") % 2 == 0 for part in split(text, limit))


def test_a_long_code_block_goes_on_with_its_language():
    """A block that does not fit is closed, and opened again in the same language, its indentation kept."""
    text = "```py\n" + "\n".join(f"    line {n:03}" for n in range(400)) + "\n```"
    parts = split(text)
    assert len(parts) == 3
    assert all(part.startswith("```py\n    line") and part.endswith("\n```") for part in parts)
    assert re.findall(r"line \d+", "".join(parts)) == [f"line {n:03}" for n in range(400)]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("a" * 40 + "\n\n" + "b" * 20 + "\n" + "c" * 40, "a" * 40),
        ("a" * 40 + "\n" + "b. " * 5 + "c" * 40, "a" * 40),
        ("a" * 40 + ". " + "b " * 5 + "c" * 40, "a" * 40 + "."),
        ("a" * 40 + " b " + "c" * 40, "a" * 40 + " b"),
        ("a" * 35 + "\n```py\n" + "b" * 20 + "\n```\n" + "c" * 40, "a" * 35),
        ("a" * 100, "a" * 56),
    ],
)
def test_a_part_ends_at_the_best_boundary(text, first):
    """Paragraphs are kept before lines, lines before sentences, sentences before words; code is left whole."""
    assert split(text, 60)[0] == first


def test_a_short_text_is_one_part_and_nothing_is_none():
    """Nothing is split without need, and blank text is not sent."""
    assert split("Aye.\n```\nopen") == ["Aye.\n```\nopen"]
    assert split("a" * LONGEST) == ["a" * LONGEST]
    assert split(" \n ") == []


def test_passages_of_one_place_share_a_footnote():
    """Each place is named once, in small print, with the numbers of all its passages."""
    notes = footnotes([source(1), source(2, section="Hours"), source(3), source(4, "towns.csv", "", "row-7")])
    assert notes == "-# [1][3] faq.md, Delivery\n-# [2] faq.md, Hours\n-# [4] towns.csv, row-7"


def test_a_reply_stands_above_its_sources():
    """Sources follow on lines of their own, outside a code block that the reply left open."""
    answer = Answer(Question("q", "1", "p"), None, "Aye.\n```\nx", "answered", (source(1),))
    assert rendered(answer) == "Aye.\n```\nx\n```\n-# [1] faq.md, Delivery"
    assert rendered(Answer(Question("q", "1", "p"), None, "Aye.", "chat")) == "Aye."


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("delivery_towns.csv", "delivery_towns.csv"),
        ("holiday-hours.md", "holiday-hours.md"),
        ("**loud**.md", r"\*\*loud\*\*.md"),
        ("__under__.md", r"\_\_under\_\_.md"),
        ("[gift](https://example.org)", r"\[gift](https\://example.org)"),
        ("a\n# b", "a # b"),
        ("@everyone", "@\u200beveryone"),
        ("<@&123456789012345678>", "\\<@\u200b&123456789012345678>"),
        ("<#1> `x` ||y|| ~~z~~", r"\<#1> \`x\` \|\|y\|\| \~\~z\~\~"),
        ("n" * 200, "n" * 89 + "…"),
    ],
)
def test_a_document_cannot_format_or_mention_through_its_name(name, shown):
    """Markup, links, mentions and line breaks in a name are shown, not obeyed; long names are cut."""
    assert plain(name) == shown
