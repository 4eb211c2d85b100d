"""An answer at the keyboard: it grows on a terminal, and is printed once and whole anywhere else."""

import re

import pytest

from bot.answers import Answer, Question
from bot.asking import _tell

QUESTION = Question("why?", "shop", "florist")
FIRST = "Roses are red."


class Speaking:
    """Shows a sentence, then gives its reply."""

    def __init__(self, reply):
        self.reply = reply

    async def answer(self, question, on_sentence=None):
        if on_sentence:
            on_sentence(FIRST)
        return Answer(question, None, self.reply, "answered")


@pytest.fixture
def terminal(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")


def plain(text):
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


async def test_sentences_show_on_a_terminal_before_the_whole(terminal, capsys):
    """The sentence stands there first, and gives way to the whole reply."""
    await _tell(Speaking(f"{FIRST} Violets are blue."), QUESTION)
    shown = plain(capsys.readouterr().out)
    assert shown.index(f"florist: {FIRST}") < shown.index(f"florist: {FIRST} Violets are blue.")
    assert "did not pass" not in shown


async def test_a_reply_that_replaces_what_was_shown_says_so(terminal, capsys):
    """Where the draft fails in the end, a line says that the answer is another one."""
    await _tell(Speaking("Let me read you the page."), QUESTION)
    shown = plain(capsys.readouterr().out)
    assert shown.index(FIRST) < shown.index("did not pass as a whole") < shown.index("Let me read you the page.")


async def test_off_a_terminal_the_reply_is_printed_once(capsys, monkeypatch):
    """In a pipe or a file there is the final reply and nothing else."""
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    await _tell(Speaking(f"{FIRST} Violets are blue."), QUESTION)
    assert capsys.readouterr().out == f"florist: {FIRST} Violets are blue.\n"
