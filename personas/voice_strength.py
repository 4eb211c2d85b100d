"""How well a persona's rows can be told from plain ones and from other voices, and how often they show its traits."""

import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from personas.findings import CARD, EXAMPLES, Finding, Row, cut, spoken
from personas.persona import Card, Persona
from personas.voice_classifier import held_out

_OTHERS = 2000
"""Replies not in the voice; more take longer and change little."""
_RECOGNISED = 0.95
_THINNEST = 10
_MIDDLE = 0.5


@dataclass(frozen=True)
class VoiceStrength:
    """What was measured on the examples."""

    recognised: float
    """Share of replies that a classifier trained without their subjects recognises, 0 to 1."""
    thinnest: tuple[tuple[Row, float], ...]
    """The rows that are recognised least, with their probability."""
    traits: tuple[tuple[str, float], ...]
    """Share of replies that have each trait of the card."""


def voice_strength(persona: Persona, rows: Sequence[Row], others: Sequence[str]) -> VoiceStrength | None:
    """Measure the examples among some rows; None where there are too few to hold any out.

    ``others``: replies that are not in the voice, plain ones and those of other personas.
    """
    card = persona.card
    rows = [row for row in rows if row.file == EXAMPLES]
    said = [spoken(card, row.example.reply) for row in rows]
    replies = [row.example.reply for row in rows]  # as they are sent: a trait may be a matter of form
    rng = random.Random(7)  # noqa: S311 -- chooses texts, guards nothing
    others = rng.sample(others, _OTHERS) if len(others) > _OTHERS else others
    try:
        found = held_out(said, others, [row.example.domain for row in rows])
    except ValueError:
        return None
    order = sorted(range(len(rows)), key=lambda i: found[i])
    shares = (
        (trait.name, sum(bool(re.search(trait.pattern, reply, re.IGNORECASE)) for reply in replies) / len(rows))
        for trait in card.traits
    )
    return VoiceStrength(
        sum(p > _MIDDLE for p in found) / len(found),
        tuple((rows[i], found[i]) for i in order[:_THINNEST]),
        tuple(shares),
    )


def thin(strength: VoiceStrength, card: Card) -> Iterator[Finding]:
    """Yield what is too thin: replies that are not recognised, and traits that too few or too many replies have."""
    if strength.recognised < _RECOGNISED:
        yield Finding(
            "voice", "warning", EXAMPLES, None, f"{strength.recognised:.0%} of the replies are told from plain ones",
            f"Say more in the persona's own way, until {_RECOGNISED:.0%} are.",
        )  # fmt: skip
    for row, probability in strength.thinnest:
        if probability < _MIDDLE:
            wrong = f'"{cut(spoken(card, row.example.reply))}" reads like plain text ({probability:.0%} in voice)'
            yield row.finding("voice", "warning", wrong, "Say it as the persona would, without another fact.")
    for trait, (name, share) in zip(card.traits, strength.traits, strict=True):
        if share > trait.share if trait.never else share < trait.share:
            bound = "at most" if trait.never else "at least"
            yield Finding(
                "voice", "warning", CARD, None,
                f'the trait "{name}" is in {share:.0%} of the replies; {bound} {trait.share:.0%} are asked for',
                "Change the rows, or the trait's share or pattern.",
            )  # fmt: skip
