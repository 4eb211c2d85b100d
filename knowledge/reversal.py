"""Whether a clause of a reply denies what the clause of the notes that it restates affirms, or the reverse."""

import re

from knowledge.claims import claims
from knowledge.light_words import LIGHT
from knowledge.opposites import denies, states, turned
from knowledge.question import content
from knowledge.statements import Notes, Part, Statement

_SHORT = 4
"""Words up to which a clause is too short to deny by itself: its sentence does."""
_REGRET = re.compile(r"\b(?:sorry|afraid|alas|sadly|no (?:worries|problem))\b", re.IGNORECASE)


def restated(clause: str, statement: Statement, notes: Notes) -> Part | None:
    """Return the clause of a sentence of the notes that a clause restates; None where it is too short to tell."""
    words = set(content(clause)) - LIGHT
    fits = [(sum(notes.weight(w) for w in words & part.words), -n, part) for n, part in enumerate(statement.parts)]
    best = max(fits, key=lambda found: found[:2], default=None)
    return best[2] if best and best[0] > 0 else None


def reverses(clause: str, sentence: str, part: Part, statement: Statement) -> bool:
    """Tell whether a clause denies what a part of the notes affirms, or the other way round."""
    short = len(clause.split()) <= _SHORT and not claims(clause)
    if part.listed and not part.held:
        return _opposed(sentence, statement.text, sentence, statement.text)
    text = f"{part.label}: {part.text}" if part.label else part.text
    brief = len(part.text.split()) <= _SHORT and not part.held
    if brief and not _opposed(sentence, statement.text, sentence, statement.text):
        return False
    return _opposed(sentence if short else clause, text, sentence, statement.text)


def _opposed(said: str, whole: str, sentence: str, statement: str) -> bool:
    """Tell whether one of two texts denies, given the sentences that they are from, or one turns the other's words."""
    denied = denies(_REGRET.sub("", said), whole) ^ (states(said) and not states(statement))
    there = denies(whole, said) ^ (states(whole) and not states(sentence))
    return (denied ^ there) ^ turned(said, whole)
