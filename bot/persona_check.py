"""`parley persona check`: everything that is wrong with a persona's rows and card, and how to mend it."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING

import click

from bot.sentences import said

if TYPE_CHECKING:
    from personas.checkup import Checkup

_SHOWN = 10
"""Findings of a kind on the terminal; all are in the JSON."""


@click.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print every finding as JSON.")
@said
def check(name: str, as_json: bool) -> None:
    """Check the card and every row of NAME: facts that notes do not hold, doubles, leaks, gaps, and a thin voice."""
    from bot import settings
    from bot.row_trap import unheld
    from personas.checkup import examine
    from personas.persona import load

    found = examine(load(name, *settings.load().libraries), unheld)
    if as_json:
        click.echo(json.dumps(_as_json(found), ensure_ascii=False, indent=2))
    else:
        _show(found)
    sys.exit(0 if found.sound else 1)


def _show(found: "Checkup") -> None:
    from rich.console import Console
    from rich.markup import escape

    from personas.findings import TITLES

    console = Console(highlight=False, soft_wrap=True)
    for kind, some in groupby(found.findings, key=lambda finding: finding.kind):
        alike = list(some)
        console.print(f"\n[bold]{TITLES[kind]}[/] ({len(alike)})")
        for finding in alike[:_SHOWN]:
            colour = "red" if finding.grade == "error" else "yellow"
            console.print(f"  [{colour}]{finding.grade}[/] {finding.place}: {escape(finding.wrong)}")
            console.print(f"    [dim]{escape(finding.mend)}[/]")
        if len(alike) > _SHOWN:
            console.print(f"  and {len(alike) - _SHOWN} more; --json prints all")
    if found.voice:
        console.print(f"\nTold from plain replies and other voices: {found.voice.recognised:.1%} of the examples")
        for trait, share in found.voice.traits:
            console.print(f"  {escape(trait)}: {share:.0%}")
    console.print(f"\n{_summary(found)}")


def _summary(found: "Checkup") -> str:
    grades = Counter(finding.grade for finding in found.findings)
    counted = ", ".join(f"{count} in {file}" for file, count in found.rows.items())
    verdict = "sound" if found.sound else "not sound"
    return f"{found.persona} is {verdict}: {grades['error']} errors and {grades['warning']} warnings (rows: {counted})"


def _as_json(found: "Checkup") -> dict[str, object]:
    voice = found.voice and {
        "recognised": round(found.voice.recognised, 4),
        "thinnest": [
            {"file": row.file, "row": row.number, "reply": row.example.reply, "probability": round(p, 4)}
            for row, p in found.voice.thinnest
        ],
        "traits": {name: round(share, 4) for name, share in found.voice.traits},
    }
    return {
        "persona": found.persona,
        "sound": found.sound,
        "rows": found.rows,
        "findings": [asdict(finding) for finding in found.findings],
        "voice": voice,
    }
