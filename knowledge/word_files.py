"""Word files (DOCX) as Markdown, by way of HTML.

mammoth does the first half: it goes by the names of styles rather than by looks, so that headings, lists and tables
stay what they are, and it needs no other library. What a reader of the page would not see is taken out before.
"""

import io
import xml.dom.expatbuilder  # noqa: F401 -- mammoth loads it with the first file, too late for the sandbox
import zipfile
from xml.etree import ElementTree as ET

import mammoth

from knowledge.entries import Entry, refuse
from knowledge.office_package import parts
from knowledge.prose import read_markdown
from knowledge.web_pages import to_markdown

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_TINY = 4  # half points; nobody reads letters of two points
_STYLES = "\n".join(
    [
        "p[style-name='Title'] => h1:fresh",
        *(f"p[style-name='Heading {n}'] => h{min(n + 1, 6)}:fresh" for n in range(1, 7)),
    ]
)


def read_docx(name: str, content: bytes) -> list[Entry]:
    """Return the entries of a Word file. Raises UnreadableDocument."""
    found = parts(name, content, "word/document.xml")
    visible = io.BytesIO()
    with zipfile.ZipFile(visible, "w") as package:
        for path, part in found.items():
            package.writestr(path, _visible(name, part) if _is_text(path) else part)
    html = mammoth.convert_to_html(visible, style_map=_STYLES, convert_image=lambda _: []).value
    return read_markdown(to_markdown(name, html))


def _is_text(path: str) -> bool:
    return path.startswith("word/") and path.endswith(("document.xml", "notes.xml"))


def _visible(name: str, part: bytes) -> bytes:
    """Return the part without runs that are hidden, white or tiny. Raises UnreadableDocument."""
    try:
        root = ET.fromstring(part)  # noqa: S314 -- a part with a DOCTYPE was refused; without one nothing can expand
    except ET.ParseError as error:
        refuse(name, f"is a damaged Word file ({error})", "open it, save it anew and upload it again")
    for parent in root.iter():
        for run in parent.findall(f"{_W}r"):
            if _is_hidden(run.find(f"{_W}rPr")):
                parent.remove(run)
    return ET.tostring(root)


def _is_hidden(properties: ET.Element | None) -> bool:
    if properties is None:
        return False
    vanish, color, size, *background = (
        properties.find(f"{_W}{tag}") for tag in ("vanish", "color", "sz", "shd", "highlight")
    )
    if vanish is not None and vanish.get(f"{_W}val", "true") not in {"0", "false", "off"}:
        return True
    if size is not None and size.get(f"{_W}val", "").isdigit() and int(size.get(f"{_W}val", "")) <= _TINY:
        return True
    white = color is not None and color.get(f"{_W}val", "").upper() == "FFFFFF"
    return white and all(part is None for part in background)
