"""What in a passage a question is about."""

from knowledge.claims import stems
from knowledge.clauses import sentences as cut
from knowledge.question import asked, content


def brings(note: str, question: str) -> bool:
    """Tell whether a note holds a value of the kind that a question asks for, if it asks for one."""
    wanted = asked(question).wanted
    return wanted is None or wanted.held_by(note)


def touches(note: str, question: str) -> bool:
    """Tell whether a note shares a content word with a question."""
    return bool(set(content(question)) & set(stems(note)))


def focus(note: str, question: str, sentences: int = 2) -> str:
    """Return a note's title line and the few sentences that share most content words with the question."""
    title, _, body = note.rpartition("\n") if "\n" in note else ("", "", note)
    parts = [part for _, part in cut(body)]
    if len(parts) <= sentences:
        return note
    wanted = set(content(question))
    ranked = sorted(range(len(parts)), key=lambda n: -len(wanted & set(stems(parts[n]))))[:sentences]
    kept = " ".join(parts[n] for n in sorted(ranked))
    return f"{title}\n{kept}" if title else kept
