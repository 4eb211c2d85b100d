"""The command line. Each command imports what it needs when it runs, so that `parley --help` answers at once."""

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from bot.advise import advise
from bot.knowledge_commands import knowledge
from bot.persona_commands import persona
from bot.sentences import PATH, SERVER, said


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="parley")
def cli() -> None:
    """Answers in character, with facts from your own FAQ, checked before they are sent."""


cli.add_command(knowledge)
cli.add_command(persona)
cli.add_command(advise)


@cli.command()
@said
def setup() -> None:
    """Fetch, verify and convert the embedded models; does nothing where they are ready."""
    from rich.console import Console

    from bot import models, settings

    models.fetch(settings.load(), Console(stderr=True))


@cli.command()
@click.argument("text", required=False)
@click.option("--server", help="Whose knowledge to answer from.")
@click.option("--persona", "speaker", help="Who answers.")
@click.option("--channel", help="Ask as if from this channel: documents that belong to it are searched too.")
@click.option("--batch", type=PATH, help='Answer a file of JSON lines {"id", "server", "persona", "text"}, in order.')
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one answer a line.")
@said
def ask(  # noqa: PLR0913, PLR0917 -- one argument each for the flags of the contract
    text: str | None, server: str | None, speaker: str | None, channel: str | None, batch: Path | None, as_json: bool
) -> None:
    """Answer TEXT from a server's knowledge, in a persona's voice."""
    from bot import asking, settings

    if batch is not None:
        sys.exit(asyncio.run(asking.ask_batch(settings.load(), batch)))
    if text is None or server is None:
        raise click.UsageError("Give TEXT and --server, or --batch FILE.")
    asyncio.run(asking.ask_one(settings.load(), text, server, speaker, channel, plain=as_json))


@cli.command()
@SERVER
@click.option("--persona", "speaker", help="Who answers.")
@said
def chat(server: str, speaker: str | None) -> None:
    """Talk to a persona in the terminal; an empty line ends it."""
    from bot import asking, settings

    asyncio.run(asking.chat(settings.load(), server, speaker))


@cli.command()
@said
def demo() -> None:
    """Show three personas answering from the two sample servers, in a folder of its own."""
    from bot import demo as show
    from bot import settings

    asyncio.run(show.run(settings.load()))


@cli.command()
@said
def bot() -> None:
    """Run the Discord bot; needs PARLEY_DISCORD_TOKEN."""
    from bot import settings
    from bot.running import run

    asyncio.run(run(settings.load()))


@cli.command()
@said
def doctor() -> None:
    """Say what is missing or unsafe, and what to do about it."""
    from bot import settings
    from bot.doctor import examine

    sys.exit(examine(settings.load()))


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line: status 0 done, 1 a sentence says what is wrong, 2 usage."""
    cli.main(args=list(arguments) if arguments is not None else None, prog_name="parley")


if __name__ == "__main__":
    main()
