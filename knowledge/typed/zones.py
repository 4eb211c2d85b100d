"""Time zones that passages name."""

import re
from collections.abc import Iterable, Iterator

from knowledge.store import Passage
from knowledge.typed.feasts import zone_named
from knowledge.typed.kinds import Zone

_NAMES: tuple[tuple[str, str], ...] = (
    ("America/New_York", r"US Eastern|Eastern(?: Standard| Daylight)?(?: Time)?|E[SD]?T"),
    ("America/Chicago", r"US Central|Central(?: Standard| Daylight)? Time|C[SD]T"),
    ("America/Denver", r"US Mountain|Mountain(?: Standard| Daylight)? Time|M[SD]T"),
    ("America/Los_Angeles", r"US Pacific|Pacific(?: Standard| Daylight)?(?: Time)?|P[SD]?T"),
    ("Europe/Berlin", r"Central European(?: Summer)? Time|CES?T|Berlin time|German time"),
    ("Europe/London", r"UK time|London time|British(?: Summer)? Time|BST"),
    ("UTC", r"UTC|GMT|Zulu"),
)
_IANA = re.compile(r"\b(?:Europe|America|Asia|Australia|Africa|Pacific|Atlantic|Indian)/[A-Z]\w+(?:/[A-Z]\w+)?\b")
_ALL = re.compile(r"\ball (?:the )?(?:times|hours)\b(?: (?:here|below|listed|shown|given|are|in))*", re.IGNORECASE)
_BESIDE = r"(?:(?<=[md\d])\s+|\(\s*|\b(?:in|at|times?(?: zone)?:?)\s+(?:the\s+)?)"


def zones_in(passages: Iterable[Passage]) -> Iterator[Zone]:
    """Yield the zones that stand beside a time or after "all times"."""
    for passage in passages:
        text = f"{passage.section}\n{passage.text}"
        found: dict[str, tuple[str, bool]] = {}
        for match in _IANA.finditer(text):
            if zone_named(match[0]):
                found[match[0]] = (match[0], bool(_ALL.search(text)))
        for name, pattern in _NAMES:
            for beside in re.finditer(rf"{_ALL.pattern}\s+({pattern})\b", text, re.IGNORECASE):
                found[name] = (beside[1], True)
            for beside in re.finditer(rf"{_BESIDE}({pattern})\b", text):
                found.setdefault(name, (beside[1], False))
        for name, (shown, everywhere) in found.items():
            yield Zone(passage, name, shown, everywhere)
