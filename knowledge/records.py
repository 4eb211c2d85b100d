"""CSV, JSON and what is like them: one entry for each row or object."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

from knowledge.entries import Entry, UnreadableDocument, printable, refuse

_ASKED = {"question", "title", "heading", "q"}
_ANSWERED = {"answer", "text", "body", "content", "a"}
_NAMED = {"name", "item", "topic", "label"} | _ASKED
_LONGEST_LABEL = 8  # words; a longer first value is no name
_FIELDS_OF_ONE = 12  # an object of more plain values is a list of facts, each its own entry

_MOST_COLUMNS = 200

Fields = list[tuple[str, str]]


class _NotAllowed(ValueError):  # noqa: N818 -- named for what is wrong
    """Something that JSON readers let pass and that would lose or invent a value."""


def read_csv(name: str, text: str) -> list[Entry]:
    """Return one entry a row; the first row names the columns. Raises UnreadableDocument."""
    first = text.lstrip().split("\n", 1)[0]
    mark = "\t" if name.lower().endswith(".tsv") else max(",;\t|", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    rows = []
    try:
        for row in reader:
            rows.append((reader.line_num, [cell.strip() for cell in row]))  # noqa: PERF401 -- line_num moves
    except csv.Error as error:
        if "field larger" in str(error):
            fault = f"has more than {csv.field_size_limit():,} characters in one value, near line {reader.line_num}"
            refuse(name, fault, "close every quote, or put long texts into a text file")
        refuse(name, f"is broken near line {reader.line_num} ({error})", "close every quote and upload it again")
    rows = [(line, row) for line, row in rows if any(row)]
    if len(rows) < 2:  # noqa: PLR2004 -- the header and one row
        refuse(name, "has no rows", "upload a file with the column names in the first line and an entry in each other")
    header = [_readable(column) for column in rows[0][1]]
    if len(header) > _MOST_COLUMNS:
        refuse(name, f"has {len(header):,} columns, and at most {_MOST_COLUMNS} are read", "split it")
    if twice := next((column for column in header if column and header.count(column) > 1), None):
        refuse(name, f"has two columns named {printable(twice)!r}", "give each column a name of its own")
    for line, row in rows:
        if len(row) > len(header):
            refuse(
                name,
                f"has {len(row)} values in line {line}, for {len(header)} columns",
                "put quotes around a value that holds the separator",
            )
    return [row_entry((), list(zip(header, row, strict=False))) for _, row in rows[1:]]


def read_json_lines(name: str, text: str) -> list[Entry]:
    """Return one entry a line. Raises UnreadableDocument that names the first broken line."""
    entries = []
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        where = f"Line {number} of {printable(name)}"
        value = _parse(where, line)
        if not isinstance(value, dict):
            raise UnreadableDocument(f'{where} is not an object: write one {{"title": ..., "text": ...}} in each line.')
        entries.append(row_entry((), _fields(value)))
    return entries


def read_json(name: str, text: str) -> list[Entry]:
    """Return the entries of a list of objects, or of an object of named entries. Raises UnreadableDocument."""
    return entries_of(name, _parse(printable(name), text))


def entries_of(name: str, value: object) -> list[Entry]:
    """Return the entries of what JSON or YAML text stands for. Raises UnreadableDocument."""
    if not isinstance(value, list | dict):
        refuse(name, "holds a single value", 'upload a list such as [{"question": "...", "answer": "..."}]')
    try:
        return list(_walk((), value))
    except RecursionError:
        refuse(name, "nests too deeply", "upload a flat list of objects")


def _parse(where: str, text: str) -> Any:  # noqa: ANN401 -- JSON is any of six types
    try:
        # Numbers stay as they are written: on a price list 24.50 is not 24.5.
        return json.loads(text, object_pairs_hook=_unique, parse_constant=_constant, parse_float=str, parse_int=str)
    except RecursionError:
        raise UnreadableDocument(f"{where} nests too deeply: upload a flat list of objects.") from None
    except ValueError as error:
        raise UnreadableDocument(f"{where} is not JSON: {error}. Correct it and upload the file again.") from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise _NotAllowed(f"the key {twice!r} stands twice in one object")
    return fields


def _constant(text: str) -> None:
    raise _NotAllowed(f"{text} is no number")


def _walk(path: tuple[str, ...], value: Any) -> Iterator[Entry]:  # noqa: ANN401 -- JSON is any of six types
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict):
                yield row_entry(path, _fields(item))
            else:
                yield from _walk(path, item)
    elif not isinstance(value, dict):
        yield Entry(path, "", _text(value))
    elif _is_one(value):
        yield row_entry(path, _fields(value))
    else:
        for key, part in value.items():
            if isinstance(part, list | dict):
                yield from _walk((*path, key), part)
            else:
                yield Entry(path, key, _text(part))


def _is_one(value: dict[str, Any]) -> bool:
    """Say whether an object is one entry, rather than a collection of named ones."""
    keys = {key.lower() for key in value}
    if keys & (_NAMED | _ANSWERED | {"id"}):
        return True
    flat = not any(isinstance(part, dict | list) for part in value.values())
    return flat and len(value) <= _FIELDS_OF_ONE and not any(key.rstrip().endswith("?") for key in value)


def _fields(value: dict[str, Any]) -> Fields:
    """Flatten an object to (name, text); the name of a part holds the names above it."""
    fields: Fields = []
    for key, part in value.items():
        if isinstance(part, dict):
            fields += [(f"{_readable(key)} {inner.lower()}", text) for inner, text in _fields(part)]
        else:
            fields.append((_readable(key), _text(part)))
    return fields


def _text(value: Any) -> str:  # noqa: ANN401 -- JSON is any of six types
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in _fields(value) if text)
    if isinstance(value, list):
        parts = [text for text in map(_text, value) if text]
        return ("\n" if any(part.endswith((".", "!", "?")) for part in parts) else ", ").join(parts)
    return "" if value is None else str(value).strip()


def row_entry(path: tuple[str, ...], fields: Fields) -> Entry:
    """Make a question with its answer where the names say so, else ``Name: value; Name: value``."""
    given = [(name, text) for name, text in fields if text]
    own_id = next((text for name, text in given if name.lower() == "id"), None)
    rest = [field for field in given if field[0].lower() != "id"] or given
    title = next((field for field in rest if field[0].lower() in _ASKED), None)
    answer = next((field for field in rest if field[0].lower() in _ANSWERED), None)
    if title and answer:
        more = _line([field for field in rest if field not in (title, answer)])
        return Entry(path, title[1], f"{answer[1]}\n{more}".strip(), own_id)
    return Entry(path, "", _line(rest), own_id, _label(rest))


def _line(fields: Sequence[tuple[str, str]]) -> str:
    return "; ".join(f"{name}: {text}" if name else text for name, text in fields)


def _label(fields: Fields) -> str:
    named = [text for name, text in fields if name.lower() in _NAMED] or [text for _, text in fields[:1]]
    return named[0] if named and len(named[0].split()) <= _LONGEST_LABEL and "\n" not in named[0] else ""


def _readable(column: str) -> str:
    name = column.strip().replace("_", " ")
    return name[:1].upper() + name[1:]
