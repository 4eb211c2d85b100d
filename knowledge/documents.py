"""Bytes and a file name to entries; everything that cannot be read is refused with a sentence."""

import re
from collections.abc import Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from knowledge.entries import Entry, UnreadableDocument, printable, refuse

__all__ = ["LARGEST", "READERS", "Entry", "UnreadableDocument", "check_name", "is_archive", "read", "unpack"]

LARGEST = 10 * 1024 * 1024  # bytes; what Discord lets a member upload without a subscription
MOST_ENTRIES = 50_000
"""Of one file."""
LONGEST_ENTRY = 1_000_000
"""Characters of one entry, about a novel's; longer ones are text that lost its line ends or its headings."""
_LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_ARCHIVE = ".zip"

READERS: Mapping[str, str] = MappingProxyType(
    {
        ".md": "Markdown",
        ".markdown": "Markdown",
        ".mdx": "Markdown",
        ".txt": "text",
        ".pdf": "PDF",
        ".docx": "Word",
        ".xlsx": "Excel",
        ".html": "web page",
        ".htm": "web page",
        ".csv": "CSV",
        ".tsv": "CSV",
        ".json": "JSON",
        ".jsonl": "JSON",
        ".yaml": "YAML",
        ".yml": "YAML",
        ".rst": "reStructuredText",
        ".adoc": "AsciiDoc",
        _ARCHIVE: "ZIP",
    }
)
"""What each ending of a name stands for."""


def read(name: str, content: bytes, largest: int = LARGEST) -> list[Entry]:
    """Return the entries of a file, at least one; ``largest`` is in bytes. Raises UnreadableDocument.

    The file is parsed in a process that can do nothing else (``knowledge.sandbox``).
    """
    from knowledge import reading

    check_name(name)
    _check_size(name, content, largest)
    if is_archive(name):
        refuse(name, "is a ZIP file inside another", "unpack it and upload the files in it")
    entries = [entry for entry in reading.entries(name, content) if entry.title or entry.body.strip()]
    if not entries:
        refuse(name, "holds no entries", "upload a file with at least one question and answer")
    if len(entries) > MOST_ENTRIES:
        refuse(name, f"holds {len(entries):,} entries, and at most {MOST_ENTRIES:,} are read of a file", "split it")
    for entry in entries:
        _check_text(name, entry)
    return entries


def unpack(name: str, content: bytes, largest: int = LARGEST) -> list[tuple[str, bytes]]:
    """Return the files in a ZIP file, each under the name ``archive.zip/path`` of its document.

    Raises UnreadableDocument, and takes none of the files then.
    """
    from knowledge import reading

    check_name(name)
    _check_size(name, content, largest)
    return [(f"{name}/{member}", inside) for member, inside in reading.members(name, content)]


def is_archive(name: str) -> bool:
    """Say whether a name is that of a file which holds others."""
    return PurePosixPath(name).suffix.lower() == _ARCHIVE


def check_name(name: str) -> None:
    """Raise UnreadableDocument for a name that cannot be a document's: path tricks, or no format we read."""
    parts = name.split("/")
    if _CONTROL.search(name) or re.search(r"[\t\n\r\f\x80-\x9f\ud800-\udfff]", name):
        refuse(name, "has control characters in its name", "rename it with letters, digits, hyphens and one dot")
    if not name or len(name) > _LONGEST_NAME or "\\" in name or any(part.strip() in {"", ".", ".."} for part in parts):
        refuse(name, "cannot be a document's name", "use a plain file name such as faq.md")
    if PurePosixPath(name).suffix.lower() not in READERS:
        refuse(name, "is of a kind that cannot be read", f"upload one of {', '.join(READERS)}")


def _check_size(name: str, content: bytes, largest: int) -> None:
    if len(content) > largest:
        refuse(name, f"is larger than {largest / 2**20:.3g} MiB", "split it into smaller files")
    if not content.strip():
        refuse(name, "is empty", "upload a file with at least one question and answer")


def _check_text(name: str, entry: Entry) -> None:
    """Whatever the reader made of the file, this is what may be kept."""
    if len(entry.body) > LONGEST_ENTRY:
        refuse(
            name,
            f"has {len(entry.body):,} characters in one entry, and at most {LONGEST_ENTRY:,} are read",
            "give it headings, or split it",
        )
    for text in (*entry.section, entry.body, entry.id or ""):
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse(name, f"holds half a character in {printable(text)!r}", "save it as UTF-8 text and upload it again")
        if _CONTROL.search(text):
            refuse(name, f"holds control characters in {printable(text)!r}", "remove them")
