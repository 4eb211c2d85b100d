"""What a member asked just before, so that "and on Sundays?" can be understood.

cachetools forgets by time and by number; nothing is written down, and nothing outlives the process.
"""

from cachetools import TTLCache

from knowledge.query_rewriting import standalone

MINUTES = 5
"""After which a question is a new one."""
_MEMBERS = 10_000
"""Whose last questions are remembered at the same time."""


class Conversations:
    """Remembers each member's last question in each place."""

    def __init__(self) -> None:
        self._last: TTLCache[tuple[str, ...], str] = TTLCache(_MEMBERS, 60 * MINUTES)

    def turn(self, text: str, *where: str) -> tuple[str, ...]:
        """Return what was asked before in that place by that member, if anything, and remember the new question whole.

        ``where``: server, channel and member, by id.
        """
        before = self._last.get(where)
        self._last[where] = standalone(text, [before] if before else [])
        return (before,) if before else ()
