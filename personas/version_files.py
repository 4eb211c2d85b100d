"""Folders and files of voices on the disk: there whole or not at all, also after a crash or a power cut."""

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from personas.adapter_files import BadAdapter, Files, read

INCOMING = ".incoming-"
"""How the names of folders begin that are still being written."""
_PATIENCE = 60.0
"""Seconds to wait for another process that changes the voice of the same persona."""


@contextlib.contextmanager
def alone(home: Path, name: str) -> Iterator[Path]:
    """Hold the lock of a persona's versions, which the system takes back from a process that is killed."""
    from filelock import FileLock, Timeout

    home.mkdir(parents=True, exist_ok=True)
    _sync(home.parent)
    try:
        lock = FileLock(home / ".lock").acquire(timeout=_PATIENCE)
    except Timeout as error:
        raise BadAdapter(f"Another process is changing the voice of {name}: try again in a minute.") from error
    with lock:
        yield home


def is_there(files: Files, folder: Path) -> bool:
    """Tell whether a folder holds just these files."""
    try:
        return read(folder).contents == files.contents
    except BadAdapter:
        return False


def place(files: Files, target: Path) -> None:
    """Write a version's folder, whole and on the disk before it has its name."""
    incoming, damaged = (target.with_name(f"{INCOMING}{kind}-{target.name}") for kind in ("new", "damaged"))
    for left_over in (incoming, damaged):
        shutil.rmtree(left_over, ignore_errors=True)
    incoming.mkdir()
    try:
        for name, data in files.contents.items():
            with (incoming / name).open("xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        _sync(incoming)
        if target.exists():  # it was damaged since it was installed
            target.rename(damaged)
        incoming.rename(target)
        _sync(target.parent)
    finally:
        shutil.rmtree(incoming, ignore_errors=True)


def write_json(path: Path, content: object, new: Path) -> None:
    """Replace a file by JSON that is first written to ``new``, whole and on the disk before it has its name."""
    with new.open("w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
    _sync(path.parent)


def _sync(folder: Path) -> None:
    """Put a folder's names on the disk."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
