"""Words that turn a statement round: not and never, and opposites such as open and closed, free and paid."""

import re
from collections.abc import Set as AbstractSet

from knowledge.claims import stem, stems

_NOT = re.compile(
    r"""\b(?:not|never|without|cannot|nobody|none|neither|ain['\u2019]t|no\ longer|nothing|nowhere|no\ one
    |hardly)\b|\bnon-(?=\w)|n['\u2019]t\b|(?<=:\ )no\b
    |\bno\b(?!\.\s?\d|-|\ (?:more|less|fewer|later|earlier|matter|longer|problem|worries|doubt)\b)(?=\s+[\w'])""",
    re.IGNORECASE | re.VERBOSE,
)
_NO_SUCH = re.compile(r"\b(?:with\s+no|without(?:\s+(?:an?|the|any))?)\s+(\w+)", re.IGNORECASE)
_OPENING_NO = re.compile(
    r"^\W*(?:no|nay|nope)\b(?:[,.!;:\u2014]+|\s+(?=(?:we|you|it|the|they|i|there|your|our)\b))", re.IGNORECASE
)
_AND_NO = re.compile(r"(?<=\w)\s+(?:and|or)\s+no(?=\s)", re.IGNORECASE)
_PAIRS = (
    ("free", "cost costs pay paid charge charged fee price"),
    ("open opens opened", "closed close closes shut"),
    ("allowed welcome permitted accepted", "forbidden prohibited banned refused off-limits"),
    ("enabled", "disabled"), ("before", "after"), ("above over", "below under"),
    ("alone unaccompanied", "accompanied adult"),
    ("included include includes", "extra excluded exclude"), ("start starts begin begins", "end ends finish finishes"),
    ("more", "less fewer"), ("first", "last"), ("minimum", "maximum"),
    ("indoors indoor inside", "outdoors outdoor outside"),
    ("arrive arrives", "leave leaves depart departs"), ("buy", "sell"), ("earliest", "latest"), ("up", "down"),
    ("increase increases raise raises", "reduce reduces lower lowers decrease decreases"), ("same", "different"),
    ("needed required necessary compulsory", "optional"),
    ("keep keeps kept stay stays remain remains", "lose loses lost delete deletes deleted remove removes removed"),
)  # fmt: skip
_OPPOSITE: dict[str, frozenset[str]] = {}
for _one, _other in _PAIRS:
    for _said, _against in ((_one, _other), (_other, _one)):
        for _word in _said.split():
            _OPPOSITE[stem(_word)] = _OPPOSITE.get(stem(_word), frozenset()) | frozenset(map(stem, _against.split()))
_OFF = re.compile(
    r"\b(?:turned|switched)\ (on|off)\b|\b(?:is|are|be)\ (on|off)\b(?=[\s,]*(?:$|on\ |in\ |by\ |for\ |[.!]))",
    re.IGNORECASE,
)
_SHUT = re.compile(r"\b(?:closed|shut)\b", re.IGNORECASE)
_STATE = re.compile(
    r"""\b(?:closed|shut|locked|forbidden|prohibited|banned|refused?|off-limits|disabled|impossible|unable|
    excluded|sold\ out|(?:fenced|blocked|sealed|roped|shut)\ off)\b""",
    re.IGNORECASE | re.VERBOSE,
)


def denies(text: str, other: str | None = None) -> bool:
    """Tell whether a text denies what it speaks of, rather than affirming it or denying twice.

    The no that answers a question does not count. ``other``: a text that speaks of the same; "with no interest" does
    not count where that speaks of no interest.
    """
    text = _OPENING_NO.sub("", text)
    if other is not None:
        shared = set(stems(other))
        text = _NO_SUCH.sub(lambda match: match[0] if stem(match[1]) in shared else "", text)
    found = [match[0].lower() for match in _NOT.finditer(_AND_NO.sub("", text))]
    return len([word for word in found if word != "without"] or found) % 2 == 1


def turned(one: str, other: str) -> bool:
    """Tell whether a text has a word whose opposite stands in the other, and neither has both."""
    said, there = _words(one), _words(other)
    return any(
        opposite in there and opposite not in said and word not in there
        for word in said & _OPPOSITE.keys()
        for opposite in _OPPOSITE[word]
    )


def opposites(words: AbstractSet[str]) -> set[str]:
    """Return the opposites of some stems."""
    return {opposite for word in words for opposite in _OPPOSITE.get(word, ())}


def states(text: str) -> bool:
    """Tell whether a text says that something is closed, forbidden, switched off or the like."""
    return bool(_STATE.search(_switched(text)))


def _switched(text: str) -> str:
    return _OFF.sub(lambda m: "disabled" if "off" in m[0].lower() else "enabled", text)


def _words(text: str) -> set[str]:
    found = set(stems(_switched(text)))
    return found if _SHUT.search(text) else found - {stem("closed")}  # "closes at 6" is no opposite of "open"
