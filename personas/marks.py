"""What one reply to an exam row is worth: voice, facts, refusal, form, language, and whether it was learnt by heart."""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from personas.dressing import FOUNDATION, read_plain
from personas.exam import Reply
from personas.language import spoken
from personas.leakage import Leaks, learnt
from personas.persona import LIBRARY, Persona, load, names
from personas.rows import Example, read_rows
from personas.voice_classifier import VoiceClassifier, train_classifier

_OTHERS = 4000
"""Replies that are not in the voice, for the classifier; more take longer and change little."""


@dataclass(frozen=True)
class Judgement:
    """What is true and what is not in a reply; whoever knows the facts (``Judge``) decides."""

    kept: bool
    """It says what the row's own reply says from the notes, and nothing that notes and question do not hold."""
    declined: bool
    """It says that the notes do not hold the answer."""
    passed: bool
    """The fact check would let it be sent."""
    faults: tuple[str, ...] = ()
    """Why the facts are not kept, a clause each."""
    true: bool = True
    """Nothing in it is wrong, though something may be missing."""


Judge = Callable[[Example, str], Judgement]
"""Takes a row and a reply to it, in its form."""


@dataclass(frozen=True)
class Mark:
    """One reply, marked."""

    row: Example
    reply: str
    words: str
    """The reply without its form."""
    judgement: Judgement
    voice: float
    """Probability that it is in the voice, 0 to 1."""
    traits: tuple[bool, ...]
    """Whether each of the card's traits is in it."""
    form: bool | None
    """Whether it has the card's format; None where the card has none."""
    language: bool | None
    """Whether it is in the card's language; None where it is too short to tell."""
    leak: str
    """Words of a training row that it repeats."""

    @property
    def in_voice(self) -> bool:
        """Whether the classifier recognises the voice."""
        return self.voice > 0.5  # noqa: PLR2004 -- the middle of 0 to 1

    @property
    def answerable(self) -> bool:
        """Whether the row's notes hold the answer."""
        return bool(self.row.notes) and self.row.skill != "refusal"

    @property
    def good(self) -> bool:
        """Whether nothing at all is wrong with it."""
        right = self.judgement.declined if self.row.skill == "refusal" else not self.answerable or self.judgement.kept
        return right and self.in_voice and self.form is not False and not self.leak


@dataclass(frozen=True)
class Marker:
    """Marks replies of one persona; see ``marker``."""

    persona: Persona
    judge: Judge
    classifier: VoiceClassifier
    leaks: Leaks

    def marks(self, rows: Sequence[Example], replies: Sequence[Reply]) -> list[Mark]:
        """Mark the replies to some rows."""
        card = self.persona.card
        words = [_words(self.persona, reply.text) for reply in replies]
        voices = self.classifier.probabilities(words)
        languages = spoken(words, card.language)
        marked = []
        for row, reply, said, voice, language in zip(rows, replies, words, voices, languages, strict=True):
            traits = tuple(bool(re.search(trait.pattern, reply.text, re.IGNORECASE)) for trait in card.traits)
            form = card.format.holds(reply.text, len(row.notes)) if card.format else None
            marked.append(
                Mark(row, reply.text, said, self.judge(row, reply.text), voice, traits, form, language,
                     self.leaks.found(said, row))
            )  # fmt: skip
        return marked


def marker(persona: Persona, judge: Judge) -> Marker:
    """Return what marks a persona's replies: its classifier is trained on examples alone, never on an exam.

    The voice is told from plain replies and from the voices of the other shipped personas. Raises BadPersona.
    """
    examples = read_rows(persona.folder / "examples.jsonl")
    others = [row.reply for row in read_plain(FOUNDATION / "rows.jsonl") if row.reply]
    for name in names():
        folder = LIBRARY / name
        if name != persona.name and (folder / "examples.jsonl").is_file():
            other = load(name)
            others += [_words(other, row.reply) for row in read_rows(folder / "examples.jsonl")]
    if len(others) > _OTHERS:
        others = random.Random(7).sample(others, _OTHERS)  # noqa: S311 -- chooses texts, guards nothing
    voiced = [_words(persona, row.reply) for row in examples]
    return Marker(persona, judge, train_classifier(voiced, others), learnt(examples, persona.card))


def _words(persona: Persona, reply: str) -> str:
    return persona.card.format.words(reply) if persona.card.format else reply
