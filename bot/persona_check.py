"""Checks the rows of a persona with the fact check that its replies will have to pass."""

from collections.abc import Iterator
from pathlib import Path

from knowledge.fact_check import check, voice_words
from personas.persona import load
from personas.rows import Example, read_rows

_STRICT = {"value", "unit", "name"}
"""Faults that make a row teach a wrong fact; which value or yes belongs to a question, its author knows better."""


def examine(name: str, *libraries: Path) -> Iterator[str]:
    """Yield one line for each finding. Raises BadPersona where a file cannot be read at all."""
    persona = load(name, *libraries)
    rows = {file: read_rows(persona.folder / file) for file in ("examples.jsonl", "exam.jsonl")}
    words = voice_words((row.reply, row.source) for some in rows.values() for row in some)
    seen: dict[tuple[str, tuple[str, ...]], str] = {}
    for file, some in rows.items():
        for number, row in enumerate(some, 1):
            here = f"{file} row {number}"
            yield from (f"{here}: {fault}" for fault in _faults(row, words))
            first = seen.setdefault((row.question.lower(), row.notes), here)
            if first != here and row.notes:
                yield f"{here}: the same question and notes as {first}; drop one."


def _faults(row: Example, words: frozenset[str]) -> Iterator[str]:
    if bool(row.notes) == (row.skill == "small_talk"):
        yield "small talk has no notes and every other skill has some; change the skill or the notes."
    for finding in check(row.reply, row.question, row.notes, words).findings:
        if finding.fault in _STRICT:
            yield f"{finding.reason} Change the reply or the note ({row.reply})"
