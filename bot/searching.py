"""Searches from the terminal."""

import json
from pathlib import Path
from typing import Any

from bot import wiring
from bot.answers import Question
from bot.batch import read_batch
from bot.settings import Settings
from knowledge.retrieval import Retrieved, search
from knowledge.store import BadServer, UnknownServer


def as_json(question: Question, found: Retrieved) -> dict[str, Any]:
    """Return a search as the command line prints it."""
    return {
        "id": question.id,
        "query": found.query,
        "answerable": round(found.answerable, 4),
        "passages": [
            {
                "document": hit.passage.document,
                "section": hit.passage.section,
                "entry": hit.passage.entry,
                "passage": hit.passage.text,
                "score": round(hit.score, 4),
            }
            for hit in found.hits
        ],
    }


def search_one(settings: Settings, text: str, server: str, limit: int, *, plain: bool) -> None:
    """Search once and print what was found, as JSON where it is to be ``plain``."""
    store = wiring.open_store(settings)
    store.documents(server)
    found = search(store, wiring.open_embedder(settings), server, text, limit)
    if plain:
        print(json.dumps(as_json(Question(text, server, ""), found), ensure_ascii=False))  # noqa: T201 -- the command's output
        return
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False)
    console.print(f"answerable: {found.answerable:.2f}")
    for n, hit in enumerate(found.hits, 1):
        place = " ".join(filter(None, (hit.passage.document, hit.passage.section, hit.passage.entry)))
        console.print(f"\n[bold]{n}[/] {hit.score:.3f} [dim]{escape(place)}[/]\n{escape(hit.passage.text)}")


def search_batch(settings: Settings, file: Path, limit: int) -> int:
    """Search for a file of JSON lines, one line of output each, in the same order; return the exit status."""
    questions = list(read_batch(file))
    store, embedder = wiring.open_store(settings), wiring.open_embedder(settings)
    status = 0
    for question in questions:
        try:
            line = as_json(question, search(store, embedder, question.server, question.text, limit))
        except (BadServer, UnknownServer) as error:
            status, line = 1, {"id": question.id, "server": question.server, "error": str(error)}
        print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201 -- the command's output
    return status
