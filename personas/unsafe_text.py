"""Text that no reply should be taught: slurs, threats, sexual content, calls to everybody, personal data.

A short list of patterns, because the libraries for it do not fit: better-profanity has not been kept since 2020 and
also forbids what a pirate may say, alt-profanity-check comes as a pickle for one version of scikit-learn, and Presidio
needs a language model of its own. What is listed is what is never in character; mild oaths are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from personas.findings import Grade

_SLUR = r"nigg(?:er|a)s?|fagg?ots?|kikes?|trann(?:y|ies)|chinks|wetbacks?|retard(?:s|ed)?|spics?|dykes?"
_THREAT = (
    r"kill (?:your|yer)sel(?:f|ves)|kys|go (?:and )?die|(?:i|we)(?: wi|')ll (?:kill|stab|shoot|hurt) (?:you|ye)|"
    r"slit (?:your|yer) throats?|bomb threat"
)
_SEXUAL = (
    r"porn\w*|blow ?jobs?|hand ?jobs?|cum(?:shots?|ming)|dildos?|cunts?|cocksuck\w+|(?:have|had|having) sex|sexting|"
    r"nudes|masturbat\w+|rap(?:e[sd]?|ing|ist)|orgasms?"
)
_COARSE = r"(?:mother)?fuck\w*|(?:bull)?shit(?:ty|s)?|bitch(?:es)?|ass ?holes?|whores?|sluts?|wank\w*|twats?"
_EMAIL = re.compile(r"[\w.+-]+@(?P<domain>[\w-]+(?:\.[\w-]+)+)")
_RESERVED = re.compile(r"(?:^|\.)(?:example|test|invalid|localhost|example\.(?:com|org|net))$", re.IGNORECASE)
"""Domains that belong to nobody (RFC 2606)."""
_PHONE = re.compile(r"(?<![\w./-])(?:\+\d{1,3}[ .-]?)?(?:\(\d{2,5}\)[ .-]?)?\d{2,5}(?:[ .-]\d{2,5}){1,4}(?![\w./-])")
_FICTIONAL = re.compile(r"\b0?555\b|0{4}|01632|7700.?900")
"""Telephone numbers kept free for stories: 555 in North America, Ofcom's 01632 and 07700 900 in Britain."""
_DIGITS_OF_A_PHONE = 9
_CARD = re.compile(r"(?<!\d)\d(?:[ -]?\d){12,18}(?!\d)")


@dataclass(frozen=True)
class _Rule:
    name: str
    grade: Grade
    pattern: re.Pattern[str]


_RULES = (
    _Rule("a slur", "error", re.compile(rf"\b(?:{_SLUR})\b", re.IGNORECASE)),
    _Rule("a threat", "error", re.compile(rf"\b(?:{_THREAT})\b", re.IGNORECASE)),
    _Rule("sexual content", "error", re.compile(rf"\b(?:{_SEXUAL})\b", re.IGNORECASE)),
    _Rule("a coarse word", "warning", re.compile(rf"\b(?:{_COARSE})\b", re.IGNORECASE)),
    _Rule("a call to everybody or to a member", "error", re.compile(r"@(?:everyone|here)\b|<@[!&]?\d+>|<#\d+>")),
    _Rule("the id of a member or a server", "error", re.compile(r"(?<!\d)\d{17,20}(?!\d)")),
)


@dataclass(frozen=True)
class Unsafe:
    """Something that should not be there."""

    name: str
    """For people: "a slur"."""
    grade: Grade
    shown: str


def unsafe(text: str) -> Iterator[Unsafe]:
    """Yield what in a text should be taught to no voice; personal data is what looks as if it belonged to somebody."""
    for rule in _RULES:
        yield from (Unsafe(rule.name, rule.grade, match[0]) for match in rule.pattern.finditer(text))
    for match in _EMAIL.finditer(text):
        if not _RESERVED.search(match["domain"]):
            yield Unsafe("an e-mail address that may be somebody's", "warning", match[0])
    for match in _CARD.finditer(text):
        if _luhn(re.sub(r"\D", "", match[0])):
            yield Unsafe("the number of a payment card", "error", match[0])
    for match in _PHONE.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if len(digits) >= _DIGITS_OF_A_PHONE and not _FICTIONAL.search(match[0]) and not _CARD.fullmatch(match[0]):
            yield Unsafe("a telephone number that may be somebody's", "warning", match[0])


def _luhn(digits: str) -> bool:
    """Tell whether the check digit of a card number is right (ISO/IEC 7812-1, annex B)."""
    doubled = (sum(divmod(2 * int(d), 10)) if place % 2 else int(d) for place, d in enumerate(reversed(digits)))
    return sum(doubled) % 10 == 0
