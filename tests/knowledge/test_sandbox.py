"""What the process that reads files can and cannot do, tried from inside."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge import reading, sandbox
from knowledge.documents import UnreadableDocument, read

ROOT = Path(__file__).parents[2]
TRIED = """
import os, socket, resource, signal, subprocess, sys, threading
from knowledge import sandbox
import seccompy
sandbox.SECONDS = 3
sandbox.confine()
def tried(act):
    try:
        act()
    except (OSError, ValueError, RuntimeError, MemoryError, sandbox.OutOfTime) as error:
        return type(error).__name__
    return "done"
def compute():
    while True:
        pass
acts = {
    "read": lambda: open("/etc/passwd"),
    "write": lambda: open(sys.argv[1] + "/new", "w"),
    "connect": lambda: socket.socket(),
    "local": lambda: socket.socketpair(),
    "fork": os.fork,
    "start": lambda: os.execv("/bin/true", ["true"]),
    "thread": lambda: threading.Thread(target=print).start(),
    "remove": lambda: os.remove(sys.argv[1] + "/old"),
    "rename": lambda: os.rename(sys.argv[1] + "/old", sys.argv[1] + "/other"),
    "folder": lambda: os.mkdir(sys.argv[1] + "/folder"),
    "kill": lambda: os.kill(os.getppid(), signal.SIGTERM),
    "loosen": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
    "memory": lambda: bytearray(sandbox.MEMORY + 2**20),
    "pipe": os.pipe,
    "compute": compute,
}
os.write(1, " ".join(f"{name}:{tried(act)}" for name, act in acts.items()).encode())
os._exit(0)
"""


@pytest.mark.skipif(not sandbox.filters_calls(), reason="this system cannot filter system calls")
def test_a_reader_can_only_compute(tmp_path):
    """Files, connections, processes, signals, more memory and more time are all refused."""
    (tmp_path / "old").write_text("x")
    done = subprocess.run([sys.executable, "-c", TRIED, str(tmp_path)], cwd=ROOT, capture_output=True, check=True)
    outcomes = dict(pair.split(":") for pair in done.stdout.decode().split())
    assert len(outcomes) == 15
    assert "done" not in outcomes.values()
    assert outcomes["compute"] == "OutOfTime"
    assert outcomes["memory"] == "MemoryError"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]


def test_the_process_gets_no_secrets(monkeypatch):
    """The environment, in which the bot's token stands, is not handed on."""
    monkeypatch.setenv("PARLEY_DISCORD_TOKEN", "secret")
    reading._READING._stop()
    assert read("a.md", b"Is it well?")
    environment = Path(f"/proc/{reading._READING._process.pid}/environ")
    if not environment.exists():
        pytest.skip("only Linux shows a process's environment")
    assert b"secret" not in environment.read_bytes()


def test_a_process_that_has_ended_is_started_again():
    """Killed between two files, it is there for the next one."""
    for _ in range(3):
        assert read("a.md", b"Is it well?")
        os.kill(reading._READING._process.pid, 9)
    assert read("a.md", b"Is it well?")


def test_a_reader_that_dies_is_a_refusal(monkeypatch):
    """Whatever ends a reader without a word, its file is refused and names its limits."""
    monkeypatch.setattr(reading._READING, "ask", lambda *_, **__: b"")
    with pytest.raises(UnreadableDocument, match="8 seconds and 512 MiB"):
        read("a.md", b"Is it well?")


def test_what_a_reader_answers_is_checked(monkeypatch):
    """Text that no document may hold is refused, even from a reader that was taken over."""
    monkeypatch.setattr(reading._READING, "ask", lambda *_, **__: b'{"entries": [[[], "", "a\\u0000b", null, ""]]}\n')
    with pytest.raises(UnreadableDocument, match="control characters"):
        read("a.md", b"Is it well?")
