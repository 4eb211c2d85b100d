"""What each clause of a passage states, cut so that two passages can be held against each other.

An assertion is about something (its subject), on some days, and says opening hours, values, or a plain yes or no.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from knowledge.claims import Claim, claims, stem, stems
from knowledge.clauses import clauses
from knowledge.polarity import denies_of, hedged, outright
from knowledge.question import asked
from knowledge.stated_hours import DAYS, Hours, days_named, hours_in
from knowledge.store import Passage

Value = tuple[str, str, str]
"""(its unit and at which end of a limit it stands, what it is counted by, the value): ("usd", "month", "5")."""

_FUNCTION = frozenset(map(stem, (
    "a an the and or if of to in on at by for from with as is are was were be been being am do does did have has had "
    "having can could may might will would shall should must i me my we us our you your it its they them their this "
    "that these those there here what which who when where why how all some any so too very just also still now not "
    "no nor yes aye sorry sadly yep nope never but than then about during while under over above below up until till "
    "through within between before after behind beside near every each per least most more less only it's i'm we're "
    "don't doesn't can't cannot won't isn't aren't please usually always currently get gets got one"
).split()))  # fmt: skip
_GENERIC = frozenset(map(stem, (
    "open opens opened opening close closes closed closing hour hours time times day days week weekday weekdays "
    "weekend weekends daily am pm noon midnight "
    "shop store cost costs price priced prices pay paid fee fees charge much amount total "
    "take takes taking need needs join use used hold holds fit fits start starts begin begins run runs last lasts "
    "long come comes offer offers sell sells carry stock available possible visit game server faq question questions "
    "answer general info information item product name euro euros dollar dollars gold eur usd many number "
    "utc gmt eastern pacific central zone second seconds minute minutes month months year years free"
).split())) - _FUNCTION  # fmt: skip
_SAME = {
    stem(word): stem(into)
    for into, words in {
        "allowed": "permitted permit allow welcome okay ok forbidden prohibited banned disallowed permissible",
        "accept": "accepted support supported",
        "ship": "deliver delivery delivered deliveries shipping shipped shipment send",
        "return": "returned returns",
    }.items()
    for word in words.split()
}
_FORBIDS = re.compile(r"\b(?:forbidden|prohibited|banned|disallowed)\b", re.IGNORECASE)
_CURRENCY = {"$": "usd", "usd": "usd", "dollar": "usd", "\u20ac": "eur", "eur": "eur", "euro": "eur", "\u00a3": "gbp"}
_RATE = re.compile(
    r"(?:\b(?:an?|per|each|every)\s+|/\s?)(order|person|parcel|hour|day|week|month|year|night|piece|head|guest)\b",
    re.IGNORECASE,
)
_FREE = re.compile(r"\b(?:free(?:\ of\ charge)?|no\ (?:charge|fee|cost))\b", re.IGNORECASE)
_LOW = re.compile(r"\b(?:over|above|from|at least|minimum(?: of)?|more than|exceeding)\W*$", re.IGNORECASE)
_HIGH = re.compile(
    r"\b(?:up to|under|below|within|at most|maximum(?: of)?|less than|before|until|by)\W*$", re.IGNORECASE
)
_JOINED = re.compile(r"\s*(?:-|\u2013|to|or|and)\s*[$\u20ac\u00a3]?", re.IGNORECASE)
_COUNTING = re.compile(r"\b([^\W\d_]+)[ .:]*$")
_SPAN_WORD = frozenset(map(stem, ("business", "working", "calendar", "full")))
_EMPTY = _FUNCTION | _GENERIC | _SPAN_WORD | DAYS
_ROW = re.compile(r"[^:;|\n]{1,40}: [^;|\n]+(?:\s*[;|] [^:;|\n]{1,40}: [^;|\n]+)+")
_CELL = re.compile(r"\s*[;|]\s+(?=[^:;|]{1,40}: )")
_LEANING = re.compile(
    r"\W*(?:(?:and|but|or|then)\s+)?(?:it|they|them|this|these|he|she|which|who|that|for|from|to|at|up|in|on|with|by|of|"
    r"is|are|was|has|have|can|costs?|takes?|lasts?|holds?|runs?|needs?|gives?|deals?|starts?|ends?|begins?|leaves?|"
    r"comes?|sells?|weighs?|seats?|fits?|includes?|requires?|serves?|pays?|adds?|restores?|raises?|unlocks?|open|closed?)\b",
    re.IGNORECASE,
)
_KEYED = re.compile(r"\W*[\w' -]{2,30}:\s")
_CONDITION = re.compile(r"\b(?:if|when|whenever|unless|depending|should you|in case|as long as)\b", re.IGNORECASE)
_CODE = re.compile(r"[{}=`\\]|>>>|\w\(")
_ASSERTS = re.compile(
    r"\b(?:is|are|can|may|we|you|i|there|they|it|yes|do|does|accepts?|allows?|has|have)\b", re.IGNORECASE
)
_SEASON = re.compile(
    r"\b(?:christmas|easter|holidays?|summer|winter|spring|autumn|thanksgiving|new year|valentine|season|halloween|"
    r"(?:mother|father|labor|labour|memorial|independence)'?s? day|fourth of july|today|tomorrow)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Assertion:
    """One clause of a passage."""

    text: str
    """As it stands there."""
    subject: frozenset[str]
    """Stems of what it is about: its own words, or the heading's where it has none."""
    around: frozenset[str]
    """The subject and all words of the passage's headings."""
    days: frozenset[str]
    """Weekdays that it names; empty where it names none."""
    dated: frozenset[str]
    """Dates and seasons, in the words of clause and heading, for which alone it holds."""
    hours: Hours | None
    values: frozenset[Value]
    says: bool | None
    """Yes or no; None where it states neither plainly, or only under a condition."""


@lru_cache(maxsize=8192)
def _held(text: str) -> tuple[Claim, ...]:
    return tuple(claims(text))


@lru_cache(maxsize=4096)
def assertions(passage: Passage) -> tuple[Assertion, ...]:
    """Return what a passage states, clause by clause, in order."""
    title, body = _parted(passage)
    found = [one for line in body.split("\n") for one in _line(line.strip(), title, passage.section)]
    spoken = outright(body) if asked(title).yes_no else None
    if spoken and not any(one.says is not None and one.subject >= about(title) for one in found):
        found.insert(0, _assertion(f"{title} {body}", title, title, passage.section, said=spoken == "yes"))
    return tuple(found)


def is_row(passage: Passage) -> bool:
    """Tell whether a passage is a row of a table or a record."""
    return passage.entry is not None or bool(_ROW.fullmatch(passage.text))


def headed_apart(one: Passage, other: Passage) -> bool:
    """Tell whether the headings of two passages name two things: "Weapon, +1" and "Weapon, +2", or two events.

    Headings that are no questions name two things where each has no word in common with the whole other passage.
    """
    left, right = _parted(one)[0], _parted(other)[0]
    ours, theirs = ({(c.kind, c.value) for c in _held(title)} for title in (left, right))
    if ours and theirs and ours != theirs:
        return True
    if left.endswith("?") or right.endswith("?") or not (about(left) and about(right)):
        return False
    return not (about(left) & about(other.searchable) or about(right) & about(one.searchable))


def _parted(passage: Passage) -> tuple[str, str]:
    title = passage.heading
    first, _, rest = passage.text.partition("\n")
    return (title, rest) if title and first == title and rest else (title, passage.text)


def _line(line: str, title: str, section: str) -> Iterator[Assertion]:
    if _ROW.fullmatch(line):
        yield from _row(line, section)
        return
    head = frozenset[str]()
    for _, clause in clauses("" if _CODE.search(line) else line):
        leaning = (
            about(title) if _KEYED.match(clause) else head or about(title) if _LEANING.match(clause) else head - head
        )
        found = _assertion(clause, clause, title, section, line=line, leaning=leaning)
        head = head if _LEANING.match(clause) else found.subject
        yield found


def _row(line: str, section: str) -> Iterator[Assertion]:
    """Yield what a row says: its first cell is what all others are about, and hours may stand in two cells."""
    cells = _CELL.split(line)
    name = cells[0].split(": ", 1)[1]
    if hours := hours_in(line):
        yield _assertion(line, name, name, section, hours=hours, line=line)
        return
    for cell in cells[1:]:
        key, _, value = cell.partition(": ")
        if claims(value):
            yield _assertion(f"{name}: {cell}", f"{name} {key}: {value}", name, section, plain=False)


def _assertion(  # noqa: PLR0913 -- one clause, and what stands around it
    shown: str, clause: str, title: str, section: str, *, line: str = "", said: bool | None = None,
    hours: Hours | None = None, plain: bool = True, leaning: frozenset[str] = frozenset(),
) -> Assertion:  # fmt: skip
    held = _held(clause)
    words = about(clause)
    above = about(section)
    hours = hours or hours_in(clause)
    says = said if said is not None else _says(clause, words) if plain and not hours and not held else None
    return Assertion(
        text=shown,
        subject=words | leaning or about(title) or above,
        around=words | leaning | above,
        days=days_named(clause) or days_named(title),
        dated=_dates(f"{title} {line or clause}"),
        hours=hours,
        values=frozenset() if hours else _values(clause, held),
        says=says,
    )


@lru_cache(maxsize=8192)
def about(text: str) -> frozenset[str]:
    """Return the stems that say what a text is about: without values, days, and words that fit anything."""
    for claim in reversed(_held(text)):
        before = text[: claim.start]
        if claim.unit and (counting := _COUNTING.search(before)) and stem(counting[1]) == claim.unit:
            before = before[: counting.start()]
        text = before + " " + text[claim.start + len(claim.shown) :]
    own = (_SAME.get(word, word) for word in stems(_RATE.sub(" ", text).replace("e-mail", "email").replace("-", " ")))
    return frozenset(word for word in own if word not in _EMPTY and len(word) > 1 and not word.isdigit())


def _dates(text: str) -> frozenset[str]:
    seasons = {match[0].lower() for match in _SEASON.finditer(text)}
    return frozenset(seasons | {claim.value for claim in _held(text) if claim.kind == "month"})


def _values(clause: str, held: Sequence[Claim]) -> frozenset[Value]:
    found: set[Value] = set()
    rate = _RATE.search(clause)
    limited = False
    for n, claim in enumerate(held):
        if claim.kind not in {"number", "time"}:
            continue
        before = clause[: claim.start].rstrip("$\u20ac\u00a3 ")
        end = "from " if _LOW.search(before) else "up to " if _HIGH.search(before) else ""
        limited = limited or bool(end)
        unit = _unit(clause, held, n) if claim.kind == "number" else "o'clock"
        per = stem(rate[1]) if rate and rate.start() > claim.start and unit != "o'clock" else ""
        found.add((f"{end}{unit}", per, claim.value))
    if _FREE.search(clause) and not limited and not found:
        found.add(("free", "", "0"))
    return frozenset(found)


def _unit(clause: str, held: Sequence[Claim], n: int) -> str:
    """Return what a number counts; the first of "2 to 4 days" counts days, "4 business days" are days too."""
    claim = held[n]
    end = claim.start + len(claim.shown)
    if n + 1 < len(held) and _JOINED.fullmatch(clause[end : held[n + 1].start]) and held[n + 1].kind == "number":
        return _unit(clause, held, n + 1)
    if claim.unit in _SPAN_WORD and (after := re.match(r"[ -]\w+[ -](\w+)", clause[end:])):
        return stem(after[1])
    return _CURRENCY.get(claim.unit, claim.unit)


def _says(clause: str, words: frozenset[str]) -> bool | None:
    if not words or clause.rstrip().endswith("?") or hedged(clause, compared=False) or _CONDITION.search(clause):
        return None
    denied = denies_of(clause, tuple(words)) or bool(_FORBIDS.search(clause))
    return False if denied else True if _ASSERTS.search(clause) else None
