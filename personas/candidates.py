"""Trained voices that have not proved themselves yet: kept beside the versions, and served by nobody.

``<root>/<persona>/.candidates/<version>/`` holds an adapter as a version's folder does; the newest one for a base model
is what the next evaluation is of.
"""

import contextlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

from personas.adapter_files import CARD, BadAdapter, Files, read
from personas.adapters import OtherBase, admit, checked
from personas.engine import Adapter
from personas.gate import allow, unproved
from personas.version_files import alone, is_there, place, write_json
from personas.versions import install

_FOLDER = ".candidates"


def keep(files: Files, name: str, root: Path) -> Adapter:
    """Keep checked files (``adapters.checked``) as a persona's newest candidate, and return it.

    Earlier candidates for the same base model make room. Raises BadAdapter when another process holds the turn.
    """
    version = f"{name}-{files.digest}"
    with alone(root / name, name) as home:
        candidates = home / _FOLDER
        candidates.mkdir(exist_ok=True)
        for earlier in list(candidates.iterdir()):
            if earlier.name != version and _base(earlier) in {None, _of(files.card)}:
                shutil.rmtree(earlier, ignore_errors=True)
        if not is_there(files, candidates / version):
            place(files, candidates / version)
    return files.adapter(version, candidates / version)


def newest(name: str, root: Path, base: str) -> Adapter | None:
    """Return a persona's candidate for a base model; None where it has none that is sound."""
    candidates = root / name / _FOLDER
    for folder in sorted(candidates.iterdir()) if candidates.is_dir() else []:
        with contextlib.suppress(BadAdapter, OtherBase):
            adapter = admit(folder, name, base)
            if adapter.version == folder.name:
                return adapter
    return None


def promote(candidate: Adapter, name: str, root: Path, base: str) -> Adapter:
    """Make a candidate the version that serves, and return it there. Raises BadAdapter."""
    served = install(checked(candidate.folder, base), name, root)
    shutil.rmtree(candidate.folder, ignore_errors=True)
    return served


def proved(files: Files, *, allowed: bool = False) -> Files:
    """Return checked files as they may be installed: as they are where their own evaluation let them pass.

    ``allowed``: install them whatever it says, and have their card tell so. A voice that a server keeps cannot be
    evaluated here, and is let pass. Raises BadAdapter.
    """
    reason = "" if files.managed else unproved(files.card, files.digest, files.folder)
    if not reason:
        return files
    if not allowed:
        raise BadAdapter(reason)
    card = allow(files.card, files.digest)
    return replace(files, contents=files.contents | {CARD: json.dumps(card, indent=1).encode() + b"\n"}, card=card)


def write_evaluation(adapter: Adapter, evaluation: dict[str, object]) -> None:
    """Put an evaluation into an adapter's card. Raises BadAdapter where the adapter cannot be read any more.

    The card is replaced in one step, by a file that stood outside the adapter's folder, which holds nothing else.
    """
    card = read(adapter.folder).card | {"evaluation": evaluation}
    write_json(adapter.folder / CARD, card, adapter.folder.with_name(f".{adapter.folder.name}-{CARD}"))


def _base(folder: Path) -> object:
    try:
        return _of(read(folder).card)
    except BadAdapter:
        return None


def _of(card: dict[str, object]) -> object:
    base = card.get("base")
    return base.get("sha256") if isinstance(base, dict) else None
