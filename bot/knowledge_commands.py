"""`parley knowledge ...`: what a server knows."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.calibrate import calibrate
from bot.question_commands import gaps, questions
from bot.sentences import PATH, SERVER, said
from knowledge.documents import READERS

if TYPE_CHECKING:
    from knowledge.indexing import Report


@click.group()
def knowledge() -> None:
    """Add, list, remove, refresh, search and export what a server knows, and see what it is asked."""


_ENDINGS = " ".join(ending[1:] for ending in READERS)


@knowledge.command(help=f"Add files, every file in folders, and pages by their addresses (https://...): {_ENDINGS}.")
@click.argument("paths", nargs=-1, required=True)
@SERVER
@click.option("--channel", "channels", multiple=True, help="Use the documents in this channel only; repeatable.")
@click.option("--yes", is_flag=True, help="Add without looking at what changes and contradicts.")
@click.option("--dry-run", is_flag=True, help="Only look, and add nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def add(  # noqa: PLR0913, PLR0917 -- click hands over each option
    paths: tuple[str, ...], server: str, channels: tuple[str, ...], yes: bool, dry_run: bool, as_json: bool
) -> None:
    """Add files, every file in folders, and pages by their addresses (https://...)."""
    from bot import settings
    from bot.adding import Addition

    addition = Addition(settings.load(), server, paths, channels)
    finish(addition.at_once() if yes and not dry_run else addition.looked_at(dry_run=dry_run, as_json=as_json), as_json)


@knowledge.command("list")
@SERVER
@said
def list_documents(server: str) -> None:
    """List a server's documents."""
    from rich.console import Console
    from rich.table import Table

    from bot import settings, wiring

    table = Table("document", "entries", "channels", "from")
    for document in wiring.open_store(settings.load()).documents(server):
        channels = ", ".join(document.channels) or "all"
        table.add_row(document.name, str(document.passages), channels, document.origin or "upload")
    Console().print(table)


@knowledge.command()
@click.argument("name")
@SERVER
@said
def remove(name: str, server: str) -> None:
    """Remove the document NAME; it stops answering at once."""
    from bot import settings, wiring
    from bot.replaying import replayed
    from knowledge import indexing

    chosen = settings.load()
    store = wiring.open_store(chosen)
    report = indexing.remove(store, server, name)
    finish(replayed(report, store, lambda: wiring.open_embedder(chosen), chosen, server))


@knowledge.command()
@SERVER
@said
def refresh(server: str) -> None:
    """Compare a server's files with what is indexed, and take in what changed."""
    from bot import settings, wiring
    from bot.schedule import reindex

    chosen = settings.load()
    store = wiring.open_store(chosen)
    store.documents(server)
    finish(reindex(store, wiring.open_embedder(chosen), chosen, server))


@knowledge.command()
@click.argument("text", required=False)
@click.option("--server", help="Whose knowledge to search.")
@click.option("--limit", default=5, type=click.IntRange(1, 100), show_default=True, help="Passages to return.")
@click.option("--batch", type=PATH, help='Search for a file of JSON lines {"id", "server", "text"}, in order.')
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one search a line.")
@said
def search(text: str | None, server: str | None, limit: int, batch: Path | None, as_json: bool) -> None:
    """Show the passages that a question finds, with their scores."""
    from bot import searching, settings

    if batch is not None:
        sys.exit(searching.search_batch(settings.load(), batch, limit))
    if text is None or server is None:
        raise click.UsageError("Give TEXT and --server, or --batch FILE.")
    searching.search_one(settings.load(), text, server, limit, plain=as_json)


@knowledge.command()
@click.argument("folder", type=PATH)
@SERVER
@said
def export(folder: Path, server: str) -> None:
    """Write a server's original files to FOLDER."""
    from bot import settings, wiring
    from knowledge import indexing

    for path in indexing.export(wiring.open_store(settings.load()), server, folder):
        click.echo(path)


@knowledge.command()
@SERVER
@click.option("--to", "target", required=True, type=click.Choice(["sqlite", "postgres"]), help="The other store.")
@click.option("--remove-source", is_flag=True, help="Take it out of the store it was in, once it is in the other.")
@said
def move(server: str, target: str, remove_source: bool) -> None:
    """Copy all that a server knows from one store to the other, compare, and say so."""
    from bot import settings, wiring
    from bot.progress import bar
    from knowledge import moving

    chosen = settings.load()
    source = wiring.open_store(chosen, "sqlite" if target == "postgres" else "postgres")
    with bar("Moving") as step:
        moved = moving.move(source, wiring.open_store(chosen, target), server, step, remove_source=remove_source)
    click.echo(f"{server}: {moved.documents} documents, {moved.passages} passages, {moved.vectors} vectors, all alike.")
    if chosen.store != target:
        click.echo(f'It is used from there with the setting store = "{target}".')


@knowledge.command("time-zone")
@click.argument("name", required=False)
@SERVER
@said
def time_zone(name: str | None, server: str) -> None:
    """Show where a server's clock is, or set it to the time zone NAME, such as Europe/Berlin."""
    from bot import settings, wiring, zones
    from bot.servers import ServerChoices

    chosen = settings.load()
    if name is not None:
        ServerChoices(chosen.servers_folder).set_time_zone(server, zones.zone(name))
    click.echo(f"{server}: {zones.told(wiring.zone_of(chosen)(server))}")


def finish(report: "Report | None", as_json: bool = False) -> None:
    """Print what became of each document and which saved answers changed; status 1 where one was refused.

    None: what there is to say has been said.
    """
    from bot.preview_text import answers, report_json

    if report is None:
        return
    if as_json:
        click.echo(json.dumps(report_json(report), ensure_ascii=False))
        sys.exit(1 if report.refused else 0)
    signs = {"new": "+", "changed": "~", "unchanged": "=", "removed": "-", "refused": "!"}
    for change in report.changes:
        detail = change.reason or f"{change.passages} entries"
        line = f"{signs[change.outcome]} {change.name}: {change.outcome}, {detail}"
        click.echo(line, err=change.outcome == "refused")
    entries = sum(change.passages for change in report.changes)
    click.echo(f"{entries} entries in {len(report.changes)} documents, {report.seconds:.1f} s")
    for line in answers(report.answers):
        click.echo(line)
    if report.refused:
        sys.exit(1)


knowledge.add_command(calibrate)
knowledge.add_command(gaps)
knowledge.add_command(questions)
