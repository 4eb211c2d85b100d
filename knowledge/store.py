"""The seam between knowledge and where it is kept.

Every call names its server first: nothing can be read or written without saying whose it is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]  # shape (passages, dimensions), rows of length 1


@dataclass(frozen=True)
class Passage:
    """What retrieval returns and a note shows: one entry of a document, or a part of a long one."""

    document: str
    """File name as the admin uploaded it; unique within a server."""
    section: str
    """Heading path or question, such as ``Delivery > Do you deliver?``; may be empty."""
    entry: str | None
    """The row's own id where the file gives one."""
    text: str
    """The words that are shown and cited; a table row carries its column names."""


@dataclass(frozen=True)
class Document:
    """One file of a server."""

    name: str
    sha256: str
    """Hash of ``content``, in hex; decides whether a file has changed."""
    content: bytes
    """The original bytes, kept for re-indexing and export."""
    origin: str | None = None
    """Absolute path that ``refresh`` reads again; None for an upload."""
    channels: tuple[str, ...] = ()
    """Channels in which the document may be used; empty means everywhere in its server."""
    embedder: str = ""
    """Name of the embedder that made the vectors."""
