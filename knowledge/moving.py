"""One server from a store to another, with everything, and the proof that it arrived."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge import indexing
from knowledge.store import Document, Passage, Revision, Store, Vectors
from knowledge.typed.kinds import from_json

_NONE: Vectors = np.zeros((0, 0), np.float32)


class CannotMove(Exception):  # noqa: N818 -- named for what is wrong
    """The server was not moved; its source is as it was, and the message says what to do."""


@dataclass(frozen=True)
class Moved:
    """How much is in the target now, the same as in the source."""

    documents: int
    passages: int
    vectors: int
    """Of all embedders and views."""


def move(
    source: Store, target: Store, server: str, progress: indexing.Progress | None = None, *, remove_source: bool = False
) -> Moved:
    """Copy a server's documents, passages and vectors, then read both stores and compare.

    A move that was cut off goes on when it is called again. Raises BadServer, UnknownServer, StoreUnavailable, and
    CannotMove where the target knows something else of that server, or where the source changed meanwhile.
    """
    step = progress or (lambda *_: None)
    documents = source.documents(server)
    there = indexing.documents(target, server)
    wanted = {document.name: document for document in documents}
    if strange := [name for name, document in there.items() if wanted.get(name) != document]:
        raise CannotMove(
            f"The other store already holds {strange[0]!r} for {server}, and not as it is here: remove it there first, "
            "or move the other way."
        )
    embedders = source.embedders(server) or [""]
    facts = {from_json(text)[0].passage.document: text for text in _facts(source, server, documents)}
    done = 0
    for group in _groups(documents):
        step(done, len(documents), group[0].name)
        passages = {document.name: source.passages(server, document.name) for document in group}
        for embedder in embedders:
            target.replace(server, embedder, list(_revisions(source, server, embedder, group, passages, facts)))
        done += len(group)
    moved = _compare(source, target, server, step)
    if remove_source:
        source.forget(server)
    return moved


def _facts(store: Store, server: str, documents: Sequence[Document]) -> list[str]:
    """Return what was recognised in each document, whatever channels it is bound to."""
    return store.facts(server, sorted({channel for document in documents for channel in document.channels}))


def _groups(documents: Sequence[Document]) -> Iterator[list[Document]]:
    group: list[Document] = []
    held = 0
    for document in documents:
        group.append(document)
        held += 1 + document.passages
        if held >= indexing.TOGETHER:
            yield group
            group, held = [], 0
    if group:
        yield group


def _revisions(  # noqa: PLR0913, PLR0917 -- whose, by whom, and what is known of it already
    source: Store,
    server: str,
    embedder: str,
    group: Sequence[Document],
    passages: Mapping[str, list[Passage]],
    facts: Mapping[str, str],
) -> Iterator[Revision]:
    texts = [passage.searchable for some in passages.values() for passage in some]
    vectors = source.vectors(server, embedder, texts)
    for document in group:
        held = passages[document.name]
        rows = [vectors.get(passage.searchable, _NONE) for passage in held]
        yield Revision(document, source.content(server, document.name), held, rows, facts.get(document.name, "[]"))


def _compare(source: Store, target: Store, server: str, step: indexing.Progress) -> Moved:
    """Read both stores and return what both hold. Raises CannotMove."""
    documents = source.documents(server)
    alike = documents == target.documents(server)
    if not alike or _facts(source, server, documents) != _facts(target, server, documents):
        raise CannotMove(f"The files of {server} changed while they were moved: move it again.")
    passages = vectors = done = 0
    for group in _groups(documents):
        step(done, len(documents), f"comparing {group[0].name}")
        for document in group:
            seen = [_seen(store, server, document.name) for store in (source, target)]
            if seen[0] != seen[1]:
                raise CannotMove(f"{document.name} is not the same in both stores: move {server} again.")
            passages += seen[0][0]
            vectors += seen[0][1]
        done += len(group)
    step(done, len(documents), "")
    return Moved(len(documents), passages, vectors)


def _seen(store: Store, server: str, name: str) -> tuple[int, int, str]:
    """Return how many passages and vectors a store holds of a document, and a hash of all that it holds."""
    passages = store.passages(server, name)
    held = hashlib.sha256(store.content(server, name))
    held.update(repr(passages).encode())
    count = 0
    for embedder in store.embedders(server):
        rows = store.vectors(server, embedder, [passage.searchable for passage in passages])
        for text in sorted(rows):
            held.update(f"{embedder}\0{text}".encode() + rows[text].tobytes())
            count += len(rows[text])
    return len(passages), count, held.hexdigest()
