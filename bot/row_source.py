"""What a row's reply may draw on, and the amounts that it has from nowhere: words such as "half", and other units."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from knowledge.claims import claims, stem, stems
from knowledge.question import content
from personas.findings import Unheld
from personas.persona import Style
from personas.rows import Example

WORD = re.compile(r"[^\W\d_][\w'\u2019-]*")
_RESTATED = 0.34
"""Share of a clause's content words that its notes hold, from which it restates them."""
_FEWEST = 3
_NEAR = 25
"""Characters from a number on in which what it counts is named."""
_AMOUNTS = {
    "half": ("half", "50", "0.5", ".5", "30"),
    "quarter": ("quarter", "25", "15", "0.25"), "twice": ("twice", "2", "two"),
    "thrice": ("thrice", "3", "three"), "double": ("double", "2", "two", "twice"), "triple": ("triple", "3", "three"),
    "couple": ("couple", "2", "two"), "pair": ("pair", "2", "two"), "fortnight": ("fortnight", "14", "two"),
}  # fmt: skip
"""Words for amounts that are no numbers to the fact check, and what says the same in notes."""
_MEASURES = {
    name: kind
    for kind, group in {
        "time": "second sec minut min hour hr h day night week month year",
        "length": "mm cm m km metr meter kilometr kilomet mile ft foot feet inch yard",
        "weight": "mg g gram kg kilo kilogram t ton tonn lb oz ounc",
        "volume": "ml cl l litr liter gallon pint",
        "money": "$ \u20ac \u00a3 usd eur gbp dollar euro pound cent penc pence buck",
        "share": "% percent",
    }.items()
    for name in group.split()
}
_SAME = {
    "sec": "second", "min": "minut", "hr": "hour", "h": "hour", "metr": "m", "meter": "m", "kilometr": "km",
    "kilomet": "km", "foot": "ft", "feet": "ft", "gram": "g", "kilo": "kg", "kilogram": "kg", "ton": "t", "tonn": "t",
    "ounc": "oz", "litr": "l", "liter": "l", "usd": "$", "dollar": "$", "buck": "$", "eur": "\u20ac",
    "euro": "\u20ac", "gbp": "\u00a3", "pound": "\u00a3", "penc": "pence", "percent": "%",
}  # fmt: skip


class Source:
    """What a reply may draw on, as the trap compares it."""

    def __init__(self, row: Example, style: Style) -> None:
        talk = " ".join(turn.content for turn in row.earlier)
        said = "\n".join((*row.notes, talk))
        self.text = f"{said}\n{row.question}".lower()
        self.question = row.question.lower()
        self.counted = frozenset((c.value, _SAME.get(c.unit, c.unit)) for c in claims(said) if c.kind == "number")
        own = {
            stem(word)
            for old, new in style.words.items()
            if stem(old) in set(stems(said))
            for word in WORD.findall(new)
        }
        self.known = frozenset(stems(said)) | own
        self.asked = frozenset(stems(row.question))

    def counts(self, number: str) -> bool:
        """Tell whether a word follows a number, which is then what it counts."""
        return bool(re.search(rf"(?<![\d.,]){re.escape(number.lower())}\s?[a-z]", self.text))

    def stranger(self, clause: str, own: AbstractSet[str]) -> bool:
        """Tell whether a clause holds three words or more, and few of its content words are from the notes."""
        words = set(content(clause)) - {stem(word) for word in own}
        return (
            bool(words) and len(WORD.findall(clause)) >= _FEWEST
            and len(words & (self.known | self.asked)) < _RESTATED * len(words)
        )  # fmt: skip


def other_units(said: str, source: Source) -> Iterator[Unheld]:
    """Yield numbers of the notes that count something else there; sure where it is a measure that stands nowhere."""
    for claim in claims(said):
        unit = _SAME.get(claim.unit, claim.unit)
        there = {counted for value, counted in source.counted if value == claim.value}
        if claim.kind != "number" or not there or not unit or unit in there or set(stems(unit)) & source.known:
            continue
        measure = unit in set(_MEASURES) | set(_SAME.values())
        before = re.search(r"([A-Z]\S* )$", said[: claim.start])
        if before and f"{before[1]}{claim.shown}".lower() in source.text:
            continue  # part of a name: "Line 27 leaves"
        after = set(stems(said[claim.start : claim.start + _NEAR]))
        if measure or (unit in after and not after & there and source.counts(claim.shown)):
            reason = f"{claim.shown} stands in the notes with another unit than {claim.unit}."
            yield Unheld(claim.shown, reason, sure=measure)


def amounts_in_words(said: str, source: Source, own: AbstractSet[str]) -> Iterator[Unheld]:
    """Yield words such as "half" that neither the notes nor the voice's own words have."""
    for match in WORD.finditer(said):
        word = match[0].lower()
        alike = _AMOUNTS.get(word)
        if alike and word not in own and not any(other in source.text for other in alike):
            yield Unheld(match[0], f"{match[0]} does not stand in the notes.", sure=True)
