"""Where a server's place delivers, for how much and until when, in tables and in sentences."""

import re
from collections.abc import Iterator, Sequence

from knowledge.clauses import sentences
from knowledge.store import Passage
from knowledge.typed.clock import minutes_of
from knowledge.typed.days import straight
from knowledge.typed.kinds import Area, FreeDelivery, Money, OnlyAreas, Row
from knowledge.typed.money import MONEY, amount_in
from knowledge.typed.tables import is_price

_PLACES = re.compile(
    (
        r"^(?:town|city|area|zone|village|suburb|neighbou?rhood|district|region|location|place"
        r"|borough|zip(?: ?code)?|post(?:al)? ?code)s?(?: name)?$"
    ),
    re.IGNORECASE,
)
_CODES = re.compile(r"\b(?:zip|post(?:al)? ?code)", re.IGNORECASE)
_DELIVERY = re.compile(r"\b(?:deliver\w*|shipping|ship to)\b", re.IGNORECASE)
_ORDER_BY = re.compile(r"\b(?:cut-?\s?off|order by|orders? until|last order|deadline)\b", re.IGNORECASE)
_NAME = r"(?:(?:the )?(?:(?:St|Mt|Ft)\. )?[A-Z][\w'-]*(?: (?:(?:of|upon|the|le|la|de) )?[A-Z][\w'-]*)*|\d{4,5})"
_LIST = rf"(?:{_NAME})(?:(?:, and |, or |, | and | or | & )(?:not to |to )?(?:{_NAME}))*"
_TO = re.compile(
    rf"\b(?P<no>(?:do not|don't|does not|doesn't|cannot|can't|can not|no longer"
    rf"|never) )?(?:also |currently |now |gladly )*(?:deliver"
    rf"|ship)s? (?P<only>only )?(?:out )?to (?P<list>{_LIST})(?P<rest>[^.;!\n]*)"
)
_NOT_TO = re.compile(rf"\b(?:so )?not to (?P<list>{_LIST})")
_ONLY = re.compile(
    (
        r"\b(?:deliver|ship)s? only to (?:the )?(?:towns|places|areas|addresses|cities|zones"
        r"|zip codes|postcodes|postal codes)?\b(?=[^.]*\b(?:list|table|above|below|named))|\b(?:no"
        r"|not) (?:delivery |deliver )?outside (?:of )?(?:the|these|this|our) (?:list|towns|areas"
        r"|zones)"
    ),
    re.IGNORECASE,
)
_INCLUDING = re.compile(r"\bincluding (?P<list>[^.;:()]+)")
_CONDITION = re.compile(r"\b(?:on|if|when|only|over|minimum|except|unless|for|by|from|until|with|but)\b|\d")
_HEDGED = re.compile(
    (
        r"\b(?:if|when|on|during|used to|soon|plan|hope|may|might|yet|unable|not|never|stopp?\w*"
        r"|refuse\w*|neither|for orders)\b|n't\b"
    ),
    re.IGNORECASE,
)
"""What before "we deliver to" takes it back or limits it."""
_FREE = (
    re.compile(
        rf"\b[Dd]elivery is free (?:in |to |within )?(?P<area>{_NAME})? ?(?:on|for"
        rf"|with) (?:all )?orders? (?P<over>of|over|above"
        rf"|from) (?P<total>{MONEY})(?P<more> (?:or more|and up|and over|or over))?"
    ),
    re.compile(
        rf"\b[Ff]ree delivery (?:in |to |within )?(?P<area>{_NAME})? ?(?:on|for"
        rf"|with) (?:all )?orders? (?P<over>of|over|above"
        rf"|from) (?P<total>{MONEY})(?P<more> (?:or more|and up|and over|or over))?"
    ),
)


def areas_in(passages: Sequence[Passage], rows: Sequence[Row]) -> Iterator[Area | OnlyAreas | FreeDelivery]:
    """Yield the areas of delivery, whether they are all, and from which order total on delivery is free."""
    for row in rows:
        if area := _of_row(row):
            yield area
    tabled = {row.passage for row in rows}
    for passage in passages:
        for _, sentence in sentences(straight(passage.text)):
            if passage not in tabled:
                yield from _of_sentence(passage, sentence)
            yield from _free(passage, sentence)


def names_in(text: str) -> tuple[str, ...]:
    """Return the names of a list in words: "A, B and C"."""
    parts = re.split(r", and |, or |, | and | or | & ", text)
    return tuple(re.sub(r"^(?:not )?(?:to )?(?:the )?", "", part).strip(" .") for part in parts if part.strip())


def _of_row(row: Row) -> Area | None:
    spoken = " ".join((row.heading, row.passage.document, row.passage.section, *(cell.column for cell in row.cells)))
    listed = row.noun == "" and _DELIVERY.search(row.heading)
    if not _DELIVERY.search(spoken) or not (_PLACES.match(row.noun) or listed):
        return None
    fee: Money | None = None
    order_by: int | None = None
    also: list[str] = []
    delivers = True
    for cell in row.cells:
        if is_price(cell.column) and not re.search(r"\bmin", cell.column, re.IGNORECASE):
            fee = fee or amount_in(cell.text)
        elif _ORDER_BY.search(cell.column):
            order_by = minutes_of(cell.text)
        elif _CODES.search(cell.column):
            also += re.findall(r"\b\d{4,5}\b", cell.text)
        elif _DELIVERY.search(cell.column) and cell.text.lower() in {"no", "none", "not available", "-"}:
            delivers = False
        elif _PLACES.match(cell.column):
            also.append(cell.text)
        elif match := _INCLUDING.search(cell.text):
            also += [name for name in names_in(match["list"]) if re.fullmatch(_NAME, name)]
    return Area(row.passage, row.name, delivers, tuple(also), fee, order_by, listed=True)


def _of_sentence(passage: Passage, sentence: str) -> Iterator[Area | OnlyAreas]:
    if sentence.rstrip().endswith("?"):
        return
    if _ONLY.search(sentence):
        yield OnlyAreas(passage)
    for match in _TO.finditer(sentence):
        no = bool(match["no"])
        if _HEDGED.search(sentence[: match.start()]):
            continue
        rest = _NOT_TO.sub("", match["rest"])
        if not no and _CONDITION.search(rest):
            continue
        if match["only"] and not no:
            yield OnlyAreas(passage)
        yield from (Area(passage, name, not no) for name in names_in(match["list"]))
    if re.search(r"\b(?:deliver|ship)", sentence):
        for match in _NOT_TO.finditer(sentence):
            yield from (Area(passage, name, delivers=False) for name in names_in(match["list"]))


def _free(passage: Passage, sentence: str) -> Iterator[FreeDelivery]:
    for pattern in _FREE:
        if match := pattern.search(sentence):
            total = amount_in(match["total"])
            area = re.sub(r"^the ", "", match["area"] or "").strip()
            if total:
                yield FreeDelivery(
                    passage, area, total, beyond=match["over"] in {"over", "above"} and not match["more"]
                )
            return
