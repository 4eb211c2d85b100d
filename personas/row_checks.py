"""Checks of rows one by one and counted: skills, format, length, language, provenance, unsafe text."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import get_args

from personas.findings import EXAM, EXAMPLES, Finding, Grade, Row, cut, spoken
from personas.language import spoken as in_language
from personas.persona import Card
from personas.rows import Skill
from personas.unsafe_text import unsafe

FEWEST = 10
"""Rows of each skill, below which a voice does not learn it from its examples."""
FEWEST_EXAMINED = 150
"""Exam rows, below which the shares that evaluation measures are too uncertain."""
_LONGEST_REPLY = 50
"""Words: a served reply has at most 72 tokens, and English some 1.4 a word."""
_LONGEST_NOTES = 350
"""Words of all notes of a row: more than is ever found for a question, and than small models read well."""


def skills(rows: Sequence[Row]) -> Iterator[Finding]:
    """Yield the skills that too few rows teach or examine, and talks of several turns likewise."""
    taught, examined = (_counted([row for row in rows if row.file == file]) for file in (EXAMPLES, EXAM))
    for skill in (*get_args(Skill), "multi-turn"):
        if taught[skill] < FEWEST:
            yield Finding(
                "skills", "warning", EXAMPLES, None, f"{taught[skill]} rows of {skill}",
                f"Write at least {FEWEST}, or dress the foundation's rows with parley persona new.",
            )  # fmt: skip
    if not (total := sum(row.file == EXAM for row in rows)):
        return
    if total < FEWEST_EXAMINED:
        yield Finding(
            "skills", "warning", EXAM, None, f"{total} rows",
            f"Write at least {FEWEST_EXAMINED}: with fewer, evaluation cannot tell a good voice from a lucky one.",
        )  # fmt: skip
    for skill in get_args(Skill):
        if not examined[skill] and taught[skill]:
            yield Finding("skills", "warning", EXAM, None, f"no row of {skill}", "Examine every skill that is taught.")


def consistency(row: Row) -> Iterator[Finding]:
    """Yield a skill that is at odds with the notes."""
    if bool(row.example.notes) == (row.example.skill == "small_talk"):
        wrong = f"{row.example.skill} {'with' if row.example.notes else 'without'} notes"
        yield row.finding(
            "broken", "error", wrong, "Small talk has no notes and every other skill has some: change one."
        )


def form(row: Row, card: Card) -> Iterator[Finding]:
    """Yield replies without the card's format; a reply to a talk's earlier questions has to have it too."""
    for turn in row.example.messages[1::2]:
        if card.format and not card.format.holds(turn.content, max(len(row.example.notes), 1)):
            mend = "Write it as [format] of persona.toml says: what is taught must be what is asked for."
            yield row.finding("format", "error", f'"{cut(turn.content)}" has not the form', mend)


def length(row: Row, card: Card) -> Iterator[Finding]:
    """Yield replies longer than is served, and notes longer than is read."""
    words = len(spoken(card, row.example.reply).split())
    if words > _LONGEST_REPLY:
        wrong = f'a reply of {words} words ("{cut(row.example.reply, 50)}")'
        yield row.finding("length", "warning", wrong, f"Say it in {_LONGEST_REPLY}: a longer reply is cut when served.")
    words = sum(len(note.split()) for note in row.example.notes)
    if words > _LONGEST_NOTES:
        mend = f"Cut them to {_LONGEST_NOTES}, as short as the passages that will be found."
        yield row.finding("length", "warning", f"notes of {words} words", mend)


def languages(rows: Sequence[Row], card: Card) -> Iterator[Finding]:
    """Yield replies in another language than the card's."""
    texts = [spoken(card, row.example.reply) for row in rows]
    for row, text, own in zip(rows, texts, in_language(texts, card.language), strict=True):
        if own is False:
            mend = f'Translate it to "{card.language}", or change language in persona.toml.'
            yield row.finding("language", "warning", f'"{cut(text)}" is in another language', mend)


def safety(row: Row) -> Iterator[Finding]:
    """Yield what should be taught to no voice, in replies, questions and notes."""
    for text in (*row.example.notes, *(turn.content for turn in row.example.messages)):
        for found in unsafe(text):
            mend = "Invent it: no address or number of a real person, and no member's message, may be in a row."
            if "personal" not in found.name and not found.name.startswith(("an e-mail", "a tele", "the ")):
                mend = "Take it out: a voice says what it was taught, to everybody."
            yield row.finding("unsafe", found.grade, f'{found.name}: "{found.shown}"', mend)


def provenance(rows: Sequence[Row], card: Card) -> Iterator[Finding]:
    """Yield rows of which nobody knows where they come from."""
    without = [row for row in rows if not row.example.origin]
    if card.origin or not without:
        return
    grade: Grade = "warning"
    yield Finding(
        "provenance", grade, without[0].file, without[0].number,
        f"{len(without)} rows, from this one on, do not say where they come from",
        'Write in persona.toml who wrote the rows and under which licence (origin = "..."), or "origin" in each row.',
    )  # fmt: skip


def _counted(rows: Sequence[Row]) -> Counter[str]:
    found: Counter[str] = Counter(row.example.skill for row in rows)
    found["multi-turn"] = sum(bool(row.example.earlier) for row in rows)
    return found
