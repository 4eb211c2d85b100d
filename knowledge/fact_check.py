"""Does a reply say what its notes say? Decided by rules alone: the same reply always gets the same verdict.

What is checked: every number, price, time, date, ordinal, link, e-mail address, code and name of the reply stands
in the notes, with the unit and beside the words that it stands beside there; a name that only the question holds
is not affirmed; yes and no agree with the notes; the value that was asked for is there.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date
from typing import Literal

from knowledge.agreement import agreement, tells
from knowledge.claims import Claim, claims, names, stem, stems
from knowledge.clauses import sentence_at
from knowledge.days import between, counted, spelled_out, without_today
from knowledge.lists import denies_of_list
from knowledge.placement import apart, miscounted, misnamed, misplaced, off_question, same, turned_round
from knowledge.polarity import declines, negative, outright, polarity
from knowledge.question import STOP_WORDS, Asked, asked, content
from knowledge.relevance import lacking
from knowledge.statements import Notes, Statement, read_notes
from knowledge.support import basis_of, held
from knowledge.units import equal, is_measure, measure

Fault = Literal["value", "unit", "place", "name", "echo", "stray", "yes-no", "missing", "silent", "empty"]

_LACKING: frozenset[Fault] = frozenset({"missing", "empty"})
_LASTING: frozenset[Fault] = frozenset({"value", "unit", "name", "echo", "stray"})
"""Faults of one sentence by itself; the others weigh the whole reply, and another sentence may turn them."""
_OFTEN = 4
_WORD = re.compile(r"(?<![\w'\u2019-])[^\W\d_]{4,}(?![\w'\u2019-])")
_ON_LIST = re.compile(r"\b(?:list|menu)\b", re.IGNORECASE)
_TELEPHONE = re.compile(r"(?<![\d.,])\d{2,5}(?:[ -]\d{2,5})+(?![\d.,]*\d)")
_GERUND_OR_COMPOUND = re.compile(r"in[g'\u2019]?$|-[a-z]")


@dataclass(frozen=True)
class Finding:
    """One thing in a reply that its notes do not bear out."""

    fault: Fault
    shown: str
    """The words of the reply, or what it lacks."""
    reason: str


@dataclass(frozen=True)
class Check:
    """What became of a reply."""

    findings: tuple[Finding, ...] = ()
    declined: bool = False
    """The reply says that the notes do not hold the answer, and passes nothing on."""
    supports: tuple[tuple[str, Statement], ...] = ()
    """Each sentence that a note bears, with what it restates there."""

    @property
    def silent(self) -> bool:
        """Whether, by reply or rule, the notes do not speak of what was asked."""
        return self.declined or any(finding.fault == "silent" for finding in self.findings)

    @property
    def passed(self) -> bool:
        """Whether the reply may be sent as an answer."""
        return not self.findings and not self.declined

    @property
    def stands(self) -> bool:
        """Whether a reply that is still being written may be shown: at most, something is missing from it."""
        return not self.declined and all(finding.fault in _LACKING for finding in self.findings)

    @property
    def spoilt(self) -> bool:
        """Whether a reply that is still being written cannot pass any more, whatever follows."""
        return any(finding.fault in _LASTING for finding in self.findings)


def check(
    reply: str,
    question: str,
    notes: Sequence[str],
    vocabulary: AbstractSet[str] = frozenset(),
    *,
    today: date | None = None,
) -> Check:
    """Check a reply against the notes it was drafted from; without notes it must claim nothing at all.

    ``vocabulary`` holds the voice's own words (see ``voice_words``); any other unknown word with a capital counts
    as a name. ``today``: the day of the server, by which "tomorrow" is understood. What rules cannot decide is
    refused: a true reply that is refused costs voice, a false one trust.
    """
    if not notes:
        return Check((*_values(reply, "", read_notes(()), None), *_names(reply, "", "", vocabulary)))
    read, question = read_notes(notes), spelled_out(question, today)
    ask = asked(question)
    listing = _ON_LIST.search(reply) and denies_of_list(reply, read, ask)
    if declines(reply) and not tells(reply, question, read.text) and not listing:
        return Check(declined=True)
    reply = without_today(reply, today)
    borne = list(held(reply, basis_of(question, read, vocabulary, today)))
    found = [
        *_values(reply, question, read, today),
        *_names(reply, question, read.text, vocabulary),
        *(Finding("echo" if h.echo else "stray", h.sentence, h.reason) for h in borne if h.reason),
        *_answers(reply, question, read, ask),
        *_empty(reply, read, ask),
    ]
    supports = tuple((h.sentence, h.statement) for h in borne if h.statement)
    return Check(tuple(found), supports=supports)


def voice_words(rows: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return a voice's own words in lower case, from written replies, each with its notes and question as one text.

    Own are the words that open a sentence in some reply, and those that four replies or more do not have from their
    notes or question.
    """
    opening: set[str] = set()
    inside: Counter[str] = Counter()
    for reply, source in rows:
        given = set(stems(source))
        opening |= {word.lower() for word, _, opens in names(reply) if opens}
        inside.update({word for word in _WORD.findall(reply) if word.islower() and stem(word) not in given})
    return frozenset(opening | {word for word, replies in inside.items() if replies >= _OFTEN})


def _values(reply: str, question: str, notes: Notes, today: date | None) -> Iterator[Finding]:
    """Every value stands in the notes, a number with the unit that it has there, beside the words it has there."""
    have = claims(notes.text)
    within = between(have)
    queried = {(c.kind, c.value) for c in claims(question)}
    units = {measure(c.unit) for c in have if c.kind == "number" and c.unit}
    reckoned = list(counted(reply, today))
    for claim in claims(reply):
        alike = [other for other in have if same(claim, other)]
        if any(start <= claim.start < end for start, end in reckoned):
            continue
        if not alike and (claim.kind, claim.value) not in within:
            if (claim.kind, claim.value) not in queried or not _denied(reply, claim.start):
                yield Finding("value", claim.shown, f"{claim.shown} does not stand in the notes.")
        elif claim.kind == "number" and (_other_unit(claim, alike, units) or miscounted(claim, reply, notes)):
            yield Finding("unit", claim.shown, f"{claim.shown} stands in the notes with another unit.")
    runs = {re.sub(r"\D", "", run) for run in _TELEPHONE.findall(notes.text)}
    for run in _TELEPHONE.findall(reply):
        if not any(re.sub(r"\D", "", run) in there for there in runs):
            yield Finding("value", run, f"{run} does not stand in the notes.")
    for claim in (*misplaced(reply, notes), *apart(reply, notes), *turned_round(reply, notes)):
        yield Finding("place", claim.shown, f"{claim.shown} belongs to something else in the notes.")
    for name in misnamed(reply, notes):
        yield Finding("place", name, f"{name} belongs to something else in the notes.")


def _other_unit(claim: Claim, alike: Sequence[Claim], units: AbstractSet[str]) -> bool:
    """Tell whether a number counts something else than in the notes does."""
    unit = measure(claim.unit)
    there = {measure(other.unit) for other in alike}
    told = is_measure(claim.unit) or unit in units or (bool(unit) and all(is_measure(other.unit) for other in alike))
    if any(not other.unit for other in alike) and unit in units:
        return False
    return bool(alike) and told and unit not in there and not any(equal(claim, other) for other in alike)


def _names(reply: str, question: str, text: str, vocabulary: AbstractSet[str]) -> Iterator[Finding]:
    """Every name stands in the notes, or in the question and is denied."""
    known, queried = set(stems(text)), set(stems(question))
    for word, start, opens in names(reply):
        parts = set(stems(word))
        if parts <= known or (opens and _may_open(word, vocabulary)):
            continue
        if parts & queried:
            if not _denied(reply, start):
                yield Finding("name", word, f"{word} stands in the question only, and the reply affirms it.")
        elif vocabulary or not opens:  # without a vocabulary there is no telling "Harr" from a name
            yield Finding("name", word, f"{word} does not stand in the notes.")


def _answers(reply: str, question: str, notes: Notes, ask: Asked) -> Iterator[Finding]:
    """Hold the reply to the notes' yes or no, and to the kind of value that was asked for."""
    if declines(reply) and not (ask.yes_no or outright(reply)):
        yield Finding("stray", reply, "The reply says that the notes are silent, and speaks all the same.")
    if ask.open and outright(reply) == "yes":
        yield Finding("stray", "yes", "The question asks for more than a yes.")
    said = polarity(reply) or ""
    match agreement(reply, question, notes, ask):
        case "contradicts":
            yield Finding("yes-no", said or "no", "The notes do not say yes or no as the reply does.")
        case "doubtful":
            yield Finding("yes-no", said or "no", "The notes may not say yes or no as the reply does.")
        case "silent":
            yield Finding("silent", said, "The notes do not speak of what the reply says yes or no to.")
    if ask.wanted and off_question(reply, question, notes, ask.wanted):
        reason = "Another value of the notes fits the question better."
        yield Finding("place", ask.wanted.title, reason)
    for fault, title, reason in lacking(reply, question, notes, ask):
        yield Finding(fault, title, reason)


def _empty(reply: str, notes: Notes, ask: Asked) -> Iterator[Finding]:
    """Refuse a reply without a word of the notes, unless it denies by name what is not there."""
    told = set(content(reply)) & set(content(notes.text)) or any(
        same(claim, other) for claim in claims(reply) for other in claims(notes.text)
    )
    if not told and not denies_of_list(reply, notes, ask):
        yield Finding("empty", reply, "The reply says nothing that the notes say.")


def _may_open(word: str, vocabulary: AbstractSet[str]) -> bool:
    """Tell whether a sentence may begin with the word: known to the voice, "Runnin'", or "Late-night"."""
    lowered = word.lower()
    if lowered in {"today", "tonight", "tomorrow", "yesterday"}:
        return True
    return lowered in vocabulary or lowered in STOP_WORDS or bool(_GERUND_OR_COMPOUND.search(word))


def _denied(reply: str, place: int) -> bool:
    """Tell whether the sentence around a place in the reply denies, or only repeats the question."""
    sentence = sentence_at(reply, place)
    return negative(sentence) or sentence.rstrip().endswith("?")
