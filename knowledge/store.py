"""The seam between knowledge and where it is kept.

Every call names its server first: nothing can be read or written without saying whose it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # shape (texts, dimensions), rows of length 1
Ids = NDArray[np.int64]  # shape (passages,), ascending
Scores = NDArray[np.float64]

SECTION_MARK = " > "
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|(?<=[\u3002\uff01\uff1f])|\n+")
_WORD = re.compile(r"\w")


class BadServer(Exception):  # noqa: N818 -- named for what is wrong
    """The server's name cannot be used; the message says which names can."""


class UnknownServer(Exception):  # noqa: N818 -- named for what is wrong
    """Nothing has been added for that server yet; the message says how to add something."""


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
    """Absolute path that ``refresh`` reads again; None for an upload."""
    channels: tuple[str, ...] = ()
    """Channels in which the document may be used; empty means everywhere in its server."""
    embedder: str = ""
    """Name of the embedder that made the vectors."""
    passages: int = 0
    """How many passages the store holds of it; the store fills this in."""


@dataclass(frozen=True)
class Contents:
    """All passages of one server at one moment; item *n* of ids, passages, starts and channels belong together."""

    embedder: str
    """The vectors of passages that another embedder made are zero: only their words find them."""
    ids: Ids
    """A passage's id is never given to another passage of the same server."""
    passages: tuple[Passage, ...]
    vectors: Vectors
    """The views of all passages, one after the other; a passage has at least one row."""
    starts: NDArray[np.intp]
    """Row of each passage's first view, which is the whole passage."""
    channels: tuple[tuple[str, ...], ...]


class Store(Protocol):
    """Keeps documents and their passages; safe to share between threads.

    Every method raises BadServer for a name that is not allowed, and every reading one UnknownServer
    for a server that has no documents yet.
    """

    def servers(self) -> list[str]:
        """Names of all servers, sorted."""

    def documents(self, server: str) -> list[Document]:
        """Return all documents of the server, sorted by name."""

    def content(self, server: str, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""

    def replace(
        self, server: str, document: Document, content: bytes, passages: Sequence[Passage], vectors: Sequence[Vectors]
    ) -> None:
        """Put the whole document in place of the one of the same name, in one transaction.

        ``vectors`` holds an array for each passage, with a row for each of its views.
        """

    def remove(self, server: str, name: str) -> bool:
        """Take the document out; False if there was none of that name."""

    def contents(self, server: str, embedder: str) -> Contents:
        """Return the server's passages as they are now, with the vectors of the named embedder."""

    def matches(self, server: str, word: str) -> tuple[Ids, Scores]:
        """Return which passages hold the word or another form of it, and how strongly.

        The strength is BM25's share for the word (k1 1.2, b 0.75) before the rarity of the word is
        counted: above 0, below 2.2.
        """

    def close(self) -> None:
        """Let go of all files and connections."""
