"""Which questions ask for rows of a table, and by what: a question counts only when each of its words is known."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from knowledge.claims import stem, stems
from knowledge.typed.money import NUMBER, amount_in, unit_of
from knowledge.typed.wording import bare, plain

Ask = Literal["list", "count", "most", "least"]
_NUMBER = rf"(?P<before>[$€£]\s?)?(?P<number>{NUMBER})(?:\s?(?P<after>[$€£%]|[a-z]+\b))?"
_BELOW = (
    r"(?:for |costing |priced |that cost |at )?(?:less than|lower than|under|below"
    r"|cheaper than|less expensive than|fewer than|beneath|<)"
)
_ABOVE = (
    r"(?:for |costing |priced |that cost )?(?:more than|higher than|over|above|pricier than"
    r"|more expensive than|greater than|>)"
)
_BOUNDS: tuple[tuple[str, str], ...] = (
    ("le", rf"(?:at most|up to|no more than|not more than|maximum(?: of)?|max|<=)\s+(?:level )?{_NUMBER}"),
    ("ge", rf"(?:at least|no less than|not less than|minimum(?: of)?|>=)\s+(?:level )?{_NUMBER}"),
    ("lt", rf"{_BELOW}\s*(?:level )?{_NUMBER}"),
    ("gt", rf"{_ABOVE}\s*(?:level )?{_NUMBER}"),
    ("le", rf"(?:for |level )?{_NUMBER}\s+or (?:less|under|below|cheaper|fewer|lower)"),
    ("ge", rf"(?:for |level )?{_NUMBER}\s+or (?:more|over|above|higher|up)"),
)
_BETWEEN = re.compile(
    rf"between\s+(?P<b1>[$€£]\s?)?(?P<n1>{NUMBER})\s?(?P<a1>[$€£]"
    rf"|[a-z]+\b)?\s+and\s+(?P<b2>[$€£]\s?)?(?P<n2>{NUMBER})\s?(?P<a2>[$€£]|[a-z]+\b)?"
)
_CHEAPEST = r"\b(?:cheapest|least expensive|most affordable|lowest[- ]priced?|lowest cost|least costly)\b"
_DEAREST = r"\b(?:most expensive|priciest|dearest|costliest|highest[- ]priced?|most costly)\b"
_LOWEST = r"\b(?:lowest|smallest|least|fewest|minimum)\b"
_HIGHEST = r"\b(?:highest|biggest|largest|most|greatest|maximum|max)\b"
_COUNT = re.compile(r"^how many\b|^(?:what is )?(?:the )?number of\b")
_GLUE = frozenset(
    (
        "at what which is are the a an of in on do does you your our have has there that with for show list "
        "me all any some who they it to be i we us those these one ones please available sell offer got kind "
        "kinds type types different total altogether menu currently here game shop store whose only can get "
        "buy"
    ).split()
)
_PRICE_WORDS = frozenset("cost costs price prices priced costing expensive cheap worth".split())
_NEGATED = re.compile(r"\b(?:not|no|without|never|except|excluding|isn't|don't|neither|nor|other than|besides)\b")
_MINE = re.compile(
    r"\b(?:i|we|me|one) (?:have|carry|hold|use|drink|take|wear|own|bring|order)\b|\b(?:can|may"
    r"|could|max|maximum|allowed|limit)\b|\bat once\b|\bper\b|\beach\b|\ba day\b"
)


@dataclass(frozen=True)
class Bound:
    """A limit that a number must keep."""

    how: str
    """lt, le, gt or ge."""
    amount: Decimal
    unit: str

    def holds(self, amount: Decimal) -> bool:
        """Tell whether a number keeps it."""
        return {
            "lt": amount < self.amount,
            "le": amount <= self.amount,
            "gt": amount > self.amount,
            "ge": amount >= self.amount,
        }[self.how]


@dataclass(frozen=True)
class TableQuestion:
    """What is asked of a table."""

    ask: Ask
    bounds: tuple[Bound, ...] = ()
    price: bool = False
    """It is the price that is bounded or compared."""
    words: tuple[str, ...] = field(default=())
    """All words that are left, which name the rows, the column and what it holds."""


def table_question(question: str) -> TableQuestion | None:
    """Return what a question asks of a table, if it can be one at all; its words are still to be found there."""
    text = bare(plain(question))
    if _NEGATED.search(re.sub(r"\b(?:no|not) (?:more|less) than\b", "", text)) or (
        _COUNT.match(text) and _MINE.search(text)
    ):
        return None
    text, bounds = _bounds(text)
    cheap, dear = re.search(_CHEAPEST, text), re.search(_DEAREST, text)
    least, most = re.search(_LOWEST, text), re.search(_HIGHEST, text)
    ask: Ask = "count" if _COUNT.match(text) else "list"
    price = bool(cheap or dear)
    if (found := cheap or dear or least or most) is not None:
        if ask == "count" or bounds:
            return None
        ask = "least" if found in {cheap, least} else "most"
        text = text[: found.start()] + text[found.end() :]
    text = _COUNT.sub("", text)
    words = re.findall(r"[^\W\d_]+(?:['-][^\W\d_]+)*|\d+", text)
    price = price or any(word in _PRICE_WORDS for word in words)
    left = tuple(word for word in words if word not in _GLUE and word not in _PRICE_WORDS)
    opened = re.match(r"(?:which|what|show|list|any|are there|is there|do you (?:have|sell)|got)\b|\w+ that\b", text)
    if ask == "list" and not (bounds or (opened and left)):
        return None
    price = price or any(bound.unit in {"$", "€", "£"} for bound in bounds)
    return TableQuestion(ask, bounds, price, left)


def price_question(question: str) -> str | None:
    """Return the name of the one thing whose price a question asks for; None for any other question."""
    text = bare(plain(question))
    for pattern in _PRICE_OF:
        if match := pattern.fullmatch(text):
            return match["name"]
    return None


_ITEM = r"(?:the |a |an |one |your )?(?P<name>.+?)"
_PRICE_OF = tuple(
    re.compile(pattern)
    for pattern in (
        rf"how much (?:is|are|for) {_ITEM}(?: cost)?",
        rf"how much (?:does|do|would|will) {_ITEM} (?:cost|sell for|go for|run)",
        rf"(?:what is |what are )?(?:the )?(?:price|cost) (?:of|for) {_ITEM}",
        rf"what (?:does|do|would) {_ITEM} cost",
        rf"(?:the )?{_ITEM} price",
    )
)


def _bounds(text: str) -> tuple[str, tuple[Bound, ...]]:
    """Take the limits out of a question; the word after a number stays unless it is a coin or a currency."""
    found: list[Bound] = []
    if match := _BETWEEN.search(text):
        units = [match["b1"] or match["a1"] or "", match["b2"] or match["a2"] or ""]
        unit = next((unit_of(unit) for unit in reversed(units) if unit.strip()), "")
        for how, number in (("ge", match["n1"]), ("le", match["n2"])):
            if money := amount_in(number):
                found.append(Bound(how, money.amount, unit))
        return f"{text[: match.start()]} {text[match.end() :]}", tuple(found)
    for how, pattern in _BOUNDS:
        if match := re.search(rf"(?<!\w){pattern}", text):
            money = amount_in(match["number"])
            if money is None:
                continue
            before, after = (match["before"] or "").strip(), match["after"] or ""
            unit, kept = unit_of(before or after), ""
            if not before and after in _GLUE | {"or", "level"}:
                unit, kept = "", after
            found.append(Bound(how, money.amount, unit))
            level = " level " if " level " in match[0] or match[0].startswith("level ") else " "
            text = f"{text[: match.start()]}{level}{kept} {text[match.end() :]}"
            break
    return text, tuple(found)


def stemmed(words: Iterable[str]) -> tuple[str, ...]:
    """Return the stems of words, in order."""
    return tuple(s for word in words for s in stems(word.replace("-", " ")))


__all__ = ["Bound", "TableQuestion", "price_question", "stem", "stemmed", "table_question"]
