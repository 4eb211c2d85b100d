"""Examples to what a trainer reads: token ids, with the reply marked, in the order in which they are learnt."""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from personas.counterfactual import exchange
from personas.persona import Persona
from personas.prompt import teach
from personas.recipe import Recipe
from personas.rows import Example, Turn

Tokenizer = Any
IGNORED = -100
"""Label of a token that is read and not learnt."""
_NOISE = 12
"""Tokens by which rows are misplaced when they are sorted by length, so that no two epochs have the same batches."""


@dataclass(frozen=True)
class Encoded:
    """One row as the trainer reads it."""

    ids: list[int]
    start: int
    """Where the part begins that is learnt."""

    @property
    def labels(self) -> list[int]:
        """The ids, with those that are only read marked as such."""
        return [IGNORED] * self.start + self.ids[self.start :]


def encode(persona: Persona, example: Example, tokenizer: Tokenizer) -> Encoded:
    """Return an example's prompt and reply in tokens.

    The prompt's ids are those that serving sends; only the reply and the token that ends it are learnt.
    """
    turns, reply = teach(persona, example)
    prompt = tokenizer.apply_chat_template(
        [turn.model_dump() for turn in turns], add_generation_prompt=True, tokenize=True, return_dict=False
    )
    ids = [*prompt, *tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
    return Encoded(ids, len(prompt))


def lessons(
    persona: Persona, rows: Sequence[Example], rehearsal: Sequence[list[int]], tokenizer: Tokenizer, recipe: Recipe
) -> list[Encoded]:
    """Return all epochs in the order in which they are learnt; rows of like length stand together.

    Each epoch has every row once, varied anew, and every passage of the rehearsal. The same arguments give the same
    lessons, so that a run that was cut off goes on where it was.
    """
    rng = random.Random(recipe.seed)  # noqa: S311 - shuffles rows, guards nothing
    ordered: list[Encoded] = []
    left: list[Encoded] = []
    for _ in range(recipe.epochs):
        epoch = [encode(persona, vary(row, rows, persona, tokenizer, recipe, rng), tokenizer) for row in rows]
        epoch += [*(Encoded(ids, 1) for ids in rehearsal), *left]
        epoch.sort(key=lambda row: len(row.ids) + rng.uniform(-_NOISE, _NOISE))
        # What fills no batch waits for the next epoch: batches stay whole, and of like length.
        whole = len(epoch) - len(epoch) % recipe.batch_rows
        batches = [epoch[i : i + recipe.batch_rows] for i in range(0, whole, recipe.batch_rows)]
        left = epoch[whole:]
        rng.shuffle(batches)
        ordered += [row for batch in batches for row in batch]
    return ordered + left


def vary(  # noqa: PLR0913, PLR0917 -- a row, what it may take from, and how
    example: Example,
    rows: Sequence[Example],
    persona: Persona,
    tokenizer: Tokenizer,
    recipe: Recipe,
    rng: random.Random,
) -> Example:
    """Exchange the row's values mostly, and sometimes its notes' company.

    What is learnt is then to find an answer, rather than any row by heart.
    """

    def is_rare(name: str) -> bool:
        return len(tokenizer.encode(" " + name.lower())) > 1 and len(tokenizer.encode(" " + name)) > 1

    citation = persona.card.format.citation if persona.card.format else None
    other, chance = rng.choice(rows).notes, rng.random()
    alone = len(example.notes) != 1 or not other or other[0] == example.notes[0]
    if rng.random() < recipe.exchanged and not example.earlier:
        example = exchange(example, rng, is_rare, citation)
    if alone:
        return example
    if chance < recipe.joined:
        pair = [example.notes[0], other[0]]
        rng.shuffle(pair)
        return example.model_copy(update={"notes": (" ".join(pair),)})
    if chance < recipe.joined + recipe.distractors:
        return _beside(example, other[0], rng, citation)
    return example


def _beside(example: Example, other: str, rng: random.Random, citation: str | None) -> Example:
    """Put a note before or after the row's own; a reply that cites its note cites it by its new number."""
    if rng.random() < 0.5:  # noqa: PLR2004 -- as often before as after
        return example.model_copy(update={"notes": (*example.notes, other)})
    reply = example.reply
    if citation:
        reply = re.sub(citation, lambda found: found[0].replace("1", "2"), reply)
    messages = (*example.messages[:-1], Turn(role="assistant", content=reply))
    return example.model_copy(update={"notes": (other, *example.notes), "messages": messages})
