"""Yes and no: what a reply says, what a note says, and whether a reply declines to answer."""

import re
from collections.abc import Sequence
from typing import Literal

from knowledge.claims import stem

Polarity = Literal["yes", "no"]

_FLAGS = re.IGNORECASE | re.VERBOSE
_YES = r"""\b(?:aye|yes|yep|yeah|yup|certainly|indeed|absolutely|of\ course|you\ got\ it|you\ bet|gladly|
    with\ pleasure|by\ all\ means|surely|sure|no\ problem|no\ worries)\b"""
_SAID = re.compile(
    rf"""(?P<yes>{_YES})
    |(?P<no>\b(?:nay|nope|afraid\ not|not\ at\ all|sadly\ not|sorry)\b|(?<![^\s\u2014])no(?=[,.!;:\u2014]|$)|^no\b)""",
    _FLAGS,
)
_DENYING = re.compile(
    r"""\b(?:no|nay|nope|not|never|none|neither|nor|cannot|can\ ?not|without|nowhere|nothing|afraid|ain't|unable|
    regret\w*|sadly|alas|sorry|missing|forbidden|prohibited|banned|denied|refused?|closed|off-limits|impossible)\b
    |n['\u2019]t\b""",
    _FLAGS,
)
_PLAIN_NO = re.compile(
    r"""\b(?:not|nobody|never|none|neither|nor|cannot|without|forbidden|prohibited|banned|closed|refuse[sd]?)\b
    |n['\u2019]t\b|^no\b""",
    _FLAGS,
)
_NO_SUCH = re.compile(r"\bno (?:\w+ )?(\w+)", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:only|unless|except|until|but|however)\b", re.IGNORECASE)
_LIMIT = re.compile(
    r"\b(?:if|over|above|under|below|at\ least|from|with|to|between|up|minimum|maximum|before|after)\b", _FLAGS
)
_NEGATION = r"""(?:\b(?:no|not|nor|none|naught|nowt|nothin[g'\u2019]?|nowhere|never|nobody|neither|without|silent|
    silence|mum|quiet|blank|empty|missing|absent|beyond|lacks?|unable|unnamed|unsaid|unknown|unmapped|uncharted|ain['\u2019]t)\b
    |n['\u2019]t\b|\bcannot\b)"""
_KEEPER = r"""\b(?:notes?|notebook|logs?|logbook|journal|ledger|records?|pages?|papers?|scrap|scroll|map|charts?|
    inventory|codex|lore\ book|spellbook|guidebook|what\ i(?:['\u2019]ve|\ have|\ hold))\b"""
_KNOW = r"\b(?:know|say|tell|find|see|answer|guess|promise|speak|call|name|clue|idea|swear|vouch|reveal)\b"
_TOLD = r"""\b(?:listed|mentioned|recorded|covered|written|charted|logged|given|noted|marked|named|scribbled|set\ down|
    spelled\ out|told|stated|wrote)\b"""
_DECLINES = re.compile(
    rf"""{_NEGATION}[^.!?]*{_KEEPER} | {_KEEPER}[^.!?]*{_NEGATION}
    | \b(?:i|i['\u2019]d|i['\u2019]m|we)\b[^.!?]{{0,20}}{_NEGATION}[^.!?]{{0,20}}{_KNOW}
    | {_KNOW}\ (?:i|we)\ (?:not|cannot|can['\u2019]t)\b
    | {_NEGATION}[^.!?]{{0,16}}{_TOLD} | \bbeats\ me\b | \b(?:would|should)\ only\ be\ guessing\b | \bfog\ of\ war\b""",
    _FLAGS,
)


def outright(reply: str) -> Polarity | None:
    """Return the yes or no that a reply says outright; "No grog, but aye" is a yes."""
    said = _SAID.search(reply)
    return None if said is None else "yes" if said["yes"] else "no"


def polarity(reply: str) -> Polarity | None:
    """Return what a reply says to a yes-or-no question; None where it says neither."""
    return outright(reply) or ("no" if negative(reply) else None)


def negative(clause: str) -> bool:
    """Tell whether a clause denies or regrets."""
    return bool(_DENYING.search(clause))


def denies_of(sentence: str, words: Sequence[str]) -> bool:
    """Tell whether a sentence denies what is asked, given as stems: "no booking" denies only a question on booking."""
    such = {stem(part) for match in _NO_SUCH.finditer(sentence) for part in match[0].split()[1:]}
    return bool(_PLAIN_NO.search(sentence)) or bool(such & set(words))


def hedged(clause: str, *, compared: bool) -> bool:
    """Tell whether a clause holds only under a condition, so that yes and no both may follow from it.

    ``compared``: the question names a number or a day, which the clause may set a limit to.
    """
    return bool(_CONDITION.search(clause)) or (compared and bool(_LIMIT.search(clause)))


def declines(reply: str) -> bool:
    """Tell whether a reply says that the notes do not hold the answer.

    Of 381 written refusals in voice 351 are recognised, of 2,160 other replies 53 are too (most say "not on our map").
    """
    return bool(_DECLINES.search(reply))
