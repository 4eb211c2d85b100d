import asyncio
import logging

import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from bot.admission import Busy, Line


class Asker:
    """A question that waits for a turn and holds it until it is told to end."""

    def __init__(self, line, server, member="", deadline=None):
        self.server, self.member = server, member
        self.places = []
        self.state = "waiting"
        self.sentence = ""
        self.had_turn = False
        self.end = asyncio.Event()
        self.task = asyncio.get_running_loop().create_task(self._ask(line, deadline))

    async def _ask(self, line, deadline):
        try:
            async with line.turn(self.server, self.member, on_place=self.places.append, deadline=deadline):
                self.state, self.had_turn = "running", True
                await self.end.wait()
            self.state = "done"
        except Busy as busy:
            self.state, self.sentence = "busy", str(busy)
        except asyncio.CancelledError:
            self.state = "cancelled"


async def settled():
    for _ in range(6):
        await asyncio.sleep(0)


@pytest.fixture
async def join():
    """Return a way to let questions join a line, one (server, member) after the other."""
    everyone = []

    async def joined(line, *places, **more):
        askers = []
        for server, member in places:
            askers.append(Asker(line, server, member, **more))
            await settled()
        everyone.extend(askers)
        return askers

    yield joined
    for asker in everyone:
        asker.task.cancel()
    await settled()


async def served(*askers):
    """End every turn as it comes and return the order in which they came."""
    order = []
    while running := [asker for asker in askers if asker.state == "running"]:
        order.append(askers.index(running[0]))
        running[0].end.set()
        await settled()
    return order


async def test_nobody_waits_while_there_are_turns(join):
    """As many as may run at once run at once, without a place in line."""
    askers = await join(Line(at_once=3), ("a", "x"), ("a", "x"), ("a", "x"))
    assert [(asker.state, asker.places) for asker in askers] == [("running", [])] * 3


async def test_turns_go_round_servers_and_their_members(join):
    """A raid of one server, or of one member in it, is served in turn with everyone else."""
    waiting = [("raid", "x"), ("raid", "x"), ("raid", "x"), ("raid", "y"), ("quiet", "z"), ("other", "z")]
    askers = await join(Line(at_once=1), ("raid", "x"), *waiting)
    assert await served(*askers) == [0, 1, 5, 6, 4, 2, 3]


async def test_a_place_in_line_is_told_whenever_it_changes(join):
    """Whoever waits hears its number: when it joins, when a turn ends before it, and when a newcomer goes before it."""
    line = Line(at_once=1)
    first, second, third = await join(line, ("a", ""), ("a", ""), ("a", ""))
    assert (first.places, second.places, third.places) == ([], [1], [2])
    [newcomer] = await join(line, ("b", ""))
    assert (newcomer.places, third.places) == ([2], [2, 3])
    first.end.set()
    await settled()
    assert (newcomer.places, third.places) == ([2, 1], [2, 3, 2])


async def test_a_member_holds_a_tenth_of_the_places(join):
    """One more question of the same member is refused with a sentence, the next member's is not."""
    askers = await join(Line(at_once=1, longest=20), *[("a", "x")] * 4, ("a", "y"))
    assert [asker.state for asker in askers] == ["running", "waiting", "waiting", "busy", "waiting"]
    assert "wait for those answers" in askers[3].sentence


async def test_a_server_holds_a_quarter_while_another_waits(join):
    """Alone a server may use the whole line; as soon as another waits, it gets no place beyond its quarter."""
    line = Line(at_once=1, longest=8)
    alone = await join(line, *(("a", str(n)) for n in range(6)))
    [other] = await join(line, ("b", "x"))
    [late] = await join(line, ("a", "late"))
    assert {asker.state for asker in alone[1:]} == {other.state} == {"waiting"}
    assert (late.state, "try again" in late.sentence) == ("busy", True)


async def test_whoever_filled_the_line_makes_room(join):
    """When all places are taken, the newcomer of a quiet server gets the last one of the server that holds most."""
    line = Line(at_once=1, longest=8)
    raid = await join(line, *(("raid", str(n)) for n in range(9)))
    [full] = await join(line, ("raid", "late"))
    assert (full.state, "try again" in full.sentence) == ("busy", True)
    [quiet] = await join(line, ("quiet", "z"))
    assert quiet.state == "waiting"
    assert [asker.state for asker in raid] == ["running"] + ["waiting"] * 7 + ["busy"]
    assert "lost its place" in raid[-1].sentence
    assert (await served(*raid[:-1], quiet)).index(8) == 2


async def test_the_one_who_asked_most_loses_a_place_first(join):
    """Within the server that has to make room, it is the last question of the member who holds most."""
    line = Line(at_once=1, longest=20)
    waiting = [("a", "greedy"), ("a", "greedy"), *(("a", str(n)) for n in range(18))]
    askers = await join(line, ("a", "greedy"), *waiting, ("b", ""))
    assert [n for n, asker in enumerate(askers) if asker.state == "busy"] == [2]


async def test_full_lines_of_equal_servers_refuse(join):
    """Where no server holds more than the newcomer's would, the newcomer is refused with a sentence."""
    askers = await join(Line(at_once=1, longest=2), ("a", ""), ("a", ""), ("b", ""), ("c", ""))
    assert [asker.state for asker in askers] == ["running", "waiting", "waiting", "busy"]
    assert "try again" in askers[3].sentence


async def test_the_deadline_ends_the_wait_with_a_sentence(join):
    """Whoever waits too long is told so, and its place is free."""
    line = Line(at_once=1)
    first, second = await join(line, ("a", ""), ("b", ""), deadline=0.01)
    await second.task
    [third] = await join(line, ("c", ""))
    assert (first.state, second.state, third.places) == ("running", "busy", [1])
    assert "ask again" in second.sentence


async def test_cancelling_frees_the_place_and_the_turn(join):
    """The place of a cancelled question is gone at once; a cancelled turn goes to the next."""
    first, second, third = await join(Line(at_once=1), ("a", ""), ("b", ""), ("c", ""))
    second.task.cancel()
    await settled()
    assert third.places == [2, 1]
    first.task.cancel()
    await settled()
    assert (first.state, second.state, third.state) == ("cancelled", "cancelled", "running")


@pytest.mark.parametrize("given", [False, True])
async def test_a_turn_that_meets_a_cancelled_question_is_not_lost(join, given):
    """Whoever is cancelled as its turn is about to be given, or was given but not begun, passes it on."""
    first, second, third = await join(Line(at_once=1), ("a", ""), ("b", ""), ("c", ""))
    first.end.set()
    while given and first.state == "running":  # noqa: ASYNC110 -- the very step in which it ends is what is tested
        await asyncio.sleep(0)
    second.task.cancel()
    await settled()
    assert (second.state, third.state) == ("cancelled", "running")


class AnyLine(RuleBasedStateMachine):
    """Questions come, end and are cancelled in any order, with and without a step of the loop between."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.line = Line(at_once=2, longest=10)
        self.askers = []
        self.lone = {}
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)

    def those(self, state):
        return [asker for asker in self.askers if asker.state == state]

    def step(self):
        self.loop.run_until_complete(settled())

    @rule(server=st.sampled_from("aaaabcdef"), member=st.sampled_from("xyz"), settle=st.booleans())
    def ask(self, server, member, settle):
        async def join():
            return Asker(self.line, server, member)

        before = {asker.server for asker in self.those("waiting")}
        asker = self.loop.run_until_complete(join())
        self.askers.append(asker)
        if settle:
            given_ = self.turns()
            self.step()
            if asker.state == "waiting" and server not in before:
                self.lone[asker] = given_ + len(before)

    def turns(self):
        return sum(asker.had_turn for asker in self.askers)

    @precondition(lambda self: self.those("running"))
    @rule(data=st.data())
    def end(self, data):
        data.draw(st.sampled_from(self.those("running"))).end.set()

    @precondition(lambda self: self.those("running") or self.those("waiting"))
    @rule(data=st.data())
    def cancel(self, data):
        data.draw(st.sampled_from(self.those("running") + self.those("waiting"))).task.cancel()

    @rule()
    def settle(self):
        self.step()

    @invariant()
    def never_more_than_allowed(self):
        assert len(self.those("running")) <= 2
        assert self.line._total() <= 10  # a task that lost its place does not know of it yet

    def teardown(self):
        """End every turn: no turn is lost, nobody is left, places were numbers from 1, and nobody lone waited long."""
        self.step()
        waiting = self.those("waiting")
        assert not waiting or len(self.those("running")) == 2
        assert sorted(asker.places[-1] for asker in waiting) == list(range(1, len(waiting) + 1))
        for _ in self.askers:
            for asker in self.those("running")[:1]:
                asker.end.set()
            self.step()
            for asker in self.those("waiting"):
                assert self.turns() <= self.lone.get(asker, self.turns())
        assert not self.those("waiting") + self.those("running")
        assert not [asker for asker in self.those("busy") if not asker.sentence]
        again = self.loop.run_until_complete(self._last())
        assert again.state == "running"
        again.task.cancel()
        self.step()
        self.loop.close()

    async def _last(self):
        asker = Asker(self.line, "late")
        await settled()
        return asker


TestAnyLine = AnyLine.TestCase
TestAnyLine.settings = hypothesis_settings(max_examples=60, stateful_step_count=40, deadline=None)
