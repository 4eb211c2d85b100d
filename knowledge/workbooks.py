"""Excel workbooks (XLSX): one entry a row, its values as Excel shows them.

openpyxl reads them: besides values it knows number formats, merged cells and what is hidden.
"""

import datetime as dt
import io
import re
import sys
from collections.abc import Iterator

sys.modules.setdefault("numpy", None)  # type: ignore[arg-type]  # openpyxl takes it where it can, and with it much memory

from openpyxl import load_workbook  # noqa: E402 -- as above
from openpyxl.cell import Cell, MergedCell  # noqa: E402 -- as above
from openpyxl.worksheet.worksheet import Worksheet  # noqa: E402 -- as above

from knowledge.entries import Entry, printable, refuse  # noqa: E402 -- as above
from knowledge.office_package import parts  # noqa: E402 -- as above
from knowledge.records import row_entry  # noqa: E402 -- as above

_MOST_ROWS = 50_000
_MOST_CELLS = 1_000_000
_DEFAULT_NAME = re.compile(r"(?:Sheet|Tabelle|Feuil|Hoja|Foglio|Blad|Planilha|Лист|シート)\s*\d*")
_FORMULA_ALONE = re.compile(rb"</f>\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>|<f[^>]*/>\s*</c>")


def read_xlsx(name: str, content: bytes) -> list[Entry]:
    """Return the entries of all visible sheets. Raises UnreadableDocument."""
    found = parts(name, content, "xl/workbook.xml")
    for path, part in found.items():
        if path.startswith("xl/worksheets/") and _FORMULA_ALONE.search(part):
            refuse(name, "holds formulas without their results", "open it in a spreadsheet program and save it again")
    book = load_workbook(io.BytesIO(content), data_only=True, keep_links=False)
    sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    return [entry for sheet in sheets for entry in _sheet(name, sheet, only=len(sheets) == 1)]


def _sheet(name: str, sheet: Worksheet, *, only: bool) -> Iterator[Entry]:
    """Yield the entries below a header; lone cells above it are the table's title, and those within it headings."""
    if sheet.max_row > _MOST_ROWS * 20 or sheet.max_row * sheet.max_column > _MOST_CELLS:
        fault = f"has {sheet.max_row:,} rows and {sheet.max_column:,} columns in {printable(str(sheet.title))!r}"
        refuse(name, fault, "remove what is empty, or split it")
    titled = not (only and _DEFAULT_NAME.fullmatch(sheet.title))
    above: tuple[str, ...] = (sheet.title,) if titled else ()
    header: list[str] = []
    group: tuple[str, ...] = ()
    hidden = _hidden_columns(sheet)
    for row in sheet.iter_rows():
        if _is_hidden(sheet, row[0].row or 0):
            continue
        cells = [_shown(cell) for cell in row if cell.column not in hidden]
        filled = [text for text in cells if text]
        if not filled:
            group = ()
        elif not header and len(filled) == 1 and len(cells) > 1:
            above = (*above, filled[0])
        elif not header:
            header = cells
        elif len(filled) == 1 and cells[0] and len([text for text in header if text]) > 2:  # noqa: PLR2004 -- of 3 columns
            group = (filled[0],)
        else:
            yield row_entry((*above, *group), list(zip(header, cells, strict=True)))
    if header and not any(above) and not sheet.max_row:
        refuse(name, "holds no rows", "upload a workbook with an entry in each row")


def _hidden_columns(sheet: Worksheet) -> set[int]:
    hidden = set()
    for dimension in sheet.column_dimensions.values():
        if dimension.hidden and dimension.min and dimension.max:
            hidden |= set(range(dimension.min, min(dimension.max, sheet.max_column) + 1))
    return hidden


def _is_hidden(sheet: Worksheet, row: int) -> bool:
    """Say whether a row is hidden by hand; a filter hides rows only for a while."""
    return bool(sheet.row_dimensions[row].hidden) and not sheet.auto_filter.ref


def _shown(cell: Cell | MergedCell) -> str:  # noqa: PLR0911 -- a line for each kind of value
    value = cell.value
    if value is None or isinstance(cell, MergedCell):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        return value.date().isoformat()
    if isinstance(value, dt.datetime):
        return value.isoformat(" ", "minutes")
    if isinstance(value, dt.time):
        return value.isoformat("minutes")
    if isinstance(value, int | float):
        return _number(value, cell.number_format)
    return str(value).strip()


def _number(value: float, form: str) -> str:
    """Return a number by its format: decimals, thousands, percent and what stands around it (ECMA-376, 18.8.31)."""
    positive = re.sub(r"\[(?!\$)[^\]]*\]|[_*].", "", form.split(";", 1)[0])
    positive = re.sub(r"\[\$([^\]-]*)[^\]]*\]", r"\1", positive)
    digits = re.search(r"[#0?][#0?,]*(?:\.([#0?]+))?", positive)
    if not digits or "E" in positive or "/" in positive:
        return f"{value:g}" if abs(value) < 1e15 else str(value)  # noqa: PLR2004 -- Excel keeps 15 digits
    percent = "%" in positive
    decimals = len(digits[1] or "")
    grouping = "," if "," in digits[0] else ""
    shown = f"{value * 100 if percent else value:{grouping}.{decimals}f}"
    before, after = (
        re.sub(r'["\\]', "", positive[slice(*part)]) for part in ((0, digits.start()), (digits.end(), None))
    )
    sign, shown = ("-", shown[1:]) if shown.startswith("-") else ("", shown)
    return f"{sign}{before}{shown}{after}".strip()
