"""A voice trained by a server: OpenAI's fine-tuning API, for owners without a machine that can train.

The server keeps the weights; what comes back is the name of a model, which the remote engine asks for. Requests and
answers are those of https://developers.openai.com/api/reference/resources/fine_tuning, through the `openai` client.
"""

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.managed_job import Job, JobFailed, Jobs
from personas.managed_rows import TrainingFile
from personas.remote_server import address, said_by

if TYPE_CHECKING:
    import openai

Progress = Callable[[int, int, str], None]
"""Called with (steps done, steps in all, what now)."""

_PAUSE = 10.0  # seconds from one look at a job to the next; a job takes minutes to hours
_TIMEOUT = 60.0  # seconds for one request
_LOOKS_AT_FILE = 30  # the API no longer promises that a file is ever called processed
_LISTED = 100  # jobs, the newest first, among which one is looked for
_SUFFIX = 64  # letters that the API takes
_UNPAID = {"insufficient_quota", "billing_hard_limit_reached"}
_BROKEN = 500  # HTTP statuses from here on are no word on what was asked


class ManagedTraining:
    """The jobs at one server, a persona at a time. Every method may raise JobFailed."""

    def __init__(self, url: str, key: str | None, folder: Path) -> None:
        """``url``: up to and with ``/v1``; ``folder``: where jobs are written down."""
        import openai

        self.shown = address(url)
        if not key:
            raise JobFailed(f"No key is set: set PARLEY_REMOTE_KEY to one of {self.shown}; its account pays.")
        self.jobs = Jobs(folder)
        # A redirect is said rather than followed, so that the rows and the key go nowhere else.
        self._client = openai.OpenAI(
            base_url=url, api_key=key, timeout=_TIMEOUT, http_client=openai.DefaultHttpxClient(follow_redirects=False)
        )

    def under_way(self, name: str) -> Job | None:
        """Return the job that was begun for a persona and whose voice is not installed yet."""
        job = self.jobs.read(name)
        if job is None or job.id:
            return self._here(job)
        # It was interrupted around the request that begins a job: that one is known by its file, which no other has.
        found = self._find(job.file) if self._here(job) and job.file else None
        if found is None:
            self._end(job)
            return None
        return self.jobs.keep(replace(job, id=found))

    def begin(self, name: str, file: TrainingFile, model: str, epochs: int, seed: int = 7) -> Job:
        """Upload the rows and begin a job, which is written down before the server can charge for it."""
        job = self.jobs.keep(Job(name, self.shown, model, epochs, seed, file.rows_sha256))
        with self._faults(file):
            uploaded = self._client.files.create(file=(f"{name}.jsonl", file.data), purpose="fine-tune")
            job = self.jobs.keep(replace(job, file=self._field(uploaded, "id")))
            for _ in range(_LOOKS_AT_FILE):
                if getattr(uploaded, "status", None) != "uploaded":
                    break
                time.sleep(_PAUSE)
                uploaded = self._client.files.retrieve(str(job.file))
            if getattr(uploaded, "status", None) == "error":
                self._end(job)
                raise self._refused(said_by(uploaded.status_details), file)
            return self._create(job)

    def finish(self, job: Job, file: TrainingFile | None, progress: Progress | None = None) -> dict[str, Any]:
        """Wait for a job and return its voice's card. ``file``: its rows, None where they have changed since.

        The uploaded rows are deleted at the server; ``jobs.forget`` is for the caller, once the card is kept.
        """
        while True:
            with self._faults(file):
                now = self._client.fine_tuning.jobs.retrieve(str(job.id))
            status = self._field(now, "status")
            if status == "succeeded":
                self._delete(job.file)
                return self._card(job, now)
            if status == "failed":
                self._end(job)
                raise self._refused(said_by(now.error.to_dict() if now.error else None), file)
            if status == "cancelled":
                self._end(job)
                raise JobFailed(f"The job {job.id} was cancelled: run the same command again for a new one.")
            if status == "paused":
                raise JobFailed(
                    f"The job {job.id} is paused: resume it at {self.shown}, then run the same command again."
                )
            if progress:
                progress(*self._steps(job), status.replace("_", " "))
            time.sleep(_PAUSE)

    def cancel(self, name: str) -> Job:
        """End a persona's job, and forget it; also one that the server does not know any more."""
        import openai

        job = self.under_way(name)
        if job is None:
            raise JobFailed(f"No managed training of {name} is under way: there is nothing to cancel.")
        with self._faults(None), contextlib.suppress(openai.NotFoundError):
            now = self._client.fine_tuning.jobs.retrieve(str(job.id))
            if now.status == "succeeded":
                raise JobFailed(f"The job {job.id} is done and paid for: run the command without --cancel.")
            if now.status not in {"failed", "cancelled"}:
                self._client.fine_tuning.jobs.cancel(str(job.id))
        self._end(job)
        return job

    def _create(self, job: Job) -> Job:
        import openai

        try:  # once only: an answer that is lost does not mean that no job was begun
            created = self._client.with_options(max_retries=0).fine_tuning.jobs.create(
                model=job.model,
                training_file=str(job.file),
                method={"type": "supervised", "supervised": {"hyperparameters": {"n_epochs": job.epochs}}},
                seed=job.seed,
                suffix=job.persona[:_SUFFIX],
            )
        except openai.APIStatusError as error:
            if error.status_code < _BROKEN:
                self._end(job)
            raise
        return self.jobs.keep(replace(job, id=self._field(created, "id")))

    def _here(self, job: Job | None) -> Job | None:
        if job and job.server != self.shown:
            raise JobFailed(
                f"A training of {job.persona} was begun at {job.server}, not at {self.shown}: set remote_url to the "
                f"former, or delete {self.jobs.path(job.persona)} to forget it."
            )
        return job

    def _find(self, file: str) -> str | None:
        with self._faults(None):
            jobs = self._client.fine_tuning.jobs.list(limit=_LISTED).data or ()
        return next((job.id for job in jobs if job.training_file == file), None)

    def _steps(self, job: Job) -> tuple[int, int]:
        """Return the steps that are done and all of them, as the newest event with numbers says; (0, 1) before."""
        import openai

        with contextlib.suppress(openai.APIError):  # the next look at the job says what is wrong
            for event in self._client.fine_tuning.jobs.list_events(str(job.id), limit=20).data or ():
                data = event.data if isinstance(event.data, dict) else {}
                step, total = data.get("step"), data.get("total_steps")
                if isinstance(step, int) and isinstance(total, int):
                    return step, total
        return 0, 1

    def _card(self, job: Job, now: Any) -> dict[str, Any]:  # noqa: ANN401 -- the client's own class, loaded late
        took = now.finished_at - now.created_at if now.finished_at else None
        return {
            "persona": job.persona,
            "managed": {"model": self._field(now, "fine_tuned_model"), "job": job.id, "server": job.server},
            "base": {"name": job.model, "sha256": None},
            "recipe": {"method": "supervised", "epochs": job.epochs, "seed": job.seed},
            "rows": {job.persona: job.rows_sha256},
            "trained_tokens": now.trained_tokens,
            "seconds": took,
        }

    def _end(self, job: Job) -> None:
        self._delete(job.file)
        self.jobs.forget(job)

    def _delete(self, file: str | None) -> None:
        import openai

        if file:
            with contextlib.suppress(openai.APIError):  # it is gone, or the account's owner can delete it there
                self._client.files.delete(file)

    def _field(self, answer: object, name: str) -> str:
        value = getattr(answer, name, None)
        if not isinstance(value, str) or not value:
            raise JobFailed(
                f"{self.shown} answered without {name} where OpenAI's fine-tuning API has one: remote_url must lead to "
                "a server with that API, mostly ending in /v1."
            )
        return value

    @contextlib.contextmanager
    def _faults(self, file: TrainingFile | None) -> Iterator[None]:
        """Turn what the client raises into sentences; ``file`` finds the row that the server names."""
        import openai

        try:
            yield
        except openai.APIStatusError as error:
            raise self._denied(error, file) from error
        except openai.APIConnectionError as error:
            raise JobFailed(
                f"No answer from {self.shown}: see to the network or remote_url, then run the same command again. A "
                "job that was begun goes on there and is not paid for twice."
            ) from error
        except (ValueError, openai.OpenAIError) as error:
            raise JobFailed(f"{self.shown} answered what is no JSON in UTF-8: mend remote_url.") from error

    def _denied(self, error: "openai.APIStatusError", file: TrainingFile | None) -> JobFailed:
        words, status = said_by(error.body), error.status_code
        busy = f"{self.shown} is too busy or has a fault of its own ({words}): run the same command again in a minute."
        sentences = {
            401: f"{self.shown} refuses the key: set PARLEY_REMOTE_KEY to one that it gave you.",
            403: f"{self.shown} does not let this account train ({words}): it may be closed to new jobs, or the key "
            "lacks the permission. Without --managed the voice is trained on this machine.",
            404: f"{self.shown} does not know what it was asked for ({words}): mend remote_url or the key, or forget a "
            "job with --cancel.",
            429: busy,
        }
        if target := error.response.headers.get("location"):
            return JobFailed(f"{self.shown} sends us on to {target.partition('?')[0]}: set remote_url to the server.")
        if error.code in _UNPAID:
            return JobFailed(f"The account at {self.shown} cannot pay ({words}): add credit, then try again.")
        if status in sentences or status >= _BROKEN:
            return JobFailed(sentences.get(status, busy))
        return self._refused(words, file)

    def _refused(self, words: str, file: TrainingFile | None) -> JobFailed:
        where = file.locate(words) if file else ""
        return JobFailed(f"{self.shown} refuses the training{where}: {words}. Mend that, then run the command again.")
