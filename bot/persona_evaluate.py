"""`parley persona evaluate`: a voice beside its base, and whether it may serve."""

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.sentences import PATH, said

if TYPE_CHECKING:
    from bot.settings import Settings
    from personas.engine import Adapter
    from personas.evaluate import Evaluation
    from personas.persona import Persona


@click.command()
@click.argument("name")
@click.option("--base", help="A transformers model id or folder in place of the embedded base model.")
@click.option("--adapter", "folder", type=PATH, metavar="DIR", help="Evaluate the adapter in this folder.")
@click.option("--rows", type=click.IntRange(min=1), help="Rows of the exam at most, drawn by a fixed seed.")
@click.option("--page", "page_file", type=PATH, metavar="FILE", help="Where the page goes; default: the data folder.")
@click.option("--allow", is_flag=True, help="Serve the voice though it does not pass, and say so in its card.")
@click.option("--json", "plain", is_flag=True, help="Print the evaluation as JSON.")
@said
def evaluate(  # noqa: PLR0913 -- one argument each for the command's flags
    name: str,
    base: str | None,
    folder: Path | None,
    rows: int | None,
    page_file: Path | None,
    *,
    allow: bool,
    plain: bool,
) -> None:
    """Hold the voice of NAME against its base model, and let it serve if it keeps facts, refusals and format.

    Evaluated is the newest trained voice that does not serve yet, else the one that serves. The result stands in the
    adapter's card.json and on a page; of a part of the exam, on the page alone.
    """
    from bot import models, settings
    from personas.candidates import promote, write_evaluation
    from personas.card_page import page
    from personas.persona import load

    chosen = settings.load(base_model=base, engine="local")
    models.check(chosen)
    persona = load(name, *chosen.libraries)
    adapter, candidate = _chosen(persona, chosen, folder)
    found = asyncio.run(_evaluation(persona, adapter, chosen, rows, allowed=allow))
    file = page_file or chosen.home / "evaluations" / f"{name}.html"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(page(found), "utf-8")
    if found.whole:
        write_evaluation(adapter, found.as_json())
        if candidate and found.gate.open:
            adapter = promote(adapter, name, chosen.home / "adapters", models.base_path(chosen))
    if plain:
        click.echo(json.dumps(found.as_json(), indent=2, ensure_ascii=False))
        return
    _show(found)
    click.echo(_outcome(found, adapter, candidate=candidate))
    click.echo(f"The page with all replies: {file}")


def _chosen(persona: "Persona", settings: "Settings", folder: Path | None) -> tuple["Adapter", bool]:
    """Return the adapter to evaluate, and whether it is a candidate. Raises BadAdapter where there is none."""
    from bot import models
    from personas.adapters import BadAdapter, admit
    from personas.candidates import newest
    from personas.versions import current

    base, root = models.base_path(settings), settings.home / "adapters"
    if folder:
        return admit(folder, persona.name, base), False
    if candidate := newest(persona.name, root, base):
        return candidate, True
    served = current(persona, root, base, judged=False).adapter
    if served is None:
        raise BadAdapter(
            f"{persona.name} has no voice for this base model yet: run `parley persona train {persona.name}` first."
        )
    return served, False


async def _evaluation(
    persona: "Persona", adapter: "Adapter", settings: "Settings", rows: int | None, *, allowed: bool
) -> "Evaluation":
    from bot import models, wiring
    from bot.answering import longest
    from bot.exam_retrieval import find_notes
    from bot.fact_judge import fact_judge
    from bot.progress import bar
    from personas.evaluate import evaluate
    from personas.exam import Hall
    from personas.rows import read_rows

    every = read_rows(persona.folder / "exam.jsonl")
    embedder = wiring.open_embedder(settings)
    engine = wiring.open_local(settings)
    hall = Hall(engine, persona, adapter, settings.at_once, longest(persona))
    try:
        with bar(f"Evaluating {persona.name}") as step:
            return await evaluate(
                hall, models.base_path(settings), fact_judge(persona),
                find=lambda some: find_notes(some, every, embedder), most=rows, allowed=allowed, progress=step,
            )  # fmt: skip
    finally:
        await engine.close()


def _show(found: "Evaluation") -> None:
    """Print the four systems side by side."""
    from rich.console import Console
    from rich.table import Table

    from personas.card_page import percent, told
    from personas.exam import SERVED, SYSTEMS
    from personas.scores import MEASURES

    ours = found.scores[SERVED]
    table = Table("", *(f"{system} (served)" if system == SERVED else system for system in SYSTEMS))
    for measure in MEASURES:
        shares = [found.scores[system].shares[measure.key] for system in SYSTEMS]
        if any(shares):
            table.add_row(measure.title, *(told(figure) if figure else "-" for figure in shares))
    console = Console(highlight=False)
    console.print(table)
    for trait in ours.traits:
        wanted = f"at {'most' if trait.never else 'least'} {percent(trait.wanted)} wanted"
        console.print(f"{'' if trait.met else '[red]not met:[/] '}{trait.name}: {told(trait.found)}, {wanted}")
    if found.facts_retrieved:
        console.print(f"facts kept with notes that the search finds: {told(found.facts_retrieved)}")
    if found.format_free:
        console.print(f"in the format without being held to it: {told(found.format_free)}")
    drift, ratio = found.drift, found.perplexity_ratio
    console.print(
        f"perplexity on plain text: {drift.before.perplexity:.2f} without the voice, {drift.after.perplexity:.2f} with "
        f"it ({100 * ratio.value - 100:+.1f} %, {100 * ratio.low - 100:+.1f} to {100 * ratio.high - 100:+.1f}); plain "
        f"questions right: {sum(drift.before.right)} and {sum(drift.after.right)} of {len(drift.after.right)}"
    )
    console.print(
        f"{found.tokens_saved} tokens saved a reply; {ours.tokens_per_second:.0f} tokens/s, median reply "
        f"{ours.median_ms:.0f} ms"
    )


def _outcome(found: "Evaluation", adapter: "Adapter", *, candidate: bool) -> str:
    """Return what follows from the gate, in a sentence."""
    gate, who = found.gate, found.persona.name
    if not found.whole:
        return "This was a part of the exam, so no card was written: without --rows the voice can pass."
    if gate.passed:
        return f"{adapter.version} passed." + (f" {who} speaks with it from the next answer on." if candidate else "")
    reasons = " ".join(gate.reasons)
    if gate.allowed:
        return f"{adapter.version} did not pass, and is served all the same, as you allow it. {reasons}"
    return f"{adapter.version} did not pass and is not served. {reasons}"
