"""What the benchmarks of answers share: the rows of their question files, the chain that is asked, and the judging.

A row is {"id", "server", "persona", "text", "kind", "expect", "forbid", "entry"}. ``kind`` is answerable, no (the true
answer is no) or unanswerable. Each group of ``expect`` has to stand in the reply with one of its alternatives, which
"|" divides. ``forbid`` holds values that are wrong here. ``entry`` names the passages that answer.
"""

import asyncio
import contextlib
import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot import models, settings
from bot.answers import Answer, Question
from bot.settings import Settings
from bot.wiring import parts
from knowledge import indexing
from knowledge.embedding import Embedder
from knowledge.store import Store

QUESTIONS = Path(__file__).parent / "questions"
SENT = frozenset({"answered", "quoted"})
_WHOLE = 3
"""Letters up to which a value is a whole word only: "no" does not stand in "now", "poison" does in "poisonous"."""


def read(file: Path) -> list[dict]:
    """Return the rows of a question file."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def stands(value: str, reply: str) -> bool:
    """Tell whether a value stands in a reply; a number that goes on is another one, and "n't" ends a word.

    The ``n`` of a line break that JSON writes as two characters begins no word.
    """
    value = value.strip().lower()
    begin = "" if re.match(r"n['’]t", value) else r"(?:(?<!\w)|(?<=\\n))"  # noqa: RUF001 -- as word processors write it
    short = len(value) <= _WHOLE and value.isalpha()
    end = r"(?!\w)" if short else r"(?!\d|,\d{3})" if value[-1].isdigit() else ""
    return re.search(rf"{begin}{re.escape(value)}{end}", reply.lower()) is not None


def right(row: dict, answer: Answer) -> bool:
    """Judge a reply by the expected values of its question."""
    if row["kind"] == "unanswerable":
        return answer.verdict == "unsure"
    return answer.verdict in SENT and all(
        any(stands(value, answer.reply) for value in group.split("|")) for group in row["expect"]
    )


def wrong_fact(row: dict, answer: Answer) -> str:
    """Return why a reply counts as a wrong fact that was sent; empty where it does not.

    Only what the voice says itself is judged: a passage that is quoted as it stands says what the document says, and
    may be beside the point but not wrong. A forbidden value is wrong, and so are, to be on the safe side, an answer
    without the expected value and any answer to what the documents do not answer.
    """
    said = _said(answer)
    if answer.verdict not in SENT or not said:
        return ""
    forbidden = [value for value in row["forbid"] if stands(value, said)]
    if forbidden:
        return f"states {forbidden[0].strip()!r}"
    if answer.verdict == "quoted" or right(row, answer):
        return ""
    return "answers what the documents do not" if row["kind"] == "unanswerable" else "lacks the expected value"


def _said(answer: Answer) -> str:
    """Return the lines that are no quotation; a form has no marks for one, so nothing of a quoted reply is left."""
    lines = answer.reply.splitlines()
    own = [line for line in lines if not line.startswith("> ")]
    return "" if answer.verdict == "quoted" and len(own) == len(lines) else "\n".join(own)


@contextlib.contextmanager
def at_home(kept: Path | None) -> Iterator[Settings]:
    """Give settings that write into the folder ``kept``, or into one that is gone afterwards."""
    chosen = settings.load()
    models.check(chosen)
    with tempfile.TemporaryDirectory() as gone:
        yield chosen.model_copy(update={"home": kept or Path(gone), "models": chosen.models_folder})


def index(store: Store, embedder: Embedder, sources: Mapping[str, Sequence[Path]]) -> set[str]:
    """Take in the files of each server, say which were refused, and return the servers that know anything."""
    known = set()
    for server, paths in sorted(sources.items()):
        report = indexing.add(store, embedder, server, paths)
        for change in report.refused:
            print(f"{server}: {change.name} is left out: {change.reason}")
        if len(report.refused) < len(report.changes):
            known.add(server)
        else:
            print(f"{server} is left out: none of its files could be read.")
    return known


async def ask_all(
    chosen: Settings, rows: Sequence[dict], sources: Mapping[str, Sequence[Path]], at_once: int
) -> list[tuple[dict, Answer]]:
    """Return each row with its answer; the rows of a server that knows nothing go."""
    async with parts(chosen) as ready:
        known = index(ready.store, ready.embedder, sources)
        slots = asyncio.Semaphore(at_once)

        async def one(row: dict) -> tuple[dict, Answer]:
            async with slots:
                question = Question(row["text"], row["server"], row["persona"], id=row["id"])
                return row, await ready.answerer.answer(question)

        return await asyncio.gather(*(one(row) for row in rows if row["server"] in known))
