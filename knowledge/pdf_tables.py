"""Tables in PDF files: those with rules, as pdf_oxide finds them, and those that only stand in columns."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from knowledge.pdf_lines import Line, Piece, lines_of

_FEWEST_ROWS = 3  # without rules, two lines may stand in columns by chance
_LONGEST_CELL = 4.0  # words, on average; longer ones are columns of a text
_LONGEST_OF_MANY = 6.0  # where there are three columns and more
_MOSTLY = 0.6
_NEAR = 2.5  # sizes of letters between the names of columns and the first row
_FAR = 4  # sizes of letters that a cell set to the right may begin later


@dataclass(frozen=True)
class Table:
    """``top`` in points from the foot of the page; the rows in Markdown."""

    top: float
    text: str


def split_tables(found: Sequence[dict[str, Any]], pieces: list[Piece]) -> tuple[list[Table], list[Piece]]:
    """Return a page's tables, and the pieces of text outside them in their order."""
    tables = []
    for table in found:
        rows = [[cell["text"] for cell in row["cells"]] for row in table["rows"]]
        if _is_table(rows):
            x, y, width, height = table["bbox"]
            tables.append(Table(y + height, _markdown(rows)))
            pieces = [piece for piece in pieces if not _inside(piece, x, y, width, height)]
    by_height = sorted(pieces, key=lambda piece: (-round(piece.y), piece.x))
    lines = lines_of(by_height)
    taken: set[int] = set()
    number = 0
    while number < len(lines):
        rows = _rows(lines[number:])
        if rows:
            above = _names(lines[number - 1], lines[number]) if number else []
            first = number - bool(above)
            last = number + len(rows)
            tables.append(Table(lines[first].y + lines[first].size, _markdown([*above, *rows])))
            taken |= {id(piece) for line in lines[first:last] for piece in line.pieces}
        number += len(rows) or 1
    return tables, [piece for piece in pieces if id(piece) not in taken]


def _is_table(rows: list[list[str]]) -> bool:
    """Say whether what was found has at least two columns that are mostly filled; a page within a frame has not."""
    filled = sum(sum(bool(cell.strip()) for cell in row) >= 2 for row in rows)  # noqa: PLR2004 -- a row has two cells
    return len(rows) > 1 and filled >= _MOSTLY * len(rows)


def _inside(piece: Piece, x: float, y: float, width: float, height: float) -> bool:
    middle, center = piece.x + piece.width / 2, piece.y + piece.height / 2
    return x - 1 <= middle <= x + width + 1 and y - 1 <= center <= y + height + 1


def _rows(lines: list[Line]) -> list[list[str]]:
    """Return the rows of a table that begins with the first line, or none."""
    starts = [x for x, _ in lines[0].cells]
    if len(starts) < 2 or lines[0].is_item:  # noqa: PLR2004 -- a row has two cells
        return []
    rows: list[list[str]] = []
    for line in lines:
        cells = _cells(line, starts)
        if not cells or line.is_item:
            break
        rows.append(cells)
    words = [len(cell.split()) for row in rows for cell in row]
    longest = _LONGEST_CELL if len(starts) == 2 else _LONGEST_OF_MANY  # noqa: PLR2004 -- as above
    return rows if len(rows) >= _FEWEST_ROWS and sum(words) <= longest * len(words) else []


def _names(above: Line, row: Line) -> list[list[str]]:
    """Return the line above a row if it names each of its columns, set over their middle, else nothing."""
    starts = [x for x, _ in row.cells]
    names = [""] * len(starts)
    for piece in above.pieces:
        column = max((n for n, start in enumerate(starts) if start <= piece.x + piece.width / 2), default=0)
        names[column] = f"{names[column]} {piece.text.strip()}".strip()
    return [names] if all(names) and above.y - row.y <= _NEAR * row.size else []


def _cells(line: Line, starts: list[float]) -> list[str]:
    """Return the line's parts in columns that start there; nothing where it does not stand in them."""
    cells = [""] * len(starts)
    for piece in line.pieces:
        if not piece.text.strip():
            continue
        column = max((n for n, start in enumerate(starts) if start <= piece.x + piece.size / 2), default=-1)
        if column < 0 or (not cells[column] and piece.x > starts[column] + _FAR * piece.size):
            return []
        cells[column] = f"{cells[column]} {piece.text.strip()}".strip()
    crossed = any(
        piece.x < start - piece.size and piece.x + piece.width > start + piece.size
        for piece in line.pieces
        for start in starts
    )
    return cells if cells[0] and sum(map(bool, cells)) >= max(2, len(starts) - 1) and not crossed else []


def _markdown(rows: list[list[str]]) -> str:
    """Return the rows as Markdown, under an empty header where the first has values in it rather than names."""
    rows = [[re.sub(r"\s+", " ", cell).strip().replace("|", "\\|") for cell in row] for row in rows]
    named = not any(re.search(r"\d", cell) for cell in rows[0]) and sum(map(bool, rows[0])) > len(rows[0]) // 2
    header = rows.pop(0) if named else [""] * len(rows[0])
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ["---"] * len(header), *rows))
