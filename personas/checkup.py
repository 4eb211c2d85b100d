"""Everything that can be wrong with a persona's folder, found in one go."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from personas import row_checks
from personas.card_checks import card_lines
from personas.dressing import FOUNDATION, read_plain
from personas.duplicates import duplicates
from personas.findings import EXAM, EXAMPLES, TITLES, Finding, Row, Trap, spoken
from personas.persona import LIBRARY, BadPersona, Persona, load, names
from personas.rows import parse, read_rows
from personas.voice_strength import VoiceStrength, thin, voice_strength


@dataclass(frozen=True)
class Checkup:
    """What a check found."""

    persona: str
    rows: dict[str, int]
    """Valid rows of each file."""
    findings: tuple[Finding, ...]
    """In the order of ``TITLES``, then of the files."""
    voice: VoiceStrength | None
    """None where there are too few examples to measure it."""

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong for sure."""
        return all(finding.grade != "error" for finding in self.findings)


def examine(persona: Persona, trap: Trap) -> Checkup:
    """Check a persona's card, examples and exam. Bad rows are findings and keep nothing else from being checked."""
    findings: list[Finding] = []
    rows: list[Row] = []
    for file in (EXAMPLES, EXAM):
        valid, faults = _read(persona.folder / file)
        rows += valid
        findings += faults
    card = persona.card
    findings += card_lines(card, trap)
    if (persona.folder / EXAMPLES).is_file():
        findings += row_checks.skills(rows)
    findings += [
        finding for row in rows for check in (row_checks.consistency, row_checks.safety) for finding in check(row)
    ]
    findings += [
        finding for row in rows for check in (row_checks.form, row_checks.length) for finding in check(row, card)
    ]
    findings += row_checks.languages(rows, card)
    findings += row_checks.provenance(rows, card)
    findings += duplicates(rows)
    findings += _trapped(persona, rows, trap)
    voice = voice_strength(persona, rows, _others(persona)) if rows else None
    findings += thin(voice, card) if voice else ()
    order = list(TITLES)
    findings.sort(key=lambda f: (order.index(f.kind), f.grade, f.file != EXAMPLES, f.row or 0))
    return Checkup(
        persona.name, {file: sum(row.file == file for row in rows) for file in (EXAMPLES, EXAM)}, tuple(findings), voice
    )


def _read(path: Path) -> tuple[list[Row], list[Finding]]:
    """Return the valid rows of a file, and what keeps others from being read."""
    if not path.is_file():
        if path.name == EXAMPLES:
            wrong, mend = (
                "no examples: the persona speaks from its card alone",
                "parley persona new dresses rows for it.",
            )
        else:
            wrong, mend = (
                "no exam: nothing can be evaluated",
                "parley persona new dresses the foundation's exam for it.",
            )
        return [], [Finding("broken", "warning", path.name, None, wrong, mend)]
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise BadPersona(f"{path} cannot be read ({error.strerror}).") from error
    valid, faults = parse(lines)
    findings = [Finding("broken", "error", path.name, number, wrong, _MEND) for number, wrong in map(_numbered, faults)]
    if not valid and not faults:
        findings.append(Finding("broken", "error", path.name, None, "the file is empty", "Write one row a line."))
    return [Row(path.name, number, row) for number, row in valid], findings


_MEND = 'A row is {"messages": [user, assistant, ...], "notes": [...], "skill": ..., "domain": ...} on one line.'


def _numbered(fault: str) -> tuple[int, str]:
    """Split "line 17: what is wrong"."""
    place, _, wrong = fault.partition(": ")
    return int(place.removeprefix("line ")), wrong


def _trapped(persona: Persona, rows: Sequence[Row], trap: Trap) -> Iterator[Finding]:
    for row, facts in zip(rows, trap(persona.card, [row.example for row in rows]), strict=True):
        for fact in facts:
            reply = " ".join(spoken(persona.card, row.example.reply).split())
            mend = "Write it into the notes, or take it out of the reply."
            if not fact.sure:
                mend = "If it is a fact, write it into the notes or take it out; manner may stay."
            yield Finding(
                "trap",
                "error" if fact.sure else "warning",
                row.file,
                row.number,
                f"{fact.reason} ({reply})",
                mend,
            )


def _others(persona: Persona) -> list[str]:
    """Return replies that are not in a persona's voice: plain ones, and those of the personas that ship."""
    others = [row.reply for row in read_plain(FOUNDATION / "rows.jsonl") if row.reply]
    for name in names(LIBRARY):
        other = load(name, LIBRARY)
        if name != persona.name and (other.folder / EXAMPLES).is_file():
            others += [spoken(other.card, row.reply) for row in read_rows(other.folder / EXAMPLES)]
    return others
