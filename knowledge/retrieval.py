"""A question to the passages that may answer it: nearness of meaning and shared words, merged."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.store import Contents, Passage, Store

_WORD_WEIGHT = 0.3
_MOST_WORDS = 64  # of a query; a longer one is a story, and its meaning still counts
_BM25_LIMIT = 2.2  # k1 + 1: the most that one word can add, times its rarity


@dataclass(frozen=True)
class Hit:
    """A passage and how well it fits the query."""

    passage: Passage
    score: float
    """Cosine of the meanings plus the weighted share of the query's words; comparable within one query."""


@dataclass(frozen=True)
class Retrieved:
    """The best passages for a query, the best first."""

    query: str
    answerable: float
    """Estimated probability, 0 to 1, that the server's documents answer the query."""
    hits: tuple[Hit, ...]


def search(  # noqa: PLR0913, PLR0917 -- the last two have defaults
    store: Store, embedder: Embedder, server: str, query: str, limit: int = 5, channels: Sequence[str] = ()
) -> Retrieved:
    """Return the ``limit`` best passages; a document with channels is found only from one of them.

    An entry that was cut for its length is returned once, with its best part. Raises BadServer, UnknownServer.
    """
    contents = store.contents(server, embedder.name)
    rows = _allowed(contents, channels)
    if not query.strip() or not len(rows):
        return Retrieved(query, 0.0, ())
    meaning = (
        (contents.vectors @ embedder.embed([query])[0])[rows] if contents.vectors.shape[1] else np.zeros(len(rows))
    )
    words = _words(store, server, query, contents)[rows]
    scores = meaning + _WORD_WEIGHT * words
    hits: dict[tuple[object, ...], Hit] = {}
    for row in np.argsort(-scores, kind="stable"):
        passage = contents.passages[rows[row]]
        whole = (passage.document, passage.section, passage.entry)
        hits.setdefault(whole if passage.entry else (rows[row],), Hit(passage, float(scores[row])))
        if len(hits) == limit:
            break
    return Retrieved(query, float(np.clip(meaning.max(), 0, 1)), tuple(hits.values()))


def _allowed(contents: Contents, channels: Sequence[str]) -> NDArray[np.intp]:
    here = set(channels)
    return np.array([row for row, only in enumerate(contents.channels) if not only or here & set(only)], np.intp)


def _words(store: Store, server: str, query: str, contents: Contents) -> NDArray[np.float64]:
    """Return BM25 of every passage as a share of the best that the query could reach, 0 to 1."""
    total = np.zeros(len(contents.ids))
    best = 0.0
    for word in list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]:
        ids, strength = store.matches(server, word)
        rarity = math.log(1 + (len(contents.ids) - len(ids) + 0.5) / (len(ids) + 0.5))
        best += rarity * _BM25_LIMIT
        known = np.isin(ids, contents.ids)  # another process may have changed the store in between
        total[np.searchsorted(contents.ids, ids[known])] += rarity * strength[known]
    return total / best if best else total
