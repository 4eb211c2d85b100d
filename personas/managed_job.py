"""What is known on the disk of trainings that a server was asked for, so that none is ever paid for twice."""

import contextlib
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path


class JobFailed(Exception):  # noqa: N818 -- named for what is wrong
    """A managed training cannot be begun or gone on with; the message says why and what to do."""


@dataclass(frozen=True)
class Job:
    """A training that was begun; it stays on the disk until its voice is installed."""

    persona: str
    server: str
    """Its address, up to and with ``/v1``."""
    model: str
    """What is trained."""
    epochs: int
    seed: int
    rows_sha256: str
    """Of ``examples.jsonl``."""
    file: str | None = None
    """The server's id of the uploaded rows; None before they are there."""
    id: str | None = None
    """The server's id of the job; None where no answer told it."""


class Jobs:
    """One file a persona. Every method may raise JobFailed."""

    def __init__(self, folder: Path) -> None:
        """``folder``: made when it is first needed."""
        self._folder = folder

    @contextlib.contextmanager
    def alone(self, name: str) -> Iterator[None]:
        """Keep other processes from training the same persona meanwhile."""
        from filelock import FileLock, Timeout

        self._folder.mkdir(parents=True, exist_ok=True)
        try:
            lock = FileLock(self._folder / f".{name}.lock").acquire(timeout=0)
        except Timeout as error:
            raise JobFailed(f"Another process is at the managed training of {name}: wait for it to end.") from error
        with lock:
            yield

    def path(self, name: str) -> Path:
        """Return where a persona's job is written down."""
        return self._folder / f"{name}.json"

    def read(self, name: str) -> Job | None:
        """Return the job that was begun for a persona and not brought to its end."""
        path = self.path(name)
        if not path.exists():
            return None
        try:
            return Job(**json.loads(path.read_text("utf-8")))
        except (ValueError, TypeError) as error:
            raise JobFailed(
                f"{path} cannot be read ({error}): look at the server whether a job for {name} runs, then delete it."
            ) from error

    def keep(self, job: Job) -> Job:
        """Write a job down, whole and on the disk, and return it."""
        path = self.path(job.persona)
        new = path.with_name(f".{path.name}")
        with new.open("w", encoding="utf-8") as file:
            json.dump(asdict(job), file, indent=1)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
        return job

    def forget(self, job: Job) -> None:
        """Take a job off the disk: its voice is installed, or there will be none."""
        self.path(job.persona).unlink(missing_ok=True)
