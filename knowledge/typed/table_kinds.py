"""Which rows a question speaks of: a table's, a category's, or those of one name."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.claims import stem, stems
from knowledge.typed.kinds import Cell, Row
from knowledge.typed.table_questions import stemmed
from knowledge.typed.tables import is_price

_ANY = frozenset(map(stem, "items item things thing stuff anything something products product".split()))


@dataclass(frozen=True)
class Kind:
    """Rows of one kind, and how a question calls them."""

    rows: tuple[Row, ...]
    plural: str
    left: tuple[str, ...]
    """Stems of the question's other words."""


def kind_of(words: Sequence[str], rows: Sequence[Row]) -> Kind | None:
    """Find the one table, or category of it, that a word of the question names."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        tables[row.table].append(row)
    named = [(word, table) for word in words for table, own in tables.items() if stem(word) in naming(own[0])]
    if named:
        if len({table for _, table in named}) > 1:
            return None
        used = {stem(word) for word, _ in named}
        own = tables[named[0][1]]
        word = next((word for word, _ in named if stem(word) == stem(own[0].noun)), named[-1][0])
        about = [part[:6] for part in re.findall(r"[a-z]+", own[0].heading.lower())]
        left = (word for word in words if stem(word) not in used and word[:6] not in about)
        return Kind(tuple(own), _plural(word), stemmed(left))
    return _by_category(words, rows) or _by_name(words, rows) or _anything(words, tables)


def naming(row: Row) -> set[str]:
    """Return the stems by which a table's rows are called, from its heading and the column of names."""
    heading = list(stems(row.heading.replace("-", " ").replace("_", " ")))
    generic = {stem(word) for word in "list price prices our table menu the all and of our".split()}
    called = [word for word in heading if word not in generic | _ANY and not word.isdigit()]
    return {stem(row.noun), *called[-1:]} - _ANY - {stem("name"), stem("title"), ""}


def _by_category(words: Sequence[str], rows: Sequence[Row]) -> Kind | None:
    """Take the rows whose type or category is a word of the question."""
    for word in words:
        found = [
            row
            for row in rows
            for cell in row.cells
            if re.fullmatch(r"type|kind|category|class|slot|sort", cell.column, re.IGNORECASE)
            and stem(cell.text) == stem(word)
        ]
        if found and len({row.table for row in found}) == 1:
            return Kind(tuple(found), _plural(word), tuple(s for s in stemmed(words) if s != stem(word)))
    return None


def _by_name(words: Sequence[str], rows: Sequence[Row]) -> Kind | None:
    """Take the rows whose names end with a word of the question, if no other row of theirs speaks of it."""
    for word in words:
        own = [row for row in rows if stems(row.name)[-1:] == [stem(word)]]
        if not own or len({row.table.split(" > ")[0] for row in own}) > 1:
            continue
        beside = [row for row in rows if row not in own and stem(word) in stems(row.passage.text)]
        if not beside:
            return Kind(tuple(own), _plural(word), tuple(s for s in stemmed(words) if s != stem(word)))
    return None


def _anything(words: Sequence[str], tables: dict[str, list[Row]]) -> Kind | None:
    """Take all rows with a price, if one document has them all."""
    if not any(stem(word) in _ANY for word in words):
        return None
    priced = [row for own in tables.values() for row in own if price_cell(row)]
    if not priced or len({row.passage.document for row in priced}) > 1:
        return None
    return Kind(tuple(priced), "things", tuple(s for s in stemmed(words) if s not in _ANY))


def price_cell(row: Row) -> Cell | None:
    """Return the one price of a row; None if it has none, or several."""
    cells = [
        cell
        for cell in row.cells
        if is_price(cell.column) and not re.search(r"\b(?:fee|deliver|min)", cell.column, re.IGNORECASE)
    ]
    return cells[0] if len(cells) == 1 and cells[0].amount is not None else None


def is_prose(row: Row) -> bool:
    """Tell whether a row was read off sentences, which may well give no price."""
    return "\n" in row.passage.text and row.cells[0].column == "Kind"


def _plural(word: str) -> str:
    return (
        word
        if word.endswith("s") and not word.endswith("ss")
        else f"{word}es"
        if word.endswith(("s", "x", "ch", "sh"))
        else f"{word}s"
    )
