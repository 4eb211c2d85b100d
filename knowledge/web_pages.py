"""Web pages, and whatever another reader turned into one, as Markdown.

html-to-markdown does it: it parses as the HTML standard says, keeps tables, lists and code, leaves out scripts and
what a browser would not show, and is thirteen times as fast as markdownify.
"""

import re
from typing import TYPE_CHECKING, Any, cast

from html_to_markdown import ConversionOptions, HiddenContent, NodeContext, convert

from knowledge.entries import refuse

if TYPE_CHECKING:
    from html_to_markdown._html_to_markdown import HtmlVisitor

_DEEPEST = 900
"""Elements inside each other; html-to-markdown leaves out what lies deeper than 1,024."""
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)")
_LOOSE = re.compile(r"^(\s*(?:[-*+]|\d+\.) .*)\n\n(?=\s*(?:[-*+]|\d+\.) )", re.MULTILINE)
"""An empty line between two items of a list, which would let the list be cut there."""
_VOID = set("area base br col embed hr img input link meta source track wbr p li dt dd tr td th option".split())
_UNREAD = ["nav", "script", "style", "iframe", "button", "select", "textarea", "svg", "object", "[role=navigation]"]


class _Visitor:
    """Makes the terms of definition lists bold, which the Markdown reader takes for headings; drops idle links."""

    def visit_definition_term(self, _: NodeContext, text: str) -> Any:  # noqa: ANN401 -- as the library types it
        return {"type": "custom", "output": f"**{text.strip().strip('*')}**\n\n"}

    def visit_link(self, _: NodeContext, href: str, text: str, __: str | None) -> Any:  # noqa: ANN401 -- as above
        if re.match(r"(?:https?:|mailto:|tel:)", href, re.IGNORECASE):
            return "continue"
        return {"type": "custom", "output": text}


def to_markdown(name: str, html: str) -> str:
    """Return the page as Markdown. Raises UnreadableDocument where it nests too deeply."""
    depth = deepest = 0
    for closing, tag in _TAG.findall(html):
        if tag.lower() not in _VOID:
            depth = max(0, depth - 1) if closing else depth + 1
            deepest = max(deepest, depth)
    if deepest > _DEEPEST:
        refuse(name, f"nests more than {_DEEPEST} elements inside each other", "save the page as text")
    options = ConversionOptions(
        extract_metadata=False, hidden_content=HiddenContent.DROP, exclude_selectors=_UNREAD, skip_images=True,
        max_depth=1024,
    )  # fmt: skip
    return _LOOSE.sub(r"\1\n", convert(html, options, cast("HtmlVisitor", _Visitor())).content or "")
