"""The process that reads strangers' files: it forks a confined one for each, so none meets what another left behind.

``knowledge.reading`` starts it. It loads the readers and never touches a file itself: a request brings two pipes, out
of which the fork reads the file and into which it writes its answer. The fork can do nothing else
(``knowledge.sandbox``).
"""

import codecs
import contextlib
import encodings
import json
import os
import pkgutil
import signal
import socket
from typing import Any

from knowledge import parsing, sandbox
from knowledge.entries import UnreadableDocument, printable
from knowledge.reading import REQUEST

_IDLE = 60.0
"""Seconds without a request after which the process ends."""


def main() -> None:
    """Serve requests from the socket that is standard input, until it is closed or idle."""
    _load_encodings()
    channel = socket.socket(fileno=0)
    channel.settimeout(_IDLE)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel forgets forks that have ended
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started this process ends it
    while True:
        try:
            ending, pipes, _, _ = socket.recv_fds(channel, REQUEST, 2)
        except TimeoutError:
            return
        if not ending:
            return
        parsing.reader(ending.decode().strip())
        sandbox.filters_calls()
        if os.fork() == 0:
            try:
                _serve(*pipes)
            finally:
                os._exit(1)
        for pipe in pipes:
            os.close(pipe)


def _load_encodings() -> None:
    """Load what Python would load when a text is decoded; a fork can open no file any more."""
    for found in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(LookupError):  # a few exist on Windows alone
            codecs.lookup(found.name)


def _serve(source: int, answer: int) -> None:
    """Read a request, give up all rights, and answer."""
    os.dup2(source, 0)
    os.dup2(answer, 1)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sandbox.confine()
    with open(0, "rb", closefd=False) as file:
        request = json.loads(file.readline())
        header, payload = _answer(request["name"], file.read(), unpack=request["unpack"])
    with open(1, "wb", closefd=False) as out:
        out.write(json.dumps(header).encode() + b"\n" + payload)
    os._exit(0)


def _answer(name: str, content: bytes, *, unpack: bool) -> tuple[dict[str, Any], bytes]:
    """Return what the file holds, or why it cannot be read; ``fault`` is for the log."""
    try:
        if unpack:
            members = parsing.unpack(name, content)
            sizes = [(member, len(inside)) for member, inside in members]
            return {"members": sizes}, b"".join(inside for _, inside in members)
        entries = parsing.read(name, content)
        return {"entries": [(entry.path, entry.title, entry.body, entry.id, entry.label) for entry in entries]}, b""
    except UnreadableDocument as error:
        return {"refused": str(error)}, b""
    except Exception as error:  # noqa: BLE001 -- readers raise whatever a broken file leads them to
        return _given_up(name, error), b""


def _given_up(name: str, error: Exception) -> dict[str, Any]:
    remedy = "split it into smaller files"
    if isinstance(error, sandbox.OutOfTime):
        return _refused(name, f"takes more than {sandbox.SECONDS} seconds to read", remedy)
    if isinstance(error, MemoryError):
        return _refused(name, f"needs more than {sandbox.MEMORY // 2**20} MiB of memory to be read", remedy)
    if isinstance(error, RecursionError):
        return _refused(name, "nests too deeply", "upload it as plain text or Markdown")
    header = _refused(name, "is damaged or of an unknown form", "open it, save it anew and upload it again")
    return {**header, "fault": f"{type(error).__name__}: {error}"[:300]}


def _refused(name: str, fault: str, remedy: str) -> dict[str, Any]:
    return {"refused": f"{printable(name)} {fault}: {remedy}."}


if __name__ == "__main__":
    main()
