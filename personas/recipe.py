"""Settings of a training run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Recipe:
    """What an adapter is trained with; its card.json repeats it."""

    rank: int = 8
    """More changes nothing at a few thousand rows (Schulman et al. 2025, LoRA Without Regret)."""
    alpha: int = 16
    epochs: int = 3
    batch_rows: int = 8
    learning_rate: float = 1.5e-3
    """At its peak."""
    warm_up: float = 0.05
    """Share of the steps in which the rate rises; it falls along a cosine afterwards."""
    exchanged: float = 0.8
    """Share of the rows whose names and numbers are exchanged for invented ones, anew in every epoch."""
    distractors: float = 0.25
    """Share of the rows with one note that get another row's note beside it."""
    joined: float = 0.3
    """Share of the rows with one note whose note is made longer by another row's, before or after its own text."""
    rehearsed: float = 0.15
    """Passages that the base model wrote itself, for each row (self-synthesized rehearsal, Huang et al. 2024,
    arXiv:2403.01244). The base's own probabilities are held fast on them (learning without forgetting, Li and Hoiem
    2016, arXiv:1606.09282), so that the rest of it stays as it is."""
    seed: int = 7
