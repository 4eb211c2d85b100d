"""Writing into one server's part of the PostgreSQL store, many documents in few statements."""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from knowledge.index_terms import terms
from knowledge.postgres_connection import Scope
from knowledge.postgres_search import packed
from knowledge.store import Passage, Revision, Vectors

_ADD_VECTORS = (
    "INSERT INTO vectors (passage, document, embedder, whole, others) VALUES (%s, %s, %s, %s, %s)"
    " ON CONFLICT (passage, embedder) DO NOTHING"
)


class Writer:
    """Writes what one embedder has read, in a transaction that is the server's only writer."""

    def __init__(self, scope: Scope, embedder: str) -> None:
        self._server = scope.server
        self._connection = scope.connection
        self._embedder = embedder

    def put(self, revisions: Sequence[Revision]) -> None:
        """Put documents, each given once, in place of those of the same names."""
        documents = self._documents(revisions)
        there = self._there(list(documents.values()))
        ids: list[list[int | None]] = []
        for revision in revisions:
            known = there[documents[revision.document.name]]
            ids.append([known[passage].pop() if known[passage] else None for passage in revision.passages])
        drop(self._connection, [id_ for known in there.values() for left in known.values() for id_ in left])
        new = self._fresh(sum(id_ is None for some in ids for id_ in some))
        whole = [[next(new) if id_ is None else id_ for id_ in some] for some in ids]
        added = [
            (id_, documents[revision.document.name], place, passage)
            for revision, before, some in zip(revisions, ids, whole, strict=True)
            for place, (passage, old, id_) in enumerate(zip(revision.passages, before, some, strict=True))
            if old is None
        ]
        self._order([(place, id_) for some in ids for place, id_ in enumerate(some) if id_ is not None])
        self._add(added)
        self._keep(
            (id_, documents[revision.document.name], vectors)
            for revision, some in zip(revisions, whole, strict=True)
            for id_, vectors in zip(some, revision.vectors, strict=True)
        )

    def embed(self, vectors: Mapping[int, Vectors]) -> None:
        """Keep vectors for passages by id; passages that have gone are passed over."""
        rows = self._connection.execute("SELECT id, document FROM passages WHERE id = ANY(%s)", [list(vectors)])
        self._keep([(id_, document, vectors[id_]) for id_, document in rows.fetchall()])

    def _documents(self, revisions: Sequence[Revision]) -> dict[str, int]:
        """Write the documents and return the number of each."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO documents (name, sha256, content, origin, channels, taken, etag, facts)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (server, name) DO UPDATE SET"
                " sha256 = excluded.sha256, content = excluded.content, origin = excluded.origin,"
                " channels = excluded.channels, taken = excluded.taken, etag = excluded.etag,"
                " facts = excluded.facts",
                [
                    (d.name, d.sha256, revision.content, d.origin, list(d.channels), d.taken, d.etag, revision.facts)
                    for revision in revisions
                    for d in [revision.document]
                ],
            )
        names = [revision.document.name for revision in revisions]
        return dict(self._connection.execute("SELECT name, id FROM documents WHERE name = ANY(%s)", [names]).fetchall())

    def _there(self, documents: list[int]) -> dict[int, dict[Passage, list[int]]]:
        """Return the ids of each document's passages by what they say, those in front last."""
        there: dict[int, dict[Passage, list[int]]] = {id_: defaultdict(list) for id_ in documents}
        rows = self._connection.execute(
            "SELECT document, passages.id, name, section, entry, text FROM passages"
            " JOIN documents ON documents.id = document WHERE document = ANY(%s) ORDER BY place DESC",
            [documents],
        )
        for row in rows:
            there[row[0]][Passage(*row[2:])].append(row[1])
        return there

    def _fresh(self, count: int) -> Iterator[int]:
        rows = self._connection.execute("SELECT nextval('passage_ids') FROM generate_series(1, %s)", [count])
        return iter(sorted(id_ for (id_,) in rows.fetchall()))

    def _order(self, places: Sequence[tuple[int, int]]) -> None:
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "UPDATE passages SET place = %s WHERE id = %s AND place != %s",
                [(place, id_, place) for place, id_ in places],
            )

    def _add(self, added: Sequence[tuple[int, int, int, Passage]]) -> None:
        found = [terms(p.searchable) for _, _, _, p in added]
        with self._connection.cursor() as cursor:
            cursor.executemany(
                "INSERT INTO passages (id, document, place, section, entry, text, digest, words)"
                " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)",
                [
                    (id_, document, place, p.section, p.entry, p.text, digest(p.searchable), len(held))
                    for (id_, document, place, p), held in zip(added, found, strict=True)
                ],
            )
            cursor.executemany(
                "INSERT INTO words (passage, document, length, stems) VALUES (%s, %s, %s, %s::tsvector)",
                [
                    (id_, document, len(held), self._lexemes(held))
                    for (id_, document, _, _), held in zip(added, found, strict=True)
                ],
            )
        _resize(self._connection, len(added), sum(map(len, found)))
        held_by = Counter(term for held in found for term in set(held))
        self._connection.execute(
            "INSERT INTO terms (term, passages) SELECT * FROM unnest(%s::text[], %s::int[])"
            " ON CONFLICT (server, term) DO UPDATE SET passages = terms.passages + excluded.passages",
            [list(held_by), list(held_by.values())],
        )

    def _lexemes(self, held: Sequence[str]) -> str:
        """Return the stems as a tsvector's text; as many places as a stem has stand for how often it comes."""
        return " ".join(
            f"'{self._server}/{stem}':{','.join(map(str, range(1, min(times, 256) + 1)))}"
            for stem, times in Counter(held).items()
        )

    def _keep(self, vectors: Iterable[tuple[int, int, Vectors]]) -> None:
        row = self._connection.execute(
            "INSERT INTO embedders (name, used) VALUES (%s, %s) ON CONFLICT (server, name)"
            " DO UPDATE SET used = excluded.used RETURNING id",
            [self._embedder, datetime.now(UTC).isoformat(timespec="seconds")],
        ).fetchone()
        assert row is not None  # noqa: S101 -- an upsert returns a row, for the type checker
        with self._connection.cursor() as cursor:
            cursor.executemany(
                _ADD_VECTORS, [(id_, document, row[0], *packed(some)) for id_, document, some in vectors if len(some)]
            )


def drop(connection: Connection[Any], passages: Sequence[int]) -> None:
    """Take out passages, given by id."""
    if not passages:
        return
    rows = connection.execute(
        "DELETE FROM passages WHERE id = ANY(%s) RETURNING section, text, words", [list(passages)]
    ).fetchall()
    _resize(connection, -len(rows), -sum(words for _, _, words in rows))
    held = (set(terms(Passage("", section, None, text).searchable)) for section, text, _ in rows)
    held_by = Counter(term for some in held for term in some)
    connection.execute(
        "UPDATE terms SET passages = terms.passages - gone.passages"
        " FROM unnest(%s::text[], %s::int[]) AS gone (term, passages) WHERE terms.term = gone.term",
        [list(held_by), list(held_by.values())],
    )
    connection.execute("DELETE FROM terms WHERE term = ANY(%s) AND passages <= 0", [list(held_by)])


def _resize(connection: Connection[Any], passages: int, words: int) -> None:
    """Count passages and their words in or out."""
    connection.execute("UPDATE sizes SET passages = passages + %s, words = words + %s", [passages, words])


def digest(searchable: str) -> bytes:
    """Return what a searchable text is found by when its vectors are wanted."""
    return hashlib.sha256(searchable.encode()).digest()
