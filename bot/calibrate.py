"""`parley knowledge calibrate`: what each setting of silence does, measured on the server's own knowledge."""

import json
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.sentences import PATH, SERVER, said

if TYPE_CHECKING:
    from knowledge.calibration import Setting

_WIDE = 24  # characters of a bar


@click.command()
@SERVER
@click.option("--questions", type=PATH, help='Measure on a file of JSON lines {"text", "answerable"} of your own.')
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def calibrate(server: str, questions: Path | None, as_json: bool) -> None:
    """Show, for each setting of `silence`, how much would be answered and how much rightly declined.

    Without --questions each entry is asked for by its heading, once with its text there and once without it.
    """
    from bot import settings, wiring
    from bot.batch import read_labelled
    from bot.progress import bar
    from knowledge import calibration
    from knowledge.sqlite_store import SqliteStore

    chosen = settings.load()
    store, embedder = wiring.open_store(chosen), wiring.open_embedder(chosen)
    if questions:
        found = calibration.trials(store, embedder, server, read_labelled(questions))
    else:
        with tempfile.TemporaryDirectory(prefix="parley-calibrate-") as folder, bar("Asking") as step:
            scratch = SqliteStore(Path(folder))
            found = calibration.own_trials(
                store, embedder, server, scratch, lambda done, total: step(done, total, "by its heading")
            )
            scratch.close()
    rows = calibration.settings(found)
    if as_json:
        shown = {"silence": chosen.silence, "questions": len(found), "settings": [asdict(row) for row in rows]}
        click.echo(json.dumps(shown))
    else:
        _show(rows, chosen.silence, len(found))


def _show(rows: list["Setting"], silence: float, asked: int) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table("silence", "answered, of those that the files answer", "declined, of those that they do not")
    nearest = min(rows, key=lambda row: abs(row.silence - silence))
    for row in rows:
        here = " <- your setting" if row is nearest else ""
        table.add_row(f"{row.silence:.2f}{here}", _bar(row.answers), _bar(row.silent), style="bold" if here else "")
    console = Console()
    console.print(table)
    balanced = max(rows, key=lambda row: row.answers + row.silent)
    console.print(
        f"{asked} questions. Nearer to 0 is rather helpful, nearer to 1 rather silent; with equal weight on both, "
        f"{balanced.silence:.2f} is best: set `silence = {balanced.silence:.2f}` in parley.toml."
    )


def _bar(share: float) -> str:
    full = round(share * _WIDE)
    return f"{'█' * full}{'·' * (_WIDE - full)} {share:4.0%}"
