"""Files of questions: one JSON object a line."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from bot.answers import Question

Row = TypeVar("Row")


class BadBatch(Exception):  # noqa: N818 -- named for what is wrong
    """A batch file cannot be read; the message names the line."""


def read_batch(file: Path, persona: str = "") -> Iterator[Question]:
    """Yield the questions of a batch file. Raises BadBatch."""

    def question(row: dict[str, Any]) -> Question:
        text, server, speaker = map(_string, (row["text"], row["server"], row.get("persona") or persona))
        return Question(text, server, speaker, id=str(row["id"]))

    return _rows(file, '{"id": ..., "server": ..., "persona": ..., "text": ...}', question)


def read_labelled(file: Path) -> list[tuple[str, bool]]:
    """Return (question, whether the files answer it) of each line of a file. Raises BadBatch."""

    def labelled(row: dict[str, Any]) -> tuple[str, bool]:
        if not isinstance(row["answerable"], bool):
            raise TypeError(f"{row['answerable']!r} is neither true nor false")
        return _string(row["text"]), row["answerable"]

    return list(_rows(file, '{"text": ..., "answerable": true or false}', labelled))


def _rows(file: Path, wanted: str, read: Callable[[dict[str, Any]], Row]) -> Iterator[Row]:
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadBatch(f"{file} cannot be read as text ({error}): name a file of JSON lines.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield read(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadBatch(
                f"Line {number} of {file.name} is not {wanted} ({error!r}): mend it and try again."
            ) from error


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
