"""Whether a voice may be served: it must keep what the base model with the card prompt keeps.

An exam is a sample, so a voice is refused for a loss only where chance is an unlikely cause of it: both systems answer
the same rows, and the exact test of McNemar on the rows where they differ must come below 5 % (5 rows lost and none
won, 9 lost and 2 won, 20 lost and 10 won). A format is held to every reply, since one that breaks it breaks its reader.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from personas.intervals import worse_by_chance
from personas.marks import Mark

FEWEST = 50
"""Rows of an exam that can let a voice pass; fewer could not tell a great loss from chance."""
_UNLIKELY = 0.05


@dataclass(frozen=True)
class Gate:
    """What became of a voice at the gate."""

    reasons: tuple[str, ...] = ()
    """Why it is refused, a sentence each."""
    allowed: bool = False
    """Somebody lets it be served all the same."""

    @property
    def passed(self) -> bool:
        """Whether the voice keeps what it must."""
        return not self.reasons

    @property
    def open(self) -> bool:
        """Whether the voice is served."""
        return self.passed or self.allowed

    def as_json(self) -> dict[str, Any]:
        """Return it as it stands in a card."""
        return {"passed": self.passed, "reasons": list(self.reasons), "allowed": self.allowed}


def decide(ours: Sequence[Mark], theirs: Sequence[Mark], *, allowed: bool = False) -> Gate:
    """Hold a voice's replies against those of the base model with the card prompt, to the same rows."""
    pairs = list(zip(ours, theirs, strict=True))
    facts = [(our.judgement.kept, their.judgement.kept) for our, their in pairs if our.answerable]
    refusals = [
        (our.judgement.declined, their.judgement.declined) for our, their in pairs if our.row.skill == "refusal"
    ]
    forms = [our.form for our in ours if our.form is not None]
    reasons = []
    if len(ours) < FEWEST:
        reasons.append(f"The exam had {len(ours)} rows; at least {FEWEST} are needed to tell a loss from chance.")
    reasons += _lost(facts, "keeps the facts in", "answers")
    reasons += _lost(refusals, "says that the notes are silent in", "questions that they do not answer")
    if forms and not all(forms):
        reasons.append(f"The format is broken in {forms.count(False)} of {len(forms)} replies; every one must have it.")
    return Gate(tuple(reasons), allowed)


def refusal(card: Mapping[str, Any], folder: object) -> str:
    """Return why a card does not let its adapter be served, as a sentence; empty where it does or was never judged."""
    gate = _gate(card)
    if gate is None or gate.get("passed") is True or gate.get("allowed") is True:
        return ""
    return f"{folder} did not pass its evaluation: {_told(gate)}"


def unproved(card: Mapping[str, Any], digest: str, folder: object) -> str:
    """Return why an adapter may not be installed, as a sentence; empty where its own evaluation let it pass.

    ``digest``: of the adapter's files; an evaluation of other weights proves nothing.
    """
    gate, evaluation = _gate(card), card.get("evaluation")
    if gate is None or not isinstance(evaluation, dict) or evaluation.get("adapter") != digest:
        return f"{folder} has no evaluation: run `parley persona evaluate` with --adapter, or install it with --allow."
    if gate.get("passed") is True or gate.get("allowed") is True:
        return ""
    return f"{folder} did not pass its evaluation: {_told(gate)} Train it better, or install it with --allow."


def allow(card: Mapping[str, Any], digest: str) -> dict[str, Any]:
    """Return a card that says that its adapter is served whatever its evaluation says."""
    evaluation = card.get("evaluation")
    evaluation = evaluation if isinstance(evaluation, dict) and evaluation.get("adapter") == digest else {}
    gate = _gate(card) if evaluation else None
    gate = gate or Gate(("It was never evaluated.",)).as_json()
    return {**card, "evaluation": {**evaluation, "adapter": digest, "gate": {**gate, "allowed": True}}}


def _lost(pairs: Sequence[tuple[bool, bool]], does: str, what: str) -> list[str]:
    """Return a reason where ours of the pairs is worse than theirs beyond chance."""
    if not pairs or worse_by_chance(*zip(*pairs, strict=True)) >= _UNLIKELY:
        return []
    ours, theirs = (sum(some) for some in zip(*pairs, strict=True))
    return [f"It {does} {ours} of {len(pairs)} {what}, the base model with the card prompt in {theirs}."]


def _gate(card: Mapping[str, Any]) -> dict[str, Any] | None:
    evaluation = card.get("evaluation")
    gate = evaluation.get("gate") if isinstance(evaluation, dict) else None
    return gate if isinstance(gate, dict) else None


def _told(gate: Mapping[str, Any]) -> str:
    reasons = gate.get("reasons")
    return " ".join(map(str, reasons)) if isinstance(reasons, list) else ""
