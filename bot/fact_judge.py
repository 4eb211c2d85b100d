"""Judges exam replies by what the row's own reply says, and, apart from that, by the fact check of the bot.

The two are independent: the first knows the right answer and so can tell what the check lets pass wrongly.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from bot.drafting import checked
from bot.voices import Voice
from knowledge import question
from knowledge.agreement import tells
from knowledge.claims import Claim, claims, names, stems
from knowledge.fact_check import voice_words
from knowledge.polarity import declines, outright, polarity
from personas.leakage import own_phrases
from personas.marks import Judgement
from personas.persona import Persona
from personas.rows import Example, read_rows

_YES_OR_NO = {"listed", "not_listed", "yes_no"}
_ON_A_LIST = {"listed", "not_listed"}
_MISSING = "lacks"
_ITEM = re.compile(r"[,;:.]|\b(?:and|or)\b")
_NUMBERING = re.compile(r"\[\d+\]|^\s*\d+[.)]\s", re.MULTILINE)
"""Numbers of notes and of a list's items: they say nothing."""
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


@dataclass(frozen=True)
class FactJudge:
    """A judge for one persona's replies; see ``fact_judge``."""

    voice: Voice
    refusals: frozenset[str]
    """The card's own refusals, as ``_plain`` writes them."""
    own: str
    """Everything that the card itself gives the voice to say."""

    def __call__(self, row: Example, reply: str) -> Judgement:
        """Judge a reply to a row."""
        passed = checked(reply, row.question, row.notes, self.voice).passed
        form = self.voice.persona.card.format
        said = _NUMBERING.sub("", form.words(reply) if form else reply)
        faults = tuple(dict.fromkeys(self._faults(row, said))) if row.notes else ()
        true = all(fault.startswith(_MISSING) for fault in faults)
        return Judgement(not faults, bool(row.notes) and self._declines(row, said), passed, faults, true)

    def _declines(self, row: Example, reply: str) -> bool:
        """Tell whether a reply only says that the notes are silent; "that is not on the list" answers."""
        if any(line in _plain(reply) for line in self.refusals):
            return not list(self._foreign(row, reply))
        if row.skill != "refusal" and declines(self._right(row)):
            return False  # the right answer reads like a refusal too
        return declines(reply) and not tells(reply, row.question, "\n".join(row.notes))

    def _right(self, row: Example) -> str:
        """Return the words of the row's own reply, without what the voice says before and after."""
        card = self.voice.persona.card
        right = card.format.words(row.reply) if card.format else row.reply
        for phrase in (*card.style.openings, *card.style.closings) if card.style else ():
            right = right.replace(phrase, "")
        return right.strip()

    def _faults(self, row: Example, reply: str) -> Iterator[str]:
        if row.skill == "refusal":
            yield from self._foreign(row, reply)
            return
        if self._declines(row, reply):
            yield "says that the notes are silent"
            return
        right = self._right(row)
        yield from self._lacking(row, right, reply)
        yield from self._foreign(row, reply)
        wanted = outright(right) or (polarity(right) if row.skill in _YES_OR_NO else None)
        said = polarity(reply)
        # Whoever tells when a shop opens has said that it does, in other words than yes.
        if wanted and said != wanted and not (wanted == "yes" and said is None):
            yield f"says {said or 'neither yes nor no'} where {wanted} is right"

    def _lacking(self, row: Example, right: str, reply: str) -> Iterator[str]:
        """Yield values and names that the right reply has from the notes and this one has not."""
        notes, asked = "\n".join(row.notes), row.question
        wanted = question.asked(asked).wanted
        if row.skill in _ON_A_LIST and not wanted:
            return  # whether it is there was the question; what else the list tells of it was not
        # Yes and no need not repeat what they were asked of; where one of several is asked for, it is the answer.
        spared = _values(asked) if row.skill in _YES_OR_NO else set()
        have, held = _values(reply), _values(notes)
        for claim in claims(right):
            key = _key(claim)
            if key in held and key not in have | spared:
                yield f"{_MISSING} {claim.shown.rstrip('.')}"
        said, known = set(stems(reply)), {word for word, _, opens in names(notes) if not opens}
        spoken = set(stems(asked)) if row.skill in _YES_OR_NO else set()
        # Where a value is asked for and told, a name beside it is what it belongs to, and need not be said.
        named = () if wanted and wanted.values(right) else names(right)
        for word, start, _ in named:
            currency = re.search(r"\d\s?$", right[:start])
            if word in known and not currency and not set(stems(word)) <= said | spoken:
                yield f"{_MISSING} {word}"
        if row.skill in _YES_OR_NO:
            return
        # What is neither value nor name counts by its words: of each item of a list, and of a plain answer, half.
        told = set(question.content(notes)) - set(question.content(asked))
        for part in _ITEM.split(right) if row.skill == "list" else [right]:
            words = set(question.content(part)) & told
            if len(words & said) < len(words) / 2 and not claims(part):
                yield f"{_MISSING} {part.strip()!r}"

    def _foreign(self, row: Example, reply: str) -> Iterator[str]:
        """Yield values and names that neither notes, question, earlier talk nor the card itself hold."""
        talk = (turn.content for turn in row.messages[:-1])
        given = "\n".join((*row.notes, *talk, self.own))
        held, known = _values(given), set(stems(given))
        for claim in claims(reply):
            if _key(claim) not in held:
                yield f"invents {claim.shown.rstrip('.')}"
        for word, _, opens in names(reply):
            # Whatever begins a sentence has a capital: there is no telling a name from a word.
            if not opens and word.lower() not in self.voice.words and not set(stems(word)) <= known:
                yield f"invents {word}"


def fact_judge(persona: Persona) -> FactJudge:
    """Return the judge of a persona's replies. Raises BadPersona where its examples cannot be read."""
    rows = read_rows(persona.folder / "examples.jsonl")
    card = persona.card
    shape = card.format
    words = voice_words(((shape.words(row.reply) if shape else row.reply), row.source) for row in rows)
    refusals = frozenset(_plain(shape.words(line) if shape else line) for line in card.lines.not_in_notes)
    return FactJudge(Voice(persona, None, words), refusals, "\n".join(own_phrases(card)))


def _plain(text: str) -> str:
    return " ".join(_WORD.findall(text.lower()))


def _key(claim: Claim) -> tuple[str, str]:
    return claim.kind, claim.value


def _values(text: str) -> set[tuple[str, str]]:
    return set(map(_key, claims(text)))
