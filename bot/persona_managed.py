"""`parley persona train NAME --managed`: a server trains the voice and keeps it."""

import functools
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from bot.settings import Settings
    from personas.managed_job import Job
    from personas.managed_rows import TrainingFile
    from personas.managed_training import ManagedTraining
    from personas.persona import Persona

OPENAI = "https://api.openai.com/v1"
"""Where managed training happens unless ``remote_url`` says otherwise."""
EPOCHS = 3
"""Passes over the rows, the aim of OpenAI's own data preparation (OpenAI Cookbook, "Data preparation and analysis for
chat model fine-tuning"). Always sent, so that what is billed is what was announced."""
_OURS = {"name", "epochs"}


def or_managed(command: Callable[..., None]) -> Callable[..., None]:
    """Add ``--managed`` and what belongs to it to the command that trains on this machine."""

    @click.option("--managed", is_flag=True, help="Let the server at remote_url train the voice and keep it; it bills.")
    @click.option("--model", help="The model that the server trains, by the server's name for it.")
    @click.option("--yes", is_flag=True, help="Do not ask before rows are sent.")
    @click.option("--cancel", is_flag=True, help="End the managed training that is under way.")
    @functools.wraps(command)
    def run(*, managed: bool, model: str | None, yes: bool, cancel: bool, **flags: Any) -> None:  # noqa: ANN401 -- the wrapped command's own flags
        if not managed:
            if model or yes or cancel:
                raise click.UsageError("--model, --yes and --cancel belong to --managed.")
            command(**flags)
            return
        if any(value for flag, value in flags.items() if flag not in _OURS):
            raise click.UsageError("Beside --managed only --model, --epochs, --yes and --cancel have a meaning.")
        if cancel:
            _cancel(flags["name"])
        else:
            _train(flags["name"], model, flags["epochs"] or EPOCHS, yes=yes)

    return run


def _open(settings: "Settings") -> "ManagedTraining":
    from personas.managed_training import ManagedTraining

    key = settings.remote_key.get_secret_value() if settings.remote_key else None
    return ManagedTraining(str(settings.remote_url or OPENAI), key, settings.home / "managed")


def _cancel(name: str) -> None:
    from bot import settings
    from personas.persona import load

    chosen = settings.load()
    load(name, *chosen.libraries)
    training = _open(chosen)
    with training.jobs.alone(name):
        job = training.cancel(name)
    click.echo(f"The job {job.id} at {job.server} is cancelled.")


def _train(name: str, model: str | None, epochs: int, *, yes: bool) -> None:
    from bot import settings
    from bot.progress import bar
    from personas.managed_rows import training_file
    from personas.persona import load

    chosen = settings.load()
    speaker = load(name, *chosen.libraries)
    training = _open(chosen)
    with training.jobs.alone(name):
        job = training.under_way(name)
        rows: TrainingFile | None = training_file(speaker) if job is None else _same(speaker, job)
        if job is None:
            if rows is None or not model:
                raise click.UsageError(f"Say with --model which model {training.shown} shall train.")
            _announce(training, name, rows, model, epochs)
            if not yes:
                click.confirm("Send them?", abort=True)
            job = training.begin(name, rows, model, epochs)
        click.echo(f"The job {job.id} runs at {job.server}; interrupted, the same command goes on with it.")
        with bar(f"Training {name}") as step:
            card = training.finish(job, rows, step)
        version = _install(card, name, chosen)
        training.jobs.forget(job)
    tokens = f", {card['trained_tokens']:,} tokens billed" if card["trained_tokens"] else ""
    click.echo(f"{version}: {card['managed']['model']}{tokens}")
    if rows is None:
        click.echo("examples.jsonl has changed since that job began: run the command again to train on it as it is.")
    if chosen.engine != "remote" or chosen.remote_adapters != "none":
        click.echo(
            f'{name} speaks so with the settings engine = "remote", remote_url = "{job.server}" and '
            'remote_adapters = "none".'
        )


def _same(speaker: "Persona", job: "Job") -> "TrainingFile | None":
    """Return a persona's rows where they are still those that the job was begun with."""
    from personas.managed_rows import training_file
    from personas.rows import BadPersona

    try:
        rows = training_file(speaker)
    except BadPersona:  # what was paid for is brought home all the same
        return None
    return rows if rows.rows_sha256 == job.rows_sha256 else None


def _announce(training: "ManagedTraining", name: str, rows: "TrainingFile", model: str, epochs: int) -> None:
    """Say what is sent to whom, and what will be billed."""
    click.echo(
        f"{len(rows.lines)} rows of {name} ({len(rows.data) / 1000:,.0f} kB: questions, notes and replies of "
        f"examples.jsonl, nothing else) go to {training.shown}, to train {model}. About {rows.tokens:,} tokens in each "
        f"of {epochs} epochs: {rows.tokens * epochs:,} to be billed at its price. The uploaded file is deleted there "
        "afterwards; the trained model stays."
    )


def _install(card: dict[str, Any], name: str, chosen: "Settings") -> Path:
    """Make a card a version of the persona's voice, and return the folder of that version."""
    from personas.adapter_files import CARD
    from personas.adapters import checked
    from personas.versions import install

    with tempfile.TemporaryDirectory(prefix=f"{name}-") as work:
        (Path(work) / CARD).write_text(json.dumps(card, indent=2) + "\n", "utf-8")
        return install(checked(Path(work), card["managed"]["server"]), name, chosen.home / "adapters").folder
