"""Time zones by name: what to offer while somebody types, and which one is meant.

The names are those of the IANA time zone database, which Python's own zoneinfo reads.
"""

from datetime import datetime
from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo

from knowledge.typed.feasts import zone_named

_UTC = "UTC"
_MOST_SUGGESTED = 3


class UnknownZone(Exception):  # noqa: N818 -- named for what is wrong
    """There is no time zone of that name; the message names some that are like it."""


@cache
def places() -> tuple[str, ...]:
    """Return the zones of all inhabited places, sorted, and UTC: one name for each zone, without its aliases."""
    table = resources.files("tzdata").joinpath("zoneinfo", "zone.tab").read_text("utf-8")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return (*sorted({row[2] for row in rows}), _UTC)


def fitting(typed: str) -> list[str]:
    """Return the names that hold what was typed, those whose city begins with it first."""
    wanted = _key(typed)
    found = [name for name in places() if wanted in name.casefold()]
    return sorted(found, key=lambda name: not name.casefold().rsplit("/", 1)[-1].startswith(wanted))


def zone(typed: str) -> ZoneInfo:
    """Return the zone of this name, or the only one whose name holds this, in any case. Raises UnknownZone."""
    known = {name.casefold(): name for name in places()}
    like = fitting(typed)
    named = zone_named(like[0] if len(like) == 1 else known.get(_key(typed), typed.strip()))
    if named is None:
        some = ", ".join(like[:_MOST_SUGGESTED]) or "Europe/Berlin, America/New_York, UTC"
        raise UnknownZone(f"There is no time zone named {typed.strip()[:80]!r}. Name one such as {some}.")
    return named


def told(chosen: ZoneInfo) -> str:
    """Return a zone with the time that it is there, by which an error in choosing it is seen."""
    return f"{chosen.key}, where it is {datetime.now(chosen):%A, %H:%M}"


def _key(typed: str) -> str:
    return "_".join(typed.split()).casefold()
