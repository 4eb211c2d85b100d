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
from typing import Literal

from knowledge.agreement import agreement, tells
from knowledge.claims import Claim, claims, names, stem, stems
from knowledge.clauses import clauses, sentence_at
from knowledge.placement import answers_best, between, misplaced
from knowledge.polarity import declines, negative, polarity
from knowledge.question import STOP_WORDS, Asked, Wanted, asked, content
from knowledge.support import beside_the_point, unsupported

Fault = Literal["value", "unit", "place", "name", "echo", "stray", "yes-no", "missing", "silent", "empty"]

_LACKING: frozenset[Fault] = frozenset({"missing", "empty"})
_LASTING: frozenset[Fault] = frozenset({"value", "unit", "name", "echo", "stray"})
"""Faults of one sentence by itself; the others weigh the whole reply, and another sentence may turn them."""
_OFTEN = 4
_WORD = re.compile(r"(?<![\w'\u2019-])[^\W\d_]{4,}(?![\w'\u2019-])")
_ENDING = re.compile(
    r"\bwhat time\b.*\b(?:end|ends|finish|finishes|over)\b|\bwhen\b.*\b(?:end|ends|finish|finishes|over)\b",
    re.IGNORECASE,
)
_END = re.compile(
    r"(?:\bto|\buntil|\btill|\bends?|\bover|\bfinish\w*|[-\u2013])\s*(?:at\s*)?\d{1,2}(?::\d\d|\s?[ap]m)", re.IGNORECASE
)
_VALUE_IN_WORDS = re.compile(
    r"\b(?:free|unlimited|included|daily|weekly|monthly|dawn|dusk|sunrise|sunset|night|overnight|half-price)\b",
    re.IGNORECASE,
)
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


def check(reply: str, question: str, notes: Sequence[str], vocabulary: AbstractSet[str] = frozenset()) -> Check:
    """Check a reply against the notes it was drafted from; without notes it must claim nothing at all.

    ``vocabulary`` holds the voice's own words (see ``voice_words``); any other unknown word with a capital counts
    as a name.
    """
    text = "\n".join(notes)
    if not notes:
        return Check((*_values(reply, "", ""), *_names(reply, "", "", vocabulary)))
    if declines(reply) and not tells(reply, question, text):
        return Check(declined=True)
    ask = asked(question)
    found = [
        *_values(reply, question, text),
        *_names(reply, question, text, vocabulary),
        *_echoes(reply, question, text, vocabulary),
        *_strays(reply, question, text, vocabulary),
        *_doubts(reply, question, text, ask),
        *_answers(reply, question, text, ask),
        *(Finding("stray", c, f"The notes do not say: {c}") for c in unsupported(reply, question, text, vocabulary)),
    ]
    return Check(tuple(found or _empty(reply, text, ask)))


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


def _values(reply: str, question: str, text: str) -> Iterator[Finding]:
    """Every value stands in the notes, a number with the unit that it has there, beside the words it has there."""
    held = claims(text)
    have = {(c.kind, c.value) for c in held} | between(held)
    queried = {(c.kind, c.value) for c in claims(question)}
    numbers = {(c.value, c.unit) for c in held if c.kind == "number"}
    units = {unit for _, unit in numbers if unit}
    for claim in claims(reply):
        key = (claim.kind, claim.value)
        if key not in have:
            if key not in queried or not _denied(reply, claim.start):
                yield Finding("value", claim.shown, f"{claim.shown} does not stand in the notes.")
        elif claim.kind == "number" and claim.unit in units and (claim.value, claim.unit) not in numbers:
            yield Finding("unit", claim.shown, f"{claim.shown} stands in the notes with another unit.")
    for claim in misplaced(reply, question, text):
        yield Finding("place", claim.shown, f"{claim.shown} belongs to something else in the notes.")


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


def _echoes(reply: str, question: str, text: str, vocabulary: AbstractSet[str]) -> Iterator[Finding]:
    """Hold a word that only the question has to be denied, or to be one of the voice's own."""
    known, queried = set(stems(text)), set(stems(question))
    for match in _WORD.finditer(reply):
        word = match[0]
        if not word.islower() or word in vocabulary or word in STOP_WORDS:
            continue
        if stem(word) in queried - known and not _denied(reply, match.start()):
            yield Finding("echo", word, f"{word} stands in the question only, and the reply affirms it.")


def _strays(reply: str, question: str, text: str, vocabulary: AbstractSet[str]) -> Iterator[Finding]:
    """Yield words beside a value that neither notes nor question nor voice know, and prices and times in words."""
    for word in _VALUE_IN_WORDS.findall(reply):
        if stem(word) not in {*stems(text), *stems(question)}:
            yield Finding("stray", word, f"{word} does not stand in the notes.")
    known = {*stems(text), *stems(question), *map(stem, vocabulary)}
    for _, clause in clauses(reply) if vocabulary else ():
        for word in _WORD.findall(clause) if claims(clause) else ():
            if word.islower() and stem(word) not in known:
                yield Finding("stray", word, f"{word} stands beside a value, but not in the notes.")


def _doubts(reply: str, question: str, text: str, ask: Asked) -> Iterator[Finding]:
    """Refuse what rules cannot decide: a refusal that tells, a number to be compared, an end that is not given."""
    if declines(reply) and not ask.yes_no:
        yield Finding("stray", reply, "The reply says that the notes are silent, and speaks all the same.")
    for claim in claims(question):
        if claim.kind == "number" and _compares(claim, text):
            yield Finding(
                "place", claim.shown, f"Whether {claim.shown} falls under the notes' numbers, rules cannot tell."
            )
    if ask.wanted and _ENDING.search(question) and not _END.search(text):
        yield Finding("silent", ask.wanted.title, "The question asks when something ends; the notes do not say.")
    if not ask.yes_no and beside_the_point(reply, question, text):
        yield Finding("place", "", "Another sentence of the notes fits the question better.")
    if ask.deed and not any(word.startswith(ask.deed) for word in stems(text)):
        yield Finding("silent", ask.deed, "The notes do not speak of what the question says that somebody did.")


def _answers(reply: str, question: str, text: str, ask: Asked) -> Iterator[Finding]:
    """Hold the reply to the notes' yes or no, and to the kind of value that was asked for."""
    match agreement(reply, question, text, ask):
        case "contradicts":
            yield Finding("yes-no", polarity(reply) or "no", "The notes do not say yes or no as the reply does.")
        case "silent":
            yield Finding(
                "silent", polarity(reply) or "", "The notes do not speak of what the reply says yes or no to."
            )
    wanted = ask.wanted
    if wanted and not answers_best(reply, question, text, wanted):
        yield Finding("place", wanted.title, "Another value of the notes fits the question better.")
    if wanted and not wanted.held_by(text):
        yield Finding("silent", wanted.title, f"The question asks for {wanted.title}; the notes have none.")
    elif wanted and not _brought(wanted, reply, text) and not _denies_by_name(reply, text, ask):
        yield Finding("missing", wanted.title, f"The question asks for {wanted.title}; the reply has none.")


def _compares(claim: Claim, text: str) -> bool:
    """Tell whether the notes hold other numbers of what a question's number counts, but not that one."""
    alike = {c.value for c in claims(text) if c.kind == "number" and c.unit and c.unit == claim.unit}
    return bool(alike) and claim.value not in alike


def _brought(wanted: Wanted, reply: str, text: str) -> bool:
    """Tell whether a reply holds a value of the kind asked for, out of those of that kind in the notes."""
    there = wanted.values(text)
    brought = {(c.kind, c.value) for c in claims(reply)}
    return bool(brought & there) or (not brought and wanted.held_by(reply, text))


def _empty(reply: str, text: str, ask: Asked) -> Iterator[Finding]:
    """Refuse a reply without a word of the notes, unless it denies by name what is not there."""
    if not _denies_by_name(reply, text, ask) and not set(content(reply)) & set(content(text)):
        yield Finding("empty", reply, "The reply says nothing that the notes say.")


def _denies_by_name(reply: str, text: str, ask: Asked) -> bool:
    """Tell whether a clause denies a word of the question that the notes lack ("there be no pig on the list")."""
    lacking = set(ask.words) - set(stems(text))
    return any(negative(clause) and lacking & set(stems(clause)) for _, clause in clauses(reply))


def _may_open(word: str, vocabulary: AbstractSet[str]) -> bool:
    """Tell whether a sentence may begin with the word: known to the voice, "Runnin'", or "Late-night"."""
    lowered = word.lower()
    return lowered in vocabulary or lowered in STOP_WORDS or bool(_GERUND_OR_COMPOUND.search(word))


def _denied(reply: str, place: int) -> bool:
    """Tell whether the sentence around a place in the reply denies, or only repeats the question."""
    sentence = sentence_at(reply, place)
    return negative(sentence) or sentence.rstrip().endswith("?")
