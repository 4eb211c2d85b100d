"""What a file says, entry by entry, before it is cut to length."""

import re
from dataclasses import dataclass
from typing import Never


class UnreadableDocument(Exception):  # noqa: N818 -- named for what is wrong
    """The file cannot be used; the message names it and says what to upload instead."""


def printable(name: str) -> str:
    """Return the name as it may stand in a message: no control characters, not endless."""
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]", "?", name)[:120] or "(no name)"


def refuse(name: str, fault: str, remedy: str) -> Never:
    """Raise UnreadableDocument with a sentence that names the file."""
    raise UnreadableDocument(f"{printable(name)} {fault}: {remedy}.")


@dataclass(frozen=True)
class Entry:
    """One question with its answer, one section, or one row."""

    path: tuple[str, ...]
    """Headings above it, the outermost first."""
    title: str
    """Its own heading, question or name, which stands before the body; empty for a row of columns."""
    body: str
    id: str | None = None
    """The row's own id where the file gives one."""
    label: str = ""
    """What to call a row of columns, such as the name of its item."""

    @property
    def section(self) -> tuple[str, ...]:
        """The headings above, then its own title or label."""
        own = self.title or self.label
        return (*self.path, own) if own else self.path
