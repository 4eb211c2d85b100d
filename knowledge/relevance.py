"""Whether a reply brings what was asked for: a value of the kind, a place, an end."""

import re
from collections.abc import Iterator, Sequence
from typing import Literal

from knowledge.claims import claims, names, stems
from knowledge.clauses import sentences
from knowledge.days import between
from knowledge.light_words import LIGHT
from knowledge.lists import akin, denies_of_list
from knowledge.placement import same
from knowledge.polarity import outright
from knowledge.question import Asked, Wanted, asked, content
from knowledge.shortenings import whole_words
from knowledge.statements import Notes, Statement, read_notes

_ENDING = re.compile(
    r"\bwhat time\b.*\b(?:end|ends|finish|finishes|over)\b|\bwhen\b.*\b(?:end|ends|finish|finishes|over)\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"\b(?:to|until|till|ends?|ending|over|finish\w*|closes?|lasts?|runs?|takes?)\b|[-\u2013]", re.IGNORECASE
)
_ATTRIBUTE = re.compile(
    r"^\W*(?:(?:hey|hi|hello|so|and|ok)\W+)*what(?:'?s|'re|\ is|\ are)?\s+(?:the\s+|its\s+|your\s+)?"
    r"((?:(?!(?:is|are|was|were|do|does|can|have|has)\b)[^\W\d_]+\s+){1,3}?)(?:on|of|for|in|at|from|with|to)\b",
    re.IGNORECASE,
)
_AND_ASKS = re.compile(
    r",?\s+and\s+(?:(?:on|in|at|to|for|from|by|until|till)\s+)?(?=(?:what|which|when|where|who|how)\b)", re.IGNORECASE
)
"""Between two things that one sentence asks for: "where can I buy it and on which day"."""
_WHICH = re.compile(r"^\s*which\b", re.IGNORECASE)
_WHERE = re.compile(r"^\W*(?:\w+\W+){0,3}?where(?:'s|s)?\b", re.IGNORECASE)
_PLACE = re.compile(
    r"""\b(?:in|at|on|near|next\ to|behind|by|beside|from|under|inside|opposite|between|to|via|outside|above|below|along
    |through|over|into|off|with|within|front|left|right|upstairs|downstairs|online|here|there)\b
    (?!\ (?:\d|\$|noon|midnight|least|most|any|all|mon|tue|wed|thu|fri|sat|sun
    |dawn|dusk|sunrise|sunset|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))""",
    re.IGNORECASE | re.VERBOSE,
)
_IS_THERE = re.compile(r"\b(?:have|has|got|any|(?:is|are) there)\b", re.IGNORECASE)


def lacking(
    reply: str, question: str, notes: Notes, ask: Asked
) -> Iterator[tuple[Literal["missing", "silent"], str, str]]:
    """Yield (fault, what is asked for, a sentence on it) for what the reply lacks, or the notes do."""
    first, *more = _AND_ASKS.split(question)
    for part in (first, *more) if more else ():
        also = asked(_WHICH.sub("what", part)).wanted
        if also and also != ask.wanted and also.held_by(notes.text) and not _brought(also, reply, notes):
            yield "missing", also.title, f"The question asks for {also.title} too; the reply has none."
    if ask.yes_no and outright(reply) == "yes" and _IS_THERE.search(question) and _bare(reply, question, notes):
        yield "missing", "yes", "The reply says yes, and nothing of what the notes tell."
    wanted = ask.wanted
    if wanted is None and (name := _unsaid(reply, question, notes)):
        yield "missing", name, f"The question asks for the {name}; the reply has another value."
    told = (text for _, text in sentences(reply) if set(content(text)) & notes.known)
    if _WHERE.search(question) and _PLACE.search(notes.text) and not any(map(_PLACE.search, told)):
        yield "missing", "a place", "The question asks for a place; the reply has none."
    if wanted is None:
        return
    if _ENDING.search(question) and not _END.search(notes.text):
        yield "silent", wanted.title, "The question asks when something ends; the notes do not say."
    if not wanted.held_by(notes.text) and not wanted.among(notes.text, loose=True):
        yield "silent", wanted.title, f"The question asks for {wanted.title}; the notes have none."
    elif not _brought(wanted, reply, notes) and (wanted.written or not denies_of_list(reply, notes, ask)):
        yield "missing", wanted.title, f"The question asks for {wanted.title}; the reply has none."


def _bare(reply: str, question: str, notes: Notes) -> bool:
    """Tell whether a reply passes on no value and no word, other than a name, that the question did not hold.

    Of 852 written replies none that says yes does so where the notes hold a value.
    """
    named = {part for word, _, _ in names(reply) for part in stems(word)}
    new = (set(content(reply)) & set(content(notes.text))) - set(content(question)) - named
    held = [claim for claim in claims(notes.text) if not any(same(claim, other) for other in claims(question))]
    return bool(held) and not new and not any(same(claim, other) for claim in claims(reply) for other in held)


def passed_over(reply: str, question: str, passage: str, heading: str, told: Sequence[Statement]) -> str:
    """Return a word of the question that a passage has only in a sentence which the reply leaves out; else nothing.

    ``heading``: what stands above the passage, of which each of its sentences is said; ``told``: what the reply
    restates. Such a word is left out by 72 of 852 written replies too, whose notes are about their question from end to
    end, so whoever sends replies decides on it: one that is not sent is quoted.
    """
    spoken = set(stems(f"{reply} {heading}")).union(*(one.words | set(stems(one.text)) for one in told))
    texts = {statement.text for statement in told}
    others = (statement.text for statement in read_notes([passage]).statements if statement.text not in texts)
    left = {word for text in others for word in content(text)} - LIGHT
    return next((word for word in asked(question).words if word in left and not akin(word, spoken)), "")


def _unsaid(reply: str, question: str, notes: Notes) -> str | None:
    """Return the name of what a question asks for ("the weekly upkeep of ...") where only other clauses tell it.

    Only clauses with a value count: of words alone rules cannot tell whether the reply says them.
    """
    asks = _ATTRIBUTE.search(whole_words(question))
    if not asks:
        return None
    named = set(content(asks[1]))
    telling = [part.held for part in notes.parts if part.held and named & part.words]
    if not telling or any(same(claim, other) for claim in claims(reply) for there in telling for other in there):
        return None
    return asks[1].strip()


def _brought(wanted: Wanted, reply: str, notes: Notes) -> bool:
    """Tell whether a reply holds a value of the kind asked for, out of those of that kind in the notes."""
    if wanted.written or ("name" in wanted.kinds and wanted.held_by(reply)):
        return wanted.held_by(reply)
    if "name" in wanted.kinds and any(set(stems(word)) & notes.named for word, _, _ in names(reply)):
        return True  # what opens a sentence is a name where the notes have it as one
    text = notes.text
    there, brought = wanted.among(text, loose=True), claims(reply)
    inside = between(claims(text)) if wanted.kinds & {"weekday", "month"} else set()
    if any(same(claim, other) for claim in brought for other in there):
        return True
    return any((c.kind, c.value) in inside for c in brought) or wanted.held_by(reply, text)
