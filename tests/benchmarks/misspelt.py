"""Ask questions as hurried members write them, with the mending of words and without it.

``python tests/benchmarks/misspelt.py MODEL [DATA] [--questions 100]``: the answerable questions of the two sample
servers and, with DATA (as for retrieval.py), of each of its sets. In each question one word that the documents hold in
few passages is misspelt by one random edit: a letter left out, put in or exchanged, or two neighbours swapped, never
the first (seed 0). In the last columns common words are cut short instead, as chatters do. Figures are nDCG@10, and
AUROC of "answerable" where a set has unanswerable questions, whose words are misspelt as well.
"""

import argparse
import json
import random
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from question_rows import QUESTIONS, read
from retrieval import DEPTH, Remembering, auroc, graded, lines

from knowledge import indexing, retrieval
from knowledge.embedding import OWN_ADAPTER, SentenceTransformerEmbedder
from knowledge.shortenings import CHAT, GAMES
from knowledge.sqlite_store import SqliteStore

SAMPLES = ("emberfall", "petal-and-stem")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
_LEAST = 5  # letters of a word that is misspelt
CUT = {long: short for short, long in (GAMES | CHAT).items()}
Change = Callable[[str], str]


@dataclass(frozen=True)
class Query:
    """A question, the server that it is asked, and what answers it."""

    server: str
    text: str
    relevant: dict[str, int]


def samples(store: SqliteStore, embedder: Remembering) -> list[Query]:
    """Index the sample servers and return their questions."""
    found = []
    for server in SAMPLES:
        folder = Path(indexing.__file__).parent / "samples" / server
        indexing.add(store, embedder, server, [folder])
        rows = read(QUESTIONS / f"{server}.jsonl")
        found += [Query(server, row["text"], {row["entry"]: 1} if row["entry"] else {}) for row in rows]
    return found


def of_set(store: SqliteStore, embedder: Remembering, folder: Path) -> list[Query]:
    """Index a question set, a server for each of its scopes, and return its questions."""
    scopes: dict[str, list[dict]] = {}
    for row in lines(folder / "corpus.jsonl"):
        scopes.setdefault(row.get("scope", "all"), []).append({key: row[key] for key in ("id", "title", "text")})
    servers = {scope: f"{folder.name}-{number}"[:64] for number, scope in enumerate(scopes)}
    for scope, rows in scopes.items():
        indexing.add_upload(store, embedder, servers[scope], "corpus.jsonl", "\n".join(map(json.dumps, rows)).encode())
    relevant: dict[str, dict[str, int]] = {}
    for row in (folder / "dev/qrels.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, name, grade = row.split("\t")
        relevant.setdefault(query, {})[name] = int(grade)
    asked = [query for query in lines(folder / "dev/queries.jsonl") if query.get("scope", "all") in servers]
    return [Query(servers[q.get("scope", "all")], q["text"], relevant.get(q["id"], {})) for q in asked]


def chosen(queries: list[Query], most: int, seed: int) -> list[Query]:
    """Return up to ``most`` answerable and as many unanswerable questions."""
    rng = random.Random(seed)
    both = [[q for q in queries if bool(q.relevant) is answerable] for answerable in (True, False)]
    return [q for some in both for q in rng.sample(some, min(most, len(some)))]


def misspelt(store: SqliteStore, query: Query, rng: random.Random) -> str:
    """Return the question with its rarest long word in one random edit; as it is where the documents hold none."""
    words = [w for w in re.findall(r"[^\W\d_]+", query.text) if len(w) >= _LEAST and w.isascii()]
    held = {w: len(found[0]) for w in words if (found := store.matches(query.server, w)) and len(found[0])}
    if not held:
        return query.text
    word = min(held, key=lambda w: (held[w], w))
    at = rng.randrange(1, len(word))
    other = rng.choice(LETTERS)
    edits = [word[:at] + word[at + 1 :], word[:at] + other + word[at:], word[:at] + other + word[at + 1 :]]
    if at + 1 < len(word):
        edits.append(word[:at] + word[at + 1] + word[at] + word[at + 2 :])
    wrong = rng.choice([edit for edit in edits if edit != word])
    return re.sub(rf"\b{word}\b", wrong, query.text)


def cut_short(text: str) -> str:
    """Return the question with words cut short as chatters do."""
    return re.sub(r"[^\W\d_]+", lambda found: CUT.get(found[0].lower(), found[0]), text)


def name_of(passage: retrieval.Passage, sample: bool) -> str:
    """Return what a passage is called in the questions' files."""
    return f"{passage.document}#{passage.entry or passage.heading}" if sample else str(passage.entry)


def judge(store: SqliteStore, embedder: Remembering, queries: list[Query], texts: list[str]) -> dict[str, float]:
    """Return nDCG@10 and AUROC of questions in some wording."""
    ranks, chances = [], []
    for query, text in zip(queries, texts, strict=True):
        found = retrieval.search(store, embedder, query.server, text, DEPTH)
        chances.append(found.answerable)
        if query.relevant:
            names = list(dict.fromkeys(name_of(hit.passage, query.server in SAMPLES) for hit in found.hits))
            ranks.append(graded(names, query.relevant)[2])
    truth = [bool(query.relevant) for query in queries]
    return {"ndcg": float(np.mean(ranks))} | ({} if all(truth) else {"auroc": auroc(chances, truth)})


def measure(store: SqliteStore, embedder: Remembering, queries: list[Query], seed: int) -> dict[str, dict[str, float]]:
    """Judge each wording with the mending of words and without."""
    rng = random.Random(seed)
    wordings = {
        "clean": [query.text for query in queries],
        "misspelt": [misspelt(store, query, rng) for query in queries],
        "cut short": [cut_short(query.text) for query in queries],
    }
    result, mend = {}, retrieval.mended
    for name, texts in wordings.items():
        changed = [n for n, (text, query) in enumerate(zip(texts, queries, strict=True)) if text != query.text]
        some = changed if name == "cut short" else range(len(texts))
        if name == "cut short" and not any(queries[n].relevant for n in some):
            continue
        own, theirs = [queries[n] for n in some], [texts[n] for n in some]
        result[name] = judge(store, embedder, own, theirs)
        if name == "cut short":
            result["before it was cut"] = judge(store, embedder, own, [query.text for query in own])
        retrieval.mended = lambda store, server, question, channels=(): question
        result[f"{name}, not mended"] = judge(store, embedder, own, theirs)
        retrieval.mended = mend
    return result


def main() -> None:
    """Measure and print a line for each set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path, nargs="?")
    parser.add_argument("--questions", type=int, default=100, help="of each kind, of each set")
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    embedder = Remembering(SentenceTransformerEmbedder(given.model, "cpu", OWN_ADAPTER))
    with tempfile.TemporaryDirectory() as folder:
        store = SqliteStore(Path(folder))
        sets = {"samples": samples(store, embedder)}
        for path in sorted(given.data.glob("*/corpus.jsonl")) if given.data else []:
            sets[path.parent.name] = of_set(store, embedder, path.parent)
        for name, queries in sets.items():
            print(name)
            for wording, figures in measure(
                store, embedder, chosen(queries, given.questions, given.seed), given.seed
            ).items():
                print(f"  {wording}: " + "  ".join(f"{key} {value:.3f}" for key, value in figures.items()), flush=True)
        store.close()
    embedder.save()


if __name__ == "__main__":
    main()
