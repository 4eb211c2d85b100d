"""The line in front of the engine: fair between servers and members, bounded, and everyone knows their place.

Turns go round the servers, and within a server round its members, so a lone question waits for one turn of each
server that waits already, however many questions a raid has put in. How many may wait is bounded by three rules:

- A member holds at most a tenth of the places, at any time.
- A server holds at most a quarter of them while another server waits; alone, it may use them all.
- When all places are taken, a newcomer gets the last one of the server that holds most, as long as that is still
  more than the newcomer's own server would hold then. So whoever filled the line pays for it, and a quiet server
  always gets in.
"""

import asyncio
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import zip_longest

OnPlace = Callable[[int], None]
"""Is told a place in line whenever it changes; 1 is next."""

_MEMBERS_SHARE = 0.1
_SERVERS_SHARE = 0.25


class Busy(Exception):  # noqa: N818 -- named for what is wrong
    """The question gets no turn now; the message says why, and to ask again."""


@dataclass(eq=False)
class _Ticket:
    server: str
    member: str
    on_place: OnPlace | None
    turn: asyncio.Future[bool] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """True: it is this one's turn; False: its place went to somebody else."""
    place: int = 0


class Line:
    """Gives turns, a bounded number at once. For one event loop."""

    def __init__(self, at_once: int = 8, longest: int = 256) -> None:
        """``at_once``: turns at the same time; ``longest``: questions that wait for one. Both are at least 1."""
        self._at_once, self._longest = at_once, longest
        self._running = 0
        # Both levels are in the order in which they come next; no deque and no server is ever empty.
        self._waiting: dict[str, dict[str, deque[_Ticket]]] = {}

    @asynccontextmanager
    async def turn(
        self, server: str, member: str = "", *, on_place: OnPlace | None = None, deadline: float | None = None
    ) -> AsyncGenerator[None, None]:
        """Wait for a turn and hold it within the ``async with`` block.

        ``deadline``: seconds to wait at most. Whoever is cancelled while waiting frees the place at once. Raises Busy
        where there is no place, where the place is lost to another server, and after the deadline.
        """
        if self._running < self._at_once:  # then nobody waits
            self._running += 1
        else:
            await self._wait(_Ticket(server, member, on_place), deadline)
        try:
            yield
        finally:
            self._pass_on()

    async def _wait(self, ticket: _Ticket, deadline: float | None) -> None:
        self._join(ticket)
        try:
            async with asyncio.timeout(deadline):
                given = await ticket.turn
        except TimeoutError as error:
            self._leave(ticket)
            raise Busy("So many are asking that I could not get to your question. Please ask again later.") from error
        except asyncio.CancelledError:
            self._leave(ticket)
            raise
        if not given:
            raise Busy("Too many questions came in at once, and yours lost its place. Please ask again in a minute.")

    def _join(self, ticket: _Ticket) -> None:
        own = self._held(ticket.server)
        others = self._total() - own
        if self._held(ticket.server, ticket.member) >= _share(_MEMBERS_SHARE, self._longest):
            raise Busy("I still have questions of yours to answer. Please wait for those answers first.")
        if others and own >= _share(_SERVERS_SHARE, self._longest):
            raise Busy("I am busy: too many questions of this server are waiting. Please try again in a minute.")
        if own + others >= self._longest:
            self._make_room(own)
        self._waiting.setdefault(ticket.server, {}).setdefault(ticket.member, deque()).append(ticket)
        self._tell()

    def _make_room(self, own: int) -> None:
        """Take a place from the server that holds most, and there from the member who holds most."""
        server = max(reversed(self._waiting), key=self._held)
        if self._held(server) <= own + 1:
            raise Busy("I am busy: too many questions are waiting. Please try again in a minute.")
        members = self._waiting[server]
        last = members[max(reversed(members), key=lambda member: len(members[member]))][-1]
        self._remove(last)
        if not last.turn.done():
            last.turn.set_result(False)

    def _leave(self, ticket: _Ticket) -> None:
        """Give back what a ticket holds: its place, or a turn that came in the very moment it was cancelled."""
        if not ticket.turn.cancelled() and ticket.turn.result():
            self._pass_on()
        elif ticket in self._waiting.get(ticket.server, {}).get(ticket.member, ()):
            self._remove(ticket)
            self._tell()

    def _pass_on(self) -> None:
        """End a turn; the next in line has it."""
        while self._waiting:
            ticket = self._next()
            if not ticket.turn.done():  # else it is cancelled, and its task has not run since
                ticket.turn.set_result(True)
                self._tell()
                return
        self._running -= 1

    def _next(self) -> _Ticket:
        """Take out whoever comes next; its server and member go to the end."""
        server, members = next(iter(self._waiting.items()))
        member, tickets = next(iter(members.items()))
        ticket = tickets[0]
        self._remove(ticket)
        if member in members:
            members[member] = members.pop(member)
        if server in self._waiting:
            self._waiting[server] = self._waiting.pop(server)
        return ticket

    def _remove(self, ticket: _Ticket) -> None:
        members = self._waiting[ticket.server]
        members[ticket.member].remove(ticket)
        if not members[ticket.member]:
            del members[ticket.member]
        if not members:
            del self._waiting[ticket.server]

    def _held(self, server: str, member: str | None = None) -> int:
        members = self._waiting.get(server, {})
        return len(members.get(member, ())) if member is not None else sum(map(len, members.values()))

    def _total(self) -> int:
        return sum(map(self._held, self._waiting))

    def _tell(self) -> None:
        """Tell their places to those whose place has changed."""
        order = _in_turn(_in_turn(members.values()) for members in self._waiting.values())
        for place, ticket in enumerate(order, 1):
            if place != ticket.place:
                ticket.place = place
                if ticket.on_place:
                    ticket.on_place(place)


def _share(share: float, places: int) -> int:
    return max(1, math.floor(share * places))


def _in_turn(queues: Iterable[Iterable[_Ticket]]) -> list[_Ticket]:
    """Return the tickets as they come up when one is taken from each queue in turn."""
    return [ticket for row in zip_longest(*queues) for ticket in row if ticket is not None]
