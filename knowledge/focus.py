"""Whether a passage may answer a question at all, and what the question is about."""

import re

from knowledge.claims import stem, stems
from knowledge.question import STOP_WORDS, asked, content
from knowledge.store import Store

_FEW = 2
"""Passages that may hold a word for it to tell what a question is about."""


def brings(note: str, question: str) -> bool:
    """Tell whether a note holds a value of the kind that a question asks for, if it asks for one."""
    ask = asked(question)
    if ask.deed and not any(word.startswith(ask.deed) for word in stems(note)):
        return False
    return ask.wanted is None or ask.wanted.held_by(note)


def distinctive(store: Store, server: str, question: str) -> frozenset[str]:
    """Return the stems of a question's words that one or two passages of the server hold: what it is about."""
    long = dict.fromkeys(word for word in re.findall(r"[^\W\d_]{5,}", question.lower()) if word not in STOP_WORDS)
    held = {word: store.matches(server, word) for word in long}
    return frozenset(stem(word) for word, found in held.items() if found and 0 < len(found[0]) <= _FEW)


def settles(note: str, question: str) -> bool:
    """Tell whether a note holds an address or a telephone number that a question asks for: no other word need fit."""
    wanted = asked(question).wanted
    return (
        wanted is not None and (wanted.kinds <= {"email", "link"} or "phone" in wanted.units) and wanted.held_by(note)
    )


def touches(note: str, question: str) -> bool:
    """Tell whether a note shares a content word with a question."""
    return bool(set(content(question)) & set(stems(note)))
