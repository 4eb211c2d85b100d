"""`parley knowledge gaps` and `parley knowledge questions ...`: what a server is asked."""

import json
import sys
from dataclasses import asdict

import click

from bot.sentences import SERVER, said


@click.command()
@SERVER
@click.option("--forget", "forgotten", multiple=True, help="Delete this question, in this wording; repeatable.")
@click.option("--clear", is_flag=True, help="Delete them all.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def gaps(server: str, forgotten: tuple[str, ...], clear: bool, as_json: bool) -> None:
    """Show the questions that a server's files could not answer, the most asked first."""
    from bot import settings, wiring
    from knowledge.gaps import merged

    chosen = settings.load()
    log = wiring.open_questions(chosen)
    if clear or forgotten:
        click.echo(f"{log.forget_gaps(server, *(() if clear else forgotten))} deleted")
        return
    asked = log.gaps(server)
    found = merged(wiring.open_embedder(chosen), asked) if asked else []
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("times", "question", "last asked")
    for one in found:
        table.add_row(str(one.times), escape("\n  ".join(one.wordings)), one.last[:10])
    Console().print(table if found else "The files could answer everything that was asked.")


@click.group()
def questions() -> None:
    """Save questions that are asked again whenever a server's files change."""


@questions.command()
@click.argument("texts", nargs=-1, required=True)
@SERVER
@said
def add(texts: tuple[str, ...], server: str) -> None:
    """Save questions; what each finds now is what later answers are held against."""
    from bot import settings, wiring
    from knowledge.replay import best

    chosen = settings.load()
    store, log, embedder = wiring.open_store(chosen), wiring.open_questions(chosen), wiring.open_embedder(chosen)
    store.documents(server)
    for text in texts:
        found = best(store, embedder, server, text)
        log.save(server, text)
        log.remember(server, {text: found})
        told = f"{found.answerable:.2f} {found.document} {found.section}".strip()
        click.echo(f"+ {text}: {told}")


@questions.command("list")
@SERVER
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def list_questions(server: str, as_json: bool) -> None:
    """List the saved questions with what they found last."""
    from bot import settings, wiring

    saved = wiring.open_questions(settings.load()).saved(server)
    if as_json:
        click.echo(json.dumps([asdict(one) for one in saved], ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table("question", "answerable", "found in")
    for one in saved:
        found = one.found
        where = f"{found.document} {found.section}".strip() if found else ""
        table.add_row(escape(one.text), f"{found.answerable:.2f}" if found else "", escape(where))
    Console().print(table if saved else "No question is saved: save some with `parley knowledge questions add`.")


@questions.command()
@click.argument("texts", nargs=-1, required=True)
@SERVER
@said
def remove(texts: tuple[str, ...], server: str) -> None:
    """Let go of saved questions."""
    from bot import settings, wiring

    log = wiring.open_questions(settings.load())
    missing = [text for text in texts if not log.unsave(server, text)]
    for text in missing:
        click.secho(f"{text!r} is not saved: see `parley knowledge questions list`.", fg="red", err=True)
    sys.exit(1 if missing else 0)
