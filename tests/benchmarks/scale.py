"""How the stores bear size: 50,000 documents in SQLite, a million passages in PostgreSQL, one changed file.

    python tests/benchmarks/scale.py sqlite [--documents 50000]
    python tests/benchmarks/scale.py postgres --model FOLDER [--passages 1000000]
    python tests/benchmarks/scale.py refresh --model FOLDER

The documents are made up, and so are the vectors of the first two (made_office.py; those of the second lie as a real
model's do), so that the stores' own time is seen; what a model takes for a question comes on top. The third embeds
with the real model. Searches are ``cold`` that come first after a start, with no file in memory but what one other
question brought in; ``warm`` are other questions after those.
"""

import argparse
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from made_office import ClusteredEmbedder, MadeOffice, RealQuestions, ScatteredEmbedder

from knowledge import indexing
from knowledge.embedder_training import SERVERS
from knowledge.embedding import OWN_ADAPTER, Embedder, SentenceTransformerEmbedder
from knowledge.postgres_store import PostgresStore
from knowledge.retrieval import CANDIDATES, search
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Document, Passage, Revision, Store, Vectors

SERVER = "office"
MEMORY = {"shared_buffers": "2GB", "max_wal_size": "8GB", "jit": "off"}
_TOGETHER = 200  # documents in a transaction


class Stopwatch:
    """Embeds, and remembers how long that took."""

    def __init__(self, inner: Embedder) -> None:
        self._inner = inner
        self.name = inner.name
        self.seconds = self.cpu_seconds = 0.0

    def embed(self, texts: Any) -> Vectors:
        """Return what the embedder within returns."""
        start, cpu = time.perf_counter(), time.thread_time()
        try:
            return self._inner.embed(texts)
        finally:
            self.seconds += time.perf_counter() - start
            self.cpu_seconds += time.thread_time() - cpu


def ask(store: Store, embedder: Embedder, questions: Iterable[str], named: str) -> dict[str, float]:
    """Return p50 and p95 of a search in milliseconds, the embedder's time left out and reported apart.

    The processor's time of this thread stands beside, which other work on the machine touches less.
    """
    own, cpu, theirs = [], [], []
    for question in questions:
        watch = Stopwatch(embedder)
        start, began = time.perf_counter(), time.thread_time()
        search(store, watch, SERVER, question, 5)
        cpu.append(1000 * (time.thread_time() - began - watch.cpu_seconds))
        own.append(1000 * (time.perf_counter() - start - watch.seconds))
        theirs.append(1000 * watch.seconds)
    (p50, p95), (cpu50, cpu95) = np.percentile(own, [50, 95]), np.percentile(cpu, [50, 95])
    found = {
        "p50_ms": p50, "p95_ms": p95, "p50_cpu_ms": cpu50, "p95_cpu_ms": cpu95,
        "embedder_p50_ms": float(np.median(theirs)),
    }  # fmt: skip
    return {f"{named}{name}": value for name, value in found.items()}


def timed(what: str, act: Callable[[], object]) -> dict[str, float]:
    """Return how many milliseconds something takes."""
    start = time.perf_counter()
    act()
    return {f"{what}_ms": 1000 * (time.perf_counter() - start)}


def forget(folder: Path) -> None:
    """Have Linux let go of what it remembers of the files, so that they are read from the disk again."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def size(folder: Path) -> float:
    """Return what a folder takes on the disk, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def sqlite(folder: Path, documents: int, questions: int) -> dict[str, float]:
    """Index documents and search them."""
    import torch  # noqa: F401 -- a search needs it, and a real embedder would have loaded it before

    office, embedder = MadeOffice(), Stopwatch(ClusteredEmbedder())
    files = folder / "files"
    files.mkdir()
    for number in range(documents):
        (files / f"memo-{number}.md").write_text(office.markdown(number))
    store = SqliteStore(folder / "servers")
    start = time.perf_counter()
    report = indexing.add(store, embedder, SERVER, [files])
    seconds = time.perf_counter() - start
    assert not report.refused
    result = {
        "passages": float(store.size(SERVER)),
        "index_s": seconds - embedder.seconds,
        "passages_a_second": store.size(SERVER) / (seconds - embedder.seconds),
        "disk_mb": size(folder / "servers"),
        "files_mb": size(files),
    }
    store.close()
    forget(folder / "servers")
    store = SqliteStore(folder / "servers")
    texts = [office.question(n, documents) for n in range(2 * questions)]
    result |= timed("first", lambda: search(store, embedder, SERVER, office.question(-1, documents), 5))
    result |= ask(store, embedder, texts[:questions], "cold_")
    result |= ask(store, embedder, texts[questions:], "warm_")
    (files / "memo-7.md").write_text(office.markdown(documents + 7))
    result |= timed("refresh", lambda: indexing.refresh(store, embedder, SERVER))
    result |= timed("after_change", lambda: search(store, embedder, SERVER, office.question(-2, documents), 5))
    store.close()
    return result


def refresh(folder: Path, model: Path, documents: int) -> dict[str, float]:
    """Index documents with a real model, change one, and index again."""
    office, embedder = MadeOffice(), SentenceTransformerEmbedder(model, device="cpu")
    files = folder / "files"
    files.mkdir()
    for number in range(documents):
        (files / f"memo-{number}.md").write_text(office.markdown(number))
    store = SqliteStore(folder / "servers")
    start = time.perf_counter()
    indexing.add(store, embedder, SERVER, [files])
    passages = store.size(SERVER)
    result = {"passages": float(passages), "passages_a_second": passages / (time.perf_counter() - start)}
    (files / "memo-7.md").write_text(office.markdown(documents + 7))
    start = time.perf_counter()
    report = indexing.refresh(store, embedder, SERVER)
    result["refresh_s"] = time.perf_counter() - start
    assert [change.outcome for change in report.changes].count("changed") == 1
    store.close()
    return result


def postgres(model: Path, passages: int, questions: int) -> dict[str, float]:
    """Load passages, make the graph, search, and hold what is found against a comparison with all."""
    sys.path.append(str(Path(__file__).parents[1]))
    from postgres_server import PostgresServer

    office = MadeOffice()
    embedder, asker = real(model)
    with PostgresServer(**MEMORY) as server:
        url = server.fresh("scale")
        store = PostgresStore(url, graph_from=passages * 2)
        wholes, result = load(store, embedder, office, passages)
        store.close()
        store = PostgresStore(url, graph_from=1)
        start = time.perf_counter()
        assert store.index(SERVER, embedder.name)
        result["graph_s"] = time.perf_counter() - start
        store.close()
        result["disk_mb"] = size(server.data / "base")
        texts = [office.question(n, passages // 3) for n in range(2 * questions)]
        result |= recall(store, asker, texts[:questions], wholes)
        store.close()
        server.stop()
        forget(server.data)
        server.start()
        result |= timed("first", lambda: search(store, asker, SERVER, office.question(-1, passages // 3), 5))
        result |= ask(store, asker, texts[:questions], "cold_")
        result |= ask(store, asker, texts[questions:], "warm_")
        store.close()
        return result


def real(model: Path) -> tuple[ScatteredEmbedder, RealQuestions]:
    """Return embedders of passages and of questions that lie as those of the shipped embedder do."""
    servers = [json.loads(line) for line in SERVERS.read_text().splitlines()]
    texts = [f"{entry['title']}\n{entry['text']}" for server in servers for entry in server["entries"]]
    texts += [part for text in texts for part in re.split(r"(?<=[.!?])\s+|\n", text)]
    asked = [question["q"] for server in servers for question in server["asked"][:10] + server["silent"][:5]]
    embedder = SentenceTransformerEmbedder(model, device="cpu", adapter=OWN_ADAPTER)
    passages = ScatteredEmbedder(embedder.embed(list(dict.fromkeys(texts))))
    return passages, RealQuestions(passages.name, embedder.embed(asked))


def load(
    store: Store, embedder: Embedder, office: MadeOffice, passages: int
) -> tuple[np.ndarray[Any, Any], dict[str, float]]:
    """Write so many passages; return their first views and how long the store took."""
    wholes, embedding, done = np.zeros((passages, 384), np.float16), 0.0, 0
    start = time.perf_counter()
    for group in _groups(office, passages):
        began = time.perf_counter()
        flat = [passage for _, some in group for passage in some]
        vectors = indexing.embedded(embedder, {(p.document, p.text): p.views for p in flat})
        revisions = [
            Revision(Document(name, "0" * 64), b"", some, [vectors[p.document, p.text] for p in some])
            for name, some in group
        ]
        wholes[done : done + len(flat)] = [vectors[p.document, p.text][0] for p in flat]
        done += len(flat)
        embedding += time.perf_counter() - began
        store.replace(SERVER, embedder.name, revisions)
    seconds = time.perf_counter() - start - embedding
    return wholes, {"passages": float(done), "load_s": seconds, "passages_a_second": done / seconds}


def _groups(office: MadeOffice, passages: int) -> Iterator[list[tuple[str, list[Passage]]]]:
    group = []
    for one in office.passages(passages):
        group.append(one)
        if len(group) == _TOGETHER:
            yield group
            group = []
    if group:
        yield group


def recall(store: Store, embedder: Embedder, texts: list[str], wholes: np.ndarray[Any, Any]) -> dict[str, float]:
    """Return how many of the passages nearest to a question are found, of the first ten and of all that a search uses.

    The passages have ids from 1 in the order of ``wholes``, since nothing else is in the database.
    """
    queries = embedder.embed(texts).astype(np.float16).astype(np.float32)  # as the store sends them
    parts = np.array_split(wholes, len(wholes) // 20_000 + 1)
    best = [np.partition(queries @ part.T.astype(np.float32), -CANDIDATES, axis=1)[:, -CANDIDATES:] for part in parts]
    nearest = -np.sort(-np.concatenate(best, axis=1), axis=1)
    found: dict[str, float] = {}
    for limit in (10, CANDIDATES):
        right = 0
        for query, cosines in zip(queries, nearest, strict=True):
            ids = np.array(store.nearest(SERVER, embedder.name, query, limit))
            right += int((wholes[ids - 1].astype(np.float32) @ query >= cosines[limit - 1] - 1e-5).sum())
        found[f"recall_at_{limit}"] = right / (limit * len(texts))
    return found


def main() -> None:
    """Measure one of the three and print it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["sqlite", "postgres", "refresh"])
    parser.add_argument("--documents", type=int, help="default: 50,000; 1,000 for refresh")
    parser.add_argument("--passages", type=int, default=1_000_000)
    parser.add_argument("--questions", type=int, default=300)
    parser.add_argument("--model", type=Path, help="folder of a sentence-transformers model")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="parley-scale-"))
    try:
        if chosen.what == "sqlite":
            result = sqlite(folder, chosen.documents or 50_000, chosen.questions)
        elif chosen.model is None:
            parser.error(f"{chosen.what} needs --model FOLDER.")
        elif chosen.what == "refresh":
            result = refresh(folder, chosen.model, chosen.documents or 1000)
        else:
            result = postgres(chosen.model, chosen.passages, chosen.questions)
    finally:
        shutil.rmtree(folder)
    print(json.dumps({name: round(value, 3) for name, value in result.items()}, indent=1))


if __name__ == "__main__":
    main()
