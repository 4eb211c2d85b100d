"""A question to the passages that may answer it: nearness of meaning and shared words, merged."""

import math
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from knowledge.embedding import Embedder
from knowledge.server_name import without_name
from knowledge.spelling import mended
from knowledge.store import Passage, Store, Stored, Vectors

WORD_WEIGHT = 0.4
"""What the best possible word match adds to the meaning. Chosen on seven public question sets together, where .3 to .6
differ by less than .002 in mean nDCG@10 (tests/benchmarks/retrieval.py)."""

ANSWERABLE = (-4.42, 8.18, 2.07)
"""Logistic weights: constant, meaning of the best hit, its lead over the second. Fitted by the same benchmark on the
six of these sets that hold unanswerable questions, each set and each answer weighing the same; so fitted without
the set that is judged, the mean AUROC is .846 and the mean Brier score .163."""

CANDIDATES = 100
"""Passages that are looked at more closely, of those nearest in meaning and as many of those that share most words."""

_TRIES = 5  # times that a search begins anew because a document was replaced meanwhile
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
    taken: str = ""
    """When its document was taken in: ISO 8601, UTC."""
    nearness: tuple[float, ...] = ()
    """Cosine of the query with each of the passage's views."""


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
    size = store.size(server)
    if not query.strip() or not size:
        return Retrieved(query, 0.0, ())
    readable = query.encode(errors="replace").decode()  # a terminal can send half a character
    asked = worded(store, server, readable, channels)
    vector = embedder.embed([asked])[0]
    for _ in range(_TRIES):
        words = _words(store, server, asked, size, channels)
        near = store.nearest(server, embedder.name, vector, CANDIDATES, channels)
        named = sorted(words, key=lambda id_: -words[id_])[:CANDIDATES]
        wanted = {*near, *named}
        found = store.load(server, embedder.name, sorted(wanted))
        if len(found) == len(wanted):
            break  # else a document was replaced in between, and both its versions may be missing
    if not found:
        return Retrieved(query, 0.0, ())
    hits = _best([_hit(stored, vector, words.get(stored.id, 0.0)) for stored in found], max(limit, 2))
    return Retrieved(query, answerable(hits), tuple(hits[:limit]))


def worded(store: Store, server: str, question: str, channels: Sequence[str] = (), name: str = "") -> str:
    """Return a question as it is searched: without the server's own name, and spelled as its documents spell.

    ``name``: what people call the server, beside its id. Raises BadServer, UnknownServer.
    """
    plain = mended(store, server, without_name(question, server, name), channels)
    return without_name(plain, server, name)  # a misspelt name is known only now


def answerable(hits: Sequence[Hit]) -> float:
    """Return the estimated probability, 0 to 1, that the best hits answer their query."""
    if not hits:
        return 0.0
    constant, *weights = ANSWERABLE
    odds = constant + sum(weight * fact for weight, fact in zip(weights, evidence(hits), strict=True))
    return 1 / (1 + math.exp(-odds))


def evidence(hits: Sequence[Hit]) -> tuple[float, float]:
    """Return what ``answerable`` rests on: the best hit's meaning, and its lead over the second in score."""
    return hits[0].meaning, hits[0].score - hits[1].score if len(hits) > 1 else 0.0


def _hit(stored: Stored, query: Vectors, words: float) -> Hit:
    """Judge a passage: the mean of two cosines, of the whole and of its nearest view, plus the words."""
    cosines = stored.vectors @ query if len(stored.vectors) else np.zeros(1)
    meaning = float(cosines[0] + cosines.max()) / 2
    score, nearness = meaning + WORD_WEIGHT * words, tuple(cosines.tolist())
    return Hit(stored.passage, score, meaning, words, stored.taken, nearness)


def _words(store: Store, server: str, query: str, size: int, channels: Sequence[str]) -> dict[int, float]:
    """Return BM25 of the passages that share words with the query, as a share of the best that it could reach.

    A word that no passage holds counts as the rarest, so that a query about other things stays low.
    """
    total: dict[int, float] = defaultdict(float)
    best = 0.0
    for word in list(dict.fromkeys(re.findall(r"[^\W_]+", query.lower())))[:_MOST_WORDS]:
        held = store.matches(server, word, channels)
        if held is None:
            continue
        rarity = math.log(1 + max(size - len(held[0]) + 0.5, 0.5) / (len(held[0]) + 0.5))
        best += rarity * _BM25_LIMIT
        for id_, strength in zip(held[0].tolist(), held[1].tolist(), strict=True):
            total[id_] += rarity * strength
    return {id_: strength / best for id_, strength in total.items()}


def _best(hits: Sequence[Hit], limit: int) -> list[Hit]:
    """Return the best hits, one for each entry that has an id."""
    best: dict[object, Hit] = {}
    for number, hit in enumerate(sorted(hits, key=lambda hit: -hit.score)):
        passage = hit.passage
        best.setdefault((passage.document, passage.section, passage.entry) if passage.entry else number, hit)
    return list(best.values())[:limit]
