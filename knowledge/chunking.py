"""Entries to passages: an entry stays whole unless it is too long for the embedder to read."""

import re
from collections.abc import Iterable, Iterator

from knowledge.entries import Entry
from knowledge.store import SECTION_MARK, Passage

LONGEST = 220
"""Estimated word pieces in a passage. all-MiniLM-L6-v2 reads 256 and the estimate is some 10 % low on rare words;
220 pieces are about 180 words of English."""

_PIECE = re.compile(r"[^\W\d_]{1,8}|\d{1,3}|[^\w\s]|_")
_DENSE = re.compile(r"[\u0e00-\u0eff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff]")  # scripts without spaces: a piece each
# Each splits a text into parts that a separator ends; finer ones are used only where a part is still too long.
_ENDS = (
    re.compile(r"\n\s*\n"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?。！？])\s*(?<=[\s。！？])"),  # noqa: RUF001 -- full-width marks end Chinese and Japanese sentences
    re.compile(r"\s+"),
)


def passages(document: str, entries: Iterable[Entry]) -> list[Passage]:
    """Return the document's passages in order, each with its title before its text."""
    return [
        Passage(document, SECTION_MARK.join(entry.section), entry.id, text)
        for entry in entries
        for text in _texts(entry)
    ]


def pieces(text: str) -> int:
    """Estimate how many word pieces a tokenizer makes of the text, rather too many than too few."""
    return sum(1 for _ in _PIECE.finditer(text)) + sum(1 for _ in _DENSE.finditer(text))


def _texts(entry: Entry) -> Iterator[str]:
    room = max(LONGEST - pieces(entry.title), LONGEST // 2)
    title = f"{entry.title}\n" if entry.title else ""
    if not entry.body:
        yield entry.title
    for part in _split(entry.body, room, 0):
        yield title + part


def _split(text: str, room: int, finest: int) -> list[str]:
    """Cut at the coarsest ends that make every part fit, and fill each part as far as it goes."""
    if not text.strip():
        return []
    if pieces(text) <= room:
        return [text.strip("\n").rstrip()]
    if finest == len(_ENDS):
        middle = len(text) // 2
        return [*_split(text[:middle], room, finest), *_split(text[middle:], room, finest)]
    parts: list[str] = []
    filled: list[str] = []
    length = 0
    for unit in _units(text, _ENDS[finest]):
        added = pieces(unit)  # no piece reaches over an end, so that pieces add up
        if filled and length + added > room:
            parts += _split("".join(filled), room, finest + 1)
            filled, length = [], 0
        filled.append(unit)
        length += added
    return [*parts, *_split("".join(filled), room, finest + 1)]


def _units(text: str, end: re.Pattern[str]) -> Iterator[str]:
    start = 0
    for match in end.finditer(text):
        if match.end() > start:
            yield text[start : match.end()]
            start = match.end()
    if start < len(text):
        yield text[start:]
