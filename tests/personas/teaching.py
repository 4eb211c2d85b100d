"""Training small enough for a test."""

from personas.recipe import Recipe
from personas.rows import read_rows
from personas.train import Run, Training
from personas.training_method import choose

QUICK = Recipe(rank=2, epochs=1, rehearsed=0)


def run_of(speaker, base, recipe=QUICK, start=None):
    """Return a training run over a persona's examples."""
    rows = tuple(read_rows(speaker.folder / "examples.jsonl"))
    return Run(speaker, rows, str(base), recipe, choose(str(base)), start)


def teach(speaker, base, folder, recipe=QUICK, start=None, progress=None):
    """Train a persona's examples into an adapter in ``folder``; return its card."""
    return Training(run_of(speaker, base, recipe, start), folder.parent / "checkpoints").finish(folder, progress)
