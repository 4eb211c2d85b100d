"""Bytes to text. A byte order mark counts, and so does valid UTF-8; else charset-normalizer guesses.

A guess is taken only where no other is nearly as good and says something else: text in a wrong encoding reads well
enough to be indexed and answers with nonsense, while a refusal is mended in a minute.
"""

import codecs
import re

import charset_normalizer
from charset_normalizer import CharsetMatch

from knowledge import unseen
from knowledge.entries import refuse

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_BINARY = (b"%PDF-", b"PK\x03\x04", b"\x7fELF", b"\x89PNG", b"\x80\x04", b"GIF8", b"\xff\xd8\xff", b"\xd0\xcf\x11\xe0")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_ASCII = bytes(range(128))
_UTF8_PAIR = re.compile(rb"[\xc0-\xf7][\x80-\xbf]")
_LEAST_ASCII = 0.7  # of the characters; western text in a legacy encoding stays far above it
_MARGIN = 0.1  # of coherence, charset-normalizer's measure of how much a text reads like a language
_MOST_CHAOS = 0.1
_MOST_PER_SPACE = 60  # characters; Chinese and Japanese have at least their line ends


def decode(name: str, content: bytes) -> str:
    """Return the text with plain line ends and without characters that nobody sees. Raises UnreadableDocument."""
    if content.startswith(_BINARY):
        refuse(name, "is no text, whatever its name says", "give it the ending of its kind, or export it as text")
    text = _decoded(name, content)
    text = unseen.without_escapes(text).replace("\r\n", "\n").replace("\r", "\n").replace("\u2028", "\n")
    if _CONTROL.search(text):
        refuse(name, "looks like a binary file", "export it as text, Markdown or CSV")
    text = unseen.stripped(text.replace("\u2029", "\n\n").replace("\x0c", "\n"))
    if not text.strip():
        refuse(name, "is empty", "upload a file with at least one question and answer")
    return text


def _decoded(name: str, content: bytes) -> str:
    try:
        for mark, encoding in _MARKS:
            if content.startswith(mark):
                return content.decode(encoding)
        text = content.decode() if b"\0" not in content else _wide(content) or _guessed(content)
    except UnicodeDecodeError:
        text = _wide(content) or _guessed(content)
    if text is None and b"\0" in content:
        refuse(name, "looks like a binary file", "export it as text, Markdown or CSV")
    if text is None:
        refuse(name, "is not text in an encoding that can be told", "save it as UTF-8 text and upload it again")
    return text


def _wide(content: bytes) -> str | None:
    """Return the text if zeros stand where UTF-16 or UTF-32 without a mark has them, else nothing."""
    for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be") if b"\0" in content else ():
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        # Letters that are wrong by chance are of many scripts, and hardly with spaces among them.
        if not _CONTROL.search(text) and sum(map(text.count, " \n\t")) * _MOST_PER_SPACE > len(text):
            return text
    return None


def _guessed(content: bytes) -> str | None:
    """Return the text in the one encoding that fits, or nothing."""
    above = len(content.translate(None, _ASCII))
    if above < (1 - _LEAST_ASCII) * len(content) and 4 * len(_UTF8_PAIR.findall(content)) > above:
        return None  # damaged UTF-8, which any western encoding takes for pairs of odd letters
    matches = [match for match in charset_normalizer.from_bytes(content) if match.chaos <= _MOST_CHAOS]
    if not matches:
        return None
    best = max(match.coherence for match in matches)
    rivals = [match for match in matches if match.coherence >= best - _MARGIN]
    western = next((match for match in rivals if "cp1252" in _names(match)), None)
    if western and sum(map(str.isascii, str(western))) >= _LEAST_ASCII * len(str(western)):
        return content.decode("cp1252")
    return str(rivals[0]) if len(rivals) == 1 and b"\0" not in content else None


def _names(match: CharsetMatch) -> list[str]:
    return [match.encoding, *match.could_be_from_charset]
