"""The attention cache's blocks against a plain model of who holds what and what is in it."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from personas.kv_blocks import Blocks

COUNT, SIZE = 8, 2
ROOTS = st.sampled_from([("one", "bosun"), ("two", "bosun"), ("one", None)])
TOKENS = st.lists(st.integers(0, 1), min_size=1, max_size=9)


class Held(RuleBasedStateMachine):
    """Prompts come, are read in parts, and leave; what each block holds is written down beside it."""

    def __init__(self):
        super().__init__()
        self.blocks = Blocks(COUNT, SIZE)
        self.rows = []
        self.content = {}

    @rule(root=ROOTS, tokens=TOKENS)
    def join(self, root, tokens):
        free = self.blocks.free
        known = self.blocks.known(root, tokens)
        assert len(known) * SIZE < len(tokens)
        for n, block in enumerate(known, 1):
            assert self.content[block] == (root, tuple(tokens[: n * SIZE]))
        needed = -(-len(tokens) // SIZE) - len(known)
        if needed > self.blocks.free:
            with pytest.raises(IndexError, match="too few"):
                self.blocks.take(needed)
            self.blocks.release(known)
            assert self.blocks.free == free
            return
        taken = self.blocks.take(needed)
        assert not set(taken) & {block for row in self.rows for block in row["blocks"]}
        for block in taken:
            self.content.pop(block, None)
        self.rows.append({"root": root, "tokens": tokens, "blocks": known + taken, "read": len(known) * SIZE})

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def read(self, data):
        row = data.draw(st.sampled_from(self.rows))
        row["read"] = data.draw(st.integers(row["read"], len(row["tokens"])))
        for n in range(row["read"] // SIZE):
            self.content[row["blocks"][n]] = row["root"], tuple(row["tokens"][: (n + 1) * SIZE])
        self.blocks.remember(row["root"], row["tokens"][: row["read"]], row["blocks"])

    @precondition(lambda self: self.rows)
    @rule(data=st.data())
    def leave(self, data):
        row = self.rows.pop(data.draw(st.integers(0, len(self.rows) - 1)))
        self.blocks.release(row["blocks"])

    @invariant()
    def none_is_lost(self):
        held = {block for row in self.rows for block in row["blocks"]}
        assert self.blocks.free == COUNT - len(held)


TestHeld = Held.TestCase
TestHeld.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)


def test_a_read_prompt_is_found_again_under_its_own_root_alone():
    """The same server and voice share what both prompts begin with; another server or voice shares nothing."""
    blocks = Blocks(8, 2)
    held = blocks.take(3)
    blocks.remember(("one", "bosun"), [1, 2, 3, 4, 5], held)
    assert blocks.known(("one", "bosun"), [1, 2, 3, 4, 9]) == held[:2]
    assert blocks.known(("one", "bosun"), [1, 2, 3, 4]) == held[:1]
    assert blocks.known(("two", "bosun"), [1, 2, 3, 4, 9]) == []
    assert blocks.known(("one", None), [1, 2, 3, 4, 9]) == []


def test_a_block_that_is_known_after_a_renewed_beginning_is_forgotten_when_it_is_taken():
    """Where the beginning was computed anew, what follows it is found until it is overwritten, and not after."""
    blocks = Blocks(4, 1)
    first = blocks.take(1)
    blocks.remember("root", [1], first)
    both = blocks.take(2)
    blocks.remember("root", [1, 2], both)
    blocks.release(first)
    blocks.take(2)  # the free one and the first
    blocks.remember("root", [1, 2], both)
    blocks.release(both)
    assert blocks.take(1) == both[1:]
    assert blocks.known("root", [1, 2, 3]) == both[:1]
