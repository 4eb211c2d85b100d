"""Questions on delivery: where to, for how much, until when."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from knowledge.store import Passage
from knowledge.typed.clock import clock_time
from knowledge.typed.days import straight
from knowledge.typed.kinds import Area, Computed, Disputed, Fact, FreeDelivery, Money, OnlyAreas, OwnName
from knowledge.typed.money import MONEY, amount_in, same_unit
from knowledge.typed.wording import bare, plain

_GOODS = r"(?:(?:flowers|orders|food|pizzas?|packages|bouquets|stuff|it|groceries|things|plants|anything) )?"
_TO = r"(?:out )?(?:to|in|into|for)"
_FOR = r"(?:to|for|in)"
_X = r"(?P<area>.+?)"
_ORDER = rf"(?: (?:on|for|with) (?:a |an |my )?(?:(?P<a>{MONEY}) order|orders? (?:of|worth|for) (?P<b>{MONEY})))?"
_KINDS: tuple[tuple[str, str], ...] = (
    (
        "deliver",
        (
            rf"(?:(?:do|can|could|will|would|does) )?(?:you |⟦P⟧ |they )?(?:also |even "
            rf"|still )?(?:deliver|ship)(?:s|ing)? {_GOODS}{_TO} {_X}(?: too| as well)?"
        ),
    ),
    ("deliver", rf"is delivery (?:(?:available|possible|offered|done) )?{_FOR} {_X}(?: possible| available)?"),
    ("deliver", rf"(?:do you have )?delivery {_FOR} {_X}"),
    (
        "deliver",
        (
            rf"is {_X} (?:in your delivery (?:area|zone|range)|on (?:your|the) delivery list"
            rf"|in (?:your|the) delivery list)"
        ),
    ),
    (
        "fee",
        (
            rf"how much (?:is|does|do|would|will|for|are) (?:it |you )?(?:cost |charge "
            rf"|be )?(?:the )?(?:for )?(?:delivery|to deliver|delivering|shipping)(?: fees?| costs?"
            rf"| charges?)? {_FOR} {_X}(?: cost| be)?{_ORDER}"
        ),
    ),
    ("fee", rf"how much (?:does|would|will) (?:the )?delivery {_FOR} {_X} (?:cost|be){_ORDER}"),
    (
        "fee",
        (
            rf"(?:what is |what are )?(?:the |your )?(?:delivery |shipping )?(?:fees?|costs?"
            rf"|charges?|price) (?:{_FOR} |of )(?:delivery {_FOR} |delivering {_FOR} "
            rf"|deliveries {_FOR} )?{_X}{_ORDER}"
        ),
    ),
    ("fee", rf"(?:what is )?(?:the )?{_X} delivery (?:fee|cost|charge)"),
    ("fee", rf"(?:what is )?(?:the )?delivery (?:fee|cost|charge)s? {_X}"),
    ("fee", rf"(?:what does|how much does) delivery {_FOR} {_X} cost{_ORDER}"),
    (
        "until",
        (
            rf"(?:when|what time|by when|by what time|until when|until what time|how late) (?:can"
            rf"|do|must|should) (?:i|we|you) (?:have to |need to |still )?order (?:by )?(?:for "
            rf"|to get )?(?:same[- ]day(?: delivery)?) {_FOR} {_X}(?: by)?"
        ),
    ),
    (
        "until",
        (
            rf"(?:what is |when is )?(?:the |your )?(?:same[- ]day |order "
            rf"|ordering )*(?:delivery )?(?:cut-?\s?off|deadline"
            rf"|order[- ]by time)(?: time)?(?: for same[- ]day(?: delivery)?)? {_FOR} {_X}"
        ),
    ),
)
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)
_AROUND = re.compile(
    r"^(?:the |a )?(?:town of |city of |borough of |zip(?: ?code)? |post(?:al)? ?code )*"
    r"|(?:,? (?:nj|new jersey|town|city|area|borough|village))$|(?:'s)?$"
)
_NO_TOWN = re.compile(
    r"\b(?:university|college|hospital|school|cent(?:er|re)|street|st|avenue|ave|road|rd"
    r"|church|hotel|station|county|campus|"
    r"airport|park|home|house|office|work|building|apartment|mall|my|our|dorm|north|south|east"
    r"|west|junction|downtown|township|heights|hall|clinic|lane|drive|square)\b|\d",
    re.IGNORECASE,
)
_ALIKE = 0.8
"""Names more alike than this, of 1, may be one name with a slip of the finger."""


def answer_areas(question: str, facts: Sequence[Fact]) -> Computed | Disputed | None:
    """Answer a question on delivery to one place; None where it is none, or the facts do not certainly cover it."""
    areas = [fact for fact in facts if isinstance(fact, Area)]
    if not areas:
        return None
    text = bare(plain(question))
    for name in (fact.name for fact in facts if isinstance(fact, OwnName)):
        text = re.sub(rf"(?<!\w){re.escape(bare(plain(name)))}(?!\w)", "⟦P⟧", text)
    for kind, pattern in _COMPILED:
        match = pattern.fullmatch(text)
        if not match:
            continue
        asked = re.sub(r"\s+", " ", _AROUND.sub("", _AROUND.sub("", match["area"].strip()))).strip()
        found = [area for area in areas if asked in {_plain(name) for name in (area.name, *area.also)}]
        if found:
            spent = match.groupdict().get("a") or match.groupdict().get("b")
            return _answer(_Asked(kind, asked, spent), found, facts)
    for kind, pattern in _COMPILED:
        if kind == "deliver" and (match := pattern.fullmatch(text)):
            return _unlisted(_AROUND.sub("", match["area"].strip()), question, areas, facts)
    return None


def _plain(name: str) -> str:
    return bare(plain(name))


@dataclass(frozen=True)
class _Asked:
    """What is asked of one place."""

    kind: str
    """deliver, fee or until."""
    place: str
    """In plain lower case."""
    spent: str | None
    """The order total that the question names."""


def _answer(asked: _Asked, found: Sequence[Area], facts: Sequence[Fact]) -> Computed | Disputed | None:
    found = [area for area in found if _plain(area.name) == asked.place] or found
    passages = tuple(dict.fromkeys(area.passage for area in found))
    fees = {area.fee.amount for area in found if area.fee}
    untils = {area.order_by for area in found if area.order_by is not None}
    if len({area.delivers for area in found}) > 1 or len(fees) > 1 or len(untils) > 1:
        return Disputed(passages)
    if len({area.name for area in found}) > 1:
        return None
    area = next((area for area in found if area.fee), found[0])
    place = next(name for name in (area.name, *area.also) if _plain(name) == asked.place)
    coded = area.name.isdigit() or place.isdigit()
    within = f", which is part of {area.name} on our list" if place != area.name and not coded else ""
    free = [fact for fact in facts if isinstance(fact, FreeDelivery) and fact.area in {"", area.name}]
    match asked.kind:
        case "deliver":
            return _delivered(area, f"{place}{within}", passages)
        case "fee" if area.delivers and area.fee and area.fee.amount:
            return _fee(area.fee, f"{place}{within}", passages, free, asked.spent)
        case "until" if area.order_by is not None:
            time = clock_time(area.order_by, 12)
            return Computed(f"For same-day delivery to {place}{within}, order by {time}.", passages, (time,))
    return None


def _delivered(area: Area, place: str, passages: tuple[Passage, ...]) -> Computed:
    if not area.delivers:
        return Computed(f"No, we do not deliver to {place}.", passages, ("no",))
    if area.fee is None or not area.fee.amount:
        return Computed(f"Yes, we deliver to {place}.", passages, ("yes",))
    fee = area.fee.shown
    return Computed(f"Yes, we deliver to {place}; the delivery fee is {fee}.", passages, ("yes", fee))


def _fee(
    fee: Money, place: str, passages: tuple[Passage, ...], free: Sequence[FreeDelivery], total: str | None
) -> Computed | None:
    """Word a fee with the rule for free delivery, if there is one; only such a rule settles an order's total."""
    spent = amount_in(total) if total else None
    if len(free) > 1 or (total and (spent is None or not free)):
        return None
    start = f"The delivery fee for {place} is {fee.shown}"
    if not free:
        return Computed(f"{start}.", passages, (fee.shown,))
    rule, bar = free[0], free[0].total
    passages = tuple(dict.fromkeys((*passages, rule.passage)))
    condition = f"on orders {f'over {bar.shown}' if rule.beyond else f'of {bar.shown} or more'}"
    if spent is None:
        return Computed(f"{start}; delivery is free there {condition}.", passages, (fee.shown, bar.shown))
    if not same_unit(spent.unit, bar.unit):
        return None
    if spent.amount > bar.amount or (spent.amount == bar.amount and not rule.beyond):
        text = f"Delivery to {place} is free for an order of {spent.shown}: it is free {condition}."
        return Computed(text, passages, ("free", bar.shown))
    text = f"{start}: an order of {spent.shown} does not reach free delivery, which begins {condition}."
    return Computed(text, passages, (fee.shown, bar.shown))


def _unlisted(asked: str, question: str, areas: Sequence[Area], facts: Sequence[Fact]) -> Computed | None:
    """Say that a town is not on the list, where the list is said to be all, and it is no part or misspelling of it."""
    only = next((fact for fact in facts if isinstance(fact, OnlyAreas)), None)
    listed = [area for area in areas if area.delivers and area.listed] or [area for area in areas if area.delivers]
    shown = re.search(re.escape(asked), straight(question), re.IGNORECASE)
    if only is None or len(listed) < 3 or not shown or not asked:  # noqa: PLR2004 -- a list
        return None
    coded = re.fullmatch(r"\d{5}", asked) and all(any(n.isdigit() for n in (a.name, *a.also)) for a in listed)
    if _NO_TOWN.search(asked) and not coded:
        return None
    words = shown[0].split()
    if len(words) > 3 or not (coded or all(word[0].isupper() for word in words)):  # noqa: PLR2004 -- a town's name
        return None
    for area in areas:
        names = {_plain(name) for name in (area.name, *area.also)}
        if any(not coded and _alike(asked, name) for name in names) or re.search(
            rf"\b{re.escape(asked)}\b", area.passage.text, re.IGNORECASE
        ):
            return None
    passages = (only.passage, *dict.fromkeys(area.passage for area in listed))
    return Computed(f"We deliver only to the places on our list, and {shown[0]} is not on it.", passages, ("no",))


def _alike(first: str, second: str) -> bool:
    shared = set(first.split()) & set(second.split())
    return bool(shared) or SequenceMatcher(None, first, second).ratio() > _ALIKE
