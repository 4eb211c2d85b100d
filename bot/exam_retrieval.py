"""Notes for exam rows as members' questions get them: searched for among all notes of the same subject."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

from knowledge.embedding import Embedder
from knowledge.retrieval import search
from knowledge.sqlite_store import SqliteStore
from knowledge.store import Document, Passage, Revision
from personas.rows import Example

_NOTES = "notes"


def find_notes(rows: Sequence[Example], pool: Sequence[Example], embedder: Embedder) -> list[tuple[str, ...]]:
    """Return the best passage for each row, as the one note that an answer is drafted from.

    ``pool``: the rows whose notes are indexed, a server for each domain, in a folder that is gone afterwards.
    """
    servers = {domain: f"exam-{n}" for n, domain in enumerate(dict.fromkeys(row.domain for row in pool))}
    with tempfile.TemporaryDirectory(prefix="parley-exam-") as folder:
        store = SqliteStore(Path(folder))
        try:
            for domain, server in servers.items():
                notes = dict.fromkeys(note for row in pool if row.domain == domain for note in row.notes)
                passages = [Passage(_NOTES, "", str(n), note) for n, note in enumerate(notes)]
                vectors = [embedder.embed(passage.views) for passage in passages]
                revision = Revision(Document(_NOTES, server), "\n".join(notes).encode(), passages, vectors)
                store.replace(server, embedder.name, [revision])
            found = [search(store, embedder, servers[row.domain], row.question, 1) for row in rows]
        finally:
            store.close()
    return [tuple(hit.passage.searchable for hit in one.hits) for one in found]
