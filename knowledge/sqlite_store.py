"""One SQLite file per server: nothing of one server can be found from another."""

import os
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from pysqlite3.dbapi2 import OperationalError

from knowledge.sqlite_file import ServerFile, failing
from knowledge.store import (
    BadServer,
    Document,
    Ids,
    Passage,
    Revision,
    Scores,
    Stored,
    StoreUnavailable,
    UnknownServer,
    Vectors,
    check_server,
)

FILE = "knowledge.db"
_OPEN_AT_ONCE = 128  # servers; each takes up to three file descriptors


class SqliteStore:
    """A Store under ``root``, with one file ``<server>/knowledge.db`` for each server."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._lock = threading.RLock()
        self._open: OrderedDict[str, ServerFile] = OrderedDict()

    def servers(self) -> list[str]:
        """Names of all servers, sorted."""
        return sorted(path.parent.name for path in self._root.glob(f"*/{FILE}") if _allowed(path.parent.name))

    def documents(self, server: str) -> list[Document]:
        """Return all documents of the server, sorted by name."""
        with self._at(server) as file:
            return file.documents()

    def content(self, server: str, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""
        with self._at(server) as file:
            return file.content(name)

    def passages(self, server: str, name: str) -> list[Passage]:
        """Return the document's passages in their order."""
        with self._at(server) as file:
            return file.passages(name)

    def facts(self, server: str, channels: Sequence[str] = ()) -> list[str]:
        """Return what was recognised in each document that may be used from the channels."""
        with self._at(server) as file:
            return file.facts(channels)

    def version(self, server: str) -> int:
        """Return a number that changes whenever a document does."""
        with self._at(server) as file:
            return file.version()

    def replace(self, server: str, embedder: str, revisions: Sequence[Revision]) -> None:
        """Put documents in place of those of the same names, all in one transaction."""
        with self._at(server, create=True) as file:
            file.replace(embedder, revisions)

    def remove(self, server: str, name: str) -> bool:
        """Take the document out; False if there was none of that name."""
        with self._at(server) as file:
            return file.remove(name)

    def forget(self, server: str) -> None:
        """Let go of everything that the server has; words are overwritten before their file is deleted."""
        try:
            with self._at(server) as file:
                file.empty()
                self._open.pop(server).close()
                for path in (self._root / server).glob(f"{FILE}*"):
                    path.unlink()
        except UnknownServer:
            return

    def embedders(self, server: str) -> list[str]:
        """Return the names of the embedders whose vectors are kept, sorted."""
        with self._at(server) as file:
            return file.embedders()

    def vectors(self, server: str, embedder: str, searchable: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of those of the searchable texts that the server has embedded already."""
        with self._at(server) as file:
            return file.vectors(embedder, searchable)

    def unembedded(self, server: str, embedder: str, limit: int) -> dict[int, Passage]:
        """Return up to ``limit`` passages, by id, that the embedder has not read yet."""
        with self._at(server) as file:
            return file.unembedded(embedder, limit)

    def embed(self, server: str, embedder: str, vectors: Mapping[int, Vectors]) -> None:
        """Keep vectors for passages by id, in one transaction."""
        with self._at(server) as file:
            file.embed(embedder, vectors)

    def drop_embedders(self, server: str, unused_since: str) -> None:
        """Let go of all vectors of embedders that have embedded nothing since then."""
        with self._at(server) as file:
            file.drop_embedders(unused_since)

    def size(self, server: str) -> int:
        """Return how many passages the server has."""
        with self._at(server) as file:
            return file.search.size()

    def nearest(
        self, server: str, embedder: str, query: Vectors, limit: int, channels: Sequence[str] = ()
    ) -> Sequence[int]:
        """Return the ids of the passages that are, as a whole, nearest to a query: every passage is compared."""
        with self._at(server) as file:
            return file.search.nearest(embedder, query, limit, channels)

    def matches(self, server: str, word: str, channels: Sequence[str] = ()) -> tuple[Ids, Scores] | None:
        """Return which passages hold the word, and BM25's share for it without its rarity."""
        with self._at(server) as file:
            return file.search.matches(word, channels)

    def terms(self, server: str, initial: str) -> Sequence[str]:
        """Return the terms that begin with a letter, of the words that ``matches`` finds, sorted."""
        with self._at(server) as file:
            return file.search.terms(initial)

    def load(self, server: str, embedder: str, ids: Sequence[int]) -> list[Stored]:
        """Return the passages of these ids as they are at one moment."""
        with self._at(server) as file:
            return file.search.load(embedder, ids)

    def close(self) -> None:
        """Close every file; a later call opens it again."""
        with self._lock:
            while self._open:
                self._open.popitem()[1].close()

    @contextmanager
    def _at(self, server: str, *, create: bool = False) -> Iterator[ServerFile]:
        with self._lock:
            try:
                yield self._file(server, create=create)
            except (OperationalError, OSError) as error:
                if server in self._open:
                    self._open.pop(server).close()  # the next call begins with what is on the disk
                if isinstance(error, NotADirectoryError | PermissionError):
                    raise  # no disk at fault, but a folder that cannot be used: the error names it
                if isinstance(error, OperationalError) and not failing(error):
                    raise
                raise StoreUnavailable(
                    f"The knowledge of {server} cannot be kept ({error}): free some space on the disk, or see that "
                    "it is sound, and try again; nothing was changed."
                ) from error

    def _file(self, server: str, *, create: bool) -> ServerFile:
        check_server(server)
        path = self._root / server / FILE
        if not path.exists():
            if server in self._open:
                self._open.pop(server).close()
            if not create:
                raise UnknownServer(f"Nothing is known for the server {server!r} yet: add a file to it first.")
        if server not in self._open:
            _make(path.parent)
            self._open[server] = ServerFile(path)
            if len(self._open) > _OPEN_AT_ONCE:
                self._open.popitem(last=False)[1].close()
        self._open.move_to_end(server)
        return self._open[server]


def _make(folder: Path) -> None:
    """Make a server's folder that a power cut leaves there: SQLite syncs what lies in it, but not its own name."""
    if folder.is_dir():
        return
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(exist_ok=True, mode=0o700)
    for above in (folder.parent, folder.parent.parent):  # the store's own folder may be as new
        number = os.open(above, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)


def _allowed(name: str) -> bool:
    try:
        check_server(name)
    except BadServer:
        return False
    return True
