"""Marks to figures: what one system scores over an exam, each with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from personas.exam import Sitting
from personas.intervals import Estimate, mean, share
from personas.marks import Mark
from personas.persona import Card


@dataclass(frozen=True)
class Measure:
    """A share of replies that is told of each system."""

    key: str
    title: str
    counted: Callable[[Mark], bool]
    """Whether a reply is among those that the share is of."""
    holds: Callable[[Mark], bool]
    lower: bool = False
    """Whether less is better."""


def _every(_: Mark) -> bool:
    return True


def _refusal(mark: Mark) -> bool:
    return mark.row.skill == "refusal"


MEASURES = (
    Measure("voice", "voice recognised", _every, lambda m: m.in_voice),
    Measure("facts", "facts kept", lambda m: m.answerable, lambda m: m.judgement.kept),
    Measure("sent", "passes the fact check", lambda m: m.answerable, lambda m: m.judgement.passed),
    Measure(
        "facts_sent",
        "facts kept after the check",
        lambda m: m.answerable and m.judgement.passed,
        lambda m: m.judgement.kept,
    ),
    Measure(
        "true_sent",
        "nothing false after the check",
        lambda m: m.answerable and m.judgement.passed,
        lambda m: m.judgement.true,
    ),
    Measure("right_refusals", "right refusals", _refusal, lambda m: m.judgement.declined),
    Measure("wrong_refusals", "wrong refusals", lambda m: m.answerable, lambda m: m.judgement.declined, lower=True),
    Measure("format", "in the format", lambda m: m.form is not None, lambda m: bool(m.form)),
    Measure("language", "in the language", lambda m: m.language is not None, lambda m: bool(m.language)),
    Measure("leaks", "repeats a training row", _every, lambda m: bool(m.leak), lower=True),
)


@dataclass(frozen=True)
class TraitScore:
    """A trait of the card in a system's replies."""

    name: str
    found: Estimate | None
    wanted: float
    never: bool

    @property
    def met(self) -> bool:
        """Whether enough replies have it, or few enough where it is unwanted."""
        if self.found is None:
            return True
        return self.found.value <= self.wanted if self.never else self.found.value >= self.wanted

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a card."""
        found = self.found.as_json() if self.found else None
        return {
            "name": self.name,
            "found": found,
            "at_most" if self.never else "at_least": self.wanted,
            "met": self.met,
        }


@dataclass(frozen=True)
class Scores:
    """What a system scored."""

    shares: dict[str, Estimate | None]
    """By the key of each measure; None where no reply counts."""
    skills: dict[str, Estimate]
    """Share of facts kept, by the rows' skill."""
    traits: tuple[TraitScore, ...]
    tokens: Estimate | None
    """Mean length of a reply, in tokens."""
    tokens_per_second: float
    """Over all replies, those under way at the same time included."""
    median_ms: float
    """Of one reply, with others under way."""

    def as_json(self) -> dict[str, Any]:
        """Return them as they stand in a card."""
        return {
            **{key: figure.as_json() for key, figure in self.shares.items() if figure},
            "facts_by_skill": {skill: figure.as_json() for skill, figure in self.skills.items()},
            "traits": [trait.as_json() for trait in self.traits],
            "tokens_per_reply": self.tokens.as_json() if self.tokens else None,
            "tokens_per_second": round(self.tokens_per_second, 1),
            "median_ms": round(self.median_ms),
        }


def score(marks: Sequence[Mark], sitting: Sitting, card: Card, count: Callable[[str], int]) -> Scores:
    """Sum up a system's marks; ``count`` returns the tokens of a text."""
    shares = {
        measure.key: share([measure.holds(mark) for mark in marks if measure.counted(mark)]) for measure in MEASURES
    }
    kept: dict[str, list[bool]] = {}
    for mark in marks:
        if mark.answerable:
            kept.setdefault(mark.row.skill, []).append(mark.judgement.kept)
    skills = {skill: figure for skill, some in sorted(kept.items()) if (figure := share(some))}
    traits = tuple(
        TraitScore(trait.name, share([mark.traits[n] for mark in marks]), trait.share, trait.never)
        for n, trait in enumerate(card.traits)
    )
    lengths = [count(reply.text) for reply in sitting.replies]
    times = sorted(reply.milliseconds for reply in sitting.replies)
    return Scores(
        shares, skills, traits, mean(lengths), sum(lengths) / sitting.seconds if sitting.seconds else 0.0,
        times[len(times) // 2] if times else 0.0,
    )  # fmt: skip
