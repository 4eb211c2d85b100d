"""`parley persona import` and `export`: rows from and for other trainers."""

import json
from collections import Counter
from pathlib import Path

import click

from bot.sentences import PATH, said

_FORMATS = [
    "openai", "messages", "prompt-completion", "prompt-completion-text", "sharegpt", "alpaca", "pairs",
    "trl", "axolotl", "unsloth",
]  # fmt: skip
_FORMAT = click.Choice(_FORMATS)
_FILE = click.Choice(["examples", "exam"])


@click.command("import")
@click.argument("name")
@click.argument("file", type=PATH)
@click.option("--as", "kind", type=_FILE, default="examples", help="What the rows become; default: examples.")
@click.option("--format", "named", type=_FORMAT, help="What the rows are; default: what each one looks like.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def import_rows(name: str, file: Path, kind: str, named: str | None, as_json: bool) -> None:
    """Add the rows of FILE to the persona NAME: OpenAI, TRL, Axolotl, Unsloth, ShareGPT, Alpaca, or pairs as CSV."""
    from bot import settings
    from personas import row_files
    from personas.interchange import shape_named
    from personas.persona import load

    speaker = load(name, *settings.load().libraries)
    found = row_files.read(file, speaker, shape_named(named) if named else None)
    added = row_files.add(found.rows, speaker, f"{kind}.jsonl")
    skills = Counter(row.skill for row in added.rows)
    if as_json:
        report = {"recognised": found.shapes, "added": len(added.rows), "doubles": added.doubles, "skills": skills}
        click.echo(json.dumps(report))
        return
    click.echo(f"{file.name}: " + ", ".join(f"{count} rows of {shape}" for shape, count in found.shapes.items()))
    click.echo(f"{len(added.rows)} added to {kind}.jsonl of {name}, {added.doubles} were there already")
    if skills:
        click.echo("skills: " + ", ".join(f"{skill} {count}" for skill, count in skills.most_common()))
        click.echo(f"Next: parley persona check {name}")


@click.command("export")
@click.argument("name")
@click.option("--format", "named", type=_FORMAT, default="messages", help="For whom; default: messages.")
@click.option("--rows", "kind", type=_FILE, default="examples", help="Which rows; default: examples.")
@click.option("--out", type=PATH, help="A new .jsonl, .json or .csv file; default: JSON lines on standard output.")
@said
def export_rows(name: str, named: str, kind: str, out: Path | None) -> None:
    """Write the rows of the persona NAME in a format of other trainers."""
    from bot import settings
    from personas import row_files
    from personas.interchange import shape_named
    from personas.persona import load
    from personas.rows import read_rows

    speaker = load(name, *settings.load().libraries)
    rows = read_rows(speaker.folder / f"{kind}.jsonl")
    data = row_files.rendered(rows, speaker, shape_named(named), out.suffix.lower() if out else ".jsonl")
    if out is None:
        click.echo(data, nl=False)
        return
    if out.exists():
        raise FileExistsError(f"{out} is there already: name another file.")
    row_files.write(out, data)
    click.echo(f"{out}: {len(rows)} rows of {kind}.jsonl as {shape_named(named)}")
