"""A process that changes an SQLite store when it is told to, while strace watches its calls or makes them fail."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Self

from dying_writer import revision

from knowledge.store import Store, StoreUnavailable

STRACE = "/usr/bin/strace"
_CHILDREN = get_context("fork")


class TracedWriter:
    """Runs while the context is open."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._ours, theirs = _CHILDREN.Pipe()
        self._child = _CHILDREN.Process(target=_work, args=(open_store, theirs), daemon=True)

    @staticmethod
    def possible() -> bool:
        """Tell whether strace is there and may watch a process."""
        with contextlib.suppress(FileNotFoundError):
            return not subprocess.run(
                [STRACE, "-o", os.devnull, "/bin/true"], capture_output=True, check=False
            ).returncode
        return False

    def __enter__(self) -> Self:
        self._child.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.join()

    @contextlib.contextmanager
    def traced(self, *options: str) -> Iterator[None]:
        """Have strace watch the process, with options of its own."""
        command = [STRACE, "-p", str(self._child.pid), *options]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as watcher:
            assert watcher.stderr is not None
            assert "attached" in watcher.stderr.readline()
            try:
                yield
            finally:
                watcher.send_signal(signal.SIGINT)  # it lets the process go on by itself
                watcher.communicate()

    def put(self, name: str, version: int) -> str:
        """Have the store opened anew and a version of a document put; return why it was refused, or nothing."""
        self._ours.send((name, version))
        return str(self._ours.recv())

    def version(self, name: str) -> str:
        """Return which version of a document answers, or why none does."""
        self._ours.send((name, None))
        return str(self._ours.recv())


def _work(open_store: Callable[[], Store], told: Connection) -> None:
    store = open_store()
    while True:
        name, version = told.recv()
        try:
            if version is None:
                told.send({document.name: document.sha256 for document in store.documents("s")}[name])
            else:
                store.close()
                store.replace("s", "e", [revision(name, version)])
                told.send("")
        except StoreUnavailable as error:
            told.send(str(error))


def unsynced(log: Path, folder: Path) -> Iterator[set[str]]:
    """Yield, for each change that was acknowledged, the files whose last writes were not on the disk by then.

    ``log`` is strace's, with ``-y``. The writer acknowledges through a socket. A folder counts as written to when
    something is made in it. Shared memory is made anew after a power cut, and a log that was cut to nothing after its
    content was synced elsewhere may come back.
    """
    dirty: set[str] = set()
    for line in log.read_text(errors="replace").splitlines():
        call, _, rest = line.partition("(")
        path = rest.partition("<")[2].partition(">")[0]
        if call == "pwrite64" and path.startswith(str(folder)) and not path.endswith("-shm"):
            dirty.add(path)
        elif call == "mkdir" and line.endswith("= 0"):
            dirty.add(str(Path(rest.split('"')[1]).parent))
        elif call in {"fsync", "fdatasync"}:
            dirty.discard(path)
        elif call == "write" and "socket:" in path:
            yield set(dirty)
