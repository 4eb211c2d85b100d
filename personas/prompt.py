"""The one rendering of notes and a question, used for training and for serving alike."""

from collections.abc import Sequence

from personas.persona import Example, Persona, Turn


def ask(persona: Persona, question: str, notes: Sequence[str]) -> list[Turn]:
    """Return the turns that ask a persona a question; without notes the question stands alone (small talk)."""
    if notes:
        numbered = "\n".join(f"[{n}] {note}" for n, note in enumerate(notes, 1))
        question = f"Notes:\n{numbered}\n\nQuestion: {question}"
    return [Turn(role="system", content=persona.card.voice), Turn(role="user", content=question)]


def teach(persona: Persona, example: Example) -> tuple[list[Turn], str]:
    """Return the turns that ``ask`` would build for an example, and the reply to be learnt."""
    return ask(persona, example.question, example.notes), example.reply
