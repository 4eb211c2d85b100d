"""The fine-tuning trap: facts in a row's reply that its notes do not hold.

A voice that is taught such rows learns to make facts up. Values, units, names and links are decided by the fact check
that every reply has to pass. What it misses in rows is found here: words for amounts ("half"), promises ("parking is
free"), names that begin a sentence, and whole sentences that are said plainly and are not in the notes.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from bot.row_source import WORD, Source, amounts_in_words, other_units
from knowledge.claims import names, stem, stems
from knowledge.clauses import clauses, sentences
from knowledge.fact_check import check
from knowledge.polarity import declines, negative
from knowledge.question import STOP_WORDS
from personas.dressing import FOUNDATION, read_plain
from personas.findings import Unheld, spoken
from personas.persona import LIBRARY, Card, Style, load
from personas.persona import names as persona_names
from personas.rows import Example
from personas.voice_classifier import VoiceClassifier, train_classifier

_SURE = {"value", "unit", "name"}
_OFTEN = 3
_OFTEN_NAMED = 6
"""Subjects in which a word must occur to be the voice's own; more for one that is never written small, as names are."""
_FLOURISH = 0.05
_UNLIKE = 0.9
_DOUBTED = 0.05
"""A clause from nowhere counts as a fact where its probability of being the voice's flourish is below the first; below
the second too where so few rows have such clauses that at most this share of them is doubted."""
_URL = re.compile(r"https?://\S+[\w/]")
_PROMISE = re.compile(
    r"(?<![\w-])(?:free(?!\s+to\b)|gratis|complimentary|unlimited|included|refund\w*|discount\w*|guarantee\w*|warrant\w+|"
    r"half-price|vouchers?|no charge|on the house|open (?:all day|every day|around the clock))\b",
    re.IGNORECASE,
)
_LISTED = re.compile(r"\b(?:list|listed|notes?)\b", re.IGNORECASE)
_FEEL_FREE = re.compile(r"\bfeel(?:in['g])? free\b", re.IGNORECASE)


def unheld(card: Card, rows: Sequence[Example], *, doubts: bool = True) -> list[list[Unheld]]:
    """Return for each row what its last reply says and its notes do not; earlier replies had notes of their own.

    ``doubts``: also what only looks like a fact.
    """
    trap = RowTrap(card, rows, doubts)
    return [list(trap.findings(row)) for row in rows]


@dataclass
class RowTrap:
    """Knows a voice by its card and rows, and finds what a row's last reply has from nowhere."""

    card: Card
    rows: Sequence[Example]
    doubts: bool = True
    """Whether to find what is not sure too."""
    own: frozenset[str] = field(init=False)
    """Words of the voice, in lower case."""
    ordinary: frozenset[str] = field(init=False)
    """Words that stand somewhere in lower case, so that a capital at a sentence's start makes no name of them."""

    def __post_init__(self) -> None:
        plain = read_plain(FOUNDATION / "rows.jsonl")
        notes = [note for row in plain for note in row.notes]
        lines = _own_lines(self.card)
        self.own = _own_words(self.card, self.rows, lines)
        texts = [
            *notes,
            *(text for row in self.rows for text in (*row.notes, row.question, spoken(self.card, row.reply))),
        ]
        texts += [row.reply for row in plain]
        self.ordinary = frozenset(word for text in texts for word in WORD.findall(text) if word.islower())
        self._set_phrases = sorted(lines, key=len, reverse=True)
        self._weighed: dict[str, float] = {}
        self._facts = [*(row.reply for row in plain), *notes]

    @cached_property
    def flourish(self) -> VoiceClassifier:
        """What tells a voice's flourish from a fact: trained on the lines of every card, and on plain notes."""
        shipped = [line for name in persona_names(LIBRARY) for line in _own_lines(load(name, LIBRARY).card)]
        said = Counter(part for row in self.rows for _, part in sentences(spoken(self.card, row.reply)))
        voiced = {part for text in (*shipped, *_own_lines(self.card)) for _, part in sentences(text)}
        voiced |= {part for part, times in said.items() if times >= _OFTEN}
        plain = {part for text in self._facts for _, part in sentences(text)}
        return train_classifier(sorted(voiced), sorted(plain)[::3])

    @cached_property
    def least(self) -> float:
        """Probability of being flourish from which a clause is."""
        clauses_of = [self._loose(row, Source(row, self.card.style or Style())) for row in self.rows]
        known = self._likely([clause for some in clauses_of for clause in some])
        likely = sorted(min(known[clause] for clause in some) for some in clauses_of if some)
        allowed = int(_DOUBTED * len(self.rows))
        return min(max(likely[allowed], _FLOURISH), _UNLIKE) if len(likely) > allowed else _UNLIKE

    def findings(self, row: Example) -> Iterator[Unheld]:
        """Yield what a reply says and its notes do not."""
        said = self._without_set_phrases(spoken(self.card, row.reply))
        source = Source(row, self.card.style or Style())
        seen: set[str] = set()
        facts = (*self._checked(said, row, source), *self._promised(said, source), *self._plain(row, source))
        for found in facts:
            if not found.sure and not self.doubts:
                continue
            if found.shown.lower() not in seen and not any(found.shown in other for other in seen):
                seen |= {found.shown.lower(), found.shown}
                yield found

    def _checked(self, said: str, row: Example, source: Source) -> Iterator[Unheld]:
        """Yield what the fact check is sure of, amounts in words and other units."""
        notes = (*row.notes, *(turn.content for turn in row.earlier)) if row.notes else ()
        outcome = check(said, row.question, notes, self.own)
        faults = outcome.findings
        if outcome.declined:  # a refusal may name what was asked for or is in its notes, and no more
            faults = tuple(f for f in check(said, "", (), self.own).findings if f.shown.lower() not in source.text)
        spans = [(match.start(), match.end()) for match in _URL.finditer(said)]
        opening = {word for word, start, opens in names(said) if opens or _after_link(start, spans)}
        for fault in faults:
            if fault.fault not in _SURE or (fault.fault == "unit" and not source.counts(fault.shown)):
                continue
            if fault.shown in opening and (fault.shown.lower() in self.ordinary or _calls(fault.shown, said)):
                continue
            if row.notes or fault.shown.lower() not in source.question:
                yield Unheld(fault.shown, fault.reason, sure=fault.fault != "name" or fault.shown not in opening)
        for word, start, opens in names(said):  # the check takes it for a dialect's "runnin'"
            known = word.lower() in self.own or word.lower() in self.ordinary
            unknown = not known and not set(stems(word)) & (source.known | source.asked)
            if opens and unknown and word.endswith("in") and said[start + len(word) :][:1] not in {"'", "\u2019"}:
                yield Unheld(word, f"{word} does not stand in the notes.", sure=False)
        yield from amounts_in_words(said, source, self.own)
        yield from other_units(said, source)

    @staticmethod
    def _promised(said: str, source: Source) -> Iterator[Unheld]:
        for _, clause in clauses(said):
            if clause.rstrip().endswith("?") or negative(clause) or _FEEL_FREE.search(clause):
                continue
            for match in _PROMISE.finditer(clause):
                parts = set(stems(match[0]))
                if not parts <= source.known:
                    reason = f"{match[0]} is promised, and does not stand in the notes."
                    yield Unheld(match[0], reason, sure=not parts <= source.asked)

    def _plain(self, row: Example, source: Source) -> Iterator[Unheld]:
        if not self.doubts:
            return
        least = self.least
        for clause, likely in self._likely(self._loose(row, source)).items():
            if likely < least:
                yield Unheld(clause, f'"{clause}" sounds like a fact and is not in the notes.', sure=False)

    def _likely(self, loose: Sequence[str]) -> dict[str, float]:
        """Return the probability of being flourish of some clauses; all at once is fast, and each is weighed once."""
        new = [clause for clause in dict.fromkeys(loose) if clause not in self._weighed]
        self._weighed |= dict(zip(new, self.flourish.probabilities(new), strict=True))
        return {clause: self._weighed[clause] for clause in loose}

    def _loose(self, row: Example, source: Source) -> list[str]:
        """Return the clauses of words that the notes do not hold."""
        if row.skill == "refusal":
            return []  # whom to ask instead is a refusal's own, and sounds like a fact
        return [
            clause.strip(" ,.")
            for _, sentence in sentences(self._without_set_phrases(spoken(self.card, row.reply)))
            if not sentence.rstrip().endswith("?") and not declines(sentence)
            for _, clause in clauses(sentence)
            if source.stranger(clause, self.own) and not (negative(clause) and _LISTED.search(clause))
        ]

    def _without_set_phrases(self, said: str) -> str:
        for phrase in self._set_phrases:
            said = said.replace(phrase, " ")
        return re.sub(r" {2,}", " ", said).strip()


def _own_lines(card: Card) -> list[str]:
    """Return every sentence that the card gives the voice word for word."""
    style = card.style or Style()
    fixed = [line for some in card.lines.model_dump().values() for line in some]
    return [*fixed, *style.openings, *style.closings, *style.small_talk]


def _own_words(card: Card, rows: Sequence[Example], lines: Sequence[str]) -> frozenset[str]:
    """Return the words of the card's lines, and those that replies on several subjects do not have from their notes."""
    style = card.style or Style()
    subjects: defaultdict[str, set[str]] = defaultdict(set)
    small = set()
    for row in rows:
        given = set(stems(row.source))
        for word in WORD.findall(spoken(card, row.reply)):
            small |= {word} if word.islower() else set()
            if stem(word) not in given:
                subjects[word.lower()].add(row.domain)
    written = " ".join((*lines, *style.yes, *style.no, *style.words.values(), card.title))
    often = {word for word, found in subjects.items() if len(found) >= (_OFTEN if word in small else _OFTEN_NAMED)}
    return frozenset(often | {word.lower() for word in WORD.findall(written)} - STOP_WORDS)


def _calls(word: str, said: str) -> bool:
    """Tell whether a word that opens a sentence is called out ("Butterfingers!") or orders ("Spit it out")."""
    return bool(
        re.search(rf"(?<!\w){re.escape(word)}(?:[!,?]|\s+(?:it|this|that|up|out|a|an|the|your|yer|me|my)\b)", said)
    )


def _after_link(start: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Tell whether a word follows a link, which ends without a full stop where its sentence does."""
    return any(0 < start - end <= 2 for _, end in spans)  # noqa: PLR2004 -- a blank, and a mark before it
