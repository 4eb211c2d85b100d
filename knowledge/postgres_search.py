"""Searching in one server's part of the PostgreSQL store."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

import numpy as np
from pgvector import HalfVector
from psycopg import sql

from knowledge.index_terms import terms
from knowledge.postgres_connection import Scope
from knowledge.store import COMMON, Ids, Passage, Scores, Stored, Vectors

_K1, _B = 1.2, 0.75
_FREQUENCIES = np.cumsum(1 / np.arange(1, 257, dtype=np.float64) ** 2) / 1.64493406685
"""What ts_rank makes of a word that stands 1, 2, ... 256 times in a passage when every place weighs 1: the sum of the
inverse squares up to that number, over their limit (PostgreSQL's tsrank.c, calc_rank_or). So it tells the number."""
_HELD = np.dtype([("passage", ">i8"), ("document", ">i4"), ("length", ">i4"), ("rank", ">f4")])
_ENOUGH = 100 * COMMON  # matches at which the index stops collecting; its own estimate may be some times too high
_WORDS_KEPT = 1000  # of all servers; the places of a word that thousands of passages hold are as many
_TERMS_KEPT = 100  # lists of terms; of 190,000 terms in all, one letter's are 7,000
_CANDIDATES = 400
"""What pgvector holds while it walks its graph. Of a million passages it found .968 of the nearest ten and .941 of the
nearest hundred with 200, .984 and .973 with 400, in 6.9 and 11 ms at the median (tests/benchmarks/scale.py)."""


def nearest(scope: Scope, embedder: str, query: Vectors, limit: int, channels: Sequence[str]) -> list[int]:
    """Return the ids of the passages that are, as a whole, nearest to a query.

    Every passage is compared where the embedder has no graph yet, which is exact; a graph is walked on where
    channels hide what it has found.
    """
    row = scope.connection.execute(
        "SELECT id, set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', %s, true)"
        " FROM embedders WHERE name = %s",
        [str(min(max(limit, _CANDIDATES), 1000)), embedder],
    ).fetchone()
    if row is None:
        return []
    hidden = _elsewhere(scope, channels)
    # Both numbers stand in the text: only then does the planner see that the graph holds all that is asked for.
    statement = sql.SQL(
        "SELECT passage FROM vectors WHERE server = {server} AND embedder = {embedder}{seen}"
        " ORDER BY (whole::halfvec({wide})) <#> %(query)s::halfvec({wide}) LIMIT %(limit)s"
    ).format(
        server=sql.Literal(scope.server),
        embedder=sql.Literal(row[0]),
        seen=sql.SQL(" AND document <> ALL(%(hidden)s)" if hidden else ""),
        wide=sql.Literal(len(query)),
    )
    values = {"query": HalfVector(query), "limit": limit, "hidden": hidden}
    return [id_ for (id_,) in scope.connection.execute(statement, values)]


class Words:
    """Finds the words of all servers, and remembers them until their server changes; threads may share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[tuple[int, str, frozenset[str]], tuple[int, tuple[Ids, Scores] | None]] = OrderedDict()
        self._terms: OrderedDict[tuple[int, str], tuple[int, list[str]]] = OrderedDict()

    def matches(self, scope: Scope, word: str, channels: Sequence[str]) -> tuple[Ids, Scores] | None:
        """Return which passages hold the word, and BM25's share for it without its rarity; None if very many do."""
        key = scope.server, word, frozenset(channels)
        with self._lock:
            version, found = self._found.get(key, (None, None))
        if version != scope.version:
            found = _matches(scope, word, channels)
        with self._lock:
            self._found[key] = scope.version, found
            self._found.move_to_end(key)
            if len(self._found) > _WORDS_KEPT:
                self._found.popitem(last=False)
        return found

    def terms(self, scope: Scope, initial: str) -> list[str]:
        """Return the terms that begin with a letter, sorted."""
        with self._lock:
            version, known = self._terms.get((scope.server, initial), (None, []))
        if version != scope.version:
            statement = "SELECT term FROM terms WHERE term >= %s AND term < %s ORDER BY term"
            after = [initial, chr(ord(initial) + 1)]
            known = [term for (term,) in scope.connection.execute(statement, after)]
        with self._lock:
            self._terms[scope.server, initial] = scope.version, known
            self._terms.move_to_end((scope.server, initial))
            if len(self._terms) > _TERMS_KEPT:
                self._terms.popitem(last=False)
        return known


def _matches(scope: Scope, word: str, channels: Sequence[str]) -> tuple[Ids, Scores] | None:
    """Return which passages hold the word, and BM25's share for it without its rarity; None if very many do."""
    found: tuple[Ids, Scores] | None = None
    hidden = _elsewhere(scope, channels)
    for stem in dict.fromkeys(terms(word)):
        held = _look_up(scope, stem, hidden)
        if held is None:
            return None
        if found is not None:  # several words in one: the passages that hold them all
            common, left, right = np.intersect1d(found[0], held[0], return_indices=True)
            held = common, np.minimum(found[1][left], held[1][right])
        found = held
    return found or (np.zeros(0, np.int64), np.zeros(0, np.float64))


def _look_up(scope: Scope, stem: str, hidden: Sequence[int]) -> tuple[Ids, Scores] | None:
    word = f"'{scope.server}/{stem}'"
    scope.connection.execute(
        "SELECT set_config('parley.word', %s, true), set_config('gin_fuzzy_search_limit', %s, true)",
        [word, str(_ENOUGH)],
    )
    # The policy of the table is the condition. All rows come as one value: thousands are read at once.
    row = scope.connection.execute(
        "SELECT string_agg(int8send(passage) || int4send(document) || int4send(length) || float4send(rank), '')"
        " FROM (SELECT passage, document, length,"
        " ts_rank('{1,1,1,1}', stems, %s::tsquery) AS rank FROM words LIMIT %s) AS held",
        [word, COMMON + 1],
        binary=True,
    ).fetchone()
    found = np.frombuffer(row[0] if row and row[0] else b"", _HELD)
    if len(found) > COMMON:
        return None
    found = np.sort(found[~np.isin(found["document"], hidden)], order="passage")
    times = 1 + np.abs(found["rank"][:, None] - _FREQUENCIES).argmin(axis=1)
    mean = max(scope.words, 1) / max(scope.passages, 1)
    strengths = times * (_K1 + 1) / (times + _K1 * (1 - _B + _B * found["length"] / mean))
    return found["passage"].astype(np.int64), strengths


def load(scope: Scope, embedder: str, ids: Sequence[int]) -> list[Stored]:
    """Return the passages of these ids as they are at one moment."""
    rows = scope.connection.execute(
        "SELECT passages.id, documents.name, section, entry, text, taken, whole, others FROM passages"
        " JOIN documents ON documents.id = passages.document LEFT JOIN vectors ON passage = passages.id"
        " AND embedder = (SELECT id FROM embedders WHERE name = %s)"
        " WHERE passages.id = ANY(%s) ORDER BY passages.id",
        [embedder, [int(id_) for id_ in ids]],
        binary=True,
    )
    return [Stored(row[0], Passage(*row[1:5]), row[5], unpacked(row[6], row[7])) for row in rows]


def packed(vectors: Vectors) -> tuple[HalfVector, bytes]:
    """Return the whole passage's vector, and those of its other views one after another, in half precision."""
    return HalfVector(vectors[0]), vectors[1:].astype("<f2").tobytes()


def unpacked(whole: HalfVector | None, others: bytes | None) -> Vectors:
    """Return the vectors of all views, a row for each; none where there is no whole."""
    if whole is None:
        return np.zeros((0, 0), np.float32)
    first = np.asarray(whole.to_numpy(), np.float32)
    rest = np.frombuffer(others or b"", "<f2").reshape(-1, len(first)).astype(np.float32)
    return np.concatenate([first[None], rest])


def _elsewhere(scope: Scope, channels: Sequence[str]) -> list[int]:
    """Return the documents that are bound to channels of which none is given."""
    rows = scope.connection.execute(
        "SELECT id FROM documents WHERE bound AND NOT channels && %s::text[]", [[c.replace("\0", "") for c in channels]]
    )
    return [id_ for (id_,) in rows]
