"""The notes as statements: sentences with what stands above them, and their clauses with what each is about.

A clause is about its own words, the title and label above it, and the subject of its sentence where it has none of
its own ("and closes at 5"). Everything that holds a reply to its notes reads them through here.
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from knowledge.claims import Claim, claims, names, stems
from knowledge.clauses import clauses, sentences
from knowledge.days import days_in
from knowledge.question import content, telling
from knowledge.units import is_measure

_LABEL = re.compile(r"^(?:[-*\u2022]\s+)?([^\n:.!?|;$\d][^\n:.!?|;$]{1,60}?):\s+(?=\S)")
_NAMED_FIRST = re.compile(r"(?:(?:The|Our|A|An|Your) )?[A-Z]")
_SHORT = 3
"""Words of a clause that is a name by itself, if it begins with a capital."""
_KEYED = re.compile(r"^[^:]{1,30}:\s+(?![$\u20ac\u00a3\d])")
_CELL = re.compile(r"\s*[;|\n]\s*")
_VERB = r"""is|are|was|were|be|has|have|had|can|cannot|may|must|will|would|should|does|do|don['\u2019]t|closes?|opens?|
    starts?|begins?|ends?|runs?|takes?|lasts?|costs?|weighs?|seats?|sleeps?|holds?|gives?|reach(?:es)?|measures?|pays?|
    needs?|comes?|goes|gets?|leaves?|arrives?|lies|stands|serves?|includes?|contains?|expires?|drops?|boils?|fits?"""
_BEFORE_VERB = re.compile(rf"^.+?(?=\s+(?:{_VERB})\b)", re.VERBOSE)
_OWN_VERB = re.compile(rf"^(?:{_VERB}|\w+ed)\b", re.VERBOSE)
_PREDICATE = re.compile(
    rf"""^(?:{_VERB}|
    [$\u20ac\u00a3]?\d[\d.,]*|not|never|only|also|then|for|from|until|with|without|after|before|at|on|in|by|to|as|if|so|which|who|where|that|
    when|while|because|since|\w+ed)\b""",
    re.VERBOSE,
)
_PLACED = re.compile(r"\w\s+(?:in|on|at) ")
_INNER = re.compile(r"\s(?:is|are|was|were|has|have|costs?|starts?|closes?|opens?|takes?|can|may|must|will)\s")
_PRONOUN = re.compile(
    r"^(?:it|its|they|them|their|he|his|she|her|this|that|these|those|both|each|there|then|all|the (?:two|other)|we|"
    r"you|your|please|bring|in|on|at|for|after|before|if|without|only|no|every|\d)\b|.*\b(?:it|they|them|its|their|one)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Part:
    """A clause of the notes."""

    text: str
    label: str
    """What stands before the colon of its sentence, or the first cell of its row."""
    statement: int
    """Number of its sentence."""
    words: frozenset[str]
    """Stems of what it is about."""
    lent: frozenset[str]
    """Stems that a listed thing has from the head of its list."""
    held: tuple[Claim, ...]
    names: frozenset[str]
    days: frozenset[str]

    @property
    def listed(self) -> bool:
        """Whether it is a thing in a list, of which the head of its sentence is said."""
        return (
            bool(self.lent)
            and not _PLACED.search(self.text)
            and ":" not in self.text
            and len(self.text.split()) <= _SHORT + 1
        )


@dataclass(frozen=True)
class Statement:
    """A sentence of the notes, or a row."""

    text: str
    note: int
    """From 1."""
    words: frozenset[str]
    """Its content words and those above it, as stems."""
    near: frozenset[str]
    """Content words of the rest of its note."""
    held: tuple[Claim, ...]
    days: frozenset[str]
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Notes:
    """What a reply is held to."""

    texts: tuple[str, ...]
    """As given, with their titles."""
    text: str
    """All of them, below each other."""
    statements: tuple[Statement, ...]
    known: frozenset[str]
    """Every stem of the notes."""
    parts: tuple[Part, ...] = ()
    spread: Counter[str] = field(default_factory=Counter)
    named: frozenset[str] = frozenset()
    """Stems of the names that its sentences hold."""

    def weight(self, word: str) -> float:
        """Return how much a word tells of which clause is meant: the rarer, the more."""
        return math.log(1 + (1 + len(self.parts)) / (1 + self.spread[word]))


def read_notes(notes: Sequence[str]) -> Notes:
    """Cut notes into statements."""
    found: list[Statement] = []
    for number, note in enumerate(notes, 1):
        found += _statements(note, number, len(found))
    text = "\n".join(notes)
    parts = tuple(part for statement in found for part in statement.parts)
    spread = Counter(word for part in parts for word in part.words)
    named = frozenset[str]().union(*(part.names for part in parts))
    return Notes(tuple(notes), text, tuple(found), frozenset(stems(text)), parts, spread, named)


def _statements(note: str, number: int, first: int) -> list[Statement]:
    lines = note.split("\n")
    title = lines[0] if len(lines) > 1 and not (" | " in lines[0] and ": " in lines[0]) else ""
    everything = frozenset(content(note))
    found: list[Statement] = []
    above = frozenset(telling(title))
    subject: frozenset[str] = frozenset()
    topic: frozenset[str] = frozenset()
    for line in lines[1:] if title else lines:
        label = frozenset[str]()
        for _, sentence in _rows(line):
            if sentence.rstrip().endswith("?"):
                above |= frozenset(content(sentence))
                continue
            head, body = _labelled(sentence)
            label |= frozenset(telling(head))
            carried = (subject if _PRONOUN.match(body) else frozenset[str]()) | topic
            parts = tuple(_parts(head, body, first + len(found), above | label | carried))
            topic = topic or (frozenset(_named(_subject(body))) if _NAMED_FIRST.match(body) else frozenset())
            words = frozenset(content(sentence)) | above | label
            held = tuple(claims(sentence))
            found.append(Statement(sentence, number, words, everything, held, days_in(sentence), parts))
            subject = frozenset(content(_subject(body))) | carried
    if not found and note.strip():  # a title alone, or a question: it says that much
        parts = tuple(_parts("", note, first, frozenset()))
        found = [Statement(note, number, everything, everything, tuple(claims(note)), days_in(note), parts)]
    return found


def _rows(line: str) -> list[tuple[int, str]]:
    """Return the sentences of a line; a row of a table is one."""
    return [(0, line)] if " | " in line else list(sentences(line))


def _labelled(sentence: str) -> tuple[str, str]:
    """Split "Hire gear: shoes are 4 EUR" into its label and the rest; a row's first cell is its label."""
    cells = [cell for cell in _CELL.split(sentence) if cell]
    keyed = sum(": " in cell for cell in cells)
    if len(cells) > 1 and keyed > 1:
        return (cells[0], sentence) if _KEYED.match(cells[0]) or " | " in sentence else ("", sentence)
    match = _LABEL.match(sentence)
    return (match[1], sentence[match.end() :]) if match else ("", sentence)


def _parts(label: str, body: str, statement: int, above: frozenset[str]) -> list[Part]:
    first = next((clause for _, clause in clauses(body)), "")
    head, whole = frozenset(telling(_subject(body))), frozenset(telling(first))
    subject = frozenset(telling(before[0])) if (before := _BEFORE_VERB.match(first)) else head
    titled = frozenset(_named(label))
    found: list[Part] = []
    days = frozenset[str]()
    for _, clause in clauses(body):
        own = frozenset(telling(clause))
        spoken = found and _PREDICATE.match(clause.strip())
        inherited = (subject if _OWN_VERB.match(clause.strip()) else head) if spoken else frozenset[str]()
        parallel = own & head or _INNER.search(clause)
        lent = whole if found and not spoken and not parallel else frozenset[str]()
        days = days_in(clause) or days
        named = frozenset(_named(clause))
        held = tuple(claims(clause))
        found.append(Part(clause, label, statement, own | inherited | above, lent, held, named | titled, days))
    return found


def _named(clause: str) -> Iterator[str]:
    """Yield the stems of the names of a clause; a capital at its start makes no name of a common word."""
    found = list(names(clause))
    starts = {start for _, start, _ in found}
    alone = len(clause.split()) <= _SHORT
    for word, start, _ in found:
        if start or alone or start + len(word) + 1 in starts:
            yield from (s for s in stems(word) if content(word) and not is_measure(s))


def _subject(body: str) -> str:
    """Return the first clause up to its first value."""
    clause = next((clause for _, clause in clauses(body)), "")
    held = claims(clause)
    return clause[: held[0].start] if held and held[0].start > 0 else clause
