"""What an upload would change and contradict, as its owner reads it on Discord."""

from collections.abc import Iterator, Sequence

from bot.discord_text import plain, summary
from bot.preview_text import placed
from knowledge.indexing import Report
from knowledge.preview import DocumentPreview, Likeness, Preview
from knowledge.replay import ChangedAnswer

_LONGEST_PASSAGE = 160  # characters
_LONGEST_CLAUSE = 120
_MOST_DOCUMENTS = 10
_MOST_PASSAGES = 3
_MOST_FINDINGS = 4


def offered(shown: Preview) -> str:
    """Return what would be added, and what to think about before it is."""
    altered = [one for one in shown.documents if one.change.outcome not in {"unchanged", "refused"}]
    lines = [line for one in altered[:_MOST_DOCUMENTS] for line in _document(one, alone=len(altered) == 1)]
    lines += _rest(len(altered) - _MOST_DOCUMENTS, "documents")
    refused = [one.change for one in shown.documents if one.change.outcome == "refused"]
    lines += [f"**{plain(one.name)}** is refused: {plain(one.reason, 400)}" for one in refused[:_MOST_DOCUMENTS]]
    lines += _rest(len(refused) - _MOST_DOCUMENTS, "refused")
    lines += [_contradiction(one) for one in shown.conflicts[:_MOST_FINDINGS]]
    lines += _rest(len(shown.conflicts) - _MOST_FINDINGS, "contradictions")
    lines += [f"{_place(one)} says what {_dated(one)} says." for one in shown.duplicates[:_MOST_FINDINGS]]
    lines += _rest(len(shown.duplicates) - _MOST_FINDINGS, "that are there twice")
    return "\n".join([*lines, "Nothing is changed yet. Shall I add it?"])


def reported(report: Report) -> str:
    """Return what became of each file, and a line for each saved question whose answer is another one now."""
    return "\n".join(filter(None, (summary(report), _answers(report.answers))))


def _answers(changed: Sequence[ChangedAnswer]) -> str:
    told = [
        f"The answer to *{plain(one.question)}* has changed: "
        + (f"now from **{plain(one.after.document)}**." if one.after.document else "it is not answered any more.")
        for one in changed[:_MOST_FINDINGS]
    ]
    return "\n".join([*told, *_rest(len(changed) - _MOST_FINDINGS, "changed answers")])


def _document(one: DocumentPreview, *, alone: bool) -> Iterator[str]:
    counts = {"new": len(one.new), "changed": len(one.changed), "removed": len(one.removed)}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "no passage is another one"
    if one.change.outcome == "removed":
        yield f"**{plain(one.change.name)}** would be removed."
    elif one.change.outcome == "new":
        yield f"**{plain(one.change.name)}** would be new: {one.change.passages} passages to answer from."
    else:
        yield f"**{plain(one.change.name)}** would be changed: {told}, {one.change.passages} passages in all."
    coming = [*one.new, *(after for _, after in one.changed)]
    if alone:
        yield from (f"> {plain(passage.searchable, _LONGEST_PASSAGE)}" for passage in coming[:_MOST_PASSAGES])
        yield from (f"> {line}" for line in _rest(len(coming) - _MOST_PASSAGES, "passages"))


def _contradiction(one: Likeness) -> str:
    ours, theirs = (one.conflict.one, one.conflict.other) if one.conflict else ("", "")
    return (
        f"\u26a0 {_place(one)} says *{plain(ours, _LONGEST_CLAUSE)}*, but {_dated(one)} says "
        f"*{plain(theirs, _LONGEST_CLAUSE)}*."
    )


def _place(one: Likeness) -> str:
    return f"**{plain(placed(one.passage))}**"


def _dated(one: Likeness) -> str:
    return f"**{plain(placed(one.other))}** ({one.taken[:10] or 'added with it'})"


def _rest(count: int, what: str) -> list[str]:
    return [f"and {count} more {what}"] if count > 0 else []
