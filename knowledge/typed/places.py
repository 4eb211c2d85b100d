"""What a line of hours is about: the server's own place, or something within or beside it."""

import re
from collections import Counter
from collections.abc import Sequence

from knowledge.store import SECTION_MARK, Passage
from knowledge.typed.days import days_in, straight

_OWN = frozenset("we we're it our us you your the shop store place office business company premises".split())
VENUES = frozenset(
    "shop store place boutique cafe café bakery museum gallery library restaurant bar pub "
    "tavern inn diner salon studio "
    "gym clinic garage office market nursery farm theatre theater cinema bookshop bookstore brewery winery "
    "pharmacy florist deli pizzeria arcade workshop".split()
)
"""Words that may stand for the whole place."""
_NEUTRAL = frozenset(
    "hours hour opening open closed close business regular normal standard usual weekly "
    "holiday holidays special public "
    "bank times time when what are is your our you do does the a an of and or for in on at to have we weekday weekend "
    "weekdays weekends days day visit visiting us about contact info information faq faqs questions question general "
    "find location directions which schedule exceptions closures closing dates date around here "
    "news update updates updated announcement announcements notice changes welcome late "
    "extended early note notes please hello winter break "
    "during before after from until till all every each frequently asked guide details "
    "new year year's christmas easter summer winter spring autumn fall seasonal practical "
    "eastern central pacific mountain local season annual".split()
)
_NAMED = re.compile(
    r"^(?P<name>[A-Z][\w'\u2019]*(?:\s+(?:&|and|of|the|[A-Z][\w'\u2019]*))*?)\s+(?:is|are)\s+(?:open|closed)\b"
)
_PROPER = r"[A-Z][\w']*(?:\s+(?:(?:&|and|of|the)\s+)?[A-Z][\w']*)*"


def own_names(passages: Sequence[Passage]) -> dict[str, Passage]:
    """Return the names of the server's own place, in lower case: those that are open or closed and head a document."""
    roots = Counter(straight(p.section.split(SECTION_MARK)[0]).lower() for p in passages if p.section)
    found: dict[str, Passage] = {}
    for passage in passages:
        text = straight(passage.text)
        for match in re.finditer(
            rf"(?:^|[.,:!]\s+|\n[-*\s]*)(?:The\s+)?({_PROPER})\s+(?:is|are|opens|will be)\s+(?:open|closed|at|from)\b",
            text,
        ):
            name = match[1].lower()
            if days_in(match[1]) or name in found or name in _OWN:
                continue
            if any(re.match(rf"(?:the )?{re.escape(name)}(?!\w)", root) for root in roots):
                found[name] = passage
    return found


def heading_subject(headings: Sequence[str], own: frozenset[str]) -> str:
    """Return what the headings say that a line without a subject is about; empty for the place itself."""
    for depth, heading in reversed(list(enumerate(headings))):
        left = _left(heading, own)
        if left and (depth or _is_part(heading, left)):
            return " ".join(left)
    return ""


def own_subject(subject: str, where: str) -> str:
    """Return the subject of a line's own words; "we" is what the headings speak of."""
    words = [word for word in subject.split() if word not in _OWN and word not in _NEUTRAL]
    return " ".join(words) if words else where


def _left(heading: str, own: frozenset[str]) -> list[str]:
    """Return the words of a heading that say whose hours it is about."""
    lowered = heading.lower()
    for name in own:
        lowered = lowered.replace(name, " ")
    for item in reversed(days_in(lowered)):
        lowered = lowered[: item.start] + " " + lowered[item.end :]
    words = re.findall(r"[^\W\d_]+(?:'[^\W\d_]+)*", lowered)
    return [word for word in words if word not in _NEUTRAL and word not in _OWN]


def _is_part(heading: str, words: Sequence[str]) -> bool:
    """Tell whether a document's own title names a part of a place ("Kitchen hours"), not the place or the topic."""
    return len(words) == 1 and words[0] not in VENUES and len(heading.split()) <= 3  # noqa: PLR2004 -- words
