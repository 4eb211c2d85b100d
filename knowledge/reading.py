"""Files to their entries, read by a process that may do nothing else.

One process (``knowledge.reading_worker``) serves all; it is started with the first file, ends when it has been idle
for a minute, and is started again when it is needed. It gets none of this process's environment, in which secrets
stand, and what it answers is taken as text alone.
"""

import contextlib
import json
import logging
import os
import select
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path, PurePosixPath
from typing import Any

from knowledge import sandbox
from knowledge.entries import Entry, UnreadableDocument, printable, refuse

_AT_ONCE = 2
"""Files that are read at the same time; each may take the memory that the sandbox allows."""
REQUEST = 16
"""Bytes of a request to the process: the ending of the file's name, filled up with spaces."""
_LARGEST_ANSWER = 128 * 2**20
"""Bytes; more than the entries of any file within the limits."""
_LOG = logging.getLogger(__name__)


class _Reading:
    """The process, started when it is needed and again after it has ended."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._turns = threading.BoundedSemaphore(_AT_ONCE)
        self._process: subprocess.Popen[bytes] | None = None
        self._channel: socket.socket | None = None

    def ask(self, name: str, content: bytes, *, unpack: bool) -> bytes:
        """Return the answer of a confined process about a file; empty where it ended without one."""
        request = json.dumps({"name": name, "unpack": unpack}).encode() + b"\n"
        with self._turns:
            for _ in range(2):  # the process may have ended, being idle, just before it was asked
                source, answer, process = self._send(PurePosixPath(name).suffix.lower())
                with os.fdopen(answer, "rb") as inside:
                    with contextlib.suppress(BrokenPipeError), os.fdopen(source, "wb") as out:
                        out.write(request)
                        out.write(content)
                    heard = _drain(inside.fileno())
                if heard or not _has_ended(process):
                    break
            return heard

    def _send(self, ending: str) -> tuple[int, int, subprocess.Popen[bytes]]:
        """Return the pipe for a file, the pipe with the answer, and the process that serves them."""
        source, write = os.pipe()
        answer, out = os.pipe()
        try:
            with self._lock:
                process, channel = self._running()
                try:
                    socket.send_fds(channel, [ending.encode().ljust(REQUEST)], [source, out])
                except OSError:  # it has just ended
                    self._stop()
                    process, channel = self._running()
                    socket.send_fds(channel, [ending.encode().ljust(REQUEST)], [source, out])
        except BaseException:
            os.close(write)
            os.close(answer)
            raise
        finally:
            os.close(source)
            os.close(out)
        return write, answer, process

    def _running(self) -> tuple[subprocess.Popen[bytes], socket.socket]:
        if self._process and self._channel and self._process.poll() is None:
            return self._process, self._channel
        self._stop()
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "knowledge.reading_worker"],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=Path(__file__).parents[1],
                env={"PATH": os.defpath, "PYTHONUTF8": "1"},
            )
        self._channel = ours
        return self._process, self._channel

    def _stop(self) -> None:
        if self._channel:
            self._channel.close()
        if self._process:
            self._process.kill()
            self._process.wait()


_READING = _Reading()


def entries(name: str, content: bytes) -> list[Entry]:
    """Return the entries of a file. Raises UnreadableDocument."""
    header, _ = _heard(name, _READING.ask(name, content, unpack=False))
    return [Entry(tuple(path), title, body, own_id, label) for path, title, body, own_id, label in header["entries"]]


def members(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the paths and bytes of the files in a ZIP file. Raises UnreadableDocument."""
    header, payload = _heard(name, _READING.ask(name, content, unpack=True))
    found, start = [], 0
    for member, size in header["members"]:
        found.append((member, payload[start : start + size]))
        start += size
    return found


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """Say whether the process itself has ended, or only one of its forks."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(0.2)
    return process.poll() is not None


def _heard(name: str, answer: bytes) -> tuple[dict[str, Any], bytes]:
    header, _, payload = answer.partition(b"\n")
    try:
        heard: dict[str, Any] = json.loads(header)
    except ValueError:
        refuse(
            name,
            f"is damaged, or cannot be read within {sandbox.SECONDS} seconds and {sandbox.MEMORY // 2**20} MiB",
            "save it anew, or split it into smaller files",
        )
    if fault := heard.get("fault"):
        _LOG.warning("No reader expected this of %s: %s", printable(name), printable(str(fault)))
    if sentence := heard.get("refused"):
        raise UnreadableDocument(str(sentence))
    return heard, payload


def _drain(pipe: int) -> bytes:
    """Return all that comes out of a pipe; nothing where it is too much or takes too long."""
    heard = bytearray()
    ends_at = time.monotonic() + sandbox.PATIENCE + 5
    poll = select.poll()
    poll.register(pipe, select.POLLIN)
    while poll.poll(max(0, 1000 * (ends_at - time.monotonic()))):
        piece = os.read(pipe, 2**20)
        if not piece:
            return bytes(heard)
        heard += piece
        if len(heard) > _LARGEST_ANSWER:
            break
    return b""
