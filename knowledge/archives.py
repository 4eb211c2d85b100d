"""ZIP files: those that hold documents, and those that are one (DOCX, XLSX). Nothing is ever written to a disk."""

import io
import stat
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from typing import Never

from knowledge.entries import printable, refuse

MOST_MEMBERS = 1_000
"""Files in an archive of documents."""
_LARGEST_MEMBER = 10 * 2**20
"""Bytes of one of them, as of any upload."""
_LARGEST = 50 * 2**20
"""Bytes of all of them together."""
_PIECE = 2**16


def unpack(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the path and the bytes of each visible file. Raises UnreadableDocument."""
    found = []
    for path, inside in members(name, content, MOST_MEMBERS, _LARGEST_MEMBER, _LARGEST):
        if not any(part.startswith(".") or part == "__MACOSX" for part in path.split("/")):
            found.append((path, inside))
    if not found:
        refuse(name, "holds no files", "upload one with at least one document in it")
    return found


def refuse_nested(name: str, _: bytes) -> Never:
    """Raise UnreadableDocument: an archive has files and no entries."""
    refuse(name, "is a ZIP file inside another", "unpack it and upload the files in it")


def members(name: str, content: bytes, most: int, largest: int, total: int) -> Iterator[tuple[str, bytes]]:
    """Yield the path and the bytes of each file; sizes are counted while unpacking, as headers lie.

    ``most`` is how many files there may be, ``largest`` the bytes of one, ``total`` those of all. Raises
    UnreadableDocument.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            found = archive.infolist()
            if len(found) > most:
                refuse(name, f"holds {len(found):,} files, and at most {most:,} are read", "split it")
            _check_paths(name, found)
            for info in found:
                if info.is_dir():
                    continue
                inside = _unpacked(name, archive, info, min(largest, total))
                total -= len(inside)
                yield _path(info), inside
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ValueError, OSError) as error:
        refuse(name, f"is damaged or no file of its kind ({printable(str(error))})", "save it anew and upload it again")


def _unpacked(name: str, archive: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> bytes:
    if info.flag_bits & 1:
        refuse(name, "is protected by a password", "save it without one")
    too_large = f"unpacks to more than {most / 2**20:.3g} MiB at {printable(info.filename)!r}"
    if info.file_size > most:
        refuse(name, too_large, "split it, and leave pictures out")
    pieces, size = [], 0
    with archive.open(info) as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                refuse(name, too_large, "split it, and leave pictures out")
            pieces.append(piece)
    return b"".join(pieces)


def _check_paths(name: str, found: list[zipfile.ZipInfo]) -> None:
    seen = set()
    for info in found:
        path = _path(info)
        if path.startswith("/") or "\\" in info.orig_filename or ":" in path or {"..", "."} & set(path.split("/")):
            refuse(name, f"holds a file that leads out of it, {printable(path)!r}", "pack it again from a plain folder")
        if stat.S_ISLNK(info.external_attr >> 16):
            refuse(name, f"holds a link, {printable(path)!r}", "pack the file itself")
        key = unicodedata.normalize("NFC", path).casefold()
        if key in seen:
            refuse(name, f"holds {printable(path)!r} twice", "pack it again with each file once")
        seen.add(key)


def _path(info: zipfile.ZipInfo) -> str:
    """Return the member's path; many packers write UTF-8 without saying so, and zipfile takes it for code page 437."""
    if info.flag_bits & 0x800:
        return info.filename
    try:
        return info.filename.encode("cp437").decode()
    except UnicodeError:
        return info.filename
