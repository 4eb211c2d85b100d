"""A message to the questions in it, each of which can be understood without the talk before it."""

import re
from collections.abc import Sequence

from knowledge.claims import claims, stems
from knowledge.question import content

MOST = 3
"""Questions of one message that are answered."""

_ASKS = (
    r"what|whats|when|where|wheres|who|whose|which|how|why|do|does|did|is|are|can|could|may|will|would|should|have|has"
)
_JOINED = re.compile(rf"[,;]?\s+(?:and|also|plus|but)\s+(?=(?:also\s+)?(?:{_ASKS})\b)", re.IGNORECASE)
_AND = re.compile(r"^(?:and|also|plus|but|so)\s+", re.IGNORECASE)
_ENDED = re.compile(r"(?<=[?!])\s+|\n+")
_ASKING = re.compile(rf"(?:^|\s)(?:{_ASKS})\b", re.IGNORECASE)
_GOES_ON = re.compile(
    r"^(?:ok(?:ay)?|oh|so|hm+|thanks?|cool|great)?[\s,!.]*(?:and|or|but|also|what about|how about)\b[\s,]*",
    re.IGNORECASE,
)
_REFERS = re.compile(
    r"\b(?:it|its|that|those|these|them|they|there|one|ones|this|he|she|his|her|same)\b", re.IGNORECASE
)
_FEW = 4
"""Content words below which a message that refers to something may be about what was asked before."""
_PLACED = re.compile(r"^(to|in|on|at|for|from|with|near|by|after|before|until)\s+(.+)$", re.IGNORECASE)


def questions(message: str) -> list[str]:
    """Return the questions of a message in order, at most ``MOST``; a message that asks one thing is left as it is.

    A part that has no subject of its own ("and how much is it?") is put behind the one before it.
    """
    parts = [
        piece.strip()
        for sentence in _ENDED.split(message.strip())
        for piece in _JOINED.split(sentence)
        if piece.strip()
    ]
    asking = [part for part in parts if _ASKING.search(part) and len(part.split()) > 2]  # noqa: PLR2004 -- not "what now"
    if len(asking) < 2:  # noqa: PLR2004 -- more than one
        return [message.strip()] if message.strip() else []
    story = " ".join(part for part in parts if part not in asking and content(part))
    found: list[str] = []
    for part in asking[:MOST]:
        own = standalone(part, found[-1:]) if found else part
        own = _AND.sub("", own)
        found.append(f"{story} {own}" if story and not found else own)
    return found


def standalone(message: str, earlier: Sequence[str]) -> str:
    """Return a message so that it can be understood without what the member asked before it.

    ``earlier``: the member's questions before, the newest last. "and on Sundays?" after "are you open on Saturday?"
    becomes "are you open on Sundays?"; where nothing can be exchanged, the earlier question stands before the new.
    """
    if not earlier or not content(earlier[-1]) or not depends(message):
        return message
    before, new = earlier[-1].strip().rstrip("?.! "), _GOES_ON.sub("", message.strip())
    return _exchanged(before, new.rstrip("?.! ")) or f"{before}? {new}"


def depends(message: str) -> bool:
    """Tell whether a message cannot be understood without the talk before it."""
    goes_on = _GOES_ON.match(message.strip())
    rest = _GOES_ON.sub("", message.strip())
    if goes_on and not _ASKING.match(rest):
        return True
    own = content(rest)
    return len(own) < _FEW and bool(_REFERS.search(rest)) and not _names_its_subject(rest)


def _names_its_subject(text: str) -> bool:
    """Tell whether "it" and "there" stand for nothing: "is it open on Monday" has a subject only in the talk before."""
    return bool(re.search(r"\b(?:is|are|was)\s+there\b", text, re.IGNORECASE)) and len(content(text)) > 0


def _exchanged(before: str, new: str) -> str | None:
    """Return the earlier question with the one part that the new message names anew, None where there is none such."""
    named = [claim for claim in claims(new) if claim.kind in {"weekday", "month", "time"}]
    for claim in named:
        old = [one for one in claims(before) if one.kind == claim.kind]
        if len(named) == len(old) == 1 and not set(content(new)) - set(stems(claim.shown)):
            return f"{before.replace(old[0].shown, claim.shown)}?"
    placed = _PLACED.match(new)
    if placed:
        where = re.search(rf"\b{placed[1]}\s+(?:[\w'-]+\s*){{1,3}}$", before, re.IGNORECASE)
        if where:
            return f"{before[: where.start()]}{new}?"
    return None
