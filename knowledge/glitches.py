"""Sentences that a small model garbles: it repeats itself, runs names together, or takes back what it says."""

import re
from itertools import pairwise

from knowledge.claims import claims, names, stems
from knowledge.question import STOP_WORDS

_ITEM = re.compile(r",|\b(?:or|and)\b")
_RANGE = re.compile(r"\s*(?:to|and|until|-|\u2013)\s*")
_TWICE = re.compile(r"\b([^\W\d_]{4,})[ ,]+\1\b", re.IGNORECASE)
_NAMED_TWICE = re.compile(r"\b((?:[A-Z][\w'\u2019-]* ){1,3}[A-Z][\w'\u2019-]*)\b[^,;:.]*\b\1\b")
"""A clause that says a name of several words twice, as none of 8,848 written replies does."""
_TURN = re.compile(r"\b(?:though|but|yet)\b[^.,!?]*\b(?:does|do|is|are|can|will|did)\W*$", re.IGNORECASE)
_BREAKS_OFF = re.compile(r"\b(?:the|an|and|or|your|our|its|their)\W*$", re.IGNORECASE)
"""Words after which no sentence ends; "a" is a letter too, and may."""


def garbled(sentence: str, notes: str) -> bool:
    """Tell whether a sentence repeats itself, joins names that the notes hold apart, or breaks off."""
    return (
        bool(_TURN.search(sentence))
        or bool(_BREAKS_OFF.search(sentence))
        or _stutters(sentence)
        or _splices(sentence, notes)
    )


def _stutters(sentence: str) -> bool:
    """Tell whether a sentence says one content word twice in a row, or lists one thing twice."""
    items = [part.strip(" .!").lower() for part in _ITEM.split(sentence) if part.strip()[:1].isupper()]
    twice = _TWICE.search(sentence) or _NAMED_TWICE.search(sentence)
    return bool(twice) or len(items) != len(set(items)) or _ends_where_it_begins(sentence)


def _ends_where_it_begins(sentence: str) -> bool:
    """Tell whether a range has one value twice: "11 pm to 11 pm", "October 12 to October 12"."""
    held = claims(sentence)
    keys = [(claim.kind, claim.value) for claim in held]
    for width in (1, 2):
        for n in range(len(held) - 2 * width + 1):
            last, following = held[n + width - 1], held[n + width]
            between = sentence[last.start + len(last.shown) : following.start]
            if keys[n : n + width] == keys[n + width : n + 2 * width] and _RANGE.fullmatch(between):
                return True
    return False


def _splices(sentence: str, notes: str) -> bool:
    """Tell whether two capitalised words that stand side by side stand apart in the notes."""
    there = " ".join(stems(notes))
    found = list(names(sentence))
    for (first, start, _), (second, next_start, opens) in pairwise(found):
        beside = sentence[start + len(first) : next_start] in {" ", "'s ", "\u2019s "}
        if (
            beside
            and not opens
            and first.lower() not in STOP_WORDS
            and f"{' '.join(stems(first))} {' '.join(stems(second))}" not in there
        ):
            return {*stems(first), *stems(second)} <= set(stems(notes))
    return False
