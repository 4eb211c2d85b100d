"""Facts of a known kind, each with the passage that it stands in: what a computed answer is made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Literal

from knowledge.store import Passage

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Span = tuple[int, int]
"""From and until, in minutes after midnight; what ends after midnight ends beyond 1,440."""
MonthDay = tuple[int, int]


@dataclass(frozen=True)
class Weekly:
    """Days that come back every week."""

    weekdays: tuple[int, ...]
    """0 is Monday; ascending."""
    kind: Literal["weekly"] = "weekly"


@dataclass(frozen=True)
class Dated:
    """Calendar days, of every year or of one."""

    first: MonthDay
    last: MonthDay
    """Before ``first`` where the days run over the end of a year."""
    year: int | None = None
    """Year of ``first``."""
    kind: Literal["dated"] = "dated"


@dataclass(frozen=True)
class Feast:
    """A day that has a name, or a day beside one."""

    name: str
    """A key of ``feasts.FEASTS``."""
    side: Literal[-1, 0, 1] = 0
    """Before it, the day itself, after it."""
    weekday: int | None = None
    """Of a day beside it: the nearest day of this name; None is the very next day."""
    kind: Literal["feast"] = "feast"


@dataclass(frozen=True)
class PublicHolidays:
    """All public holidays of the country that the server is in."""

    kind: Literal["public"] = "public"


Days = Weekly | Dated | Feast | PublicHolidays


@dataclass(frozen=True)
class Hours:
    """When a place is open on some days."""

    passage: Passage
    subject: str
    """What is open, in lower case; empty for the place that the server is about."""
    days: Days
    spans: tuple[Span, ...]
    """In order; empty on days when it is closed."""
    season: Dated | None = None
    """The part of the year in which this holds; None: the whole year."""
    note: str = ""
    """What the opening is for, as written ("for pick-up only")."""
    clock: Literal[12, 24] = 12
    """How the passage writes times."""
    kind: Literal["hours"] = "hours"


@dataclass(frozen=True)
class UnreadHours:
    """A passage says something of the hours that could not be read with certainty: nothing is computed for its days."""

    passage: Passage
    subject: str
    days: tuple[Days, ...]
    """Empty: it may speak of any day."""
    timed: bool
    """It holds times of its own, and does not merely sum up what is said elsewhere."""
    kind: Literal["unread"] = "unread"


@dataclass(frozen=True)
class Zone:
    """A time zone that a passage names."""

    passage: Passage
    name: str
    """Of the IANA database."""
    shown: str
    """As written, such as "Eastern"."""
    everywhere: bool
    """It holds for the whole document ("all times Eastern"), not for this passage alone."""
    kind: Literal["zone"] = "zone"


@dataclass(frozen=True)
class OwnName:
    """A name by which the server's own place is called."""

    passage: Passage
    name: str
    """In lower case."""
    kind: Literal["name"] = "name"


@dataclass(frozen=True)
class Money:
    """A price or a fee."""

    amount: Decimal
    unit: str
    """A sign or code before or after the number ("$"), or the coin's name in lower case ("gold"); may be empty."""
    shown: str
    """As written."""


@dataclass(frozen=True)
class Area:
    """A place that is, or is not, delivered to."""

    passage: Passage
    name: str
    delivers: bool = True
    also: tuple[str, ...] = ()
    """Places said to be part of it."""
    fee: Money | None = None
    order_by: int | None = None
    """Latest order for the same day, in minutes after midnight."""
    listed: bool = False
    """It is a row of a list of areas."""
    kind: Literal["area"] = "area"


@dataclass(frozen=True)
class OnlyAreas:
    """The areas that are named are all there are."""

    passage: Passage
    kind: Literal["only"] = "only"


@dataclass(frozen=True)
class FreeDelivery:
    """Delivery costs nothing from some order total on."""

    passage: Passage
    area: str
    """Where; empty: everywhere."""
    total: Money
    beyond: bool
    """The total itself is not enough ("over $40")."""
    kind: Literal["free"] = "free"


@dataclass(frozen=True)
class Cell:
    """One value of a row."""

    column: str
    text: str
    amount: Decimal | None = None
    """Its number, where it is one number with at most a unit."""
    unit: str = ""


@dataclass(frozen=True)
class Row:
    """One row of a table of items."""

    passage: Passage
    table: str
    """Names the table within the server: document and heading."""
    heading: str
    """The heading or file name that says what the rows are ("Bouquets")."""
    noun: str
    """The column of the names ("Town"); may be empty."""
    name: str
    cells: tuple[Cell, ...]
    """All columns but the name, in order; empty ones are left out."""
    kind: Literal["row"] = "row"


@dataclass(frozen=True)
class Priced:
    """A price that stands outside all tables: what may add to a table's answer or change it."""

    passage: Passage
    name: str
    """The words before the price, at most six."""
    price: Money
    kind: Literal["priced"] = "priced"


Fact = Hours | UnreadHours | Zone | OwnName | Area | OnlyAreas | FreeDelivery | Row | Priced


@dataclass(frozen=True)
class Computed:
    """An answer that follows from facts by calendar, clock or arithmetic."""

    sentence: str
    """One plain sentence, true of the facts."""
    passages: tuple[Passage, ...]
    """What it stands on, without repetition, the most telling first."""
    values: tuple[str, ...]
    """What was computed, as it stands in the sentence."""


@dataclass(frozen=True)
class Disputed:
    """The facts contradict each other: nothing is computed, and all sides can be shown."""

    passages: tuple[Passage, ...]


def to_json(facts: Sequence[Fact]) -> bytes:
    """Return the facts as a JSON list."""
    return _adapter().dump_json(tuple(facts))


def from_json(text: bytes | str) -> tuple[Fact, ...]:
    """Return the facts of a JSON list that ``to_json`` wrote. Raises pydantic.ValidationError, a ValueError."""
    return _adapter().validate_json(text)


@cache
def _adapter() -> "TypeAdapter[tuple[Fact, ...]]":
    from typing import Annotated

    from pydantic import Field, TypeAdapter

    return TypeAdapter(tuple[Annotated[Fact, Field(discriminator="kind")], ...])
