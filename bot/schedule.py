"""Re-indexing by the clock; the work itself is one plain function that anyone may call.

APScheduler brings what a loop with a sleep lacks: runs that neither pile up nor go missing while the machine was
busy or asleep. Its job store stays in memory, because a failing one stops the scheduler without a word.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from bot import outages
from bot.replaying import replayed
from bot.settings import Settings
from knowledge.embedding import Embedder
from knowledge.indexing import Report, refresh
from knowledge.store import Store, StoreUnavailable

log = logging.getLogger(__name__)

WATCHED = "watched"
"""A folder of this name in a server's folder is searched for new files."""
AfterRun = Callable[[str], Awaitable[None]]
_LOOK = "look for servers"  # no server's name holds a space


@dataclass(frozen=True)
class Run:
    """The last re-indexing of one server."""

    finished: datetime
    report: Report | None
    """None where it failed; the log says why."""


def watched_folder(settings: Settings, server: str) -> Path:
    """Return the folder that is searched for the server's new files; it need not exist."""
    return settings.servers_folder / server / WATCHED


def reindex(store: Store, embedder: Embedder, settings: Settings, server: str) -> Report:
    """Make the server's knowledge agree with its files, and ask the saved questions again.

    Raises BadServer, UnknownServer.
    """
    folder = watched_folder(settings, server)
    report = refresh(store, embedder, server, folder if folder.is_dir() else None)
    return replayed(report, store, lambda: embedder, settings, server)


class Schedule:
    """Re-indexes every server at start and then every ``settings.refresh_minutes``, one server at a time."""

    def __init__(self, store: Store, embedder: Embedder, settings: Settings, after: AfterRun | None = None) -> None:
        """``after``: is told each server that was looked at, when that is done."""
        from apscheduler.schedulers.asyncio import AsyncIOScheduler

        self._store, self._embedder, self._settings, self._after = store, embedder, settings, after
        self._turn = asyncio.Lock()
        self._runs: dict[str, Run] = {}
        late_but_once = {"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        self._scheduler = AsyncIOScheduler(timezone=UTC, job_defaults=late_but_once)

    @property
    def runs(self) -> Mapping[str, Run]:
        """The last run of each server; one that grows old says that the schedule stands still."""
        return MappingProxyType(self._runs)

    @property
    def servers(self) -> list[str]:
        """The servers that have a job."""
        return sorted(job.id for job in self._scheduler.get_jobs() if job.id != _LOOK)

    def start(self) -> None:
        """Begin, in the running event loop."""
        self._scheduler.start()
        self._every(self.look_for_servers, _LOOK)

    def stop(self) -> None:
        """End; a run that has begun is finished by its thread."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def look_for_servers(self) -> None:
        """Give each new server its job, and take it from each that is gone."""
        try:
            wanted = await asyncio.to_thread(self._known)
        except StoreUnavailable as error:
            outages.note(error)
            return
        for server in wanted.difference(self.servers):
            self._every(self.run, server, server)
        for server in set(self.servers) - wanted:
            self._scheduler.remove_job(server)
            self._runs.pop(server, None)

    async def run(self, server: str) -> None:
        """Re-index one server and note when; a failure is logged and the next run tries again."""
        async with self._turn:  # embedding takes every core there is
            try:
                report = await asyncio.to_thread(reindex, self._store, self._embedder, self._settings, server)
            except StoreUnavailable as error:
                outages.note(error)
                report = None
            except Exception:
                log.exception("Re-indexing server %s failed; it is tried again at the next run.", server)
                report = None
        self._runs[server] = Run(datetime.now(UTC), report)
        for change in report.changes if report else ():
            if change.outcome == "refused":
                log.warning("Server %s: %s", server, change.reason)
            elif change.outcome != "unchanged":
                log.info("Server %s: %s is %s.", server, change.name, change.outcome)
        for answer in report.answers if report else ():
            log.info("Server %s: the answer to %r has changed.", server, answer.question)
        if self._after:
            await self._after(server)

    def _known(self) -> set[str]:
        watched = self._settings.servers_folder.glob(f"*/{WATCHED}")
        return {*self._store.servers(), *(folder.parent.name for folder in watched if folder.is_dir())}

    def _every(self, work: object, name: str, *arguments: str) -> None:
        minutes = self._settings.refresh_minutes
        self._scheduler.add_job(
            work, "interval", minutes=minutes, id=name, args=arguments, next_run_time=datetime.now(UTC)
        )
