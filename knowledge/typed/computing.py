"""Questions whose answer follows from typed facts by calendar, clock or arithmetic."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from knowledge.typed.area_answers import answer_areas
from knowledge.typed.feasts import country_of
from knowledge.typed.hours_answers import answer_hours
from knowledge.typed.kinds import Computed, Disputed, Fact
from knowledge.typed.table_answers import answer_tables


def compute(
    question: str, facts: Sequence[Fact], now: datetime, zone: ZoneInfo, country: str | None = None
) -> Computed | Disputed | None:
    """Compute the answer to a question; None where it is of no such kind or the facts do not certainly cover it.

    ``now`` is aware of its zone; ``zone`` is the server's, and holds unless a passage names another. ``country``, an
    ISO code, says on which days holidays fall; None: the one country that the zone belongs to, if there is one.
    Raises ValueError for a ``now`` without a zone.
    """
    if now.tzinfo is None:
        raise ValueError("The moment must know its time zone.")
    country = country or country_of(zone.key)
    return (
        answer_hours(question, facts, now, zone, country)
        or answer_areas(question, facts)
        or answer_tables(question, facts)
    )
