"""AsciiDoc as Markdown, line by line.

Own code, because the readers that Python has are under the GPL or call Ruby. It knows what guides and FAQ are made of:
titles, lists, questions and definitions, tables, blocks of code, links and attributes.
"""

import re
from collections.abc import Iterator

from knowledge.entries import Entry
from knowledge.prose import read_markdown

_TITLE = re.compile(r"(={1,6})\s+(\S.*)")
_ATTRIBUTE = re.compile(r":(!?[\w-]+!?):(?:\s+(.*))?")
_DEFINED = re.compile(r"\s*(\S.*?)(?::{2,4}|;;)(?:\s+(.*))?")
_ITEM = re.compile(r"\s*(\*{1,5}|-|\.{1,5})\s+(\S.*)")
_BLOCK_TITLE = re.compile(r"\.([^\s.].*)")
_FENCES = {"----", "....", "```"}
_DELIMITERS = {"====", "****", "____", "--", "++++"}
_INLINE = (
    (re.compile(r"(?:link:|xref:)([^\s\[]{1,500})\[([^\]]{0,500}?)\^?\]"), lambda m: _link(m[1], m[2])),
    (re.compile(r"(https?://[^\s\[<]{1,500})\[([^\]]{0,500}?)\^?\]"), lambda m: _link(m[1], m[2])),
    (re.compile(r"<<[^,<>]{1,200},\s*([^<>]{1,500})>>"), lambda m: m[1]),
    (re.compile(r"<<([^<>]{1,200})>>"), lambda m: m[1].strip("#_").replace("_", " ")),
    (re.compile(r"(?:kbd|btn|menu|footnote|indexterm2?):?[\w-]{0,100}\[([^\]]{0,500})\]"), lambda m: m[1]),
    (
        re.compile(r"\[\[[^\]]{0,200}\]\]|\[#[^\]]{0,200}\](?=#)|image::?[^\s\[]{1,500}\[[^\]]{0,500}\]|\s\+$"),
        lambda _: "",
    ),
    (re.compile(r"(?<![*\w])\*(?!\s)([^*\n]{1,500}?)(?<!\s)\*(?![*\w])"), lambda m: f"**{m[1]}**"),
)


def read_asciidoc(_: str, text: str) -> list[Entry]:
    """Return the entries of an AsciiDoc file."""
    return read_markdown("\n".join(_markdown(text)))


def _link(target: str, words: str) -> str:
    words = words.split(",", 1)[0].strip('" ')
    if not target.startswith(("http:", "https:", "mailto:")):
        return words or target
    return f"[{words}]({target})" if words else target


def _markdown(text: str) -> Iterator[str]:
    lines = iter(text.split("\n"))
    attributes: dict[str, str] = {}
    for line in lines:
        bare = line.rstrip()
        if bare in _FENCES or (len(bare) > 4 and set(bare) in ({"-"}, {"."})):  # noqa: PLR2004 -- the shortest fence
            yield from ("```", *_until(lines, bare), "```")
        elif re.fullmatch(r"/{4,}", bare):
            list(_until(lines, bare))  # a comment
        elif bare.startswith("|==="):
            yield from ("", *_table([_inline(row, attributes) for row in _until(lines, bare)]), "")
        elif found := _ATTRIBUTE.fullmatch(bare):
            attributes[found[1]] = found[2] or ""
        elif not bare.startswith("//") and bare not in _DELIMITERS and not re.fullmatch(r"\[.*\]|include::.*", bare):
            yield from _line(_inline(bare, attributes))


def _line(bare: str) -> Iterator[str]:
    if found := _TITLE.fullmatch(bare):
        yield from ("", f"{'#' * len(found[1])} {found[2]}", "")
    elif found := _BLOCK_TITLE.fullmatch(bare):
        yield from ("", f"**{found[1]}**", "")
    elif found := _ITEM.fullmatch(bare):
        depth = "  " * (len(found[1]) - 1)
        yield f"{depth}{'1.' if found[1].startswith('.') else '-'} {found[2]}"
    elif found := _DEFINED.fullmatch(bare):
        yield from ("", f"**{found[1].strip('*')}**", "", found[2] or "")
    elif bare == "+":
        yield ""
    else:
        yield bare.lstrip() if not bare.startswith("    ") else bare


def _inline(line: str, attributes: dict[str, str]) -> str:
    line = re.sub(r"\{([\w-]+)\}", lambda m: attributes.get(m[1], m[0]), line)
    for pattern, written in _INLINE:
        line = pattern.sub(written, line)
    return line


def _until(lines: Iterator[str], fence: str) -> Iterator[str]:
    for line in lines:
        if line.rstrip() == fence:
            return
        yield line


def _table(lines: list[str]) -> Iterator[str]:
    """Yield a table's rows; without a row of several cells in one line, the first lines up to a gap are its header."""
    rows: list[list[str]] = []
    width = 0
    fresh = False
    for line in lines:
        cells = [cell.strip() for cell in re.split(r"(?<!\\)(?:\d+\+|[<^>.]*[aehlmsd]?)\|", line)]
        if not line.strip():
            fresh = True
            width = width or (len(rows[0]) if rows else 0)
        elif len(cells) == 1 and rows:
            rows[-1][-1] = f"{rows[-1][-1]} {cells[0]}".strip()  # a cell goes on in the next line
        elif not rows or (fresh and not width) or len(rows[-1]) >= (width or (len(cells) - 1)):
            rows.append(cells[1:])
            fresh = False
        else:
            rows[-1] += cells[1:]
    for number, row in enumerate(rows):
        yield f"| {' | '.join(row)} |"
        if number == 0:
            yield f"|{'---|' * len(row)}"
