"""The only writer: files in, passages and vectors out. A document is replaced as a whole or not at all."""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, TypeVar

import numpy as np

from knowledge.documents import READERS
from knowledge.embedding import Embedder
from knowledge.intake import Fetch, File, found, from_link, from_origin, gathered, is_in, origins, uploaded
from knowledge.linked_pages import fetch, linked
from knowledge.replay import ChangedAnswer
from knowledge.store import Document, Passage, Revision, Store, UnknownServer, Vectors
from knowledge.typed.kinds import from_json, to_json
from knowledge.typed.places import own_names
from knowledge.typed.recognition import recognise

Key = TypeVar("Key")
TOGETHER = 64  # passages that are embedded and written at a time; about a second of a small model's work on two cores
_KEPT = timedelta(days=1)

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
    answers: tuple[ChangedAnswer, ...] = ()
    """Saved questions that are answered differently now, where they were asked again."""

    @property
    def refused(self) -> tuple[Change, ...]:
        """The documents that were not taken; each leaves what was there before."""
        return tuple(change for change in self.changes if change.outcome == "refused")

    @property
    def altered(self) -> bool:
        """Whether any answer can be different now."""
        return any(change.outcome in {"new", "changed", "removed"} for change in self.changes)


def add(  # noqa: PLR0913, PLR0917 -- whose, what and where; all but two have a default or one type each
    store: Store,
    embedder: Embedder,
    server: str,
    sources: Iterable[Path | str],
    channels: Sequence[str] = (),
    progress: Progress | None = None,
) -> Report:
    """Add files, every file in folders, and pages by their addresses; all are read before the first is written.

    A file takes its own name, a file from a folder its path within the folder, a page its address. All are found again
    by ``refresh``. Raises BadServer.
    """
    start = time.perf_counter()
    known = documents(store, server)
    files = gathered(known, sources, channels)
    return Report(tuple(write(store, embedder, server, files, known, progress=progress)), time.perf_counter() - start)


def add_upload(  # noqa: PLR0913, PLR0917 -- as add, with bytes in place of paths
    store: Store, embedder: Embedder, server: str, name: str, content: bytes, channels: Sequence[str] = ()
) -> Report:
    """Add one file from its bytes, or the files in a ZIP file; the store keeps them, as nothing else does.

    Raises BadServer.
    """
    start = time.perf_counter()
    known = documents(store, server)
    files = uploaded(known, name, content, channels)
    return Report(tuple(write(store, embedder, server, files, known)), time.perf_counter() - start)


def remove(store: Store, server: str, name: str) -> Report:
    """Take one document out, or all that came in one ZIP file; refused where there is none of that name.

    Raises BadServer, UnknownServer.
    """
    start = time.perf_counter()
    there = [document.name for document in store.documents(server)]
    chosen = [one for one in there if one == name or is_in(one, name)]
    changes = [Change(one, "removed") for one in chosen if store.remove(server, one)]
    if not changes:
        reason = f"There is no document of that name; there are: {', '.join(there) or 'none'}."
        changes = [Change(name, "refused", reason=reason)]
    return Report(tuple(changes), time.perf_counter() - start)


def refresh(  # noqa: PLR0913, PLR0917 -- all but three have defaults
    store: Store,
    embedder: Embedder,
    server: str,
    watched: Path | None = None,
    progress: Progress | None = None,
    ask: Fetch = fetch,
) -> Report:
    """Make the store agree with the files: take in what changed, take out what is gone.

    The hash of a file decides, never its time; a page is asked whether it has changed. New files inside ``watched``
    are added. A file that has become unreadable is refused and its old version goes on answering. What this
    embedder has not read yet it reads now; vectors of another stay for a day, so that a bot that still uses it finds
    them.
    Raises BadServer, and UnknownServer where nothing is known and nothing watched.
    """
    start = time.perf_counter()
    known = documents(store, server)
    if not known and not watched:
        store.documents(server)  # says that nothing is known
    files = [File(document, unchanged=True) for document in known.values() if document.origin is None]
    for document in origins(known):
        if linked(document.origin):
            files += from_link(str(document.origin), document.channels, known, ask)
        elif Path(str(document.origin)).is_file():
            files += from_origin(document, known)
        else:
            files += [File(one, gone=True) for one in known.values() if one.origin == document.origin]
    taken = {document.origin for document in known.values()}
    for name, path in found(watched) if watched and watched.is_dir() else ():
        if str(path) in taken or path.suffix.lower() not in READERS:
            continue
        if name in known or any(is_in(one, name) for one in known):
            refusal = f"{name} was already added from elsewhere: remove that one or rename this one."
            files.append(File(Document(name, "", str(path)), refusal=refusal))
        else:
            files += from_origin(Document(name, "", str(path)), {})
    changes = list(write(store, embedder, server, files, known, progress=progress))
    if known:
        _embed_missing(store, embedder, server)
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


def documents(store: Store, server: str) -> dict[str, Document]:
    """Return the server's documents by name; none where nothing is known of it yet. Raises BadServer."""
    try:
        return {document.name: document for document in store.documents(server)}
    except UnknownServer:
        return {}


def write(  # noqa: PLR0913 -- what, where, what was there, and who is told
    store: Store,
    embedder: Embedder,
    server: str,
    files: Sequence[File],
    known: Mapping[str, Document],
    *,
    vectors: Mapping[str, Vectors] | None = None,
    progress: Progress | None = None,
) -> Iterator[Change]:
    """Embed and write some files at a time: a model and a disk do many texts together faster than one by one.

    ``vectors``: those of all passages by searchable text, where they have been made already.
    """
    called = frozenset(own_names([p for file in files for p in file.passages]))
    if known and any(file.fresh for file in files):
        called |= {fact.name for text in store.facts(server) for fact in from_json(text) if fact.kind == "name"}
    done = 0
    for group in _groups(files):
        if progress:
            progress(done, len(files), group[0].document.name)
        fresh = [file for file in group if file.fresh]
        if fresh:
            passages = [p for file in fresh for p in file.passages]
            made = vectors or vectors_of(store, embedder, server, passages, known=bool(known))
            revisions = [
                Revision(
                    file.document, file.content, file.passages, [made[p.searchable] for p in file.passages],
                    to_json(recognise(file.passages, called)).decode(),
                )
                for file in fresh
            ]  # fmt: skip
            store.replace(server, embedder.name, revisions)
        done += len(group)
        for file in group:
            if file.gone:
                store.remove(server, file.document.name)
            yield change(file, known)
    if progress:
        progress(done, len(files), "")


def _groups(files: Sequence[File]) -> Iterator[list[File]]:
    """Yield files in groups of which each but the last has at least ``TOGETHER`` passages to embed."""
    group: list[File] = []
    held = 0
    for file in files:
        group.append(file)
        held += len(file.passages)
        if held >= TOGETHER:
            yield group
            group, held = [], 0
    if group:
        yield group


def change(file: File, known: Mapping[str, Document]) -> Change:
    """Return what becomes, or became, of a file's document."""
    name = file.document.name
    if file.refusal:
        return Change(name, "refused", known[name].passages if name in known else 0, file.refusal)
    if file.gone:
        return Change(name, "removed")
    if file.unchanged:
        return Change(name, "unchanged", file.document.passages)
    return Change(name, "changed" if name in known else "new", len(file.passages))


def vectors_of(
    store: Store, embedder: Embedder, server: str, passages: Sequence[Passage], *, known: bool
) -> dict[str, Vectors]:
    """Return the views' vectors by searchable text, embedding only texts that the server does not have already."""
    texts = {passage.searchable: passage.views for passage in passages}
    have = store.vectors(server, embedder.name, list(texts)) if known else {}
    return have | embedded(embedder, {text: views for text, views in texts.items() if text not in have})


def _embed_missing(store: Store, embedder: Embedder, server: str) -> None:
    """Have the embedder read what it has not read yet, some passages at a time: a stop loses little."""
    while missing := store.unembedded(server, embedder.name, TOGETHER):
        store.embed(server, embedder.name, embedded(embedder, {id_: p.views for id_, p in missing.items()}))
    store.drop_embedders(server, (datetime.now(UTC) - _KEPT).isoformat(timespec="seconds"))


def embedded(embedder: Embedder, views: Mapping[Key, Sequence[str]]) -> dict[Key, Vectors]:
    """Return an array of vectors for each key, with a row for each of its views."""
    rows = embedder.embed([view for one in views.values() for view in one])
    ends = np.cumsum([len(one) for one in views.values()])
    return dict(zip(views, np.split(rows, ends[:-1]), strict=True)) if views else {}
