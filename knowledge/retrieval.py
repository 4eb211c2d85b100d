"""A question to the passages that may answer it: nearness of meaning and shared words, merged."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from knowledge.embedding import Embedder
from knowledge.store import Contents, Passage, Scores, Store, Vectors

WORD_WEIGHT = 0.4
"""What the best possible word match adds to the meaning. Chosen on seven public question sets together, where .3 to .6
differ by less than .003 in mean nDCG@10 (tests/benchmarks/retrieval.py)."""

ANSWERABLE = (-3.51, 6.4, 2.86)
"""Logistic weights: constant, meaning of the best hit, its lead over the second. Fitted by the same benchmark on the
six of these sets that hold unanswerable questions, each set and each answer weighing the same; so fitted without
the set that is judged, the mean AUROC is .823 and the mean Brier score .175."""

_MOST_WORDS = 64  # of a query; a longer one is a story, and its meaning still counts
_BM25_LIMIT = 2.2  # k1 + 1: the most that one word can add, times its rarity


@dataclass(frozen=True)
class Hit:
    """A passage and how well it fits the query."""

    passage: Passage
    score: float
    """Meaning plus the weighted words, up to 1.4; comparable within one query."""
    meaning: float = 0.0
    """Mean cosine of the query with the whole passage and with its nearest sentence."""
    words: float = 0.0
    """BM25 as a share of the best that the query could reach, 0 to 1."""


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
    allowed = _allowed(contents, channels)
    if not query.strip() or not allowed.any():
        return Retrieved(query, 0.0, ())
    readable = query.encode(errors="replace").decode()  # a terminal can send half a character
    meaning = _meaning(contents, embedder.embed([readable])[0])
    words = _words(store, server, query, contents)
    scores = np.where(allowed, meaning + WORD_WEIGHT * words, -np.inf)
    rows = _best(contents, scores, max(limit, 2))
    hits = [Hit(contents.passages[r], float(scores[r]), float(meaning[r]), float(words[r])) for r in rows]
    constant, *weights = ANSWERABLE
    odds = constant + sum(weight * fact for weight, fact in zip(weights, evidence(hits), strict=True))
    return Retrieved(query, 1 / (1 + math.exp(-odds)), tuple(hits[:limit]))


def evidence(hits: Sequence[Hit]) -> tuple[float, float]:
    """Return what ``answerable`` rests on: the best hit's meaning, and its lead over the second in score."""
    return hits[0].meaning, hits[0].score - hits[1].score if len(hits) > 1 else 0.0


def _allowed(contents: Contents, channels: Sequence[str]) -> NDArray[np.bool_]:
    here = set(channels)
    return np.array([not only or not here.isdisjoint(only) for only in contents.channels], np.bool_)


def _meaning(contents: Contents, query: Vectors) -> Scores:
    """Return for each passage the mean of two cosines: of the whole, and of its nearest view."""
    if not contents.vectors.shape[1]:
        return np.zeros(len(contents.ids))
    cosines = (contents.vectors @ query).astype(np.float64)
    return (cosines[contents.starts] + np.maximum.reduceat(cosines, contents.starts)) / 2


def _words(store: Store, server: str, query: str, contents: Contents) -> Scores:
    """Return BM25 of each passage as a share of the best that the query could reach, 0 to 1.

    A word that no passage holds counts as the rarest, so that a query about other things stays low.
    """
    total = np.zeros(len(contents.ids))
    best = 0.0
    for word in list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]:
        ids, strengths = store.matches(server, word)
        rarity = math.log(1 + (len(contents.ids) - len(ids) + 0.5) / (len(ids) + 0.5))
        best += rarity * _BM25_LIMIT
        known = np.isin(ids, contents.ids)  # another process may have changed the store in between
        total[np.searchsorted(contents.ids, ids[known])] += rarity * strengths[known]
    return total / best if best else total


def _best(contents: Contents, scores: Scores, limit: int) -> list[int]:
    """Return the rows of the best passages, one for each entry that has an id."""
    rows: dict[object, int] = {}
    for row in np.argsort(-scores, kind="stable").tolist():
        passage = contents.passages[row]
        rows.setdefault((passage.document, passage.section, passage.entry) if passage.entry else row, row)
        if len(rows) == limit or scores[row] == -np.inf:
            break
    return [row for row in rows.values() if scores[row] > -np.inf]
