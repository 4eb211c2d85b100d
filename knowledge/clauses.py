"""Text cut into sentences and clauses, by punctuation alone."""

import re
from collections.abc import Iterator

_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")
_CLAUSE_END = re.compile(
    r"(?<=[.!?])\s+|\n+|\s*[;|\u2022\u2014]\s*"
    r"|,\s+(?!\d|up\ to)"
    r"|\s+(?:and|but|whereas)\s+(?!\d)|(?<=[^\W\d_]{3})\s+and\s+(?=[$\u20ac\u00a3\d])|\s+[-\u2013]\s+",
    re.VERBOSE,
)


def sentences(text: str) -> Iterator[tuple[int, str]]:
    """Yield (where it starts, the sentence)."""
    return _cut(text, _SENTENCE_END)


def clauses(text: str) -> Iterator[tuple[int, str]]:
    """Yield (where it starts, the clause); a table's cell and an item of a list are clauses too."""
    return _cut(text, _CLAUSE_END)


def sentence_at(text: str, place: int) -> str:
    """Return the sentence around a place in the text."""
    return next((found for start, found in sentences(text) if start <= place <= start + len(found)), text)


def _cut(text: str, end: re.Pattern[str]) -> Iterator[tuple[int, str]]:
    start = 0
    for match in end.finditer(text):
        if match.start() > start:
            yield start, text[start : match.start()]
        start = match.end()
    if start < len(text):
        yield start, text[start:]
