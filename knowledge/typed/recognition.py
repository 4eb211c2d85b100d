"""Passages to typed facts; pure, so that facts can be kept beside the passages and made again at will."""

from collections.abc import Sequence

from knowledge.store import Passage
from knowledge.typed.areas import areas_in
from knowledge.typed.hours import hours_in
from knowledge.typed.kinds import Fact, OwnName
from knowledge.typed.places import own_names
from knowledge.typed.tables import priced_in, rows_in
from knowledge.typed.zones import zones_in


def recognise(passages: Sequence[Passage], called: frozenset[str] = frozenset()) -> tuple[Fact, ...]:
    """Return all facts of a known kind in passages, each naming the passage it stands in.

    ``called``: names of the server's own place, in lower case, that other passages give.
    """
    passages = list(dict.fromkeys(passages))
    names = own_names(passages)
    rows = list(rows_in(passages))
    return (
        *(OwnName(passage, name) for name, passage in names.items()),
        *zones_in(passages),
        *hours_in(passages, called.union(names)),
        *areas_in(passages, rows),
        *rows,
        *priced_in(passages, rows),
    )
