"""Rank public question sets with our search and with its peers.

``python tests/benchmarks/retrieval.py DATA MODEL [--json]``: DATA holds a folder for each set, with ``corpus.jsonl``
({"id", "title", "text", "scope"?, "scope_name"?}), ``dev/queries.jsonl`` ({"id", "text", "answerable", "scope"?,
"kind"?}) and ``dev/qrels.tsv``; MODEL is a sentence-transformers folder. Each scope is a server of its own, which
people call by the scope's name; queries without a scope are left out of a set with scopes. Peers are BM25 (k1 1.2, b
0.75, Porter stems), the model's cosine over title and text, and reciprocal rank fusion (k 60) of both. "answerable" is
judged with weights fitted on the other sets only; the last line gives the weights over all. Times are of the first
hundred queries of a set, the embedding of the query included: milliseconds at the median and at the 95th percentile.
"""

import argparse
import hashlib
import json
import math
import re
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import snowballstemmer

from knowledge.embedding import OWN_ADAPTER, Embedder, SentenceTransformerEmbedder
from knowledge.indexing import add_upload
from knowledge.retrieval import evidence, search
from knowledge.server_name import without_name
from knowledge.sqlite_store import SqliteStore

DEPTH = 10
TIMED = 100
STEM = snowballstemmer.stemmer("porter")


class Remembering:
    """An embedder that keeps every vector in a file, so that a second run needs no model time."""

    def __init__(self, inner: Embedder) -> None:
        self.inner = inner
        self.name = inner.name
        self.spent = 0.0
        self._path = (
            Path(tempfile.gettempdir()) / f"parley-benchmark-{hashlib.sha256(inner.name.encode()).hexdigest()[:12]}.npz"
        )
        self._rows: dict[str, np.ndarray] = {}
        if self._path.exists():
            kept = np.load(self._path)
            self._rows = dict(zip(json.loads(kept["texts"].item()), kept["rows"], strict=True))

    def embed(self, texts: Sequence[str]) -> np.ndarray:
        missing = [text for text in dict.fromkeys(texts) if text not in self._rows]
        if missing:
            start = time.perf_counter()
            self._rows.update(zip(missing, self.inner.embed(missing), strict=True))
            self.spent += time.perf_counter() - start
        return np.stack([self._rows[text] for text in texts])

    def save(self) -> None:
        np.savez(self._path, texts=json.dumps(list(self._rows)), rows=np.stack(list(self._rows.values())))


@dataclass
class Outcome:
    """What one set gave: (hit@1, hit@5, nDCG@10) rows by ranker, and evidence with its truth."""

    ranks: dict[str, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))
    facts: list[tuple[float, float]] = field(default_factory=list)
    truth: list[bool] = field(default_factory=list)
    kinds: list[str] = field(default_factory=list)
    """Of each query what its set calls it: a near miss, another subject."""
    cosines: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)


class Bm25:
    """The peer: Lucene's variant over stems."""

    def __init__(self, texts: Sequence[str]) -> None:
        words = [stems(text) for text in texts]
        self._lengths = np.array([len(w) for w in words])
        self._places: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for row, w in enumerate(words):
            for word, count in Counter(w).items():
                self._places[word].append((row, count))

    def scores(self, query: str) -> np.ndarray:
        total = np.zeros(len(self._lengths))
        for word in dict.fromkeys(stems(query)):
            places = np.array(self._places.get(word, []), dtype=float).reshape(-1, 2)
            rows, counts = places[:, 0].astype(int), places[:, 1]
            rarity = math.log(1 + (len(total) - len(rows) + 0.5) / (len(rows) + 0.5))
            norm = 1.2 * (0.25 + 0.75 * self._lengths[rows] / self._lengths.mean())
            total[rows] += rarity * counts * 2.2 / (counts + norm)
        return total


def stems(text: str) -> list[str]:
    return STEM.stemWords(re.findall(r"[^\W_]+", text.lower()))


def lines(path: Path) -> Iterator[dict]:
    with path.open(encoding="utf-8") as file:
        yield from (json.loads(line) for line in file)


def graded(ranking: Sequence[str], relevant: dict[str, int]) -> tuple[float, float, float]:
    gains = [relevant.get(name, 0) for name in ranking[:DEPTH]]
    ideal = sorted(relevant.values(), reverse=True)[:DEPTH]
    found, best = (sum(g / math.log2(i + 2) for i, g in enumerate(row)) for row in (gains, ideal))
    return float(gains[0] > 0), float(any(gains[:5])), found / best


def fused(cosines: np.ndarray, words: np.ndarray) -> np.ndarray:
    by_meaning, by_words = (np.argsort(np.argsort(-row, kind="stable")) for row in (cosines, words))
    return 1 / (61 + by_meaning) + np.where(words > 0, 1 / (61 + by_words), 0)


@dataclass
class QuestionSet:
    """A set as it is read: entries, name and queries by scope, and the grade of each entry that answers a query."""

    scopes: dict[str, list[dict]]
    called: dict[str, str]
    asked: dict[str, list[dict]]
    relevant: dict[str, dict[str, int]]


def read_set(folder: Path) -> QuestionSet:
    scopes: dict[str, list[dict]] = defaultdict(list)
    called: dict[str, str] = {}
    for row in lines(folder / "corpus.jsonl"):
        scopes[row.get("scope", "all")].append({key: row[key] for key in ("id", "title", "text")})
        called[row.get("scope", "all")] = row.get("scope_name", "")
    relevant: dict[str, dict[str, int]] = defaultdict(dict)
    for row in (folder / "dev/qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, name, grade = row.split("\t")
        relevant[query][name] = int(grade)
    asked: dict[str, list[dict]] = defaultdict(list)
    for query in lines(folder / "dev/queries.jsonl"):
        asked[query.get("scope", "all")].append(query)
    return QuestionSet(scopes, called, asked, relevant)


def measure(folder: Path, embedder: Remembering, plain: Remembering, store: SqliteStore) -> Outcome:
    outcome = Outcome()
    read = read_set(folder)
    for number, (scope, rows) in enumerate(read.scopes.items()):
        server = f"{folder.name}-{number}"[:64]
        report = add_upload(store, embedder, server, "corpus.jsonl", "\n".join(map(json.dumps, rows)).encode())
        assert not report.refused, report
        texts = [f"{row['title']}\n{row['text']}" for row in rows]
        names, vectors, words = [row["id"] for row in rows], plain.embed(texts), Bm25(texts)
        for model in (embedder, plain):
            model.embed([query["text"] for query in read.asked[scope]] or [""])
        for query in read.asked[scope]:
            text = without_name(query["text"], read.called[scope])
            if len(outcome.times) < TIMED:
                start = time.perf_counter()
                search(store, embedder.inner, server, text, DEPTH)
                outcome.times.append(1000 * (time.perf_counter() - start))
            result = search(store, embedder, server, text, DEPTH)
            cosines = vectors @ plain.embed([query["text"]])[0]
            outcome.facts.append(evidence(result.hits))
            outcome.truth.append(query["answerable"])
            outcome.kinds.append(query.get("kind", ""))
            outcome.cosines.append(float(cosines.max()))
            if query["id"] in read.relevant:
                bm25 = words.scores(query["text"])
                rankings = {"ours": [hit.passage.entry for hit in result.hits]}
                for name, scores in (("BM25", bm25), ("MiniLM", cosines), ("RRF", fused(cosines, bm25))):
                    rankings[name] = [names[row] for row in np.argsort(-scores, kind="stable")[:DEPTH]]
                for name, ranking in rankings.items():
                    outcome.ranks[name].append(graded(ranking, read.relevant[query["id"]]))
    return outcome


def fit(outcomes: Sequence[Outcome]) -> np.ndarray:
    """Logistic weights by Newton's method, ridge 1; each set and each of its two answers weighs the same."""
    facts = np.concatenate([np.column_stack([np.ones(len(o.truth)), o.facts]) for o in outcomes])
    truth = np.concatenate([np.array(o.truth, float) for o in outcomes])
    shares = np.concatenate(
        [np.where(o.truth, 500 / sum(o.truth), 500 / (len(o.truth) - sum(o.truth))) for o in outcomes]
    )
    weights = np.zeros(facts.shape[1])
    ridge = np.diag([0.0] + [1.0] * (facts.shape[1] - 1))
    for _ in range(30):
        chance = 1 / (1 + np.exp(-facts @ weights))
        slope = facts.T @ (shares * (truth - chance)) - ridge @ weights
        curve = (facts * (shares * chance * (1 - chance))[:, None]).T @ facts + ridge
        weights = weights + np.linalg.solve(curve, slope)
    return weights


def chances(outcome: Outcome, weights: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-np.column_stack([np.ones(len(outcome.truth)), outcome.facts]) @ weights))


def auroc(scores: Sequence[float], truth: Sequence[bool]) -> float:
    """Chance that an answerable query scores above an unanswerable one; ties count half."""
    row, right = np.asarray(scores), np.asarray(truth)
    below = np.sort(row[~right])
    places = np.searchsorted(below, row[right], "left") + np.searchsorted(below, row[right], "right")
    return float(places.mean() / 2 / len(below))


def summary(outcomes: dict[str, Outcome]) -> dict[str, dict]:
    both = {name: o for name, o in outcomes.items() if 0 < sum(o.truth) < len(o.truth)}
    table: dict[str, dict] = {}
    for name, o in outcomes.items():
        means = {ranker: np.mean(rows, axis=0).round(4).tolist() for ranker, rows in o.ranks.items()}
        p50, p95 = np.percentile(o.times, [50, 95]).round(1).tolist()
        table[name] = means | {"p50 ms": p50, "p95 ms": p95}
        table[name]["gap"] = round(
            means["ours"][2] - max(row[2] for ranker, row in means.items() if ranker != "ours"), 4
        )
        if name in both and len(both) > 1:
            chance = chances(o, fit([other for key, other in both.items() if key != name]))
            table[name]["auroc"] = round(auroc(chance, o.truth), 3)
            for kind in sorted({kind for kind, right in zip(o.kinds, o.truth, strict=True) if kind and not right}):
                these = [right or kind == own for own, right in zip(o.kinds, o.truth, strict=True)]
                table[name][f"auroc {kind}"] = round(auroc(chance[these], np.array(o.truth)[these].tolist()), 3)
            table[name]["auroc of best cosine"] = round(auroc(o.cosines, o.truth), 3)
            table[name]["brier"] = round(float(np.mean((chance - np.array(o.truth)) ** 2)), 3)
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("model", type=Path)
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    embedder = Remembering(SentenceTransformerEmbedder(chosen.model, "cpu", OWN_ADAPTER))
    plain = Remembering(SentenceTransformerEmbedder(chosen.model, "cpu"))
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        sets = sorted(path.parent for path in chosen.data.glob("*/corpus.jsonl"))
        outcomes = {path.name: measure(path, embedder, plain, store) for path in sets}
        store.close()
    embedder.save()
    plain.save()
    table = summary(outcomes)
    weights = fit([o for o in outcomes.values() if 0 < sum(o.truth) < len(o.truth)]).round(2).tolist()
    if chosen.json:
        print(json.dumps({"sets": table, "answerable": weights}))
        return
    for name, row in table.items():
        cells = [
            f"{key} {'/'.join(f'{v:.3f}' for v in value)}" for key, value in row.items() if isinstance(value, list)
        ]
        rest = [f"{key} {value}" for key, value in row.items() if not isinstance(value, list)]
        print(f"{name}: {'  '.join(cells + rest)}")
    print(f"answerable over all sets: {weights}; embedding took {embedder.spent:.0f} s")


if __name__ == "__main__":
    main()
