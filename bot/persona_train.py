"""`parley persona train`: a plan, then a bar, then a new version of a voice."""

import random
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.persona_managed import or_managed
from bot.sentences import PATH, said

if TYPE_CHECKING:
    from bot.settings import Settings
    from personas.persona import Persona
    from personas.rows import Example
    from personas.train import Training

_SCRATCH_EPOCHS = 4
"""Passes over the rows where there is no foundation for the base model to start from."""


@click.command()
@click.argument("name")
@click.option("--base", help="A transformers model id or folder in place of the embedded base model.")
@click.option("--from", "start", type=PATH, help="Go on from the adapter in this folder; default: the foundation.")
@click.option("--method", type=click.Choice(["lora", "qlora", "unsloth"]), help="Default: what suits this machine.")
@click.option("--epochs", type=click.IntRange(1, 50), help="Passes over the rows.")
@click.option("--rate", type=click.FloatRange(1e-6, 1e-2), help="Learning rate at its peak.")
@click.option("--plan", is_flag=True, help="Say what would be done, how long it takes and how much memory, and stop.")
@click.option("--out", type=PATH, help="Folder for the adapter; default: the data folder.")
@said
@or_managed
def train(  # noqa: PLR0913, PLR0917 -- one argument each for the command's flags
    name: str,
    base: str | None,
    start: Path | None,
    method: str | None,
    epochs: int | None,
    rate: float | None,
    plan: bool,
    out: Path | None,
) -> None:
    """Train the voice of NAME from its examples; the same command given again goes on where it was cut off."""
    from bot import models, settings
    from personas import training_method
    from personas.recipe import Recipe
    from personas.train import Run, Training

    chosen = settings.load(base_model=base)
    models.check(chosen)
    base_path = models.base_path(chosen)
    speaker, rows = _taught(name, chosen)
    start = start or _foundation(name, chosen, base_path)
    recipe = replace(Recipe(), epochs=epochs or (Recipe.epochs if start else _SCRATCH_EPOCHS))
    recipe = replace(recipe, learning_rate=rate or recipe.learning_rate)
    way = training_method.choose(base_path, method)  # type: ignore[arg-type]  # click has checked the choice
    click.echo(f"{name}: {len(rows)} rows, {recipe.epochs} times, {way}", err=True)
    click.echo(f"starts from {start or 'the bare base model: there is no foundation for it'}", err=True)
    training = Training(Run(speaker, rows, base_path, recipe, way, start), chosen.home / "training")
    _say_plan(training)
    if not plan:
        _finish(training, out, chosen, base_path)


def _taught(name: str, chosen: "Settings") -> tuple["Persona", tuple["Example", ...]]:
    """Return a persona with its examples; the foundation's are its plain rows."""
    from personas.dressing import FOUNDATION, dress, read_plain
    from personas.persona import load
    from personas.rows import read_rows

    if name != FOUNDATION.name:
        speaker = load(name, *chosen.libraries)
        return speaker, tuple(read_rows(speaker.folder / "examples.jsonl"))
    speaker, rng = load(name, FOUNDATION.parent), random.Random(0)  # noqa: S311 - the same rows each time
    return speaker, tuple(dress(row, speaker.card, rng) for row in read_plain(FOUNDATION / "rows.jsonl"))


def _foundation(name: str, chosen: "Settings", base: str) -> Path | None:
    """Return the folder of the foundation's adapter for a base model: installed, or the one that ships."""
    from personas.dressing import FOUNDATION
    from personas.persona import load
    from personas.versions import current

    if name == FOUNDATION.name:
        return None
    adapter = current(load(FOUNDATION.name, FOUNDATION.parent), chosen.home / "adapters", base).adapter
    return adapter.folder if adapter else None


def _say_plan(training: "Training") -> None:
    seconds, memory = training.probe()
    left = (training.steps - training.done) / training.steps * sum(len(row.ids) for row in training.lessons) * seconds
    begun = f", of which {training.done} are done" if training.done else ""
    click.echo(
        f"{training.steps} steps{begun}; about {max(1, round(left / 60))} min and {memory / 2**30:.1f} GiB of memory",
        err=True,
    )


def _finish(training: "Training", out: Path | None, chosen: "Settings", base: str) -> None:
    import tempfile

    from bot.progress import bar
    from personas.adapters import checked
    from personas.candidates import keep
    from personas.dressing import FOUNDATION
    from personas.versions import install

    name = training.run.persona.name
    with tempfile.TemporaryDirectory(prefix=f"{name}-") as work, bar(f"Training {name}") as step:
        folder = out or Path(work) / "adapter"
        card = training.finish(folder, lambda done, total, loss: step(done, total, f"loss {loss:.2f}"))
        if out is None:
            stays = install if name == FOUNDATION.name else keep
            folder = stays(checked(folder, base), name, chosen.home / "adapters").folder
    click.echo(f"{folder}: final loss {card['final_loss']}, {card['seconds']} s")
    if name != FOUNDATION.name:
        where = f" --adapter {out}" if out else ""
        click.echo(f"It does not serve yet: `parley persona evaluate {name}{where}` holds it against the base model.")
