"""What the notes list, and replies that say that something is not on the list."""

import re

from knowledge.claims import names, stems
from knowledge.clauses import clauses
from knowledge.light_words import LIGHT
from knowledge.opposites import denies, opposites
from knowledge.question import Asked, content, telling
from knowledge.statements import Notes

LISTED = re.compile(r"\b(?:list|listed|notes?|menu|among|only|map|log|logbook)\b", re.IGNORECASE)
"""Words by which a reply speaks of what the notes list."""
_ITEMS = 3
_KIN = 4
"""Letters that two words of one root share at least."""


def denies_of_list(reply: str, notes: Notes, ask: Asked) -> bool:
    """Tell whether a reply denies by name something asked for that the notes lack, or says what there is instead."""
    lacking = {word for word in ask.words if not akin(word, notes.known) or _compound(word, notes.known)} - LIGHT
    lacking |= {number for number in ask.numbers if number not in notes.known}
    if not lacking:
        return False
    spoken = set(stems(reply))
    affirmed = {s for _, clause in clauses(reply) if not denies(clause) for s in stems(clause)}
    if any(word in affirmed for word in listed(notes) & set(ask.words)):
        return False  # what was asked for is there, and the reply says so
    named = any(word in spoken or (akin(word, spoken) and not _compound(word, notes.known)) for word in lacking)
    there = (set(ask.words) | telling(reply)) & notes.known and any(part.listed for part in notes.parts)
    touched = set(ask.words) & notes.known or there or LISTED.search(reply) or _gathers(reply, notes)
    return bool(touched) and (named or _gathers(reply, notes)) and not any(s in spoken for s in opposites(lacking))


def akin(word: str, others: frozenset[str] | set[str]) -> bool:
    """Tell whether a stem or one of the same root is among others: bike, bicycle; watch, smartwatch."""
    if word in others:
        return True
    if len(word) < _KIN:
        return False
    return any(
        len(other) >= _KIN
        and (word.startswith(other[: max(_KIN, len(other) - 2)]) or word.endswith(other) or other.endswith(word))
        for other in others
    )


def _compound(word: str, known: frozenset[str]) -> bool:
    """Tell whether a word only ends in a known one: a smartwatch is not every watch."""
    return word not in known and any(len(word) - _KIN >= len(other) >= _KIN and word.endswith(other) for other in known)


def _gathers(reply: str, notes: Notes) -> bool:
    """Tell whether a reply says of which things the notes speak instead: two at least of one list of theirs."""
    affirmed = " ; ".join(clause for _, clause in clauses(reply) if not denies(clause))
    spoken = set(content(affirmed)) | {s for word, _, _ in names(affirmed) for s in stems(word)}
    for statement in notes.statements:
        short = [part for part in statement.parts if len(part.text.split()) <= _ITEMS * 2]
        told = sum(bool(set(stems(part.text)) & spoken) for part in short)
        if any(part.listed for part in short) and told >= _ITEMS - 1:
            return True
    return False


def root_of(word: str, known: frozenset[str]) -> str:
    """Return the word of the notes that is a word of the question or akin to it; empty where there is none."""
    return word if word in known else next((other for other in sorted(known) if akin(word, {other})), "")


def listed(notes: Notes) -> set[str]:
    """Return the stems of the things that the notes list, and of names that stand by themselves."""
    alone = (part for part in notes.parts if part.listed or (part.names and len(part.text.split()) <= _ITEMS))
    return {root for part in alone for root in content(part.text)}
