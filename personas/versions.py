"""The versions of each persona's voice on disk: which one serves, and which served before it.

``<root>/<persona>/<version>/`` holds an adapter, of which nothing changes once it is there but the evaluation in its
card; ``served.json`` beside it lists the versions in the order in which they came to serve, the last one serving.
Readers need no lock: every change is one rename, so that whoever looks, also after a crash or a power cut, finds the
state before it or the one after it.
"""

import contextlib
import json
import os
import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from personas.adapter_files import CARD, BadAdapter, Files
from personas.adapters import OtherBase, admit
from personas.engine import Adapter
from personas.gate import refusal
from personas.persona import Persona
from personas.version_files import INCOMING, alone, is_there, place, write_json

SERVED = "served.json"
KEPT = 5
"""Versions for each base model that are kept, the one that serves among them."""
_IN_USE = 24 * 3600.0
"""Seconds for which a version that no longer serves may still be read by a bot, and is kept whatever its rank."""


@dataclass(frozen=True)
class Served:
    """What a persona speaks with."""

    adapter: Adapter | None
    """None: its card alone, in the base model's own voice."""
    refused: tuple[str, ...] = ()
    """Why newer versions do not serve, a sentence each."""

    def __str__(self) -> str:
        """Return the version, or that there is none."""
        return self.adapter.version if self.adapter else "card only, no adapter"


def current(persona: Persona, root: Path, base: str, *, judged: bool = True) -> Served:
    """Return the newest sound version for this base model: of those installed, else the one the persona ships with.

    A version that is damaged on disk, or that its evaluation refused, is passed over, so that the one before it goes
    on answering, and the reason is in ``refused``. ``judged``: whether what an evaluation said counts.
    """
    refused = []
    try:
        order = history(persona.name, root)
    except BadAdapter as error:
        order, refused = [], [str(error)]
    shipped = persona.folder / "adapter"
    installed = (root / persona.name / version for version in reversed(order))
    for folder in (*installed, *([shipped] if shipped.exists() else [])):
        try:
            adapter = admit(folder, persona.name, base) if folder == shipped else _version(folder, base)
            if judged:
                _heed(adapter)
        except OtherBase:
            continue
        except BadAdapter as error:
            refused.append(str(error))
        else:
            return Served(adapter, tuple(refused))
    return Served(None, tuple(refused))


def history(name: str, root: Path) -> list[str]:
    """Return a persona's installed versions in the order in which they came to serve, the last one serving.

    Raises BadAdapter where the list is damaged.
    """
    path = root / name / SERVED
    if not path.exists():
        return []
    try:
        order = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadAdapter(f"{path} cannot be read ({error}): install or train the voice of {name} again.") from error
    if not isinstance(order, list) or not all(isinstance(version, str) and _named(version, name) for version in order):
        raise BadAdapter(f"{path} is no list of versions of {name}: install or train its voice again.")
    return order


def install(files: Files, name: str, root: Path) -> Adapter:
    """Make checked files (``adapters.checked``) the version of a persona's voice that serves, and return it.

    The files are copied. Installed once more, an earlier version serves again. Processes that install at the same
    time take turns. Raises BadAdapter when another one holds the turn for a minute.
    """
    version = f"{name}-{files.digest}"
    with alone(root / name, name) as home:
        if not is_there(files, home / version):
            place(files, home / version)
        order: list[str] = []
        with contextlib.suppress(BadAdapter):  # a damaged list is written anew
            order = history(name, root)
        _retire([home / served for served in (*order[-1:], version)])
        order = [*(former for former in order if former != version), version]
        old = _outdated(home, version)
        _write(home / SERVED, [former for former in order if home / former not in old])
        for folder in (*old, *home.glob(f"{INCOMING}*")):
            shutil.rmtree(folder, ignore_errors=True)
    return files.adapter(version, home / version)


def rollback(persona: Persona, root: Path, base: str) -> Served:
    """Take back the newest version for this base model, sound or not, and return what serves then.

    Its folder stays for a while, for requests under way. Raises BadAdapter when no version is installed.
    """
    nothing = BadAdapter(
        f"No version of {persona.name} is installed for this base model: there is nothing to go back from."
    )
    if not (root / persona.name / SERVED).exists():
        raise nothing
    with alone(root / persona.name, persona.name) as home:
        order = history(persona.name, root)
        newest = next((version for version in reversed(order) if _is_for(home / version, base)), None)
        if newest is None:
            raise nothing
        _retire([home / newest])
        _write(home / SERVED, [version for version in order if version != newest])
    return current(persona, root, base)


def _version(folder: Path, base: str) -> Adapter:
    """Admit an installed version, which must still be what its name says."""
    adapter = admit(folder, folder.name.rpartition("-")[0], base)
    if adapter.version != folder.name:
        raise BadAdapter(f"{folder} has been changed since it was installed: install or train this voice again.")
    return adapter


def _heed(adapter: Adapter) -> None:
    """Raise BadAdapter where an evaluation refused an admitted adapter, and nobody allowed it."""
    try:
        card = json.loads((adapter.folder / CARD).read_text("utf-8"))
    except (OSError, ValueError) as error:  # it was changed since it was admitted
        raise BadAdapter(f"{adapter.folder / CARD} cannot be read ({error}): install this voice again.") from error
    if reason := refusal(card, adapter.folder):
        raise BadAdapter(reason)


def _is_for(folder: Path, base: str) -> bool:
    try:
        _version(folder, base)
    except OtherBase:
        return False
    except BadAdapter:
        return True
    return True


def _named(version: str, name: str) -> bool:
    return re.fullmatch(rf"{re.escape(name)}-[0-9a-f]{{12}}", version) is not None


def _write(path: Path, order: list[str]) -> None:
    write_json(path, order, path.with_name(f".{path.name}"))


def _retire(folders: list[Path]) -> None:
    """Note in the folders' times that they served until now."""
    for folder in folders:
        with contextlib.suppress(OSError):  # it may be gone
            os.utime(folder)


def _outdated(home: Path, serving: str) -> list[Path]:
    """Return the versions to delete: for each base model those beyond the last few, unless they served lately."""
    versions = [folder for folder in home.iterdir() if folder.is_dir() and _named(folder.name, home.name)]
    versions.sort(key=lambda folder: (folder.name == serving, folder.stat().st_mtime), reverse=True)
    bases = [_base(folder) for folder in versions]
    return [
        folder
        for n, folder in enumerate(versions)
        if bases[:n].count(bases[n]) >= KEPT and time.time() - folder.stat().st_mtime > _IN_USE
    ]


def _base(folder: Path) -> object:
    try:
        return json.loads((folder / CARD).read_text("utf-8"))["base"]["sha256"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
