"""Paragraphs that an editor wrapped at a column, put back into one line each.

To Markdown, HTML and a reader's eye such an end of line is a space; to whoever cuts a text into lines it tears
sentences in two. Lines that were ended on purpose stay: addresses, hours, questions with answers, one sentence a line.
"""

import re

from markdown_it import MarkdownIt

_FULL = 50
"""Characters from which a line may have been ended by its length; editors wrap at 66 and more, mail programs at 72."""
_ENDED = re.compile(r"[.!?:;|\\][\"')\]*_]*$|\s\s$")
_BEGUN = re.compile(r"\s*(?:[-*+\u2022>|#]|\d+[.)]\s|[^\s:]{1,20}(?:\s[^\s:]{1,20}){0,2}:\s|\[[^\]]+\]:)")
_PARSER = MarkdownIt("commonmark").enable("table").disable("inline")


def unwrapped(text: str) -> str:
    """Return the text with each wrapped paragraph in one line; code, tables and headings stay as they are."""
    lines = text.split("\n")
    for token in reversed(_PARSER.parse(text)):
        if token.type == "paragraph_open" and token.map and _wrapped(lines[slice(*token.map)]):
            first, end = token.map
            lines[first:end] = [" ".join((lines[first].rstrip(), *(line.strip() for line in lines[first + 1 : end])))]
    return "\n".join(lines)


def _wrapped(lines: list[str]) -> bool:
    above, below = lines[:-1], lines[1:]
    full = all(len(line.rstrip()) >= _FULL for line in above)
    return full and any(not _ENDED.search(line) for line in above) and not any(map(_BEGUN.match, below))
