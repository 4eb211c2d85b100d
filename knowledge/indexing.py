"""The only writer: files in, passages and vectors out. A document is replaced as a whole or not at all."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np

from knowledge.chunking import passages as cut
from knowledge.documents import LARGEST, READERS, UnreadableDocument, check_name, read
from knowledge.embedding import Embedder
from knowledge.entries import printable
from knowledge.store import Document, Passage, Store, UnknownServer, Vectors

Outcome = Literal["new", "changed", "unchanged", "removed", "refused"]
Progress = Callable[[int, int, str], None]
"""Called with how many documents are done, how many there are, and the name of the next one."""


@dataclass(frozen=True)
class Change:
    """What became of one document."""

    name: str
    outcome: Outcome
    passages: int = 0
    """Passages that the document has now."""
    reason: str = ""
    """Why it was refused: a sentence that says what to do."""


@dataclass(frozen=True)
class Report:
    """What an add, a refresh or a removal did, one Change for each document."""

    changes: tuple[Change, ...]
    seconds: float

    @property
    def refused(self) -> tuple[Change, ...]:
        """The documents that were not taken; each leaves what was there before."""
        return tuple(change for change in self.changes if change.outcome == "refused")

    @property
    def altered(self) -> bool:
        """Whether any answer can be different now."""
        return any(change.outcome in {"new", "changed", "removed"} for change in self.changes)


@dataclass(frozen=True)
class _File:
    """A file that was read, or the reason why it could not be."""

    document: Document
    content: bytes = b""
    passages: tuple[Passage, ...] = ()
    refusal: str = ""
    unchanged: bool = False


def add(  # noqa: PLR0913, PLR0917 -- whose, what and where; all but two have a default or one type each
    store: Store,
    embedder: Embedder,
    server: str,
    paths: Iterable[Path],
    channels: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Add files, and every file in folders; all are read before the first is written.

    A file takes its own name, a file from a folder its path within the folder. Files are found again by
    ``refresh``. Raises BadServer.
    """
    start = time.perf_counter()
    known = _known(store, server)
    named = [pair for path in paths for pair in _found(path)]
    files = [_file(Document(name, "", str(path), tuple(channels), embedder.name), known) for name, path in named]
    first = dict(reversed(named))
    files = [
        file if first[name] == path else replace(file, refusal=f"{name} comes from two folders: rename one of them.")
        for file, (name, path) in zip(files, named, strict=True)
    ]
    return Report(tuple(_write(store, embedder, server, _counted(files, progress), known)), time.perf_counter() - start)


def add_upload(  # noqa: PLR0913, PLR0917 -- as add, with bytes in place of paths
    store: Store, embedder: Embedder, server: str, name: str, content: bytes, channels: Sequence[str] = ()
) -> Report:
    """Add one file from its bytes; the store keeps them, as nothing else does. Raises BadServer."""
    start = time.perf_counter()
    known = _known(store, server)
    document = Document(name, "", None, tuple(channels), embedder.name)
    if "/" in name:
        file = _File(document, refusal=f"{printable(name)} has a folder in its name: upload it under its own name.")
    else:
        file = _parsed(document, content, known)
    changes = _write(store, embedder, server, [file], known)
    return Report(tuple(changes), time.perf_counter() - start)


def remove(store: Store, server: str, name: str) -> Report:
    """Take one document out; refused where there is none of that name. Raises BadServer, UnknownServer."""
    start = time.perf_counter()
    if store.remove(server, name):
        change = Change(name, "removed")
    else:
        names = ", ".join(document.name for document in store.documents(server)) or "none"
        change = Change(name, "refused", reason=f"There is no document of that name; there are: {names}.")
    return Report((change,), time.perf_counter() - start)


def refresh(
    store: Store, embedder: Embedder, server: str, watched: Path | None = None, progress: Progress | None = None
) -> Report:
    """Make the store agree with the files: take in what changed, take out what is gone.

    The hash of a file decides, never its time. New files inside ``watched`` are added. A file that has become
    unreadable is refused and its old version goes on answering. What another embedder made is embedded again.
    Raises BadServer, and UnknownServer where nothing is known and nothing watched.
    """
    start = time.perf_counter()
    known = _known(store, server) if watched else {document.name: document for document in store.documents(server)}
    files: list[_File] = []
    changes: list[Change] = []
    for document in known.values():
        wanted = replace(document, embedder=embedder.name)
        if document.origin is None and document == wanted:
            files.append(_File(document, unchanged=True))
        elif document.origin is None:
            files.append(_parsed(wanted, store.content(server, document.name), known))
        elif Path(document.origin).is_file():
            files.append(_file(wanted, known))
        else:
            store.remove(server, document.name)
            changes.append(Change(document.name, "removed"))
    origins = {document.origin for document in known.values()}
    for name, path in _found(watched) if watched and watched.is_dir() else ():
        if str(path) in origins or path.suffix.lower() not in READERS:
            continue
        file = _file(Document(name, "", str(path), (), embedder.name), {})
        if name in known:
            file = replace(
                file, refusal=f"{name} was already added from elsewhere: remove that one or rename this one."
            )
        files.append(file)
    changes += _write(store, embedder, server, _counted(files, progress), known)
    return Report(tuple(changes), time.perf_counter() - start)


def export(store: Store, server: str, folder: Path) -> list[Path]:
    """Write every document's original bytes under a new or empty folder, and return the paths.

    Raises BadServer, UnknownServer, and FileExistsError where the folder holds something already.
    """
    paths = {document.name: folder / document.name for document in store.documents(server)}
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FileExistsError(f"{folder} is not empty: name a new folder, so that no file of yours is overwritten.")
    for name, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(store.content(server, name))
    return list(paths.values())


def _known(store: Store, server: str) -> dict[str, Document]:
    try:
        return {document.name: document for document in store.documents(server)}
    except UnknownServer:
        return {}


def _found(path: Path) -> list[tuple[str, Path]]:
    """Return (document name, absolute path) for a file, or for each visible file in a folder."""
    path = path.absolute()
    if not path.is_dir():
        return [(path.name, path)]
    inside = [file.relative_to(path) for file in sorted(path.rglob("*")) if file.is_file()]
    return [(file.as_posix(), path / file) for file in inside if not any(part.startswith(".") for part in file.parts)]


def _file(wanted: Document, known: Mapping[str, Document]) -> _File:
    """Read the wanted document from its origin."""
    path = Path(wanted.origin or "")
    try:
        check_name(wanted.name)
        with path.open("rb") as file:
            content = file.read(LARGEST + 1)  # one byte more than allowed is enough to refuse any size
    except UnreadableDocument as error:
        return _File(wanted, refusal=str(error))
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        return _File(wanted, refusal=reason)
    return _parsed(wanted, content, known)


def _parsed(wanted: Document, content: bytes, known: Mapping[str, Document]) -> _File:
    document = replace(wanted, sha256=hashlib.sha256(content).hexdigest())
    old = known.get(document.name)
    if old and old == replace(document, passages=old.passages):
        return _File(old, unchanged=True)
    try:
        passages = tuple(cut(document.name, read(document.name, content)))
    except UnreadableDocument as error:
        return _File(document, refusal=str(error))
    return _File(replace(document, passages=len(passages)), content, passages)


def _counted(files: Sequence[_File], progress: Progress | None) -> Iterator[_File]:
    """Pass the files on and tell how far they are."""
    for done, file in enumerate(files):
        if progress:
            progress(done, len(files), file.document.name)
        yield file
    if progress:
        progress(len(files), len(files), "")


def _write(
    store: Store, embedder: Embedder, server: str, files: Iterable[_File], known: Mapping[str, Document]
) -> Iterator[Change]:
    for file in files:
        name = file.document.name
        if file.refusal:
            yield Change(name, "refused", known[name].passages if name in known else 0, file.refusal)
        elif file.unchanged:
            yield Change(name, "unchanged", file.document.passages)
        else:
            vectors = _vectors(store, embedder, server, file.passages, known=bool(known))
            store.replace(server, file.document, file.content, file.passages, vectors)
            yield Change(name, "changed" if name in known else "new", len(file.passages))


def _vectors(
    store: Store, embedder: Embedder, server: str, passages: Sequence[Passage], *, known: bool
) -> list[Vectors]:
    """Return the views' vectors of each passage, embedding only passages that the server does not have already."""
    have: dict[str, Vectors] = {}
    if known:
        contents = store.contents(server, embedder.name)
        pieces = np.split(contents.vectors, contents.starts[1:])
        have = {p.searchable: rows for p, rows in zip(contents.passages, pieces, strict=True) if rows.any()}
    missing = {p.searchable: p.views for p in passages if p.searchable not in have}
    if missing:
        rows = embedder.embed([view for views in missing.values() for view in views])
        ends = np.cumsum([len(views) for views in missing.values()])
        have.update(zip(missing, np.split(rows, ends[:-1]), strict=True))
    return [have[passage.searchable] for passage in passages]
