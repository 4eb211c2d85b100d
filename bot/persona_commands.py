"""`parley persona ...`: who can speak."""

import sys
from pathlib import Path

import click

from bot.sentences import PATH, said


@click.group()
def persona() -> None:
    """List, show, check and train personas."""


@persona.command("list")
@said
def list_personas() -> None:
    """List the personas and the version of each one's voice."""
    from rich.console import Console
    from rich.table import Table

    from bot import settings
    from bot.voices import served
    from personas.persona import load, names

    chosen = settings.load()
    table = Table("persona", "voice", "description")
    for name in names():
        table.add_row(name, served(load(name), chosen), load(name).card.description)
    Console().print(table)


@persona.command()
@click.argument("name")
@said
def show(name: str) -> None:
    """Show the persona NAME: its card, and one example as the model sees it, with what is learnt marked."""
    from rich.console import Console
    from rich.markup import escape

    from bot import settings
    from bot.voices import served
    from personas.persona import load, read_examples
    from personas.prompt import teach

    speaker = load(name)
    console = Console(highlight=False)
    console.print(f"[bold]{escape(speaker.card.title)}[/] ({name}), voice: {served(speaker, settings.load())}")
    console.print(escape(speaker.card.description))
    rows = read_examples(speaker.folder / "examples.jsonl")
    console.print(f"{len(rows)} examples, {len(read_examples(speaker.folder / 'exam.jsonl'))} exam questions\n")
    turns, reply = teach(speaker, rows[0])
    for turn in turns:
        console.print(f"[dim]{turn.role}:[/] {escape(turn.content)}")
    console.print(f"[dim]assistant:[/] [green]{escape(reply)}[/]")
    for kind, lines in speaker.card.lines.model_dump().items():
        console.print(f"[dim]{kind}:[/] {escape(lines[0])}")


@persona.command()
@click.argument("name")
@said
def check(name: str) -> None:
    """Check every example and exam row of NAME: facts in a reply that its notes do not hold, and doubles."""
    from bot.persona_check import examine

    findings = list(examine(name))
    for finding in findings:
        click.echo(finding)
    if findings:
        click.echo(f"{len(findings)} findings in {name}")
        sys.exit(1)
    click.echo(f"{name} is sound: no reply says what its notes do not.")


@persona.command()
@click.argument("name")
@click.option("--base", help="A transformers model id or folder in place of the embedded base model.")
@click.option("--also", multiple=True, help="Another persona that lends its rows; repeatable.")
@click.option("--from", "start", type=PATH, help="Go on from the adapter in this folder.")
@click.option("--epochs", type=click.IntRange(1, 50), help="Passes over the rows.")
@click.option("--rate", type=click.FloatRange(1e-6, 1e-2), help="Learning rate at its peak.")
@click.option("--out", type=PATH, help="Folder for the adapter; default: served from the data folder at once.")
@said
def train(  # noqa: PLR0913, PLR0917 -- one argument each for the command's flags
    name: str,
    base: str | None,
    also: tuple[str, ...],
    start: Path | None,
    epochs: int | None,
    rate: float | None,
    out: Path | None,
) -> None:
    """Train the voice of NAME from its examples."""
    from dataclasses import replace

    from bot import models, settings
    from bot.progress import bar
    from personas.persona import load
    from personas.train import Recipe, train

    chosen = settings.load(base_model=base)
    models.check(chosen)
    recipe = replace(Recipe(), epochs=epochs or Recipe.epochs, learning_rate=rate or Recipe.learning_rate)
    folder = out or chosen.home / "adapters" / name
    with bar(f"Training {name}") as step:
        card = train(
            [load(who) for who in (name, *also)], models.base_path(chosen), folder, recipe, start,
            lambda done, total, loss: step(done, total, f"loss {loss:.2f}"),
        )  # fmt: skip
    click.echo(f"{folder}: final loss {card['final_loss']}, {card['seconds']} s")
