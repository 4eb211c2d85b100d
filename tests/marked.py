"""Marks and evaluations made up, for what comes after the replies."""

import dataclasses

from personas.drift import Ability, Drift
from personas.evaluate import Evaluation
from personas.exam import RIVAL, SERVED, SYSTEMS, Reply, Sitting
from personas.gate import decide
from personas.marks import Judgement, Mark
from personas.rows import Example, Turn
from personas.scores import score


def row(question="what does the rope cost?", skill="copy", notes=("The rope costs 12 gold.",), reply="12 gold."):
    messages = (Turn(role="user", content=question), Turn(role="assistant", content=reply))
    return Example(messages=messages, notes=notes, skill=skill, domain="harbour")


def mark(
    row, reply="Arr, 12 gold.", *, kept=True, declined=False, passed=True, voice=0.9, form=None, leak="", traits=()
):
    faults = () if kept else ("lacks 12",)
    return Mark(row, reply, reply, Judgement(kept, declined, passed, faults), voice, traits, form, True, leak)


def exam(kept, refused=10, answers=50, refusals=10, **more):
    """Return marks of an exam in which so many answers keep the facts, and so many refusals are right."""
    asked = [mark(row(f"question {n}?"), kept=n < kept, **more) for n in range(answers)]
    silent = row("who is it?", "refusal")
    return asked + [mark(silent, kept=n < refused, declined=n < refused, **more) for n in range(refusals)]


def evaluation(persona, digest, ours=None, theirs=None, exam_rows=None, *, allowed=False):
    """Return an evaluation in which the voice and the base model with the card prompt have these marks."""
    ours, theirs = ours or exam(45), theirs or exam(30)
    marks = {system: ours if system.startswith(SERVED) else theirs for system in SYSTEMS}
    marks[RIVAL] = theirs
    traits = (True,) * len(persona.card.traits)
    marks = {system: [dataclasses.replace(one, traits=traits) for one in some] for system, some in marks.items()}
    scores = {
        system: score(some, Sitting(tuple(Reply(m.reply, 20.0) for m in some), 2.0), persona.card, len)
        for system, some in marks.items()
    }
    before, after = (Ability((60.0, more), (20, 25), (True, False, True)) for more in (75.0, 76.0))
    return Evaluation(
        persona, digest, "base", "0" * 64, exam_rows or len(ours), marks, scores, None, None, Drift(before, after), 90,
        decide(ours, theirs, allowed=allowed),
    )  # fmt: skip
