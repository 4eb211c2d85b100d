"""Tables in passages: rows of CSV, JSON and Markdown, lists of fields under a heading, and plain price lists."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from knowledge.store import SECTION_MARK, Passage
from knowledge.typed.clock import minutes_of
from knowledge.typed.days import days_in, straight
from knowledge.typed.kinds import Cell, Priced, Row
from knowledge.typed.money import MONEY, amount_in, coin_in, unit_of

_KEY = r"[^\W\d_][^:;|\n]{0,40}"
_FIELD = {"; ": re.compile(rf"(?:^|; )({_KEY}): "), " | ": re.compile(rf"(?:^| \| )({_KEY}): ")}
_BULLET = re.compile(rf"^\s*[-*+•]\s+\**({_KEY}?)\**:\**\s+(.+)$")
_DASH = "[-\u2013\u2014]"
_PRICED_LINE = re.compile(
    rf"^\s*(?:[-*+•]\s+)?\**(?P<name>[^\W\d_][^:|\n]*?)\**\s*(?::|\s{_DASH}|\.{{2,}}|\t"
    rf"|…)\s*\**(?P<price>(?:from )?{MONEY})\**\s*(?P<rest>\([^)]*\))?\.?$"
)
_NAMED = frozenset("name item title product potion recipe town city".split())
_FEW = 2
_SAYS_PRICE = re.compile(
    rf"(?P<name>[\w' -]+?)\s+(?:each\s+)?(?:costs?|sells? for|(?:is|are) priced at|starts? at"
    rf"|is|are)\s+(?:only\s+|just\s+)?(?P<price>{MONEY})(?=[\s.,;!)]|$)"
)
_COST_COLUMN = re.compile(r"\b(?:price|cost|fee|charge|rate)s?\b", re.IGNORECASE)


@dataclass(frozen=True)
class _Raw:
    passage: Passage
    parent: str
    fields: tuple[tuple[str, str], ...]
    """Name first."""
    heading: str


def rows_in(passages: Sequence[Passage]) -> Iterator[Row]:
    """Yield the rows of all tables; a table with a part that cannot be read is left out as a whole."""
    groups: dict[tuple[str, str, str], list[_Raw]] = defaultdict(list)
    broken: set[tuple[str, str]] = set()
    made: Counter[tuple[str, str, str | None]] = Counter()
    whole: dict[tuple[str, str, str | None], tuple[str, str]] = {}
    parts = Counter((p.document, p.section, p.entry) for p in passages)
    for passage in passages:
        parent = SECTION_MARK.join(passage.section.split(SECTION_MARK)[:-1])
        if re.match(r"\|.*\|\s*$", passage.text):
            broken.add((passage.document, parent))
        for mark, raw in _fields(passage, parent):
            groups[passage.document, parent, mark].append(raw)
            made[passage.document, passage.section, passage.entry] += 1
            if mark != "price":
                whole[passage.document, passage.section, passage.entry] = (passage.document, parent)
    broken |= {table for part, table in whole.items() if made[part] < parts[part]}  # a row that was cut in two
    for (document, parent, mark), raws in groups.items():
        if (document, parent) not in broken:
            yield from _table(f"{document}{SECTION_MARK}{parent}" if parent else document, mark, raws)


def priced_in(passages: Iterable[Passage], rows: Sequence[Row]) -> Iterator[Priced]:
    """Yield what costs what in passages that are no rows."""
    tabled = {row.passage for row in rows}
    for passage in passages:
        if passage in tabled:
            continue
        for match in _SAYS_PRICE.finditer(straight(passage.text)):
            price = amount_in(match["price"])
            if price and price.unit:
                yield Priced(passage, " ".join(match["name"].split()[-6:]), price)


def _fields(passage: Passage, parent: str) -> Iterator[tuple[str, _Raw]]:
    """Yield a passage's rows with what kind of table they are of."""
    text, lines = straight(passage.text), straight(passage.text).split("\n")
    heading = passage.heading
    for mark, pattern in _FIELD.items():
        if "\n" not in text and pattern.match(text) and len(pattern.findall(text)) >= _FEW:
            yield mark, _Raw(passage, parent, tuple(_cut(text, pattern)), "")
            return
    if (
        len(lines) > _FEW
        and len(_FIELD["; "].findall(lines[-1])) >= 1
        and lines[0] == heading
        and _FIELD["; "].match(lines[-1])
    ):
        yield "titled", _Raw(passage, parent, (("", lines[0]), *_cut(lines[-1], _FIELD["; "])), "")
        return
    if passage.entry is not None and lines[0] == heading and (told := _told_in_prose(passage, lines)):
        yield "prose", told
        return
    bullets = [_BULLET.match(line) for line in lines[1:]]
    fields = bool(bullets) and all(bullets) and lines[0] == heading
    priced = [_PRICED_LINE.match(line) for line in lines]
    items = [match for match in priced if match and not days_in(match["name"])]
    loose = [
        line
        for line, match in zip(lines, priced, strict=True)
        if not match and re.search(MONEY, line) and re.match(r"\s*[-*+•]", line)
    ]
    if len(items) >= _FEW and not loose and (len(items) == len(bullets) or not fields):
        for match in items:
            yield (
                "price",
                _Raw(passage, passage.section, (("", match["name"].strip()), ("Price", match["price"])), heading),
            )
    elif fields:
        yield "bullets", _Raw(passage, parent, (("", lines[0]), *((m[1], m[2]) for m in bullets if m)), "")


def _told_in_prose(passage: Passage, lines: Sequence[str]) -> _Raw | None:
    """Return an item that its own entry describes in sentences: what it is, and what it costs."""
    name, body = lines[0], " ".join(lines[1:])
    own = rf"(?:(?:The|A|An) )?{re.escape(re.sub(r'^(?:The|A|An) ', '', name))}"
    kind = re.match(rf"{own} is an? (?P<kind>[a-z -]+?)(?= with| that| which| for|[.,])", body)
    costs = re.findall(rf"(?:^|(?<=[.!] ))(?:It|{own})\b[^.]*?\b(?:costs|sells for) ({MONEY})", body)
    amounts = [amount for text in re.findall(MONEY, body) if (amount := amount_in(text)) and coin_in(amount.shown)]
    fields = [("", name), ("Kind", kind["kind"].split()[-1] if kind else name.split(" of ")[0].split()[-1].lower())]
    if len(costs) == 1 and len(amounts) == 1:
        fields.append(("Price", costs[0]))
    elif costs or amounts:
        fields.append(("Price", "; ".join(amount.shown for amount in amounts)))
    return _Raw(passage, "", tuple(fields), "")


def _cut(text: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, str]]:
    matches = list(pattern.finditer(text))
    for match, following in zip(matches, [*matches[1:], None], strict=True):
        yield match[1].strip(), text[match.end() : following.start() if following else len(text)].strip()


def _table(table: str, mark: str, raws: Sequence[_Raw]) -> Iterator[Row]:
    counts = Counter(key for raw in raws for key, _ in dict(raw.fields).items())
    columns = {key for key, count in counts.items() if mark in _FIELD or count * 2 >= len(raws)}
    if mark == "prose" and "Price" not in columns:
        return
    if len(raws) < _FEW or len(columns) < _FEW:
        return
    first = Counter(raw.fields[0][0] for raw in raws).most_common(1)[0][0]
    named = next((key for key in columns if key.lower() in _NAMED), first)
    made = [_row(table, raw, columns, named) for raw in raws]
    if all(made):
        yield from (row for row in made if row)


def _row(table: str, raw: _Raw, columns: set[str], named: str) -> Row | None:
    """Make a row; None if its name is missing, or a value holds what may be another column."""
    cells: list[tuple[str, str]] = []
    for key, value in raw.fields:
        if key in columns or not cells:
            cells.append((key, value))
        elif table.endswith(".csv") or "|" in raw.passage.text:
            cells[-1] = (cells[-1][0], f"{cells[-1][1]}; {key}: {value}")
    name = dict(cells).get(named, "")
    if not name or len(dict(cells)) < len(cells):
        return None
    document = re.sub(r"\.\w+$", "", raw.passage.document.rsplit("/", 1)[-1])
    heading = raw.heading or (raw.parent.split(SECTION_MARK)[-1] if raw.parent else document)
    made = tuple(_cell(key, value) for key, value in cells if key != named)
    return Row(raw.passage, table, heading, named, name, made)


def _cell(column: str, text: str) -> Cell:
    amount = None if minutes_of(text) is not None else amount_in(text)
    unit = amount.unit if amount else ""
    if amount and not unit and (coin := coin_in(column)):
        unit = unit_of(coin)
    return Cell(column, text, amount.amount if amount else None, unit)


def is_price(column: str) -> bool:
    """Tell whether a column holds prices or fees."""
    return bool(_COST_COLUMN.search(column))
