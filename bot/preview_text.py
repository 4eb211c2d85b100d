"""What an addition would change and contradict, in words for the terminal and as JSON."""

from collections.abc import Iterator
from typing import Any

from knowledge.indexing import Report
from knowledge.preview import DocumentPreview, Likeness, Preview
from knowledge.replay import ChangedAnswer
from knowledge.store import Passage

MOST_SHOWN = 5
"""Passages of a document, or findings of a kind, before the rest is only counted."""
_LONGEST = 100  # characters of a passage or a clause


def lines(shown: Preview, *, changes: bool = True) -> Iterator[str]:
    """Yield a line for each passage that would change, if ``changes``, and one for each finding."""
    if changes:
        for document in shown.documents:
            yield from _document(document)
    yield from _some([_contradiction(one) for one in shown.conflicts], "more contradictions")
    yield from _some([_repetition(one) for one in shown.duplicates], "more that is said twice")


def answers(changed: tuple[ChangedAnswer, ...]) -> Iterator[str]:
    """Yield a line for each saved question whose answer is another one now."""
    for one in changed:
        was, now = (_cut(found.passage) or "nothing" for found in (one.before, one.after))
        yield f"? {one.question}: was {was}; is {now}"


def as_json(shown: Preview, *, added: bool) -> dict[str, Any]:
    """Return a preview for programs; ``added``: whether it has been written."""
    return {
        "documents": [_document_json(document) for document in shown.documents],
        "conflicts": [_likeness_json(one) for one in shown.conflicts],
        "duplicates": [_likeness_json(one) for one in shown.duplicates],
        "compared": shown.compared,
        "added": added,
    }


def report_json(report: Report) -> dict[str, Any]:
    """Return a report for programs."""
    return {
        "documents": [
            {"name": c.name, "outcome": c.outcome, "passages": c.passages, "reason": c.reason} for c in report.changes
        ],
        "answers": [
            {"question": one.question, "before": vars(one.before), "after": vars(one.after)} for one in report.answers
        ],
        "seconds": round(report.seconds, 3),
    }


def placed(passage: Passage) -> str:
    """Return where a passage stands: its document and its own heading."""
    return ", ".join(filter(None, (passage.document, passage.heading or passage.entry)))


def _document(document: DocumentPreview) -> Iterator[str]:
    parts = {"new": document.new, "changed": document.changed, "removed": document.removed}
    if not any(parts.values()):
        return
    yield f"{document.change.name}: " + ", ".join(f"{len(some)} {kind}" for kind, some in parts.items() if some)
    yield from _some([f"  + {_cut(passage.text)}" for passage in document.new], "more new", "  ")
    pairs = [f"  ~ {_cut(old.body)} -> {_cut(new.body)}" for old, new in document.changed]
    yield from _some(pairs, "more changed", "  ")
    yield from _some([f"  - {_cut(passage.text)}" for passage in document.removed], "more removed", "  ")


def _contradiction(one: Likeness) -> str:
    said = one.conflict
    ours, theirs = (_cut(said.one), _cut(said.other)) if said else ("", "")
    return f'! {placed(one.passage)}: "{ours}" contradicts {_dated(one)}: "{theirs}"'


def _repetition(one: Likeness) -> str:
    return f"= {placed(one.passage)} says what {_dated(one)} says"


def _dated(one: Likeness) -> str:
    return f"{placed(one.other)} ({one.taken[:10] or 'added now too'})"


def _some(found: list[str], rest: str, indent: str = "") -> Iterator[str]:
    yield from found[:MOST_SHOWN]
    if len(found) > MOST_SHOWN:
        yield f"{indent}... and {len(found) - MOST_SHOWN} {rest}"


def _cut(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1].rstrip() + "…"


def _document_json(document: DocumentPreview) -> dict[str, Any]:
    change = document.change
    return {
        "name": change.name,
        "outcome": change.outcome,
        "passages": change.passages,
        "reason": change.reason,
        "new": [_passage_json(passage) for passage in document.new],
        "changed": [_passage_json(new) | {"before": old.text} for old, new in document.changed],
        "removed": [_passage_json(passage) for passage in document.removed],
    }


def _passage_json(passage: Passage) -> dict[str, Any]:
    return {"section": passage.section, "entry": passage.entry, "passage": passage.text}


def _likeness_json(one: Likeness) -> dict[str, Any]:
    sides: dict[str, Any] = {
        "passage": {"document": one.passage.document} | _passage_json(one.passage),
        "other": {"document": one.other.document, "taken": one.taken or None} | _passage_json(one.other),
    }
    if one.conflict is None:
        return sides
    return {"kind": one.conflict.kind, "says": one.conflict.one, "other_says": one.conflict.other} | sides
