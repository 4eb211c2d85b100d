"""Blocks of the attention cache: who holds which, and which can be used again by a prompt that starts alike."""

import itertools
from collections import OrderedDict
from collections.abc import Hashable, Iterator, Sequence


class Blocks:
    """Hands out blocks of tokens, and finds those that already hold the beginning of a prompt.

    A block is found again only under the same root (the server and the voice) and after the same tokens, so nothing
    that was computed from one server's notes serves another. Released blocks are overwritten the oldest first.
    """

    def __init__(self, count: int, size: int) -> None:
        """``count``: blocks in all; ``size``: tokens a block."""
        self.size = size
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(count))
        self._holders = [0] * count
        self._block: dict[Hashable, int] = {}
        self._key: dict[int, Hashable] = {}
        self._chain: dict[int, int] = {}
        self._chains = itertools.count()

    @property
    def free(self) -> int:
        """Blocks that nobody holds."""
        return len(self._free)

    def known(self, root: Hashable, tokens: Sequence[int]) -> list[int]:
        """Return the blocks, now held, that are filled with the first tokens; never with the last one.

        The last token is left to compute, because what follows it is not kept.
        """
        found: list[int] = []
        for key in self._keys(root, tokens[:-1], found):
            if key not in self._block:
                break
            found.append(self._block[key])
        for block in found:
            self._hold(block)
        return found

    def take(self, count: int) -> list[int]:
        """Return blocks to write into. Raises IndexError where there are fewer free ones."""
        if count > len(self._free):
            raise IndexError("too few free blocks")
        taken = list(itertools.islice(self._free, count))
        for block in taken:
            self._forget(block)
            self._hold(block)
        return taken

    def remember(self, root: Hashable, tokens: Sequence[int], blocks: Sequence[int]) -> None:
        """Let the blocks that the tokens fill be found again; ``tokens`` are all computed."""
        passed: list[int] = []
        for key, block in zip(self._keys(root, tokens, passed), blocks, strict=False):
            if key not in self._block:
                self._forget(block)  # where it was known as what follows a block that is gone
                self._block[key], self._key[block], self._chain[block] = block, key, next(self._chains)
            passed.append(self._block[key])

    def release(self, blocks: Sequence[int]) -> None:
        """Give blocks back; what they hold can be found until they are taken again."""
        # The last block goes first: the beginning of a prompt is what the next one shares.
        for block in reversed(blocks):
            self._holders[block] -= 1
            if not self._holders[block]:
                self._free[block] = None

    def _keys(self, root: Hashable, tokens: Sequence[int], passed: list[int]) -> Iterator[Hashable]:
        """Yield a key a full block; the caller appends to ``passed`` the block of each key that it goes past."""
        for start in range(0, len(tokens) - self.size + 1, self.size):
            before: Hashable = self._chain.get(passed[-1]) if passed else root
            yield before, tuple(tokens[start : start + self.size])

    def _hold(self, block: int) -> None:
        self._free.pop(block, None)
        self._holders[block] += 1

    def _forget(self, block: int) -> None:
        key = self._key.pop(block, None)
        if key is not None:
            del self._block[key]
            del self._chain[block]
