"""What site generators and README writers put into Markdown beside Markdown, as Markdown.

Front matter (Jekyll, Hugo, Docusaurus) keeps its title, HTML blocks are read as web pages are, and what only steers a
generator goes: shortcodes, imports, components, the fences of admonitions. Comments go too: no reader of the page sees
them.
"""

import re

from markdown_it import MarkdownIt

from knowledge.web_pages import to_markdown

_FRONT = re.compile(r"(---|\+\+\+)\n((?:[ \t#-].*\n|[\w-]{2,}\s*[:=].*\n|[\]}],?\s*\n|\n)+)\1[ \t]*(?:\n|$)")
_TITLE = re.compile(r"^title\s*[:=]\s*(['\"]?)(\S.*?)\1\s*$", re.MULTILINE)
_FENCE = re.compile(r"\s*(`{3,}|~{3,})")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SHORTCODE_COMMENT = re.compile(r"\{\{[%<]\s*comment\s*[%>]\}\}.*?\{\{[%<]\s*/comment\s*[%>]\}\}", re.DOTALL)
_SHORTCODE = re.compile(r"\s*\{\{[%<].*?[%>]\}\}\s*$")
_ADMONITION = re.compile(r"\s*:{3,}\s*(?:(?:note|tip|info|warning|danger|caution|important|details)\b)?\s*(.*)")
_COMPONENT = re.compile(r"\s*</?[A-Z][\w.]*(?:\s[^<>]*)?/?>\s*$")
_IMPORT = re.compile(r"(?:import|export)\s.*(?:from\s+['\"].*|=.*|['\"];?)$")
_BLOCK = re.compile(
    r"\s*</?(?:details|summary|table|thead|tbody|tr|td|th|div|section|article|p|ul|ol|li|dl|dt|dd|h[1-6]|center|hr|br"
    r"|blockquote|pre|script|style|iframe|figure|picture|img|a|span|b|strong|em|sup|sub|kbd|font)\b",
    re.IGNORECASE,
)
_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")


def plain_markdown(name: str, text: str) -> str:
    """Return the text without what only a generator reads. Raises UnreadableDocument where HTML nests too deeply."""
    text = _without_front(text)
    prose = [_prose(part, mdx=name.lower().endswith(".mdx")) if not code else part for code, part in _parts(text)]
    return _without_html(name, "\n".join(prose))


def _without_front(text: str) -> str:
    front = _FRONT.match(text)
    if not front:
        return text
    rest = text[front.end() :]
    title = _TITLE.search(front[2])
    return f"# {title[2]}\n\n{rest}" if title and not re.search(r"^# ", rest, re.MULTILINE) else rest


def _parts(text: str) -> list[tuple[bool, str]]:
    """Return (is code, lines) for the text inside and outside of fences, in order."""
    parts: list[tuple[bool, list[str]]] = [(False, [])]
    fence = ""
    for line in text.split("\n"):
        found = _FENCE.match(line)
        if not fence and found:
            fence = found[1]
            parts.append((True, [line]))
        elif fence and found and found[1].startswith(fence) and line.strip() == found[1]:
            parts[-1][1].append(line)
            parts.append((False, []))
            fence = ""
        else:
            parts[-1][1].append(line)
    return [(code, "\n".join(lines)) for code, lines in parts if lines]


def _prose(text: str, *, mdx: bool) -> str:
    lines = []
    for line in _SHORTCODE_COMMENT.sub("", _COMMENT.sub("", text)).split("\n"):
        admonition = _ADMONITION.fullmatch(line)
        if admonition:
            lines += ["", admonition[1], ""]
        elif not _SHORTCODE.fullmatch(line) and not (mdx and (_COMPONENT.fullmatch(line) or _IMPORT.fullmatch(line))):
            lines.append(line)
    return "\n".join(lines)


def _without_html(name: str, text: str) -> str:
    if "<" not in text:
        return text
    lines = text.split("\n")
    for token in reversed(_PARSER.parse(text)):
        if token.type == "html_block" and token.map and not token.level and _BLOCK.match(lines[token.map[0]]):
            first, end = token.map
            lines[first:end] = ["", *to_markdown(name, "\n".join(lines[first:end])).split("\n"), ""]
    return "\n".join(lines)
