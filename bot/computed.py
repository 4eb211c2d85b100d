"""Answers that follow from a server's typed facts: opening hours, areas, tables."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from knowledge.store import Store
from knowledge.typed.computing import compute
from knowledge.typed.kinds import Computed, Disputed, Fact, from_json

MOST = 5000
"""Passages of a server above which nothing is computed: all of its facts are looked at for each question."""
_SERVERS = 64


ZoneOf = Callable[[str], ZoneInfo]
"""Returns where a server's clock is."""


class Calculator:
    """Computes answers; remembers the facts of the servers that were asked last, as long as no document changes."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._facts: OrderedDict[tuple[str, tuple[str, ...]], tuple[int, tuple[Fact, ...]]] = OrderedDict()

    def answer(
        self, server: str, question: str, zone: ZoneInfo, channels: Sequence[str] = (), now: datetime | None = None
    ) -> Computed | Disputed | None:
        """Return what the facts say, None where they say nothing for certain. Raises BadServer, UnknownServer.

        ``zone``: holds where the server's files name none.
        """
        if self._store.size(server) > MOST:
            return None
        return compute(question, self._known(server, tuple(channels)), now or datetime.now(UTC), zone)

    def _known(self, server: str, channels: tuple[str, ...]) -> tuple[Fact, ...]:
        version = self._store.version(server)
        had = self._facts.pop((server, channels), None)
        if had is None or had[0] != version:
            texts = self._store.facts(server, channels)
            had = version, tuple(fact for text in texts for fact in from_json(text))
        self._facts[server, channels] = had
        if len(self._facts) > _SERVERS:
            self._facts.popitem(last=False)
        return had[1]
