"""A voice beside its base: four systems on an exam that training never saw, and the gate that follows from it."""

import hashlib
import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.base_model import load_tokenizer
from personas.drift import Drift, measure
from personas.exam import RIVAL, SERVED, SYSTEMS, Hall, Progress, System
from personas.gate import Gate, decide
from personas.intervals import Estimate, bootstrap, share
from personas.marks import Judge, Mark, Marker, marker
from personas.persona import Persona
from personas.prompt import RULE
from personas.rows import Example, read_rows
from personas.scores import Scores, score

Finder = Callable[[Sequence[Example]], list[tuple[str, ...]]]
"""Returns the notes that real retrieval finds for each row."""


@dataclass(frozen=True)
class Evaluation:
    """What came of an exam."""

    persona: Persona
    digest: str
    """Of the adapter's configuration and weights."""
    base: str
    exam_sha256: str
    exam_rows: int
    """Rows of the whole exam, of which some may have been left out."""
    marks: dict[System, list[Mark]]
    scores: dict[System, Scores]
    facts_retrieved: Estimate | None
    """Facts kept by the voice where its notes are those that retrieval finds; None where that was not tried."""
    format_free: Estimate | None
    """Share of the voice's replies in the format without being held to it; None where the card has no format."""
    drift: Drift
    tokens_saved: int
    """For each reply, since no card prompt stands before the voice."""
    gate: Gate

    @property
    def whole(self) -> bool:
        """Whether no row of the exam was left out."""
        return len(self.marks[SERVED]) == self.exam_rows

    @property
    def wrong_sent(self) -> list[Mark]:
        """The voice's replies that pass the fact check and do not keep the facts."""
        return [m for m in self.marks[SERVED] if m.answerable and m.judgement.passed and not m.judgement.kept]

    @property
    def perplexity_ratio(self) -> Estimate:
        """Perplexity on plain text with the voice over that without; drawn over passages."""
        before, after = self.drift.before, self.drift.after
        passages = list(zip(before.losses, after.losses, before.tokens, strict=True))
        found = bootstrap(passages, _ratio)
        assert found is not None  # noqa: S101 -- the plain text ships, for the type checker
        return found

    def as_json(self) -> dict[str, Any]:
        """Return the evaluation as it stands in a card, without date, so that the same run gives the same."""
        before, after = self.drift.before, self.drift.after
        questions = {"before": share(before.right), "after": share(after.right)}
        return {
            "adapter": self.digest,
            "base": self.base,
            "exam_sha256": self.exam_sha256,
            "exam_rows": self.exam_rows,
            "rows": len(self.marks[SERVED]),
            "systems": {system: self.scores[system].as_json() for system in SYSTEMS},
            "facts_retrieved": self.facts_retrieved.as_json() if self.facts_retrieved else None,
            "format_free": self.format_free.as_json() if self.format_free else None,
            "wrong_sent": [
                {"question": m.row.question, "reply": m.reply, "faults": list(m.judgement.faults)}
                for m in self.wrong_sent
            ],
            "drift": {
                "perplexity": {"before": round(before.perplexity, 3), "after": round(after.perplexity, 3)},
                "perplexity_ratio": self.perplexity_ratio.as_json(),
                "questions": {when: figure.as_json() for when, figure in questions.items() if figure},
            },
            "tokens_saved": self.tokens_saved,
            "gate": self.gate.as_json(),
        }


async def evaluate(  # noqa: PLR0913 -- what sits, on what, judged by whom
    hall: Hall,
    base: str,
    judge: Judge,
    *,
    find: Finder | None = None,
    most: int | None = None,
    allowed: bool = False,
    progress: Progress | None = None,
) -> Evaluation:
    """Have all four systems sit the persona's exam, mark their replies, and close the engine.

    ``base``: folder or hub id of the base model; ``find``: has the voice sit once more with notes that retrieval
    finds; ``most``: rows at most, drawn by a fixed seed; ``allowed``: the gate lets the voice pass whatever comes.
    Raises BadPersona, and what ``Engine.stream`` raises.
    """
    persona = hall.persona
    file = persona.folder / "exam.jsonl"
    every = read_rows(file)
    rows = _drawn(every, most)
    marks_of = marker(persona, judge)
    tokenizer = load_tokenizer(base)

    def count(text: str) -> int:
        return len(tokenizer.encode(text, add_special_tokens=False))

    steps = _Steps(progress, len(rows) * (len(SYSTEMS) + bool(persona.card.format) + bool(find)))
    marks, scores = {}, {}
    for system in SYSTEMS:
        sitting = await hall.sit(system, rows, step=steps.named(system))
        marks[system] = marks_of.marks(rows, sitting.replies)
        scores[system] = score(marks[system], sitting, persona.card, count)
    free = await _free(hall, rows, steps.named("adapter, form left free"))
    retrieved = await _retrieved(hall, rows, marks_of, find, steps.named("adapter, notes searched for"))
    await hall.engine.close()  # drift is measured by a model of its own, and two need twice the memory
    digest = hall.adapter.version.rpartition("-")[2]
    return Evaluation(
        persona, digest, Path(base).name, hashlib.sha256(file.read_bytes()).hexdigest(), len(every), marks, scores,
        retrieved, free, measure(base, hall.adapter.folder, progress), count(persona.card.voice) - count(RULE),
        decide(marks[SERVED], marks[RIVAL], allowed=allowed),
    )  # fmt: skip


@dataclass
class _Steps:
    """Counts replies over all sittings."""

    progress: Progress | None
    total: int
    done: int = 0

    def named(self, now: str) -> Callable[[], None]:
        def step() -> None:
            self.done += 1
            if self.progress:
                self.progress(self.done, self.total, now)

        return step


def _drawn(rows: Sequence[Example], most: int | None) -> list[Example]:
    if most is None or most >= len(rows):
        return list(rows)
    chosen = random.Random(7).sample(range(len(rows)), most)  # noqa: S311 -- chooses rows, guards nothing
    return [rows[n] for n in sorted(chosen)]


async def _free(hall: Hall, rows: Sequence[Example], step: Callable[[], None]) -> Estimate | None:
    shape = hall.persona.card.format
    if shape is None:
        return None
    sitting = await hall.sit(SERVED, rows, grammar=False, step=step)
    return share([shape.holds(r.text, len(row.notes)) for row, r in zip(rows, sitting.replies, strict=True)])


async def _retrieved(
    hall: Hall, rows: Sequence[Example], marks_of: Marker, find: Finder | None, step: Callable[[], None]
) -> Estimate | None:
    if find is None:
        return None
    asked = [row for row in rows if row.notes and row.skill != "refusal"]
    searched = [row.model_copy(update={"notes": notes}) for row, notes in zip(asked, find(asked), strict=True)]
    sitting = await hall.sit(SERVED, searched, step=step)
    # What is true is what either notes say: another note of the same subject may well hold the answer too.
    both = [
        row.model_copy(update={"notes": (*one.notes, *row.notes)}) for row, one in zip(asked, searched, strict=True)
    ]
    return share([mark.judgement.kept for mark in marks_of.marks(both, sitting.replies)])


def _ratio(passages: Sequence[tuple[float, float, int]]) -> float:
    tokens = sum(count for _, _, count in passages)
    return math.exp(sum(after - before for before, after, _ in passages) / tokens)
