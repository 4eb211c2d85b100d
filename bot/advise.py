"""`parley advise`: where a wish belongs."""

import json

import click

from bot.sentences import said

_NAMES = {
    "knowledge": "the knowledge store",
    "prompt": "the prompt (the persona's card)",
    "adapter": "an adapter",
    "both": "both: an adapter and the knowledge store",
}


@click.command()
@click.argument("wish")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def advise(wish: str, as_json: bool) -> None:
    """Say where WISH ("I want it to ...") belongs, why, and what to do next."""
    from dataclasses import asdict

    from rich.console import Console
    from rich.markup import escape

    from bot import settings, wiring
    from bot.advice import Adviser

    if not wish.strip():
        raise click.UsageError('Say what you want, such as "I want it to sound like a grumpy pirate".')
    advice = Adviser(wiring.open_embedder(settings.load())).advise(wish.strip())
    if as_json:
        click.echo(json.dumps(asdict(advice), ensure_ascii=False))
        return
    console = Console(highlight=False)
    if advice.place:
        console.print(f"This belongs in [bold]{_NAMES[advice.place]}[/] ({advice.shares[advice.place]:.0%} sure).")
    console.print(escape(advice.why))
    console.print(f"[dim]Next:[/] {escape(advice.command)}", soft_wrap=True)
