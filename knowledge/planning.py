"""An addition in two steps: look at what it would change, then write exactly that, or nothing."""

import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from knowledge import indexing
from knowledge.embedding import Embedder
from knowledge.indexing import Progress, Report
from knowledge.intake import Fetch, File, gathered, uploaded
from knowledge.linked_pages import fetch
from knowledge.preview import Preview, preview
from knowledge.store import Document, Store, Vectors


class Outdated(Exception):  # noqa: N818 -- named for what is wrong
    """What was shown is no longer what would happen; the message says to look again."""


def plan(  # noqa: PLR0913, PLR0917 -- as indexing.add
    store: Store,
    embedder: Embedder,
    server: str,
    sources: Iterable[Path | str],
    channels: Sequence[str] = (),
    progress: Progress | None = None,
    ask: Fetch = fetch,
) -> Preview:
    """Say what ``indexing.add`` would do with these files, folders and pages, and write nothing. Raises BadServer."""
    known = indexing.documents(store, server)
    return _plan(store, embedder, server, gathered(known, sources, channels, ask), known, progress)


def plan_upload(  # noqa: PLR0913, PLR0917 -- as indexing.add_upload
    store: Store, embedder: Embedder, server: str, name: str, content: bytes, channels: Sequence[str] = ()
) -> Preview:
    """Say what ``indexing.add_upload`` would do with these bytes, and write nothing. Raises BadServer."""
    known = indexing.documents(store, server)
    return _plan(store, embedder, server, uploaded(known, name, content, channels), known, None)


def commit(store: Store, embedder: Embedder, server: str, shown: Preview) -> Report:
    """Write what was shown. Raises BadServer, and Outdated where one of its documents has changed meanwhile."""
    start = time.perf_counter()
    known = indexing.documents(store, server)
    for file in shown.files:
        name = file.document.name
        if known.get(name) != shown.known.get(name):
            raise Outdated(f"{name} was changed by somebody else meanwhile, so nothing was added: add it again.")
    changes = tuple(indexing.write(store, embedder, server, shown.files, known, vectors=shown.vectors))
    return Report(changes, time.perf_counter() - start)


def _plan(  # noqa: PLR0913, PLR0917 -- what was read, what was there, and who is told
    store: Store,
    embedder: Embedder,
    server: str,
    files: Sequence[File],
    known: Mapping[str, Document],
    progress: Progress | None,
) -> Preview:
    passages = [passage for file in files if file.fresh for passage in file.passages]
    vectors: dict[str, Vectors] = {}
    for start in range(0, len(passages), indexing.TOGETHER):
        some = passages[start : start + indexing.TOGETHER]
        if progress:
            progress(start, len(passages), some[0].document)
        vectors |= indexing.vectors_of(store, embedder, server, some, known=bool(known))
    if progress:
        progress(len(passages), len(passages), "")
    return preview(store, embedder.name, server, files, known, vectors)
