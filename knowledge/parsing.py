"""Which reader reads which file. All of this runs in the confined process (``knowledge.reading_worker``)."""

from collections.abc import Callable
from pathlib import PurePosixPath

from knowledge import unseen
from knowledge.entries import Entry, refuse

Reader = Callable[[str, bytes], list[Entry]]
"""A file's name and bytes to its entries; raises UnreadableDocument."""

_MARKDOWN = {".md", ".markdown", ".mdx"}
_MOST_TEXT = 20 * 2**20
"""Characters of all entries together; only what is packed (PDF, DOCX, XLSX) can come so far."""


def read(name: str, content: bytes) -> list[Entry]:
    """Return the entries of a file, without characters that nobody sees. Raises UnreadableDocument."""
    entries = [unseen.cleaned(entry) for entry in reader(PurePosixPath(name).suffix.lower())(name, content)]
    if sum(len(entry.title) + len(entry.body) for entry in entries) > _MOST_TEXT:
        refuse(name, f"holds more than {_MOST_TEXT // 2**20} million characters", "split it into smaller files")
    return entries


def unpack(name: str, content: bytes) -> list[tuple[str, bytes]]:
    """Return the paths and bytes of the files in a ZIP file. Raises UnreadableDocument."""
    from knowledge import archives

    return archives.unpack(name, content)


def reader(ending: str) -> Reader:
    """Return what reads files with this ending, loaded."""
    if ending == ".pdf":
        from knowledge.pdf_files import read_pdf

        return read_pdf
    if ending == ".docx":
        from knowledge.word_files import read_docx

        return read_docx
    if ending == ".xlsx":
        from knowledge.workbooks import read_xlsx

        return read_xlsx
    if ending == ".zip":
        from knowledge import archives

        return archives.refuse_nested
    return _of_text(_text_reader(ending))


def _of_text(read_decoded: Callable[[str, str], list[Entry]]) -> Reader:
    from knowledge.decoding import decode

    return lambda name, content: read_decoded(name, decode(name, content))


def _text_reader(ending: str) -> Callable[[str, str], list[Entry]]:  # noqa: PLR0911 -- as reader
    from knowledge import prose, records

    if ending in _MARKDOWN:
        from knowledge.markdown_dialects import plain_markdown

        return lambda name, text: prose.read_markdown(plain_markdown(name, text))
    if ending in {".html", ".htm"}:
        from knowledge.web_pages import to_markdown

        return lambda name, text: prose.read_markdown(to_markdown(name, text))
    if ending == ".rst":
        from knowledge.restructured_text import read_rst

        return read_rst
    if ending == ".adoc":
        from knowledge.asciidoc import read_asciidoc

        return read_asciidoc
    if ending in {".yaml", ".yml"}:
        from knowledge.yaml_files import read_yaml

        return read_yaml
    if ending in {".csv", ".tsv"}:
        return records.read_csv
    if ending == ".json":
        return records.read_json
    if ending == ".jsonl":
        return records.read_json_lines
    from knowledge.text_layout import blocks, with_headings

    return lambda _, text: [entry for block in blocks(text) for entry in prose.read_text(with_headings(block))]
