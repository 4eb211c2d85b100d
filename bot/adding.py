"""An addition from the terminal: looked at, asked about, written."""

import json
import sys
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

import click

from bot import wiring
from bot.preview_text import as_json as preview_json
from bot.preview_text import lines, report_json
from bot.progress import bar
from bot.replaying import replayed
from bot.settings import Settings
from knowledge import indexing, planning
from knowledge.documents import UnreadableDocument
from knowledge.embedding import Embedder
from knowledge.indexing import Report
from knowledge.linked_pages import linked
from knowledge.preview import Preview

_NOTHING = "There are no files in it: name a file, or a folder that holds some."


class Addition:
    """Files, folders and pages that are to be added to a server."""

    def __init__(self, settings: Settings, server: str, sources: Sequence[str], channels: Sequence[str]) -> None:
        self._settings, self._server, self._channels = settings, server, channels
        self._sources = [source if linked(source) else Path(source) for source in sources]
        self._store = wiring.open_store(settings)

    @cached_property
    def _embedder(self) -> Embedder:
        return wiring.open_embedder(self._settings)

    def at_once(self) -> Report:
        """Write it without a look."""
        with bar("Indexing") as step:
            report = indexing.add(self._store, self._embedder, self._server, self._sources, self._channels, step)
        return self._finished(report)

    def looked_at(self, *, dry_run: bool, as_json: bool) -> Report | None:
        """Show what it would change and contradict, ask where somebody can answer, and write it.

        None where the JSON that was printed says everything, or nothing was to be written.
        """
        with bar("Indexing") as step:
            shown = planning.plan(self._store, self._embedder, self._server, self._sources, self._channels, step)
        if not shown.documents:
            raise UnreadableDocument(_NOTHING)
        asks = sys.stdin.isatty() and shown.alters and not dry_run
        if not as_json:
            for line in lines(shown, changes=asks or dry_run):
                click.echo(line)
        if asks:
            click.confirm(f"Add this to {self._server}?", default=not shown.conflicts, abort=True, err=as_json)
        report = None if dry_run else self._finished(planning.commit(self._store, self._embedder, self._server, shown))
        if not as_json:
            return report or _refusals(shown)
        told = preview_json(shown, added=bool(report and report.altered))
        click.echo(json.dumps(told | {"answers": report_json(report)["answers"] if report else []}, ensure_ascii=False))
        sys.exit(1 if any(one.change.outcome == "refused" for one in shown.documents) else 0)

    def _finished(self, report: Report) -> Report:
        if not report.changes:
            raise UnreadableDocument(_NOTHING)
        return replayed(report, self._store, lambda: self._embedder, self._settings, self._server)


def _refusals(shown: Preview) -> Report | None:
    """Return a report of what a look refused, so that it is said and the exit status tells it."""
    refused = tuple(one.change for one in shown.documents if one.change.outcome == "refused")
    return Report(refused, 0.0) if refused else None
