"""The ZIP package that DOCX and XLSX files are (ECMA-376, part 2), checked before a reader sees it."""

import re

from knowledge.archives import members
from knowledge.entries import refuse

_MOST_PARTS = 4_000
_LARGEST = 96 * 2**20
"""Bytes of all parts together, pictures too; of XML some 20 MiB is what the sandbox's memory can hold."""
_DECLARED = re.compile(rb"<!\s*(?:DOCTYPE|ENTITY)", re.IGNORECASE)


def parts(name: str, content: bytes, main: str) -> dict[str, bytes]:
    """Return the XML parts by their paths; ``main`` is the one that there must be. Raises UnreadableDocument.

    A DOCTYPE is refused wherever it stands: Office writes none, and all that it can do here is harm (entities that
    expand, files and addresses that are fetched).
    """
    found = {}
    for path, part in members(name, content, _MOST_PARTS, _LARGEST, _LARGEST):
        if not path.lower().endswith((".xml", ".rels")):
            continue
        if _DECLARED.search(part.replace(b"\0", b"")):  # without zeros, so that UTF-16 is no way around
            refuse(name, "declares a DOCTYPE, which no Office program writes", "save it anew and upload it again")
        found[path] = part
    if main not in found or "[Content_Types].xml" not in found:
        refuse(name, "is not the Office file that its name says", "open it and save it anew as DOCX or XLSX")
    return found
