"""Faults to one sentence on standard error and exit status 1; options that several commands share."""

import functools
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import click

P = ParamSpec("P")

PATH = click.Path(exists=False, path_type=Path)
SERVER = click.option("--server", required=True, help="Whose knowledge it is.")


def faults() -> tuple[type[Exception], ...]:
    """Return every class whose message is a sentence for the person at the keyboard or in the channel."""
    from bot.admission import Busy
    from bot.answering import BadQuestion
    from bot.batch import BadBatch
    from bot.discord_client import CannotConnect
    from bot.models import ModelsMissing
    from bot.settings import BadSettings
    from bot.wheels import SetupFailed
    from bot.zones import UnknownZone
    from knowledge.calibration import TooLittle
    from knowledge.entries import UnreadableDocument
    from knowledge.moving import CannotMove
    from knowledge.planning import Outdated
    from knowledge.store import BadServer, StoreUnavailable, UnknownServer
    from personas.adapters import BadAdapter
    from personas.engine import EngineUnavailable
    from personas.managed_job import JobFailed
    from personas.persona import BadPersona
    from personas.train import TrainingStopped

    return (
        BadAdapter, BadBatch, BadPersona, BadQuestion, BadServer, BadSettings, Busy, CannotConnect, CannotMove,
        EngineUnavailable, FileExistsError, JobFailed, ModelsMissing, Outdated, SetupFailed, StoreUnavailable,
        TooLittle, TrainingStopped, UnknownServer, UnknownZone, UnreadableDocument,
    )  # fmt: skip


def said(command: Callable[P, None]) -> Callable[P, None]:
    """Wrap a command so that its faults end in a sentence and status 1."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        _quiet()
        try:
            command(*args, **kwargs)
        except (KeyboardInterrupt, EOFError):
            sys.exit(130)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # the reader has gone; nothing is left to say
            sys.exit(1)
        except (click.ClickException, SystemExit):
            raise
        except Exception as error:
            if isinstance(error, faults()):
                sentence = str(error)
            elif isinstance(error, OSError) and error.filename:
                sentence = f"{error.filename} cannot be used ({error.strerror}): set PARLEY_HOME to a folder of yours."
            else:
                raise
            click.secho(sentence, fg="red", err=True)
            sys.exit(1)

    return run


def _quiet() -> None:
    """Keep libraries' progress bars and advice off the terminal."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    logging.getLogger("sentence_transformers").setLevel(logging.WARNING)
    logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
