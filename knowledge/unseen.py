"""Characters that nobody sees and a language model reads all the same.

Text can carry a second, invisible one: tag characters and variation selectors spell whole sentences, and bidirectional
controls show a reader another order than is stored (CVE-2021-42574). They are dropped from all that is indexed.
"""

import re
from dataclasses import replace

from knowledge.entries import Entry

_UNSEEN = re.compile(
    "["
    "\u00ad"  # soft hyphen
    "\u200b\u2060-\u2064\ufeff"  # zero width space, word joiner and invisible operators, byte order mark
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u206f"  # direction
    "\u180e\u3164\uffa0\u115f\u1160"  # fillers
    "\ufff9-\ufffb"  # interlinear annotation
    "\U000e0000-\U000e0fff"  # tags and the variation selectors above 16
    "]+"
)
_ACCENTS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_PILED = re.compile(f"([{_ACCENTS}]{{4}})[{_ACCENTS}]+")
_ESCAPES = re.compile(r"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|\x1b[@-Z\\-_]|[\x80-\x9f]")
"""What a terminal takes as a command (ECMA-48): colours, titles, and the control characters above ASCII."""


def stripped(text: str) -> str:
    """Return the text without characters that nobody sees, and with no more than four accents on a letter."""
    return _PILED.sub(r"\1", _UNSEEN.sub("", text))


def without_escapes(text: str) -> str:
    """Return the text without commands to a terminal."""
    return _ESCAPES.sub("", text.replace("\x85", "\n"))


def cleaned(entry: Entry) -> Entry:
    """Return the entry without either."""

    def clean(text: str) -> str:
        return stripped(without_escapes(text))

    own_id = None if entry.id is None else clean(entry.id)
    return replace(
        entry,
        path=tuple(map(clean, entry.path)),
        title=clean(entry.title),
        body=clean(entry.body),
        id=own_id,
        label=clean(entry.label),
    )
