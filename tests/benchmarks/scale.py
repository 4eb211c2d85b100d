"""How the stores bear size: 50,000 documents in SQLite, a million passages in PostgreSQL, one changed file.

    python tests/benchmarks/scale.py sqlite [--documents 50000]
    python tests/benchmarks/scale.py postgres [--passages 1000000]
    python tests/benchmarks/scale.py refresh --model FOLDER

The documents are made up and the embedder of the first two is too (made_office.py), so that the stores' own time is
seen; what a real model takes for a question comes on top. The third uses a real model.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from made_office import ClusteredEmbedder, MadeOffice

from knowledge import indexing
from knowledge.embedding import Embedder, SentenceTransformerEmbedder
from knowledge.postgres_store import PostgresStore
from knowledge.retrieval import search
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Document, Passage, Revision, Store, Vectors

SERVER = "office"
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


def ask(store: Store, embedder: Embedder, questions: Iterable[str]) -> dict[str, float]:
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
    return {
        "p50_ms": p50, "p95_ms": p95, "p50_cpu_ms": cpu50, "p95_cpu_ms": cpu95,
        "embedder_p50_ms": float(np.median(theirs)),
    }  # fmt: skip


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
        "disk_mb": size(folder / "servers"),
        "files_mb": size(files),
    }
    store.close()
    store = SqliteStore(folder / "servers")
    start = time.perf_counter()
    search(store, embedder, SERVER, office.question(-1, documents), 5)
    result["first_search_s"] = time.perf_counter() - start
    result |= ask(store, embedder, (office.question(n, documents) for n in range(questions)))
    changed = files / "memo-7.md"
    changed.write_text(office.markdown(documents + 7))
    start = time.perf_counter()
    indexing.refresh(store, embedder, SERVER)
    result["refresh_s"] = time.perf_counter() - start
    start = time.perf_counter()
    search(store, embedder, SERVER, office.question(-1, documents), 5)
    result["search_after_change_ms"] = 1000 * (time.perf_counter() - start)
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


def postgres(passages: int, questions: int) -> dict[str, float]:
    """Load passages, make the graph, search, and hold what is found against a comparison with all."""
    sys.path.append(str(Path(__file__).parents[1]))
    from postgres_server import PostgresServer

    office, embedder = MadeOffice(), ClusteredEmbedder()
    memory = {"shared_buffers": "2GB", "max_wal_size": "8GB", "maintenance_work_mem": "2GB", "jit": "off"}
    with PostgresServer(**memory) as server:
        url = server.fresh("scale")
        store = PostgresStore(url, graph_from=passages * 2)
        wholes, embedding = np.zeros((passages, 384), np.float16), 0.0
        start, done = time.perf_counter(), 0
        for group in _groups(office, passages):
            began = time.perf_counter()
            flat = [passage for _, some in group for passage in some]
            vectors = indexing.embedded(embedder, {(p.document, p.text): p.views for p in flat})
            revisions = [
                Revision(Document(name, "0" * 64), b"", some, [vectors[p.document, p.text] for p in some])
                for name, some in group
            ]
            for one in flat:
                wholes[done] = vectors[one.document, one.text][0]
                done += 1
            embedding += time.perf_counter() - began
            store.replace(SERVER, embedder.name, revisions)
        result = {"passages": float(done), "load_s": time.perf_counter() - start - embedding}
        store.close()
        store = PostgresStore(url, graph_from=1)
        start = time.perf_counter()
        assert store.index(SERVER, embedder.name)
        result["graph_s"] = time.perf_counter() - start
        result["disk_mb"] = size(server.data / "base")
        texts = [office.question(n, done // 3) for n in range(questions)]
        result["recall_at_10"] = _recall(store, embedder, texts, wholes)
        result |= ask(store, embedder, texts)
        result |= {f"again_{name}": value for name, value in ask(store, embedder, texts).items()}
        store.close()
        return result


def _groups(office: MadeOffice, passages: int) -> Iterator[list[tuple[str, list[Passage]]]]:
    group = []
    for one in office.passages(passages):
        group.append(one)
        if len(group) == _TOGETHER:
            yield group
            group = []
    if group:
        yield group


def _recall(store: Store, embedder: Embedder, texts: list[str], wholes: np.ndarray[Any, Any]) -> float:
    """Return how many of the ten passages nearest to a question are among the ten that are found.

    The passages have ids from 1 in the order of ``wholes``, since nothing else is in the database.
    """
    found = 0
    for text in texts:
        query = embedder.embed([text])[0]
        cosines = np.concatenate([part.astype(np.float32) @ query for part in np.array_split(wholes, 16)])
        tenth = np.sort(cosines)[-10]
        found += sum(cosines[id_ - 1] >= tenth - 1e-3 for id_ in store.nearest(SERVER, embedder.name, query, 10))
    return found / (10 * len(texts))


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
        elif chosen.what == "refresh":
            result = refresh(folder, chosen.model, chosen.documents or 1000)
        else:
            result = postgres(chosen.passages, chosen.questions)
    finally:
        shutil.rmtree(folder)
    print(json.dumps({name: round(value, 3) for name, value in result.items()}, indent=1))


if __name__ == "__main__":
    main()
