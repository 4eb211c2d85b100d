"""Files of questions: one JSON object a line."""

import json
from collections.abc import Iterator
from pathlib import Path

from bot.answers import Question


class BadBatch(Exception):  # noqa: N818 -- named for what is wrong
    """A batch file cannot be read; the message names the line."""


def read_batch(file: Path, persona: str = "") -> Iterator[Question]:
    """Yield the questions of a batch file. Raises BadBatch."""
    try:
        lines = file.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise BadBatch(f"{file} cannot be read as text ({error}): name a file of JSON lines.") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text, server, speaker = map(_string, (row["text"], row["server"], row.get("persona") or persona))
            yield Question(text, server, speaker, id=str(row["id"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            wanted = f'Line {number} of {file.name} is not {{"id": ..., "server": ..., "persona": ..., "text": ...}}'
            raise BadBatch(f"{wanted} ({error!r}): mend it and try again.") from error


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is not a string")
    return value
