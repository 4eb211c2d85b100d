"""Yes and no: what a reply says, what a note says, and whether a reply declines to answer."""

import re
from collections.abc import Sequence
from typing import Literal

from knowledge.claims import stem

Polarity = Literal["yes", "no"]

_NO = (
    r"\b(?:no|nay|nope|not|never|none|neither|nor|cannot|can ?not|without|nowhere|nothing|afraid|ain't|unable|"
    r"regret\w*|sadly|alas|sorry|missing|forbidden|prohibited|banned|denied|refused?|closed|off-limits|impossible)\b|n['\u2019]t\b"
)
_YES = (
    r"\b(?:aye|yes|yep|yeah|yup|certainly|indeed|absolutely|of course|you got it|you bet|gladly|with pleasure|"
    r"by all means|surely|sure|no problem|no worries)\b"
)
_PLAIN_NO = re.compile(r"\b(?:not|nobody|never|none|neither|nor|cannot|without|forbidden|prohibited|banned|closed|refuse[sd]?)\b|n['\u2019]t\b|^no\b", re.IGNORECASE)
_NO_SUCH = re.compile(r"\bno (?:\w+ )?(\w+)", re.IGNORECASE)
_HEDGE = re.compile(r"\b(?:only|unless|except|until|but|however|free|any|each|every|no)\b", re.IGNORECASE)
_COMPARES = re.compile(r"\b(?:if|over|above|under|below|at least|from|with|to|between|up|minimum|maximum|before|after)\b", re.IGNORECASE)
_SAID = re.compile(
    rf"(?P<yes>{_YES})|(?P<no>\b(?:nay|nope|afraid not|not at all|sadly not|sorry)\b|(?<![^\s\u2014])no(?=[,.!;:\u2014]|$)|^no\b)",
    re.IGNORECASE,
)
_NEGATION = (
    r"(?:\b(?:no|not|nor|none|naught|nowt|nothin[g'\u2019]?|nowhere|never|nobody|neither|without|silent|silence|mum|quiet|blank|"
    r"empty|missing|absent|beyond|lacks?|unable|unnamed|unsaid|unknown|unmapped|uncharted|ain['\u2019]t)\b|n['\u2019]t\b|\bcannot\b)"
)
_KEEPER = (
    r"\b(?:notes?|notebook|log|logs|logbook|journal|ledger|records?|pages?|paper|papers|scrap|scroll|map|charts?|"
    r"inventory|codex|lore book|spellbook|quest log|guidebook|what i(?:['\u2019]ve| have| hold))\b"
)
_KNOW = r"\b(?:know|say|tell|find|see|answer|guess|promise|speak|call|name|clue|idea|swear|vouch|reveal)\b"
_TOLD = r"\b(?:listed|mentioned|recorded|covered|written|charted|logged|given|noted|marked|named|scribbled|set down|spelled out|told|stated|wrote)\b"
_DECLINES = re.compile(
    rf"{_NEGATION}[^.!?]*{_KEEPER}|{_KEEPER}[^.!?]*{_NEGATION}"
    rf"|\b(?:i|i['\u2019]d|i['\u2019]m|we)\b[^.!?]{{0,20}}{_NEGATION}[^.!?]{{0,20}}{_KNOW}|{_KNOW} (?:i|we) (?:not|cannot|can['\u2019]t)\b"
    rf"|{_NEGATION}[^.!?]{{0,16}}{_TOLD}|\bbeats me\b|\b(?:would|should) only be guessing\b|\bfog of war\b",
    re.IGNORECASE,
)


def polarity(reply: str) -> Polarity | None:
    """Return what a reply says to a yes-or-no question; None where it says neither."""
    said = _SAID.search(reply)  # outright; "No grog, but aye" is a yes
    if said:
        return "yes" if said["yes"] else "no"
    return "no" if negative(reply) else None


def negative(clause: str) -> bool:
    """Tell whether a clause denies."""
    return bool(re.search(_NO, clause, re.IGNORECASE))


def denies(sentence: str, words: Sequence[str]) -> bool:
    """Tell whether a sentence denies what is asked, given as stems: "no booking" denies only a question on booking."""
    such = {stem(part) for match in _NO_SUCH.finditer(sentence) for part in match[0].split()[1:]}
    return bool(_PLAIN_NO.search(sentence)) or bool(such & set(words))


def hedged(clause: str, *, compared: bool) -> bool:
    """Tell whether a clause holds only under a condition, so that yes and no both may follow from it.

    ``compared``: the question names a number or a day, which the clause may set a limit to.
    """
    return bool(_HEDGE.search(clause)) or (compared and bool(_COMPARES.search(clause)))


def declines(reply: str) -> bool:
    """Tell whether a reply says that the notes do not hold the answer."""
    return bool(_DECLINES.search(reply))
