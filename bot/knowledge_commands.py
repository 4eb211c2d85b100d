"""`parley knowledge ...`: what a server knows."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.sentences import PATH, SERVER, said
from knowledge.documents import READERS

if TYPE_CHECKING:
    from knowledge.indexing import Report


@click.group()
def knowledge() -> None:
    """Add, list, remove, refresh, search and export what a server knows."""


@knowledge.command(help=f"Add files, or every file in folders: {' '.join(ending[1:] for ending in READERS)}.")
@click.argument("paths", nargs=-1, required=True, type=PATH)
@SERVER
@click.option("--channel", "channels", multiple=True, help="Use the documents in this channel only; repeatable.")
@click.option("--yes", is_flag=True, help="Do not ask before adding.")
@said
def add(paths: tuple[Path, ...], server: str, channels: tuple[str, ...], yes: bool) -> None:
    """Add files, or every file in folders."""
    from bot import settings, wiring
    from bot.progress import bar
    from knowledge import indexing
    from knowledge.documents import UnreadableDocument

    chosen = settings.load()
    store = wiring.open_store(chosen)
    if not yes and sys.stdin.isatty():
        names = ", ".join(str(path) for path in paths)
        click.confirm(f"Add {names} to {server}?", default=True, abort=True)
    embedder = wiring.open_embedder(chosen)
    with bar("Indexing") as step:
        report = indexing.add(store, embedder, server, paths, channels, step)
    if not report.changes:
        raise UnreadableDocument("There are no files in it: name a file, or a folder that holds some.")
    finish(report)


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
    from knowledge import indexing

    finish(indexing.remove(wiring.open_store(settings.load()), server, name))


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


def finish(report: "Report") -> None:
    """Print what became of each document; status 1 where one was refused."""
    signs = {"new": "+", "changed": "~", "unchanged": "=", "removed": "-", "refused": "!"}
    for change in report.changes:
        detail = change.reason or f"{change.passages} entries"
        line = f"{signs[change.outcome]} {change.name}: {change.outcome}, {detail}"
        click.echo(line, err=change.outcome == "refused")
    entries = sum(change.passages for change in report.changes)
    click.echo(f"{entries} entries in {len(report.changes)} documents, {report.seconds:.1f} s")
    if report.refused:
        sys.exit(1)
