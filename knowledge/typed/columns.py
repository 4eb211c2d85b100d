"""Which column of a table a question's words mean, and which rows hold a phrase."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from knowledge.claims import stem, stems
from knowledge.typed.kinds import Row
from knowledge.typed.tables import is_price

_RELATIONS = frozenset(
    map(
        stem,
        (
            "need needs require requires use uses take contain contains made sold brewed crafted give "
            "gives using requiring needing"
        ).split(),
    )
)
_USES = frozenset(map(stem, "need require use take contain".split()))
_PLACED = frozenset(map(stem, "in at from by with".split()))
_ALIKE = tuple(
    frozenset(map(stem, group.split()))
    for group in (
        "restore heal regenerate recover refill replenish",
        "damage harm hurt dmg",
        "health hp life hitpoints",
        "mana mp",
        "poison venom toxin",
        "speed fast faster haste quick swift",
        "remove cure cleanse dispel",
        "add raise increase boost grant give",
        "cut reduce lower decrease",
    )
)
"""Words that say nearly the same: a row that has another of them may belong to the answer as well."""


@dataclass(frozen=True)
class Held:
    """The rows that hold a phrase."""

    rows: tuple[Row, ...]
    shown: str
    """The column and the words, for a sentence."""


def price_column(rows: Sequence[Row]) -> str | None:
    """Return the one column that holds prices or fees."""
    found = {cell.column for row in rows for cell in row.cells if is_price(cell.column)}
    found = {c for c in found if not re.search(r"\bmin", c, re.IGNORECASE)}
    return found.pop() if len(found) == 1 else None


def word_column(rows: Sequence[Row], left: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """Return the one column with numbers that words of the question name, and the words that are then left."""
    columns = {cell.column for row in rows for cell in row.cells if cell.amount is not None}
    found = [column for column in columns if set(stems(column)) & set(left)]
    whole = [column for column in found if set(stems(column)) <= set(left)]
    if len(whole or found) != 1:
        return None, tuple(left)
    column = (whole or found)[0]
    used = set(stems(column))
    return column, tuple(word for word in left if word not in used and word not in _RELATIONS)


def holds_phrase(rows: Sequence[Row], left: Sequence[str]) -> Held | None:
    """Return the rows that hold the words in one column; None where it is not certain that they are all."""
    columns = list(dict.fromkeys(cell.column for row in rows for cell in row.cells))
    named = [column for column in columns if (set(stems(column)) - _PLACED - _USES) & set(left)]
    if (flagged := _flagged(rows, left)) is not None:
        return flagged
    words = [w for w in left if w not in _RELATIONS and w not in _PLACED and not any(w in stems(c) for c in named)]
    if not words or (not named and all(word.isdigit() for word in words)):
        return None
    related = len(words) < len(left)
    sold = stem("sold") in left
    found: dict[str, tuple[Row, ...]] = {}
    for column in columns:
        texts = {row: cell.text for row in rows for cell in row.cells if cell.column == column}
        held = tuple(
            row for row, text in texts.items() if _holds(text, words, said=_says(texts.values()), related=related)
        )
        if held:
            found[column] = held
    if len(found) != 1:
        return None
    column, held = next(iter(found.items()))
    if (named and column not in named) or (
        sold and not re.search(r"sold|sell|vendor|shop|where|store", column, re.IGNORECASE)
    ):
        return None
    if _near(rows, column, held, words):
        return None
    cell = next(cell for cell in held[0].cells if cell.column == column)
    shown = f"{column[:1].lower()}{column[1:]} {_as_written(cell.text, words)}"
    return Held(held, shown if stems(column)[-1] in _PLACED else f"with {shown}")


def _flagged(rows: Sequence[Row], left: Sequence[str]) -> Held | None:
    """Return the rows with a yes in the column of yes and no that the words name."""
    for column in dict.fromkeys(cell.column for row in rows for cell in row.cells):
        told = [(row, cell.text.lower()) for row in rows for cell in row.cells if cell.column == column]
        if (
            tuple(stems(column)) == tuple(left)
            and len(told) == len(rows)
            and {text for _, text in told} == {"yes", "no"}
        ):
            return Held(tuple(row for row, text in told if text == "yes"), f"with {column.lower()}: yes")
    return None


def _says(texts: Iterable[str]) -> bool:
    """Tell whether a column's texts are statements that begin with a verb, rather than names or lists."""
    firsts = [text.split()[0].lower() for text in texts if text.split()]
    return bool(firsts) and sum(word.endswith("s") and word.isalpha() for word in firsts) * 2 > len(firsts)


def _holds(text: str, words: Sequence[str], *, said: bool, related: bool) -> bool:
    if not said:
        own = stems(text)
        whole = own == list(words)
        within = related and any(own[n : n + len(words)] == list(words) for n in range(len(own)))
        return whole or within
    for clause in re.split(r"[;,]|\band\b|\bbut\b", text):
        own = stems(clause)
        if own[:1] == [words[0]] and len(words) > 1 and _in_order(own, words):
            return True
    return False


def _in_order(own: Sequence[str], words: Sequence[str]) -> bool:
    place = iter(own)
    return all(word in place for word in words)


def _near(rows: Sequence[Row], column: str, held: Sequence[Row], words: Sequence[str]) -> bool:
    """Tell whether a row outside the answer says the same in other words, each by itself or by one alike."""
    alike = [next((group for group in _ALIKE if word in group), frozenset({word})) for word in words]
    for row in rows:
        text = next((cell.text for cell in row.cells if cell.column == column), "")
        if row not in held and any(
            all(group & set(stems(clause)) for group in alike) for clause in re.split(r"[;,]", text)
        ):
            return True
    return False


def _as_written(text: str, words: Sequence[str]) -> str:
    """Return the words of the phrase as they stand in a cell."""
    return " ".join(token for token in re.findall(r"[^\W_]+(?:['-][^\W_]+)*", text) if stem(token) in words)
