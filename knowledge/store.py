"""The seam between knowledge and where it is kept.

Every call names its server first: nothing can be read or written without saying whose it is.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # shape (texts, dimensions), rows of length 1
Ids = NDArray[np.int64]  # shape (passages,), ascending
Scores = NDArray[np.float64]

COMMON = 5000
"""Passages that hold a word above which the word tells nothing: BM25 would give it next to no weight."""

SECTION_MARK = " > "
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_WORD = re.compile(r"\w")
_SERVER = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")


class BadServer(Exception):  # noqa: N818 -- named for what is wrong
    """The server's name cannot be used; the message says which names can."""


class UnknownServer(Exception):  # noqa: N818 -- named for what is wrong
    """Nothing has been added for that server yet; the message says how to add something."""


class StoreUnavailable(Exception):  # noqa: N818 -- named for what is wrong
    """The store cannot be read or written now; nothing was changed, and the message says what to do."""


def check_server(server: str) -> None:
    """Raise BadServer for a name that could leave its folder, or that two spellings share."""
    if not _SERVER.fullmatch(server):
        raise BadServer(
            f"{server[:80]!r} cannot be a server's name: use a Discord server id, or up to 64 small letters, "
            "digits and hyphens that start with a letter or digit."
        )


@dataclass(frozen=True)
class Passage:
    """What retrieval returns and a note shows: one entry of a document, or a part of a long one."""

    document: str
    """File name as the admin uploaded it; unique within a server."""
    section: str
    """Heading path or question, such as ``Delivery > Do you deliver?``; may be empty."""
    entry: str | None
    """The row's own id where the file gives one."""
    text: str
    """The words that are shown and cited; a table row carries its column names."""

    @property
    def heading(self) -> str:
        """Its own heading, the last of the path."""
        return self.section.rsplit(SECTION_MARK, 1)[-1]

    @property
    def body(self) -> str:
        """The text below its heading; all of it where it does not begin with one."""
        first, _, rest = self.text.partition("\n")
        return rest if rest and self.section.endswith(first) else self.text

    @property
    def searchable(self) -> str:
        """The words that are indexed: the headings above the text, then the text, no heading twice."""
        above = self.section.removesuffix(self.text.split("\n", 1)[0]).removesuffix(SECTION_MARK)
        return f"{above}\n{self.text}" if above else self.text

    @property
    def views(self) -> tuple[str, ...]:
        """What is embedded: the searchable words as a whole, then each line and sentence of them.

        The whole knows what the passage is about; a sentence is as short as a question, and on seven public
        sets the two together rank better than either (tests/benchmarks/retrieval.py).
        """
        whole = self.searchable
        parts = (part.strip() for part in _SENTENCE_END.split(whole))
        return tuple(dict.fromkeys((whole, *(part for part in parts if _WORD.search(part)))))


@dataclass(frozen=True)
class Document:
    """One file of a server; its bytes are fetched on their own, with ``Store.content``."""

    name: str
    sha256: str
    """Hash of the bytes, in hex; decides whether a file has changed."""
    origin: str | None = None
    """Absolute path, or address, that ``refresh`` reads again; None for an upload."""
    channels: tuple[str, ...] = ()
    """Channels in which the document may be used; empty means everywhere in its server."""
    taken: str = ""
    """When these bytes were taken in: ISO 8601, UTC, whole seconds."""
    etag: str = ""
    """What the server of a linked page said of its version; asked with at the next ``refresh``."""
    passages: int = 0
    """How many passages the store holds of it; the store fills this in."""


@dataclass(frozen=True)
class Revision:
    """A document as it shall be.

    ``vectors`` holds an array for each passage, with a row for each of its views; one without rows stands for a
    passage that the embedder has not read yet.
    """

    document: Document
    content: bytes
    passages: Sequence[Passage]
    vectors: Sequence[Vectors]
    facts: str = "[]"
    """What is recognised in the passages (``typed.kinds.to_json``), kept beside them."""


@dataclass(frozen=True)
class Stored:
    """A passage as the store holds it."""

    id: int
    """Never given to another passage of the same server."""
    passage: Passage
    taken: str
    """When its document was taken in."""
    vectors: Vectors
    """A row for each view, the whole passage first; no rows where the embedder has not read it yet."""


class Store(Protocol):
    """Keeps documents and their passages, and finds passages; safe to share between threads.

    Every method raises BadServer for a name that is not allowed, and every reading one UnknownServer
    for a server that has no documents yet; any of them StoreUnavailable. ``embedder`` is an embedder's name: vectors
    of two embedders may be kept side by side and are never compared. ``channels`` are those from which somebody
    asks: a document with channels is found only from one of them.
    """

    def servers(self) -> list[str]:
        """Names of all servers, sorted."""

    def documents(self, server: str) -> list[Document]:
        """Return all documents of the server, sorted by name."""

    def content(self, server: str, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""

    def passages(self, server: str, name: str) -> list[Passage]:
        """Return the document's passages in their order; none if there is no document of that name."""

    def facts(self, server: str, channels: Sequence[str] = ()) -> list[str]:
        """Return what was recognised in each document that may be used from the channels; empty lists are left out."""

    def version(self, server: str) -> int:
        """Return a number that changes whenever a document does."""

    def replace(self, server: str, embedder: str, revisions: Sequence[Revision]) -> None:
        """Put documents in place of those of the same names, all in one transaction.

        A passage that was there before in the same words keeps its id, and its vectors of other embedders.
        """

    def remove(self, server: str, name: str) -> bool:
        """Take the document out; False if there was none of that name."""

    def forget(self, server: str) -> None:
        """Let go of everything that the server has; it is unknown afterwards. Nothing happens if it was unknown."""

    def embedders(self, server: str) -> list[str]:
        """Return the names of the embedders whose vectors are kept, sorted."""

    def vectors(self, server: str, embedder: str, searchable: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of those of the searchable texts that the server has embedded already."""

    def unembedded(self, server: str, embedder: str, limit: int) -> dict[int, Passage]:
        """Return up to ``limit`` passages, by id, that the embedder has not read yet."""

    def embed(self, server: str, embedder: str, vectors: Mapping[int, Vectors]) -> None:
        """Keep vectors for passages by id, in one transaction; passages that have gone are passed over."""

    def drop_embedders(self, server: str, unused_since: str) -> None:
        """Let go of all vectors of embedders that have embedded nothing since then (ISO 8601, UTC)."""

    def size(self, server: str) -> int:
        """Return how many passages the server has."""

    def nearest(
        self, server: str, embedder: str, query: Vectors, limit: int, channels: Sequence[str] = ()
    ) -> Sequence[int]:
        """Return the ids of the passages that are, as a whole, nearest to a query of shape (dimensions,)."""

    def matches(self, server: str, word: str, channels: Sequence[str] = ()) -> tuple[Ids, Scores] | None:
        """Return which passages hold the word or another form of it, and how strongly; None if over ``COMMON`` do.

        The strength is BM25's share for the word (k1 1.2, b 0.75) before the rarity of the word is
        counted: above 0, below 2.2.
        """

    def terms(self, server: str, initial: str) -> Sequence[str]:
        """Return the terms (``index_terms``) that begin with a letter, of the words that ``matches`` finds, sorted.

        They are those of all channels.
        """

    def load(self, server: str, embedder: str, ids: Sequence[int]) -> list[Stored]:
        """Return the passages of these ids as they are at one moment; those that have gone are left out."""

    def close(self) -> None:
        """Let go of all files and connections."""
