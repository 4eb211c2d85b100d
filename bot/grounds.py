"""What a reply is drafted from and held to: a computed answer, or the passage that a search found."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from bot.answers import Source, sources
from knowledge.claims import stems
from knowledge.conflicts import conflict
from knowledge.excerpts import excerpt
from knowledge.focus import brings
from knowledge.retrieval import Hit, Retrieved
from knowledge.store import Passage
from knowledge.typed.kinds import Computed

_NEAR = 0.2
"""How far below the best passage's score another may be that fits the question's words better."""
_RIVALS = 4
"""Best passages among which one that contradicts the chosen one is looked for."""


@dataclass(frozen=True)
class Grounds:
    """What a reply is drafted from, and what it has to say of that."""

    note: str
    sources: tuple[Source, ...]
    doubted: bool = False
    """It is not certain that the note speaks of what is asked."""
    computed: bool = False
    """The note is no part of a passage: it follows from what the sources say."""
    values: tuple[str, ...] = ()
    """Numbers that were computed: a reply has to bring all of them."""
    answers: frozenset[str] = frozenset()
    """Sentences of the note that a reply may restate, if any: another may be true, and beside the point."""
    shortest: str = ""
    """These sentences as one text, of steps all that follow, for a form without room for more."""
    instructions: bool = False
    """Steps or a command, which are passed on as they stand: a step that a voice leaves out costs more than a voice."""

    @classmethod
    def of_hit(cls, hit: Hit, question: str, *, doubted: bool) -> Self:
        """Return what a reply to a question is drafted from where a passage was found."""
        part = excerpt(hit.passage, hit.nearness, question)
        return cls(
            part.text, sources([hit.passage], hit.score), doubted, answers=part.answers, shortest=part.shortest,
            instructions=part.instructions,
        )  # fmt: skip

    @classmethod
    def of_computed(cls, computed: Computed) -> Self:
        """Return what a reply is drafted from where the answer was computed."""
        numbers = tuple(value for value in computed.values if any(character.isdigit() for character in value))
        return cls(computed.sentence, sources(computed.passages), computed=True, values=numbers)


def choose(found: Retrieved, text: str, about: frozenset[str], *, doubted: bool) -> Hit | None:
    """Return the passage to answer from: near the best, about what the question is about, with the value it asks for.

    None where that one holds no value of the kind that the question asks for, and is ``doubted`` anyway.
    """
    near = [hit for hit in found.hits if hit.score >= found.hits[0].score - _NEAR]
    if not near:
        return None

    def fit(hit: Hit) -> tuple[int, bool]:
        return len(about & set(stems(hit.passage.searchable))), brings(hit.passage.searchable, text)

    best = max(near, key=fit)  # the first, and so the highest in score, of those that fit best
    return best if fit(best)[1] or not doubted else None


def contradicting(chosen: Passage, hits: Sequence[Hit]) -> Passage | None:
    """Return the best passage of which and the chosen one at most one is true; it takes some milliseconds."""
    rivals = (hit.passage for hit in hits[:_RIVALS] if hit.passage != chosen)
    return next((rival for rival in rivals if conflict(chosen, rival)), None)
