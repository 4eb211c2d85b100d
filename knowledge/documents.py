"""Bytes and a file name to entries; everything that cannot be read is refused with a sentence."""

import codecs
import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath
from types import MappingProxyType

from knowledge.entries import Entry, UnreadableDocument, printable, refuse
from knowledge.prose import read_markdown, read_text
from knowledge.records import read_csv, read_json, read_json_lines

__all__ = ["LARGEST", "READERS", "Entry", "UnreadableDocument", "check_name", "read"]

LARGEST = 10 * 1024 * 1024  # bytes; what Discord lets a member upload without a subscription
_LONGEST_NAME = 200
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_LEAST_ASCII = 0.7  # of the characters; western text in a legacy encoding stays far above it

READERS: Mapping[str, Callable[[str, str], list[Entry]]] = MappingProxyType(
    {
        ".md": lambda _, text: read_markdown(text),
        ".markdown": lambda _, text: read_markdown(text),
        ".txt": lambda _, text: read_text(text),
        ".csv": read_csv,
        ".tsv": read_csv,
        ".json": read_json,
        ".jsonl": read_json_lines,
    }
)


def read(name: str, content: bytes, largest: int = LARGEST) -> list[Entry]:
    """Return the entries of a file, at least one; ``largest`` is in bytes. Raises UnreadableDocument."""
    check_name(name)
    reader = READERS[PurePosixPath(name).suffix.lower()]
    if len(content) > largest:
        refuse(name, f"is larger than {largest / 2**20:.3g} MiB", "split it into smaller files")
    text = _decode(name, content).replace("\r\n", "\n").replace("\r", "\n")
    if not text.strip():
        refuse(name, "is empty", "upload a file with at least one question and answer")
    entries = [entry for entry in reader(name, text) if entry.title or entry.body.strip()]
    if not entries:
        refuse(name, "holds no entries", "upload a file with at least one question and answer")
    for entry in entries:
        _check_text(name, entry)
    return entries


def check_name(name: str) -> None:
    """Raise UnreadableDocument for a name that cannot be a document's: path tricks, or no format we read."""
    parts = name.split("/")
    if _CONTROL.search(name) or re.search(r"[\t\n\r\f\x80-\x9f\ud800-\udfff]", name):
        refuse(name, "has control characters in its name", "rename it with letters, digits, hyphens and one dot")
    if not name or len(name) > _LONGEST_NAME or "\\" in name or any(part.strip() in {"", ".", ".."} for part in parts):
        refuse(name, "cannot be a document's name", "use a plain file name such as faq.md")
    if PurePosixPath(name).suffix.lower() not in READERS:
        refuse(name, "is of a kind that cannot be read", f"upload one of {', '.join(READERS)}")


def _decode(name: str, content: bytes) -> str:
    encoding = "utf-16" if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        text = _legacy(content)
    if not text and content.strip(codecs.BOM_UTF8):
        refuse(name, "is not text", "save it as UTF-8 text and upload it again")
    if _CONTROL.search(text):
        refuse(name, "looks like a binary file", "export it as text, Markdown or CSV")
    return text


def _legacy(content: bytes) -> str:
    """Return the text if it is plausible as the old western encoding of Windows, else nothing."""
    try:
        text = content.decode("cp1252")
    except UnicodeDecodeError:
        return ""
    ordinary = sum(character.isascii() for character in text)
    return text if ordinary >= _LEAST_ASCII * len(text) else ""


def _check_text(name: str, entry: Entry) -> None:
    """JSON can spell characters that no text file may hold."""
    for text in (*entry.section, entry.body, entry.id or ""):
        try:
            text.encode()
        except UnicodeEncodeError:
            refuse(name, f"holds half a character in {printable(text)!r}", "save it as UTF-8 text and upload it again")
        if _CONTROL.search(text):
            refuse(name, f"holds control characters in {printable(text)!r}", "remove them")
