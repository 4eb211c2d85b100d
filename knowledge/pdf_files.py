"""PDF files as Markdown: headings by the size of their letters, tables, lists and paragraphs by where they stand.

pdf_oxide finds the pieces of text, in the order in which columns are read, and ruled tables. It is under a permissive
licence, reads twenty times as fast as pdfplumber and, unlike pypdf, knows each piece's size, weight and colour.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pdf_oxide import PdfDocument, disable_logging

from knowledge.entries import Entry, printable, refuse
from knowledge.pdf_lines import Line, Piece, lines_of, paragraphs
from knowledge.pdf_tables import Table, split_tables
from knowledge.prose import read_markdown

_MOST_PAGES = 2_000
_TINY = 2.0  # points
_WHITE = 0.97
_LARGER = 1.12  # times the size of most letters; a heading's
_REPEATED = 0.6  # of the pages; a line that stands at the same height on so many is a running header or footer
_MARGIN = 0.12  # of the page's height, at its head and its foot
_FEWEST_PAGES = 3  # on which something can be seen to repeat
_LEFTWARD = re.compile(r"[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")  # Hebrew, Arabic and their neighbours
_LEFTWARD_SHARE = 0.02

disable_logging()


@dataclass(frozen=True)
class Page:
    """What stands on a page, heights in points from its foot."""

    lines: list[Line]
    """In reading order, without those of its tables."""
    tables: list[Table]
    foot: float
    """Below it running footers stand,"""
    head: float
    """and above it running headers."""


def read_pdf(name: str, content: bytes) -> list[Entry]:
    """Return the entries of a PDF file. Raises UnreadableDocument."""
    if b"%PDF-" not in content[:4096]:
        refuse(name, "is not a PDF file", "export it again as PDF")
    try:
        document = PdfDocument.from_bytes(content)
        pages = document.page_count()
        if pages > _MOST_PAGES:
            refuse(name, f"has {pages:,} pages, and at most {_MOST_PAGES:,} are read", "split it")
        found = [_page(document, page) for page in range(pages)]
    except (OSError, RuntimeError, ValueError) as error:
        refuse(name, f"is a damaged PDF file ({printable(str(error))})", "export it again as PDF")
    if not any(page.lines or page.tables for page in found):
        if document.permissions() is not None:
            refuse(name, "is protected by a password", "save it without one")
        refuse(name, "holds no text, only pictures", "scan it with text recognition (OCR), or write its text down")
    text = _markdown(found)
    if len(_LEFTWARD.findall(text)) > _LEFTWARD_SHARE * len(text):
        refuse(name, "is written from right to left, which cannot be read out of PDF yet", "upload it as text or DOCX")
    return read_markdown(text)


def _page(document: Any, page: int) -> Page:  # noqa: ANN401 -- pdf_oxide's own
    pieces = [
        Piece(span.text, *span.bbox, span.font_size, span.is_bold)  # type: ignore[call-arg]  # a box has four lengths
        for span in document.extract_spans(page, reading_order="column_aware")
        if not _is_hidden(span, document, page)
    ]
    tables, outside = split_tables(document.extract_tables(page), pieces)
    _, low, _, high = document.page_media_box(page)
    margin = _MARGIN * (high - low)
    return Page(lines_of(outside), tables, low + margin, high - margin)


def _is_hidden(span: Any, document: Any, page: int) -> bool:  # noqa: ANN401 -- as above
    """Say whether nobody would see a piece: it is tiny, or white with nothing dark behind it."""
    if span.font_size <= _TINY:
        return True
    if min(span.color) < _WHITE:
        return False
    x, y, width, height = span.bbox
    for rectangle in document.extract_rects(page):
        left, low, wide, high = rectangle["bbox"]
        fill = rectangle.get("fill_color")
        covers = left <= x + width / 2 <= left + wide and low <= y + height / 2 <= low + high
        if covers and fill and min(fill) < _WHITE:
            return False
    return True


def _markdown(pages: list[Page]) -> str:
    sizes: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            sizes[line.size] += len(line.text)
    body = max(sizes, key=lambda size: sizes[size], default=0.0)
    larger = sorted((size for size in sizes if size > body * _LARGER), reverse=True)
    levels = {size: min(level, 5) for level, size in enumerate(larger, 1)}
    return "\n\n".join(_blocks(pages, levels))


def _blocks(pages: list[Page], levels: dict[float, int]) -> Iterator[str]:
    running = _running(pages)
    for page in pages:
        left = sorted(page.tables, key=lambda table: -table.top)
        lines = [line for line in page.lines if not (_is_marginal(line, page) and _place(line) in running)]
        for block in paragraphs(lines, levels):
            while left and block.top < left[0].top:
                yield left.pop(0).text
            yield block.text
        yield from (table.text for table in left)


def _running(pages: list[Page]) -> set[tuple[int, str]]:
    """Return the place and words of running headers and footers; numbers in them count as one word."""
    if len(pages) < _FEWEST_PAGES:
        return set()
    marginal = [{_place(line) for line in page.lines if _is_marginal(line, page)} for page in pages]
    counts = Counter(place for places in marginal for place in places)
    return {place for place, count in counts.items() if count >= max(_FEWEST_PAGES, _REPEATED * len(pages))}


def _is_marginal(line: Line, page: Page) -> bool:
    return not page.foot < line.y < page.head


def _place(line: Line) -> tuple[int, str]:
    return round(line.y), re.sub(r"\d+", "0", line.text)
