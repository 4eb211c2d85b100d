"""Files, folders, ZIP files and linked pages to documents that can be written."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from knowledge.chunking import passages as cut
from knowledge.documents import LARGEST, UnreadableDocument, check_name, is_archive, read, unpack
from knowledge.entries import printable
from knowledge.linked_pages import Page, fetch
from knowledge.store import Document, Passage

_QUIET = 200_000_000  # nanoseconds since the last write
_PATIENCE = 10.0  # seconds
Fetch = Callable[[str, str], Page | None]
"""Takes a page's address and entity tag; returns None where the page has not changed. Raises UnreadableDocument."""


@dataclass(frozen=True)
class File:
    """A file that was read, or what else is to become of its document."""

    document: Document
    content: bytes = b""
    passages: tuple[Passage, ...] = ()
    refusal: str = ""
    """Why it could not be read."""
    unchanged: bool = False
    gone: bool = False
    """Whether the archive that it was in holds it no more."""

    @property
    def fresh(self) -> bool:
        """Whether it is to be written."""
        return not (self.refusal or self.unchanged or self.gone)


def found(path: Path) -> list[tuple[str, Path]]:
    """Return (document name, absolute path) for a file, or for each visible file in a folder."""
    path = path.absolute()
    if not path.is_dir():
        return [(path.name, path)]
    inside = [file.relative_to(path) for file in sorted(path.rglob("*")) if file.is_file()]
    return [(file.as_posix(), path / file) for file in inside if not any(part.startswith(".") for part in file.parts)]


def gathered(
    known: Mapping[str, Document], sources: Iterable[Path | str], channels: Sequence[str] = (), ask: Fetch = fetch
) -> list[File]:
    """Read files, folders and pages; a ``str`` is a page's address. ``known``: the server's documents by name."""
    files: list[File] = []
    sources = list(sources)
    for address in dict.fromkeys(source for source in sources if isinstance(source, str)):
        files += from_link(address, tuple(channels), known, ask)
    named = [pair for path in sources if isinstance(path, Path) for pair in found(path)]
    first = dict(reversed(named))
    for name, path in named:
        document = Document(name, "", str(path), tuple(channels))
        if first[name] == path:
            files += from_origin(document, known)
        else:
            files.append(File(document, refusal=f"{name} comes from two folders: rename one of them."))
    return files


def uploaded(known: Mapping[str, Document], name: str, content: bytes, channels: Sequence[str] = ()) -> list[File]:
    """Read one file from its bytes, or the files in a ZIP file."""
    document = Document(name, "", None, tuple(channels))
    if "/" in name:
        refusal = f"{printable(name)} has a folder in its name: upload it under its own name."
        return [File(document, refusal=refusal)]
    return from_bytes(document, content, known)


def from_origin(wanted: Document, known: Mapping[str, Document]) -> list[File]:
    """Read the wanted document from its origin; a ZIP file becomes a document for each file in it."""
    path = Path(wanted.origin or "")
    try:
        check_name(wanted.name)
        content = _whole(path)
    except UnreadableDocument as error:
        return [File(wanted, refusal=str(error))]
    except OSError as error:
        reason = f"{path} cannot be read ({error.strerror}): check the path and its permissions."
        return [File(wanted, refusal=reason)]
    return from_bytes(wanted, content, known)


def _whole(path: Path) -> bytes:
    """Return a file's content once nobody has written to it for a moment: half of a file is no version of it."""
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with path.open("rb") as file:
            before = os.fstat(file.fileno()).st_mtime_ns
            if not 0 <= time.time_ns() - before < _QUIET:  # a clock that is ahead of ours says nothing
                content = file.read(LARGEST + 1)  # one byte more than allowed is enough to refuse any size
                if os.fstat(file.fileno()).st_mtime_ns == before:
                    return content
        time.sleep(_QUIET / 10**10)
    raise UnreadableDocument(f"{path.name} is still being written: try again when it is whole.")


def from_link(address: str, channels: tuple[str, ...], known: Mapping[str, Document], fetch: Fetch) -> list[File]:
    """Read a page from its address; where it was read before, only if it has changed."""
    old = next((document for document in known.values() if document.origin == address), None)
    etag = old.etag if old and old.channels == channels else ""
    try:
        page = fetch(address, etag)
    except UnreadableDocument as error:
        return [File(old or Document(address, "", address, channels), refusal=str(error))]
    if page is None:
        return [File(old or Document(address, "", address, channels), unchanged=True)]
    wanted = Document(old.name if old else page.name, "", address, channels, etag=page.etag)
    if not old and wanted.name in known:
        return [File(wanted, refusal=f"{wanted.name} was already added from elsewhere: remove that one first.")]
    try:
        check_name(wanted.name)
    except UnreadableDocument as error:
        return [File(wanted, refusal=str(error))]
    return from_bytes(wanted, page.content, known)


def from_bytes(wanted: Document, content: bytes, known: Mapping[str, Document]) -> list[File]:
    """Read the wanted document from its bytes; a ZIP file becomes a document for each file in it."""
    if not is_archive(wanted.name):
        return [_parsed(wanted, content, known)]
    try:
        members = unpack(wanted.name, content)
    except UnreadableDocument as error:
        return [File(wanted, refusal=str(error))]
    names = {name for name, _ in members}
    gone = [document for name, document in known.items() if is_in(name, wanted.name) and name not in names]
    files = [_parsed(replace(wanted, name=name), inside, known) for name, inside in members]
    return [*files, *(File(document, gone=True) for document in gone)]


def origins(documents: Mapping[str, Document]) -> Iterator[Document]:
    """Yield what to read again for documents with an origin: each itself, those of one ZIP file together."""
    seen = set()
    for document in documents.values():
        if document.origin is None:
            continue
        last = Path(document.origin).name
        if is_archive(last) and not is_archive(document.name):
            document = replace(document, name=document.name.split(f"{last}/", 1)[0] + last)  # noqa: PLW2901 -- its whole
        if document.name not in seen:
            seen.add(document.name)
            yield document


def is_in(name: str, archive: str) -> bool:
    """Say whether a document came out of the ZIP file of that name."""
    return is_archive(archive) and name.startswith(f"{archive}/")


def _parsed(wanted: Document, content: bytes, known: Mapping[str, Document]) -> File:
    document = replace(wanted, sha256=hashlib.sha256(content).hexdigest())
    old = known.get(document.name)
    if old and old == replace(document, passages=old.passages, taken=old.taken, etag=old.etag):
        return File(old, unchanged=True)
    try:
        passages = tuple(cut(document.name, read(document.name, content)))
    except UnreadableDocument as error:
        return File(document, refusal=str(error))
    taken = datetime.now(UTC).isoformat(timespec="seconds")
    return File(replace(document, passages=len(passages), taken=taken), content, passages)
