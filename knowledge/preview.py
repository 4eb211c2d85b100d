"""What an addition would change and what it would contradict, before anything is written."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.claims import names, stem
from knowledge.conflicts import NEAR, Conflict, conflict, duplicates
from knowledge.indexing import Change, change
from knowledge.intake import File
from knowledge.store import Document, Passage, Store, Vectors

MOST_COMPARED = 2000
"""New passages that are held against what is there: more than any FAQ has, and some seconds of work."""
_NEAREST = 12  # passages that each is held against
_OFTEN = 0.3  # share of a server's passages that hold a name which is then its own
_MANY = 20  # passages from which that share means anything
_MOST_NAMES = 100


@dataclass(frozen=True)
class DocumentPreview:
    """What becomes of one document, passage by passage."""

    change: Change
    new: tuple[Passage, ...] = ()
    changed: tuple[tuple[Passage, Passage], ...] = ()
    """(As it is, as it will be), where a heading or an entry's id stays."""
    removed: tuple[Passage, ...] = ()


@dataclass(frozen=True)
class Likeness:
    """A new passage that says what another says, or contradicts it."""

    passage: Passage
    other: Passage
    taken: str
    """When the other's document was taken in: ISO 8601, UTC; empty where it is added now too."""
    conflict: Conflict | None
    """None for a near-duplicate. ``one`` is the clause of the new passage."""


@dataclass(frozen=True)
class Preview:
    """What an addition would do; nothing has been written."""

    documents: tuple[DocumentPreview, ...]
    conflicts: tuple[Likeness, ...]
    duplicates: tuple[Likeness, ...]
    compared: int
    """How many new and changed passages were held against the others, at most ``MOST_COMPARED``."""
    files: tuple[File, ...]
    known: Mapping[str, Document]
    """The server's documents as they were."""
    vectors: Mapping[str, Vectors]
    """Of all passages that would be written, by searchable text."""

    @property
    def alters(self) -> bool:
        """Whether there is anything to write."""
        return any(file.fresh or file.gone for file in self.files)


def preview(  # noqa: PLR0913, PLR0917 -- what is added, and what is there
    store: Store, embedder: str, server: str, files: Sequence[File], known: Mapping[str, Document],
    vectors: Mapping[str, Vectors],
) -> Preview:  # fmt: skip
    """Say what writing the files would change. ``embedder``: the name of the one that made the vectors."""
    documents = tuple(_document(store, server, file, known) for file in files)
    fresh = [p for one in documents for p in (*one.new, *(after for _, after in one.changed))][:MOST_COMPARED]
    seen: set[frozenset[Passage]] = set()
    found: list[Likeness] = []
    near = list(_near(store, embedder, server, fresh, files, known, vectors))
    own = _own_names(store, server, [p for one, other, _ in near for p in (one, other)]) if known else frozenset[str]()
    for one, other, taken in near:
        if frozenset((one, other)) in seen:
            continue
        seen.add(frozenset((one, other)))
        contradiction = conflict(one, other, own)
        if contradiction or duplicates(one, other):
            found.append(Likeness(one, other, taken, contradiction))
    return Preview(
        documents,
        tuple(likeness for likeness in found if likeness.conflict),
        tuple(likeness for likeness in found if not likeness.conflict),
        len(fresh),
        tuple(files),
        known,
        vectors,
    )


def _document(store: Store, server: str, file: File, known: Mapping[str, Document]) -> DocumentPreview:
    told = change(file, known)
    if not (file.fresh or file.gone):
        return DocumentPreview(told)
    before = store.passages(server, file.document.name) if file.document.name in known else []
    stays = set(before) & set(file.passages)
    old, new = ([p for p in some if p not in stays] for some in (before, file.passages))
    places = {_place(passage): passage for passage in old}
    pairs = [(places.pop(_place(p)), p) for p in new if _place(p) in places]
    paired = {passage for pair in pairs for passage in pair}
    return DocumentPreview(
        told,
        tuple(p for p in new if p not in paired),
        tuple(pairs),
        tuple(p for p in old if p not in paired),
    )


def _place(passage: Passage) -> tuple[str, str | None]:
    return passage.section, passage.entry


def _near(  # noqa: PLR0913, PLR0917 -- what is added, and what is there
    store: Store, embedder: str, server: str, fresh: Sequence[Passage], files: Sequence[File],
    known: Mapping[str, Document], vectors: Mapping[str, Vectors],
) -> Iterator[tuple[Passage, Passage, str]]:  # fmt: skip
    """Yield (new passage, another near it, when that was taken in), of documents that are read in one place."""
    channels = {name: document.channels for name, document in known.items()}
    channels |= {file.document.name: file.document.channels for file in files}
    replaced = {file.document.name for file in files if file.fresh or file.gone}
    everywhere = tuple({channel for some in channels.values() for channel in some})
    wholes = [vectors[passage.searchable][0] for passage in fresh]
    for passage, whole in zip(fresh, wholes, strict=True):
        ids = store.nearest(server, embedder, whole, _NEAREST, everywhere) if known else ()
        for stored in store.load(server, embedder, ids) if ids else ():
            near = len(stored.vectors) and float(stored.vectors[0] @ whole) >= NEAR
            other = stored.passage
            if near and other.document not in replaced and _meet(channels[passage.document], channels[other.document]):
                yield passage, other, stored.taken
    if fresh:
        cosines = np.array(wholes) @ np.array(wholes).T
        for m, n in np.argwhere(np.triu(cosines >= NEAR, 1)).tolist():
            if _meet(channels[fresh[n].document], channels[fresh[m].document]):
                yield fresh[n], fresh[m], ""


def _meet(one: Sequence[str], other: Sequence[str]) -> bool:
    return not one or not other or not set(one).isdisjoint(other)


def _own_names(store: Store, server: str, passages: Sequence[Passage]) -> frozenset[str]:
    """Return the stems of names that stand all over the server, as its own does: they tell two subjects not apart."""
    size = store.size(server)
    if size < _MANY:
        return frozenset()
    words = dict.fromkeys(word for passage in dict.fromkeys(passages) for word, _, _ in names(passage.text))
    held = ((word, store.matches(server, word)) for word in list(words)[:_MOST_NAMES])
    return frozenset(stem(word) for word, found in held if found is None or len(found[0]) >= _OFTEN * size)
