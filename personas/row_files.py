"""Files of rows in other trainers' formats: JSON lines, a JSON array or CSV, read whole or not at all."""

import contextlib
import csv
import io
import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.interchange import Shape, from_record, shape_of, to_record
from personas.persona import BadPersona, Persona
from personas.rows import Example, as_jsonl, read_rows

_LARGEST = 100 * 2**20
"""Bytes of a file; more rows than that are no persona's."""
_TABLES = {"alpaca", "pairs", "prompt-completion-text"}
_FAULTS = (ValueError, KeyError, RecursionError)

Record = dict[str, Any]


@dataclass(frozen=True)
class Found:
    """What a file holds."""

    rows: tuple[Example, ...]
    shapes: Counter[Shape]
    """How many rows each recognised shape has."""


@dataclass(frozen=True)
class Added:
    """What became of the rows."""

    rows: tuple[Example, ...]
    doubles: int
    """Rows that the persona, or the file itself, had already."""


def read(path: Path, persona: Persona, shape: Shape | None = None) -> Found:
    """Read a file's rows; ``shape``: what they are taken for, by default what each one looks like.

    Raises BadPersona naming every line that is no row, or a file that cannot be read at all.
    """
    rows, faults, shapes = [], [], Counter[Shape]()
    for where, record in _records(path):
        try:
            if isinstance(record, Exception):
                raise record
            if not isinstance(record, dict):
                raise ValueError("is no object")  # noqa: TRY004 -- a fault of the data, told like the others
            this = shape or shape_of(record)
            rows.append(from_record(record, this, persona.card, path.name))
            shapes[this] += 1
        except _FAULTS as error:
            faults.append(f"{where}: {_told(error)}")
    if faults:
        raise BadPersona(f"{path.name} has faults, and nothing was imported.\n" + "\n".join(faults))
    if not rows:
        raise BadPersona(f"{path.name} holds no rows: give a file of JSON lines, a JSON array or CSV.")
    return Found(tuple(rows), shapes)


def add(rows: Sequence[Example], persona: Persona, file: str) -> Added:
    """Append rows to a persona's ``examples.jsonl`` or ``exam.jsonl`` in one step, without those it has already.

    Raises BadPersona where the file that is there has faults or cannot be written.
    """
    known = {_same(row) for name in ("examples.jsonl", "exam.jsonl") for row in _present(persona.folder / name)}
    new = []
    for row in rows:
        if _same(row) not in known:
            known.add(_same(row))
            new.append(row)
    if new:
        path = persona.folder / file
        before = path.read_bytes() if path.is_file() else b""
        if before and not before.endswith(b"\n"):
            before += b"\n"
        write(path, before + as_jsonl(new).encode())
    return Added(tuple(new), len(rows) - len(new))


def rendered(rows: Sequence[Example], persona: Persona, shape: Shape, ending: str = ".jsonl") -> bytes:
    """Return the file of a persona's rows in a shape: CSV or a JSON array by its ending, else JSON lines."""
    records = [to_record(row, persona, shape) for row in rows]
    if ending == ".json":
        return (json.dumps(records, ensure_ascii=False, indent=1) + "\n").encode()
    if ending != ".csv":
        return "".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records).encode()
    if shape not in _TABLES:
        raise BadPersona(f"A table cannot hold the talks of {shape}: name a .jsonl file, or take --format pairs.")
    text = io.StringIO(newline="")
    table = csv.DictWriter(text, list(records[0]))
    table.writeheader()
    table.writerows({key: _cell(value) for key, value in record.items()} for record in records)
    return text.getvalue().encode()


def write(path: Path, data: bytes) -> None:
    """Replace a file in one step, so that whoever reads it meanwhile has the old one or the new. Raises BadPersona."""
    incoming = path.with_name(f".{path.name}.new")
    try:
        with incoming.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        incoming.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            incoming.unlink()
        raise BadPersona(f"{path} cannot be written ({error.strerror}): nothing was changed.") from error


def _records(path: Path) -> Iterator[tuple[str, Any]]:
    """Yield each record, or the error in its place, with where it is."""
    try:
        if not path.is_file():
            raise BadPersona(f"{path} is no file: name a file of rows.")
        if path.stat().st_size > _LARGEST:
            raise BadPersona(f"{path.name} is larger than {_LARGEST // 2**20} MiB: take a part of its rows.")
        data = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise BadPersona(f"{path} cannot be read ({error.strerror}).") from error
    if path.suffix.lower() == ".csv":
        yield from _table(data, path.name)
    elif data.lstrip()[:1] == b"[":
        yield from _array(data, path.name)
    else:
        for number, line in enumerate(data.split(b"\n"), 1):
            if line.strip():
                yield f"line {number}", _parsed(line)


def _array(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    records = _parsed(data)
    if isinstance(records, Exception):
        raise BadPersona(f"{name} is no JSON array: {_told(records)}.")
    yield from ((f"row {number}", record) for number, record in enumerate(records, 1))


def _table(data: bytes, name: str) -> Iterator[tuple[str, Any]]:
    try:
        table = csv.DictReader(io.StringIO(data.decode(), newline=""), strict=True)
        for cells in table:
            if None in cells or None in cells.values():
                yield f"line {table.line_num}", ValueError("has more or fewer cells than the first line")
            else:
                yield f"line {table.line_num}", cells
    except (ValueError, csv.Error) as error:
        raise BadPersona(f"{name} is no table of comma-separated values in UTF-8: {error}.") from error


def _parsed(text: bytes) -> Any:  # noqa: ANN401 -- whatever the JSON is
    try:
        return json.loads(text.decode())
    except (ValueError, RecursionError) as error:
        return error


def _told(error: Exception) -> str:
    if isinstance(error, KeyError):
        return f"has no {error.args[0]}"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"is no JSON ({error})"
    return str(error)


def _cell(value: object) -> object:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _present(path: Path) -> list[Example]:
    return read_rows(path) if path.is_file() and path.stat().st_size else []


def _same(row: Example) -> tuple[object, ...]:
    return row.messages, row.notes
