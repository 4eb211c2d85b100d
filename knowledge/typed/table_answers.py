"""Questions on tables of items: which, how many, the cheapest, the price of one."""

import re
from collections.abc import Sequence
from decimal import Decimal

from knowledge.claims import stem, stems
from knowledge.typed.columns import holds_phrase, price_column, word_column
from knowledge.typed.kinds import Cell, Computed, Disputed, Fact, Priced, Row
from knowledge.typed.money import coin_in, same_unit
from knowledge.typed.table_kinds import Kind, is_prose, kind_of, naming, price_cell
from knowledge.typed.table_questions import TableQuestion, price_question, stemmed, table_question
from knowledge.typed.tables import is_price
from knowledge.typed.wording import listing

_CHOICE = 2
"""The cheapest of fewer is no answer."""
_MOST_LISTED = 12
"""Rows that one sentence names; of more it tells the number."""


def answer_tables(question: str, facts: Sequence[Fact]) -> Computed | Disputed | None:
    """Answer a question on rows of a table; None where it is none, or the table does not certainly settle it."""
    rows = [fact for fact in facts if isinstance(fact, Row)]
    if not rows:
        return None
    priced = [fact for fact in facts if isinstance(fact, Priced)]
    if name := price_question(question):
        return _price(name, rows, priced)
    asked = table_question(question)
    kind = kind_of(asked.words, rows) if asked else None
    if asked is None or kind is None:
        return None
    if asked.ask in {"most", "least"}:
        return _extreme(asked, kind, priced)
    if any(is_prose(row) for row in kind.rows):
        return None  # sentences may call one thing by two words: a table would not
    return _selected(asked, kind, priced)


def _price(name: str, rows: Sequence[Row], priced: Sequence[Priced]) -> Computed | Disputed | None:
    wanted = stemmed(name.split())
    found = [row for row in rows if stemmed(re.sub(r"^the ", "", row.name.lower()).split()) == wanted]
    if not found and len(wanted) > 1:
        own = [row for row in rows if wanted[-1] in naming(row)]
        found = [row for row in own if stemmed(row.name.split()) == wanted[:-1]]
    told = [(row, cell) for row in found if (cell := price_cell(row))]
    if not told or len(told) < len(found):
        return None
    if len({(cell.amount, cell.unit) for _, cell in told}) > 1:
        return Disputed(tuple(dict.fromkeys(row.passage for row, _ in told)))
    row, cell = told[0]
    if any(set(wanted) <= set(stems(other.name)) and other.price.amount != cell.amount for other in priced):
        return None
    return Computed(
        f"The price of {row.name} is {_shown(cell)}.", tuple(dict.fromkeys(r.passage for r, _ in told)), (_shown(cell),)
    )


def _extreme(asked: TableQuestion, kind: Kind, priced: Sequence[Priced]) -> Computed | None:
    column, left = (price_column(kind.rows), kind.left) if asked.price else word_column(kind.rows, kind.left)
    cells = [(row, _cell(row, column)) for row in kind.rows] if column else []
    told = [(row, cell) for row, cell in cells if cell and cell.amount is not None]
    unpriced = sum(cell is None and is_prose(row) for row, cell in cells)
    left = tuple(word for word in left if word not in stems(column or ""))
    if (
        column is None
        or left
        or len(told) + unpriced < len(kind.rows)
        or len(told) + unpriced < _CHOICE
        or not told
        or not _one_unit(told)
    ):
        return None
    best = (max if asked.ask == "most" else min)(cell.amount for _, cell in told if cell.amount is not None)
    best_rows = [(row, cell) for row, cell in told if cell.amount == best]
    if len(best_rows) > 3 or (is_price(column) and _beaten(asked.ask, best, kind, priced)):  # noqa: PLR2004 -- a sentence
        return None
    names, shown = listing([row.name for row, _ in best_rows]), _shown(best_rows[0][1])
    passages = tuple(dict.fromkeys(row.passage for row, _ in best_rows))
    if is_price(column) and not re.search(r"fee|charge", column, re.IGNORECASE):
        word = "most expensive" if asked.ask == "most" else "cheapest"
        are = "is" if len(best_rows) == 1 else "are"
        text = (
            f"The {word} of the {kind.plural} {'with a price ' if unpriced else ''}on our list {are} "
            f"{names}, {f'at {shown}' if best else 'which costs nothing' if are == 'is' else 'which cost nothing'}."
        )
    else:
        counted = column.endswith("s") and best_rows[0][1].unit == ""
        word = ("most" if counted else "highest") if asked.ask == "most" else "fewest" if counted else "lowest"
        have = "has" if len(best_rows) == 1 else "have"
        text = f"Of the {kind.plural} on our list, {names} {have} the {word} {_lower(column)}: {shown}."
    return Computed(text, passages, (*(row.name for row, _ in best_rows), shown))


def _selected(asked: TableQuestion, kind: Kind, priced: Sequence[Priced]) -> Computed | None:
    rows, left, column = kind.rows, kind.left, None
    if asked.bounds:
        column, left = (price_column(rows), left) if asked.price else word_column(rows, left)
        column = column or (_only_price(asked, rows) if not left else None)
        cells = [(row, _cell(row, column)) for row in rows] if column else []
        told = [(row, cell) for row, cell in cells if cell and cell.amount is not None]
        fits = all(same_unit(bound.unit, cell.unit) for bound in asked.bounds for _, cell in told)
        if column is None or len(told) < len(rows) or not _one_unit(told) or not fits:
            return None
        if is_price(column) and _adds(asked, kind, priced):
            return None
        rows = tuple(
            row for row, cell in told if cell.amount is not None and all(b.holds(cell.amount) for b in asked.bounds)
        )
    phrase = ""
    if left:
        held = holds_phrase(kind.rows, left)
        if held is None:
            return None
        rows, phrase = tuple(row for row in rows if row in held.rows), held.shown
    if not asked.bounds and not left and asked.ask == "list":
        return None
    return _told(asked, kind, rows, column, phrase)


def _only_price(asked: TableQuestion, rows: Sequence[Row]) -> str | None:
    """Return the column of prices if a limit can be on nothing else: by its unit, or for lack of other numbers."""
    column = price_column(rows)
    numbers = {cell.column for row in rows for cell in row.cells if cell.amount is not None}
    units = {cell.unit for row in rows for cell in row.cells if cell.column == column}
    return column if numbers == {column} or {bound.unit for bound in asked.bounds} <= units - {""} else None


def _told(asked: TableQuestion, kind: Kind, rows: Sequence[Row], column: str | None, phrase: str) -> Computed | None:
    """Word the rows that were found."""
    limit = _limit(asked, kind.rows, column) if column else ""
    which = "".join(f" {part}" for part in (limit, phrase) if part)
    if not rows:
        return (
            Computed(
                f"None of the {kind.plural} on our list is{which}.",
                tuple(dict.fromkeys(r.passage for r in kind.rows)),
                ("none",),
            )
            if limit and not phrase
            else None
        )
    passages = tuple(dict.fromkeys(row.passage for row in rows))
    ordered = sorted(rows, key=lambda row: _amount(row, column)) if column else list(rows)
    named = [f"{row.name} ({_shown(cell)})" if column and (cell := _cell(row, column)) else row.name for row in ordered]
    count = str(len(rows))
    if len(rows) > _MOST_LISTED:
        return Computed(f"There are {count} {kind.plural} on our list{which}.", passages, (count,))
    if asked.ask == "count":
        there = "There is 1 of the" if len(rows) == 1 else f"There are {count}"
        return Computed(
            f"{there} {kind.plural} on our list{which}: {listing(named)}.",
            passages,
            (count, *(row.name for row in ordered)),
        )
    the = f"The only one of the {kind.plural}" if len(rows) == 1 else f"The {kind.plural}"
    be = "is" if len(rows) == 1 else "are"
    return Computed(f"{the} on our list{which} {be} {listing(named)}.", passages, tuple(row.name for row in ordered))


def _limit(asked: TableQuestion, rows: Sequence[Row], column: str) -> str:
    """Word the limits: "under 50 gold", "at alchemy level 20 or more"."""
    cells = [cell for row in rows if (cell := _cell(row, column))]
    like = next((cell for cell in cells if cell.unit), cells[0])
    shown, *upper = [
        _with_unit(f"{bound.amount:,}", like) if like.unit else f"{bound.amount:,}" for bound in asked.bounds
    ]
    if upper:
        amounts = f"from {shown} to {upper[0]}"
    else:
        bound = asked.bounds[0]
        amounts = {
            "lt": f"under {shown}",
            "gt": f"over {shown}",
            "le": f"at {shown} or less",
            "ge": f"at {shown} or more",
        }[bound.how]
    return amounts if is_price(column) else f"with {_lower(column)} {amounts.removeprefix('at ')}"


def _beaten(ask: str, best: Decimal, kind: Kind, priced: Sequence[Priced]) -> bool:
    """Tell whether a price outside the table would change which is the first."""
    return any(p.price.amount > best if ask == "most" else p.price.amount < best for p in _like(kind, priced))


def _adds(asked: TableQuestion, kind: Kind, priced: Sequence[Priced]) -> bool:
    """Tell whether a price outside the table would add to the rows within the limits."""
    return any(all(b.holds(p.price.amount) for b in asked.bounds) for p in _like(kind, priced))


def _like(kind: Kind, priced: Sequence[Priced]) -> list[Priced]:
    """Return the prices outside the table of what is called like its rows."""
    return [p for p in priced if stem(kind.plural) in stems(p.name)]


def _one_unit(told: Sequence[tuple[Row, Cell]]) -> bool:
    return len({cell.unit for _, cell in told if cell.unit}) <= 1


def _cell(row: Row, column: str | None) -> Cell | None:
    return next((cell for cell in row.cells if cell.column == column), None)


def _amount(row: Row, column: str) -> Decimal:
    cell = _cell(row, column)
    return cell.amount if cell and cell.amount is not None else Decimal(0)


def _shown(cell: Cell) -> str:
    """Return a cell's value as written, with the unit that its column gives."""
    if not re.fullmatch(r"[\d.,]+", cell.text) or not cell.unit:
        return cell.text
    return _with_unit(cell.text, cell)


def _with_unit(number: str, cell: Cell) -> str:
    if cell.unit in {"$", "€", "£"}:
        return f"{cell.unit}{number}"
    written = re.sub(r"^[\d.,]+\s*", "", cell.text) or coin_in(cell.column) or cell.unit
    return f"{number} {written}"


def _lower(column: str) -> str:
    return column[:1].lower() + column[1:]
