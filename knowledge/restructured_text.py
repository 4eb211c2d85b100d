"""reStructuredText as Markdown, by way of HTML.

docutils is the format's own implementation. What only Sphinx knows is kept as the text that it stands for, nothing is
included from other files, and no raw HTML is taken over.
"""

import importlib
import pkgutil
import re
from typing import Any, ClassVar

import docutils.parsers.rst.directives
from docutils import nodes
from docutils.core import publish_string
from docutils.parsers.rst import Directive, directives, roles
from docutils.writers import html5_polyglot

from knowledge.entries import Entry
from knowledge.prose import read_markdown
from knowledge.web_pages import to_markdown

_SETTINGS = {
    "file_insertion_enabled": False,
    "raw_enabled": False,
    "report_level": 5,
    "halt_level": 5,
    "embed_stylesheet": False,
    "stylesheet_path": "",
    "math_output": "LaTeX",
    "syntax_highlight": "none",
    "doctitle_xform": False,
    "smart_quotes": False,
    "input_encoding": "unicode",
    "output_encoding": "unicode",
    "_disable_config": True,
    "toc_backlinks": False,
    "section_self_link": False,
    "cloak_email_addresses": False,
}
_DIRECTIVE = re.compile(r"^\s*\.\. ([\w:.+-]+)::(?:\s|$)", re.MULTILINE)
_ROLE = re.compile(r":([\w:.+-]+):`")
_UNREAD = {"toctree", "index", "image", "figure", "contents", "highlight", "currentmodule", "module", "sectnum", "meta"}


class _Body(Directive):  # type: ignore[misc]  # docutils has no types
    """Any directive that docutils does not know: its argument and its content are text."""

    optional_arguments = 100
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[Any] = type(
        "_Any", (dict,), {"__getitem__": lambda *_: str, "__contains__": lambda *_: True}
    )()

    def run(self) -> list[nodes.Node]:
        """Return the content as paragraphs, lists and so on, below the argument."""
        box = nodes.container()
        if self.arguments:
            told, messages = self.state.inline_text(" ".join(self.arguments), self.lineno)
            box += nodes.paragraph("", "", *told)
            box += messages
        self.state.nested_parse(self.content, self.content_offset, box)
        return [box]


class _Nothing(_Body):
    def run(self) -> list[nodes.Node]:
        return []


class _Writer(html5_polyglot.Writer):  # type: ignore[misc]  # as above
    """Writes the body alone, for which no template is read from a file."""

    def apply_template(self) -> str:
        """Return the body."""
        return "".join(self.body)


def read_rst(name: str, text: str) -> list[Entry]:
    """Return the entries of a reStructuredText file. Raises UnreadableDocument."""
    return read_markdown(to_markdown(name, _to_html(text)))


def _to_html(text: str) -> str:
    for found in set(_DIRECTIVE.findall(text)):
        if found in _UNREAD:
            directives.register_directive(found, _Nothing)
        elif found not in directives._directive_registry:  # noqa: SLF001 -- docutils has no public way to ask
            directives.register_directive(found, _Body)
    for found in set(_ROLE.findall(text)):
        if found not in roles._role_registry:  # noqa: SLF001 -- as above
            roles.register_local_role(found, _role)
    return str(publish_string(text, writer=_Writer(), settings_overrides=_SETTINGS))


def _role(*given: Any, **_: Any) -> tuple[list[nodes.Node], list[nodes.system_message]]:  # noqa: ANN401 -- docutils' own
    """Return the words of a Sphinx role: of ``title <target>`` the title, of ``~a.b`` the last part."""
    text = re.sub(r"^(.+?)\s*<[^<>]*>$", r"\1", str(given[2]), flags=re.DOTALL)
    return [nodes.inline("", text.rsplit(".", 1)[-1] if text.startswith("~") else text.lstrip("!"))], []


# docutils loads directives and transforms when a text needs them, and where this runs nothing can be loaded then.
for _found in pkgutil.iter_modules(docutils.parsers.rst.directives.__path__, "docutils.parsers.rst.directives."):
    importlib.import_module(_found.name)
_to_html(
    ":a: b\n\nOne\n---\n\n.. note:: `two <https://example.org>`_ |x| [#]_ :math:`x`\n\n"
    ".. [#] three\n.. |x| replace:: y\n"
)
