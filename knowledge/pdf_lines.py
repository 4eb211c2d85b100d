"""Pieces of text on a page to lines, and lines to the blocks of Markdown that they look like."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

_BULLET = re.compile(r"[•●▪■◦‣·–\uf0b7\x7f]\s*")  # noqa: RUF001 -- a dash that many lists begin with
_NUMBER = re.compile(r"\(?(?:\d{1,3}|[a-z])[.)]\s")
_MARKED = re.compile(r"(?:Q|A|Question|Answer)\s*\d*\s*[:.]\s", re.IGNORECASE)
_GAP = 1.0  # of the letters' size; what stands further apart is in another column
_LEADING = 1.5  # of the letters' size, from line to line; more is a new paragraph
_FULL = 0.85  # of the longest line's width; a shorter line ends where its writer wanted
_WRAPPED = 1.35  # of the letters' size, from line to line of one heading
_LONGEST_BOLD = 14  # words of a bold line that may be a heading


@dataclass(frozen=True)
class Piece:
    """Text of one size and weight; lengths in points, ``y`` up from the foot of the page."""

    text: str
    x: float
    y: float
    width: float
    height: float
    size: float
    bold: bool


@dataclass
class Line:
    """What stands side by side."""

    pieces: list[Piece] = field(default_factory=list)

    @property
    def y(self) -> float:
        """Height of its foot, in points."""
        return self.pieces[0].y

    @property
    def size(self) -> float:
        """Points of most of its letters, to the half."""
        longest = max(self.pieces, key=lambda piece: len(piece.text.strip()))
        return round(longest.size * 2) / 2

    @property
    def bold(self) -> bool:
        """Whether all of it is."""
        return all(piece.bold for piece in self.pieces if piece.text.strip())

    @property
    def width(self) -> float:
        """In points."""
        return self.pieces[-1].x + self.pieces[-1].width - self.pieces[0].x

    @property
    def text(self) -> str:
        """Its words, with a bullet as Markdown has it."""
        text = re.sub(r"\s+", " ", " ".join(text for _, text in self.cells)).strip()
        return _BULLET.sub("- ", text, count=1) if _BULLET.match(text) else text

    @property
    def is_item(self) -> bool:
        """Whether it begins with a bullet or a number."""
        return self.text.startswith("- ") or bool(_NUMBER.match(self.text))

    @property
    def cells(self) -> list[tuple[float, str]]:
        """Where each part begins that stands apart, and its text."""
        cells: list[tuple[float, str]] = []
        end = 0.0
        for piece in self.pieces:
            text = piece.text.replace("\n", " ")
            if not text.strip():
                continue
            gap = piece.x - end
            if cells and gap <= _GAP * piece.size:
                joint = "" if gap < 0.1 * piece.size or cells[-1][1].endswith(" ") else " "
                cells[-1] = (cells[-1][0], f"{cells[-1][1]}{joint}{text}")
            else:
                cells.append((piece.x, text))
            end = piece.x + piece.width
        return [(x, text.strip()) for x, text in cells]


@dataclass(frozen=True)
class Block:
    """A heading, a paragraph, a list or a table, in Markdown; ``top`` in points from the foot of the page."""

    top: float
    text: str


def lines_of(pieces: list[Piece]) -> list[Line]:
    """Return the lines of a page; pieces come in reading order."""
    lines: list[Line] = []
    for piece in pieces:
        last = lines[-1].pieces[-1] if lines else None
        if last and abs(last.y - piece.y) < 0.5 * piece.size and piece.x > last.x:
            lines[-1].pieces.append(piece)
        elif piece.text.strip():
            lines.append(Line([piece]))
    return [line for line in lines if line.text]


def paragraphs(lines: list[Line], levels: dict[float, int]) -> Iterator[Block]:
    """Yield the blocks of a page; ``levels`` says which sizes are headings, and of which rank."""
    number = 0
    widest = max((line.width for line in lines), default=0)
    while number < len(lines):
        line = lines[number]
        end = number + 1
        if line.size in levels and not _BULLET.match(line.pieces[0].text):
            while end < len(lines) and lines[end].size == line.size and _follows(lines[end - 1], lines[end], _WRAPPED):
                end += 1
            yield Block(line.y, f"{'#' * levels[line.size]} {' '.join(part.text for part in lines[number:end])}")
        elif _is_bold_heading(line):
            yield Block(line.y, f"**{line.text.strip('*')}**")
        else:
            while end < len(lines) and _goes_on(lines[end - 1], lines[end], levels):
                end += 1
            yield Block(line.y, _joined(lines[number:end], widest))
        number = end


def _is_bold_heading(line: Line) -> bool:
    return line.bold and len(line.text.split()) <= _LONGEST_BOLD and not line.text.endswith((".", ",", ";"))


def _goes_on(above: Line, line: Line, levels: dict[float, int]) -> bool:
    """Say whether a line belongs to the paragraph of the line before it."""
    if line.size in levels or _is_bold_heading(line):
        return False
    return _follows(above, line, 2.5 if line.is_item else _LEADING)


def _follows(above: Line, below: Line, leading: float) -> bool:
    return 0 < above.y - below.y <= leading * max(above.size, below.size)


def _joined(lines: list[Line], widest: float) -> str:
    """Join lines that were broken for want of room, and keep those that end where their writer wanted."""
    text = lines[0].text
    for above, line in pairwise(lines):
        own = line.is_item or _MARKED.match(line.text)
        if own or above.width < _FULL * min(widest, max(part.width for part in lines)):
            text = f"{text}\n{line.text}"
        elif re.search(r"[a-z]-$", text) and line.text[:1].islower():
            text = text[:-1] + line.text
        else:
            text = f"{text} {line.text}"
    return text
