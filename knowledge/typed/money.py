"""Amounts of money and other numbers in cells and questions; ``price-parser`` reads the digits of every country."""

import re
from decimal import Decimal

from knowledge.typed.kinds import Money

_SIGN = {
    "usd": "$", "us$": "$", "dollar": "$", "dollars": "$", "buck": "$", "bucks": "$", "$": "$", "eur": "€", "euro": "€",
    "euros": "€", "€": "€", "gbp": "£", "pound": "£", "pounds": "£", "quid": "£", "£": "£",
}  # fmt: skip
NUMBER = r"\d[\d,.]*(?<![.,])(?:k\b)?"
MONEY = (
    rf"(?:(?:[$€£]|US\$|USD|EUR|GBP)\s?{NUMBER}|{NUMBER}\s?(?:[$€£]|USD\b|EUR\b|GBP\b"
    rf"|dollars?\b|bucks?\b|euros?\b|pounds?\b|[A-Za-z]+\b)?)"
)
_PARTS = re.compile(
    rf"(?P<before>[$€£]|US\$|USD|EUR|GBP)?\s?(?P<number>{NUMBER})\s?(?P<after>[^\W\d_]+(?: [^\W\d_]+)?|[$€£%°])?",
    re.IGNORECASE,
)
_COIN = re.compile(
    r"\b(?:gold|silver|copper|coins?|gems?|credits?|crowns?|tokens?|crystals?|points|usd|eur|gbp|dollars?|euros?|pounds?)\b"
    r"|[$€£]",
    re.IGNORECASE,
)
_FREE = re.compile(r"(?:free(?: of charge)?|no charge|gratis|included)", re.IGNORECASE)


def unit_of(word: str) -> str:
    """Return the one spelling of a currency or coin: "dollars" is "$", "coins" is "coin"."""
    lowered = word.strip().lower().rstrip(".")
    if lowered in _SIGN:
        return _SIGN[lowered]
    return lowered.removesuffix("s") if len(lowered) > 3 and not lowered.endswith("ss") else lowered  # noqa: PLR2004 -- "gas" is no plural


def amount_in(text: str) -> Money | None:
    """Return the amount that a text consists of, with its unit; None if it is anything more or else."""
    if _FREE.fullmatch(text.strip()):
        return Money(Decimal(0), "", text.strip())
    match = _PARTS.fullmatch(text.strip())
    number = _number(match["number"]) if match else None
    if match is None or number is None:
        return None
    unit = unit_of(match["before"] or match["after"] or "")
    return Money(number, unit, text.strip())


def same_unit(first: str, second: str) -> bool:
    """Tell whether two units can be compared; one that is not given follows the other."""
    return not first or not second or first == second


def coin_in(text: str) -> str:
    """Return the coin or currency that a column's name holds, as written in lower case; empty if there is none."""
    match = _COIN.search(text)
    return match[0].lower() if match else ""


def _number(text: str) -> Decimal | None:
    from price_parser import Price

    thousands = text.lower().endswith("k")
    amount = Price.fromstring(text.lower().rstrip("k")).amount
    return None if amount is None else amount * 1000 if thousands else amount
