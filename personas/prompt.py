"""The one rendering of notes and a question, used for training and for serving alike."""

from collections.abc import Sequence

from personas.persona import Persona
from personas.rows import Example, Turn

RULE = "Answer from the notes."
"""Stands in the card prompt's place before a voice that was trained: its manner is in its weights."""


def ask(
    persona: Persona, question: str, notes: Sequence[str], earlier: Sequence[Turn] = (), *, card: bool = True
) -> list[Turn]:
    """Return the turns that ask a persona a question; without notes the question stands alone (small talk).

    ``earlier``: the talk before; ``card``: whether the card prompt comes first, or the one rule that stands in for it
    before a trained voice.
    """
    system = persona.card.voice if card else RULE
    asked = noted(question, notes)
    if card and notes:  # the base model is asked once: only a trained voice learnt to read a question above its notes
        asked = asked.removeprefix(f"{question}\n\n")
    return [Turn(role="system", content=system), *earlier, Turn(role="user", content=asked)]


def noted(question: str, notes: Sequence[str]) -> str:
    """Return a question as it is asked beneath its numbered notes, and, for a model that reads one way, above them.

    Whoever knows the question reads the notes for it (query-aware contextualization, Liu et al. 2023, Lost in the
    Middle, arXiv:2307.03172).
    """
    return f"{question}\n\nNotes:\n{numbered(notes)}\n\nQuestion: {question}" if notes else question


def numbered(notes: Sequence[str]) -> str:
    """Return notes as they are numbered in a prompt."""
    return "\n".join(f"[{n}] {note}" for n, note in enumerate(notes, 1))


def teach(persona: Persona, example: Example) -> tuple[list[Turn], str]:
    """Return the turns that ``ask`` would build for an example and a trained voice, and the reply to be learnt."""
    return ask(persona, example.question, example.notes, example.earlier, card=False), example.reply
