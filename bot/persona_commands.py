"""`parley persona ...`: who can speak."""

import contextlib
from pathlib import Path

import click

from bot.persona_check import check
from bot.persona_evaluate import evaluate
from bot.persona_new import new
from bot.persona_rows import export_rows, import_rows
from bot.persona_train import train
from bot.sentences import PATH, said


@click.group()
def persona() -> None:
    """List, show, check, train and evaluate personas; install a trained voice, or take it back."""


@persona.command("list")
@said
def list_personas() -> None:
    """List the personas and the version of each one's voice."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from bot import settings
    from bot.voices import served
    from personas.persona import BadPersona, load, names

    chosen = settings.load()
    table = Table("persona", "voice", "description")
    for name in names(*chosen.libraries):
        try:
            speaker = load(name, *chosen.libraries)
        except BadPersona as error:
            table.add_row(name, "[red]cannot speak[/]", escape(str(error)))
            continue
        voice = served(speaker, chosen)
        passed = f" ({len(voice.refused)} refused)" if voice.refused else ""
        table.add_row(name, f"{voice}{passed}", speaker.card.description)
    Console().print(table)


@persona.command()
@click.argument("name")
@said
def show(name: str) -> None:
    """Show the persona NAME: card, versions, and an example as the model sees it, with what is learnt marked."""
    from rich.console import Console
    from rich.markup import escape

    from bot import settings
    from bot.voices import served
    from personas.adapters import BadAdapter
    from personas.persona import load
    from personas.prompt import teach
    from personas.rows import read_rows
    from personas.versions import history

    chosen = settings.load()
    speaker = load(name, *chosen.libraries)
    console = Console(highlight=False)
    voice = served(speaker, chosen)
    console.print(f"[bold]{escape(speaker.card.title)}[/] ({name}), voice: {voice}")
    for reason in voice.refused:
        console.print(f"[red]refused:[/] {escape(reason)}", soft_wrap=True)
    with contextlib.suppress(BadAdapter):  # it is among the reasons
        if order := history(name, chosen.home / "adapters"):
            console.print(f"installed, the newest first: {', '.join(reversed(order))}")
    console.print(escape(speaker.card.description))
    rows = read_rows(speaker.folder / "examples.jsonl")
    console.print(f"{len(rows)} examples, {len(read_rows(speaker.folder / 'exam.jsonl'))} exam questions\n")
    turns, reply = teach(speaker, rows[0])
    for turn in turns:
        console.print(f"[dim]{turn.role}:[/] {escape(turn.content)}")
    console.print(f"[dim]assistant:[/] [green]{escape(reply)}[/]")
    for kind, lines in speaker.card.lines.model_dump().items():
        console.print(f"[dim]{kind}:[/] {escape(lines[0])}")


@persona.command("install")
@click.argument("folder", type=PATH, metavar="DIR")
@click.option("--persona", "name", help="Whose voice it is; default: the persona that its card.json names.")
@click.option("--allow", is_flag=True, help="Install it though no evaluation let it pass, and say so in its card.")
@said
def install_version(folder: Path, name: str | None, *, allow: bool) -> None:
    """Check the adapter in the folder DIR, copy it, and let its persona speak with it from the next answer on."""
    from bot import models, settings
    from bot.voices import spoken_by
    from personas.adapters import BadAdapter, checked
    from personas.candidates import proved
    from personas.persona import load
    from personas.versions import install

    chosen = settings.load()
    models.check(chosen)
    files = checked(folder, spoken_by(chosen))
    named = name or files.card.get("persona")
    if not isinstance(named, str):
        raise BadAdapter(f"card.json in {folder} names no persona: say whose voice it is with --persona.")
    speaker = load(named, *chosen.libraries)
    version = install(proved(files, allowed=allow), speaker.name, chosen.home / "adapters").version
    click.echo(f"{speaker.name} speaks with {version}")


@persona.command()
@click.argument("name")
@said
def rollback(name: str) -> None:
    """Let NAME speak with the version before: the one installed before it, else the one that ships."""
    from bot import models, settings
    from bot.voices import spoken_by
    from personas.persona import load
    from personas.versions import rollback

    chosen = settings.load()
    speaker = load(name, *chosen.libraries)
    models.check(chosen)
    voice = rollback(speaker, chosen.home / "adapters", spoken_by(chosen))
    click.echo(f"{name} speaks with {voice}")
    for reason in voice.refused:
        click.secho(f"refused: {reason}", fg="red", err=True)


for command in (check, new, import_rows, export_rows, train, evaluate):
    persona.add_command(command)
