"""All servers in one PostgreSQL database with pgvector; row-level security keeps them apart.

psycopg 3 speaks to it, and its pool keeps the connections.
"""

import logging
from collections.abc import Mapping, Sequence

import psycopg

from knowledge import postgres_search
from knowledge.postgres_connection import Database, Scope
from knowledge.postgres_schema import drop_graphs, index_vectors
from knowledge.postgres_search import unpacked
from knowledge.postgres_writing import Writer, digest, drop
from knowledge.store import (
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

log = logging.getLogger(__name__)
GRAPH_FROM = 20_000
"""Passages from which a server's vectors get a graph; up to there comparing with all of them takes milliseconds."""
_PASSAGE = "documents.name, section, entry, text FROM passages JOIN documents ON documents.id = document"


class PostgresStore:
    """A Store in the database at ``url``, whose role owns it and may not pass over row-level security."""

    def __init__(self, url: str, *, graph_from: int = GRAPH_FROM) -> None:
        self._database = Database(url)
        self._graph_from = graph_from
        self._words = postgres_search.Words()

    def examine(self) -> list[str]:
        """Return what is wrong with the database, each a sentence. Raises StoreUnavailable."""
        return self._database.examine()

    def servers(self) -> list[str]:
        """Names of all servers, sorted."""
        return self._database.run(
            lambda c: [name for (name,) in c.execute('SELECT name FROM servers ORDER BY name COLLATE "C"')]
        )

    def documents(self, server: str) -> list[Document]:
        """Return all documents of the server, sorted by name."""
        statement = (
            "SELECT name, sha256, origin, channels, taken, etag,"
            " (SELECT count(*) FROM passages WHERE document = documents.id)"
            ' FROM documents ORDER BY name COLLATE "C"'
        )
        return self._database.reading(
            server,
            lambda scope: [
                Document(name, sha256, origin, tuple(channels), taken, etag, passages)
                for name, sha256, origin, channels, taken, etag, passages in scope.connection.execute(statement)
            ],
        )

    def content(self, server: str, name: str) -> bytes:
        """Return the document's original bytes; KeyError if there is none of that name."""
        statement = "SELECT content FROM documents WHERE name = %s"
        row = self._database.reading(
            server, lambda scope: scope.connection.execute(statement, [_sent(name)]).fetchone()
        )
        if row is None:
            raise KeyError(name)
        return bytes(row[0])

    def passages(self, server: str, name: str) -> list[Passage]:
        """Return the document's passages in their order."""
        statement = f"SELECT {_PASSAGE} WHERE documents.name = %s ORDER BY place"
        return self._database.reading(
            server,
            lambda scope: [Passage(*row) for row in scope.connection.execute(statement.encode(), [_sent(name)])],
        )

    def facts(self, server: str, channels: Sequence[str] = ()) -> list[str]:
        """Return what was recognised in each document that may be used from the channels."""
        statement = (
            "SELECT facts FROM documents WHERE facts != '[]' AND (NOT bound OR channels && %s::text[])"
            ' ORDER BY name COLLATE "C"'
        )
        return self._database.reading(
            server,
            lambda scope: [facts for (facts,) in scope.connection.execute(statement, [list(map(_sent, channels))])],
        )

    def version(self, server: str) -> int:
        """Return a number that changes whenever a document does."""
        return self._database.reading(server, lambda scope: scope.version)

    def replace(self, server: str, embedder: str, revisions: Sequence[Revision]) -> None:
        """Put documents in place of those of the same names, all in one transaction."""
        for revision in revisions:
            if any(passage.document != revision.document.name for passage in revision.passages):
                raise ValueError(f"A passage of {revision.document.name} names another document.")
        last = {revision.document.name: revision for revision in revisions}
        self._database.writing(server, lambda scope: Writer(scope, embedder).put(list(last.values())), create=True)
        self.index(server, embedder)

    def remove(self, server: str, name: str) -> bool:
        """Take the document out; False if there was none of that name."""
        removed = False

        def work(scope: Scope) -> bool:
            nonlocal removed  # holds when the connection broke after the commit, before its answer
            row = scope.connection.execute("SELECT id FROM documents WHERE name = %s", [_sent(name)]).fetchone()
            if row is not None:
                removed = True
                held = scope.connection.execute("SELECT id, words FROM passages WHERE document = %s", row)
                drop(scope.connection, held.fetchall())
                scope.connection.execute("DELETE FROM documents WHERE id = %s", row)
            return removed

        return self._database.writing(server, work)

    def forget(self, server: str) -> None:
        """Let go of everything that the server has."""
        check_server(server)

        def work(scope: Scope) -> list[int]:
            embedders = [id_ for (id_,) in scope.connection.execute("SELECT id FROM embedders")]
            for statement in ("DELETE FROM documents", "DELETE FROM embedders", "DELETE FROM sizes"):
                scope.connection.execute(statement)
            scope.connection.execute("DELETE FROM servers WHERE id = %s", [scope.server])
            return embedders

        try:
            gone = self._database.writing(server, work)
        except UnknownServer:
            return
        self._database.run(lambda connection: drop_graphs(connection, gone))

    def embedders(self, server: str) -> list[str]:
        """Return the names of the embedders whose vectors are kept, sorted."""
        statement = 'SELECT name FROM embedders ORDER BY name COLLATE "C"'
        return self._database.reading(server, lambda scope: [name for (name,) in scope.connection.execute(statement)])

    def vectors(self, server: str, embedder: str, searchable: Sequence[str]) -> dict[str, Vectors]:
        """Return the vectors of those of the searchable texts that the server has embedded already."""
        texts = {digest(text): text for text in searchable}
        statement = (
            "SELECT digest, whole, others FROM passages JOIN vectors ON passage = passages.id WHERE digest = ANY(%s)"
            " AND embedder = (SELECT id FROM embedders WHERE name = %s)"
        )
        return self._database.reading(
            server,
            lambda scope: {
                texts[bytes(key)]: unpacked(whole, others)
                for key, whole, others in scope.connection.execute(statement, [list(texts), embedder], binary=True)
            },
        )

    def unembedded(self, server: str, embedder: str, limit: int) -> dict[int, Passage]:
        """Return up to ``limit`` passages, by id, that the embedder has not read yet."""
        statement = (
            f"SELECT passages.id, {_PASSAGE} WHERE NOT EXISTS (SELECT 1 FROM vectors WHERE passage = passages.id"  # noqa: S608 -- as above
            " AND embedder = (SELECT id FROM embedders WHERE name = %s)) ORDER BY passages.id LIMIT %s"
        )
        return self._database.reading(
            server,
            lambda scope: {
                row[0]: Passage(*row[1:]) for row in scope.connection.execute(statement.encode(), [embedder, limit])
            },
        )

    def embed(self, server: str, embedder: str, vectors: Mapping[int, Vectors]) -> None:
        """Keep vectors for passages by id, in one transaction; passages that have gone are passed over."""
        self._database.writing(server, lambda scope: Writer(scope, embedder).embed(vectors))
        self.index(server, embedder)

    def drop_embedders(self, server: str, unused_since: str) -> None:
        """Let go of all vectors of embedders that have embedded nothing since then."""
        gone = self._database.writing(
            server,
            lambda scope: scope.connection.execute(
                "DELETE FROM embedders WHERE used < %s RETURNING id", [unused_since]
            ).fetchall(),
        )
        self._database.run(lambda connection: drop_graphs(connection, [id_ for (id_,) in gone]))

    def size(self, server: str) -> int:
        """Return how many passages the server has."""
        return self._database.reading(server, lambda scope: scope.passages)

    def nearest(
        self, server: str, embedder: str, query: Vectors, limit: int, channels: Sequence[str] = ()
    ) -> Sequence[int]:
        """Return the ids of the passages that are, as a whole, nearest to a query."""
        return self._database.reading(
            server, lambda scope: postgres_search.nearest(scope, embedder, query, limit, channels)
        )

    def matches(self, server: str, word: str, channels: Sequence[str] = ()) -> tuple[Ids, Scores] | None:
        """Return which passages hold the word, and BM25's share for it without its rarity."""
        return self._database.reading(server, lambda scope: self._words.matches(scope, word, channels))

    def load(self, server: str, embedder: str, ids: Sequence[int]) -> list[Stored]:
        """Return the passages of these ids as they are at one moment."""
        return self._database.reading(server, lambda scope: postgres_search.load(scope, embedder, ids))

    def index(self, server: str, embedder: str) -> bool:
        """Make the graph of a large server's vectors if it has none yet; until then all of them are compared.

        Tells whether it was made. Where that fails the knowledge is whole all the same, so it is logged and tried
        again after the next change.
        """
        statement = "SELECT id, vector_dims(whole) FROM embedders JOIN vectors ON embedder = id WHERE name = %s LIMIT 1"

        def look(scope: Scope) -> tuple[int, int, int] | None:
            row = scope.connection.execute(statement, [embedder]).fetchone()
            return (*row, scope.passages) if row and scope.passages >= self._graph_from else None

        try:
            large = self._database.reading(server, look)
            return large is not None and self._database.run(lambda connection: index_vectors(connection, *large))
        except (psycopg.Error, StoreUnavailable, UnknownServer):
            log.warning("The vectors of server %s could not be indexed; searching them is slow.", server, exc_info=True)
            return False

    def close(self) -> None:
        """Let go of all connections; a later call makes new ones."""
        self._database.close()


def _sent(name: str) -> str:
    """Return a document's name as it can be sent: PostgreSQL takes no zero character, and no name holds one."""
    return name.replace("\0", "\ufffd")
