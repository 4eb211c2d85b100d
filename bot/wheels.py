"""One wheel from the package index: downloaded by pip, verified, never installed.

pip is asked because it already knows the machine's proxy, mirror and certificates, and resumes a broken download
(since version 25.1).
"""

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

DISK_FULL = (
    "The disk is full: free 1 GB, or set PARLEY_HOME to a folder on another disk, then run `parley setup` again; "
    "what is complete is kept."
)


class SetupFailed(Exception):  # noqa: N818 -- named for what is wrong
    """The models could not be made ready; the message says why and what to do. What was complete is kept."""


def verified_wheel(requirement: str, sha256: str, folder: Path, download: Callable[[], None]) -> Path:
    """Return the wheel of a ``name==version`` in the folder: one that is there already, else downloaded.

    Raises SetupFailed, after deleting it, where the wheel is another than the one expected.
    """
    name, version = requirement.split("==")
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    for kept in folder.glob(pattern):
        if _sha256(kept) == sha256:
            return kept
        kept.unlink()
    download()
    for wheel in folder.glob(pattern):
        verify(wheel, sha256)
        return wheel
    raise SetupFailed(f"pip left no wheel of {requirement}. Run `parley setup` again.")


def pip_download(requirement: str, folder: Path) -> None:
    """Put the wheel of a ``name==version`` into the folder. Raises SetupFailed."""
    if importlib.util.find_spec("pip") is None:
        raise SetupFailed("pip is missing here: run `python -m ensurepip` in this environment, then `parley setup`.")
    scratch = folder / "pip"  # on the disk whose room was checked; the usual temporary folder is often small
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:", "--no-input"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    if not sys.stdout.isatty():
        command.append("--quiet")  # on a terminal pip draws its progress bar
    env = {**os.environ, "TMPDIR": str(scratch)}
    pip = subprocess.run(command, stderr=subprocess.PIPE, text=True, errors="replace", check=False, env=env)
    if pip.returncode and "No space left" in pip.stderr:
        raise SetupFailed(DISK_FULL)
    if pip.returncode:
        said = pip.stderr.strip().splitlines() or [f"exit status {pip.returncode}"]
        raise SetupFailed(
            f"{requirement} could not be downloaded. Is there a network, and does the package index that pip uses "
            "have it (`pip config list` tells which one)? Then run `parley setup` again; what is complete is kept. "
            f"pip said: {([line for line in said if line.startswith('ERROR')] or said)[-1]}"
        )


def verify(path: Path, sha256: str) -> None:
    """Delete a file whose SHA-256 is another than the one expected, and raise SetupFailed."""
    if _sha256(path) != sha256:
        path.unlink()
        raise SetupFailed(
            f"{path.name} is not the file that Parley expects (its SHA-256 differs), so it was deleted. Run "
            "`parley setup` again; if it happens twice, ask who runs the package index or mirror that pip uses."
        )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
