"""A writer whose only way to PostgreSQL is a cable that can be pulled: nothing gets through, and nobody is told.

The writer is a process in a network namespace of its own; a pair of virtual interfaces is the cable. Pulled, both ends
send to a hardware address that nobody has, so that packets vanish as they do in a network.
"""

import contextlib
import ctypes
import os
import subprocess
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Self

from dying_writer import follow, write

from knowledge.store import Store

_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_NOWHERE = "02:00:00:00:00:99"
_NETWORK = f"10.213.{os.getpid() >> 6 & 255}.{{}}"  # another one for each test run on a machine
_CHILDREN = get_context("fork")


class Cable:
    """Runs ``dying_writer.write`` at its far end while the context is open; ``ADDRESS`` is the near end."""

    ADDRESS, _FAR = (_NETWORK.format((os.getpid() & 63) * 4 + end) for end in (1, 2))

    def __init__(self, open_store: Callable[[], Store], state: dict[str, set[int | None]]) -> None:
        self._ours, theirs = _CHILDREN.Pipe()
        self._child = _CHILDREN.Process(target=_write, args=(open_store, theirs), daemon=True)
        self._state = state
        self._acknowledged = 0
        self._near = f"cable{os.getpid()}"[:15]

    @staticmethod
    def possible() -> bool:
        """Tell whether this process may make networks."""
        with contextlib.suppress(FileNotFoundError):
            trial = ["/usr/bin/unshare", "--net", "ip", "link"]
            return not subprocess.run(trial, capture_output=True, check=False).returncode
        return False

    def __enter__(self) -> Self:
        self._child.start()
        assert self._ours.recv() == "apart"
        far = f"nsenter --net --target {self._child.pid} ip"
        for command in (
            f"ip link add {self._near} type veth peer name far netns {self._child.pid}",
            f"ip address add {self.ADDRESS}/30 dev {self._near}",
            f"ip link set {self._near} up",
            f"{far} address add {self._FAR}/30 dev far",
            f"{far} link set far up",
        ):
            subprocess.run(command.split(), check=True)
        return self

    def begin(self) -> None:
        """Have the writer write."""
        self._ours.send("go on")

    def __exit__(self, *_: object) -> None:
        self._child.kill()

    def stop(self) -> int:
        """Kill the writer, bring the state up to what it told, and return how many changes were acknowledged."""
        self._child.kill()
        self._child.join()
        return self._acknowledged + follow(self._ours, self._state)

    def pull(self) -> None:
        """Let nothing through any more."""
        self._neighbours("replace", f"lladdr {_NOWHERE} nud permanent")

    def mend(self) -> None:
        """Let everything through again."""
        self._neighbours("delete", "")

    def _neighbours(self, what: str, how: str) -> None:
        near = f"ip neighbour {what} {self._FAR} dev {self._near} {how}"
        far = f"nsenter --net --target {self._child.pid} ip neighbour {what} {self.ADDRESS} dev far {how}"
        for command in (near, far):
            subprocess.run(command.split(), check=True)

    def next_acknowledged(self, within: float) -> bool:
        """Wait for the writer's next acknowledged change; False if it does not come in so many seconds."""
        while self._ours.poll(within):
            what, name, version = self._ours.recv()
            if what == "done":
                self._state[name] = {version}
                self._acknowledged += 1
                return True
            self._state[name] = {*self._state[name], version}
        return False


def _write(open_store: Callable[[], Store], told: Connection) -> None:
    if ctypes.CDLL(None, use_errno=True).unshare(_NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "No network of one's own can be made.")
    told.send("apart")
    told.recv()
    write(open_store, told, 0)
