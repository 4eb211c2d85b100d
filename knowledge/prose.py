"""Markdown and plain text: headings, questions with answers, lists and tables.

markdown-it-py finds the blocks, because it follows the CommonMark specification to the letter; the words are
taken from the source lines, so nothing that it leaves out (comments, link targets) is lost.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from markdown_it import MarkdownIt
from markdown_it.token import Token

from knowledge.entries import Entry
from knowledge.wrapped_lines import unwrapped

_LONGEST_HEADING = 30  # words; a longer "heading" is a paragraph above a line of dashes
_LONGEST_LABEL = 8  # words; a longer first cell is no name
_EMPHASIS = r"(?:\*\*|__)?"
_ASK = re.compile(
    rf"\s*(?:[-*+]\s+)?{_EMPHASIS}(?:Q|Question)(?:\s*\d*\s*:|\s*\d+[.)]){_EMPHASIS}\s*(?P<text>\S.*)", re.IGNORECASE
)
_REPLY = re.compile(
    rf"\s*(?:[-*+]\s+)?{_EMPHASIS}(?:A|Answer)(?:\s*\d*\s*:|\s*\d+[.)]){_EMPHASIS}\s*(?P<text>.*)", re.IGNORECASE
)
_BOLD = re.compile(r"\s*(?:\*\*|__)(?P<text>[^*_]+)(?:\*\*|__)\s*")
_INLINE = MarkdownIt("commonmark")
_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")  # words are taken from the source lines


@dataclass
class _Section:
    level: int
    title: str
    path: tuple[str, ...]
    above: "_Section | None" = None
    """The section that it is in; None for the text as a whole."""
    lines: list[str] = field(default_factory=list)
    """Source lines directly under the heading, tables taken out."""
    rows: list[str] = field(default_factory=list)
    """Rows of its tables, each with its column names."""
    has_children: bool = False


def read_markdown(text: str) -> list[Entry]:
    """Return the entries of a Markdown text, in order."""
    return [entry for section in _sections(text) for entry in _entries(section, plain=False)]


def read_text(text: str) -> list[Entry]:
    """Return the entries of a plain text: like Markdown, and a lone line that asks is a question."""
    return [entry for section in _sections(text) for entry in _entries(section, plain=True)]


def _sections(text: str) -> list[_Section]:
    text = unwrapped(text)
    lines = text.split("\n")
    sections = [_Section(0, "", ())]
    tokens = _PARSER.parse(text)
    done = 0
    for position, token in enumerate(tokens):
        if token.level or token.map is None or token.nesting < 0:
            continue
        first, end = token.map
        sections[-1].lines += lines[done:first]
        done = end
        if token.type == "heading_open" and _is_heading(tokens[position + 1]):
            sections.append(_below(sections, int(token.tag[1]), _plain(tokens[position + 1])))
        elif token.type == "table_open":
            sections[-1].rows += _rows(tokens[position:], lines)
        else:
            bold = _BOLD.fullmatch(lines[first]) if end - first == 1 else None
            if bold and token.type == "paragraph_open" and not _asks(lines[first]) and _fits(bold["text"]):
                sections.append(_below(sections, 7, bold["text"].strip()))
            else:
                sections[-1].lines += lines[first:end]
    sections[-1].lines += lines[done:]
    return sections


def _is_heading(inline: Token) -> bool:
    return "\n" not in inline.content and _fits(inline.content)


def _fits(heading: str) -> bool:
    return 0 < len(heading.split()) <= _LONGEST_HEADING


def _plain(inline: Token) -> str:
    """Return the words without emphasis; a link or an image keeps its source, so that its target stays."""
    parts = _INLINE.parseInline(inline.content)[0].children or []
    if all(
        part.type in {"text", "code_inline", "strong_open", "strong_close", "em_open", "em_close"} for part in parts
    ):
        return "".join(part.content for part in parts).strip()
    return inline.content


def _below(sections: list[_Section], level: int, title: str) -> _Section:
    """Open a section under the nearest earlier one of a higher rank."""
    parent = sections[-1]
    while parent.level >= level and parent.above:
        parent = parent.above
    parent.has_children = True
    asked = _ASK.fullmatch(title)
    path = (*parent.path, parent.title) if parent.title else parent.path
    return _Section(level, asked["text"].strip() if asked else title, path, parent)


def _rows(tokens: list[Token], lines: list[str]) -> list[str]:
    """Return the rows of the table that starts the tokens, as ``Column: value | Column: value``."""
    header: list[str] = []
    rows: list[str] = []
    for token in tokens[: next(i for i, token in enumerate(tokens) if token.type == "table_close")]:
        if token.type == "tr_open":
            cells, source = [], lines[token.map[0]].strip() if token.map else ""
        elif token.type == "inline":
            cells.append(token.content.strip())
        elif token.type == "tr_close" and not header:
            header = cells
        elif token.type == "tr_close" and len(re.split(r"(?<!\\)\|", source.strip("|"))) > len(header):
            rows.append(source)  # the parser drops what goes beyond the columns; the source has it
        elif token.type == "tr_close":
            named = zip(header, cells, strict=False)
            rows.append(" | ".join(f"{name}: {cell}" if name else cell for name, cell in named if cell))
    return rows or [" | ".join(header)]


def _entries(section: _Section, *, plain: bool) -> Iterator[Entry]:
    inside = (*section.path, section.title) if section.title else section.path
    opening, pairs = _questions(section.lines, titled=bool(section.title), plain=plain)
    body = _trim(opening)
    if pairs and not inside and body and "\n" not in body and body[-1] not in ".!?":
        inside, body = (body,), ""  # a lone first line above the questions is the document's title
    leaf = not (section.has_children or section.rows or pairs)
    if body or (section.title and leaf):
        yield Entry(section.path, section.title, body)
    for question, answer in pairs:
        yield Entry(inside, question, _trim(answer))
    for row in section.rows:
        if row:
            yield Entry(inside, "", row, label=_label(row))


def _label(row: str) -> str:
    first = row.split(" | ", 1)[0].split(": ", 1)[-1]
    return first if len(first.split()) <= _LONGEST_LABEL else ""


def _questions(lines: list[str], *, titled: bool, plain: bool) -> tuple[list[str], list[tuple[str, list[str]]]]:
    """Split lines into those before the first question and (question, lines of its answer)."""
    opening: list[str] = []
    pairs: list[tuple[str, list[str]]] = []
    asking = False  # a question marked Q: goes on until its answer or an empty line
    for number, line in enumerate(lines):
        marked, replied = _ASK.fullmatch(_bare(line)), _REPLY.fullmatch(line)
        body = pairs[-1][1] if pairs else opening
        starts = number == 0 or not lines[number - 1].strip()
        if marked or _asks(line) or (plain and starts and line.rstrip().endswith("?") and _fits(line)):
            pairs.append((_unclosed(marked["text"]) if marked else _bare(line), []))
            asking = bool(marked)
        elif replied and (pairs or titled) and not any(part.strip() for part in body):
            body.append(_unclosed(replied["text"]))
            asking = False
        elif asking and line.strip():
            pairs[-1] = (f"{pairs[-1][0]} {_bare(line)}", [])
        else:
            asking = False
            body.append(line)
    return opening, pairs


def _asks(line: str) -> bool:
    """Say whether a whole line is set in bold and is a question."""
    bold = _BOLD.fullmatch(line)
    return bool(bold and (bold["text"].rstrip().endswith("?") or _ASK.fullmatch(bold["text"])))


def _bare(line: str) -> str:
    bold = _BOLD.fullmatch(line)
    return _unclosed((bold["text"] if bold else line).strip())


def _unclosed(text: str) -> str:
    """Drop the end of an emphasis that the removed ``**Q:`` began."""
    return text.rstrip().removesuffix("**") if text.count("**") % 2 else text


def _trim(lines: list[str]) -> str:
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in lines)).strip("\n")
