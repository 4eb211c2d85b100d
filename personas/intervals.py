"""How sure a figure is, from how many replies it was taken."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

Item = TypeVar("Item")

_Z = 1.959964
"""Quantile of the normal distribution for 95 %."""
_DRAWS = 2000


@dataclass(frozen=True)
class Estimate:
    """A figure with its interval of 95 %."""

    value: float
    low: float
    high: float
    count: int
    """Replies, questions or passages that it was taken from."""

    def as_json(self) -> dict[str, float]:
        """Return it as it stands in a card."""
        return {"value": _short(self.value), "low": _short(self.low), "high": _short(self.high), "of": self.count}


def share(held: Sequence[bool]) -> Estimate | None:
    """Return the share of what holds, with Wilson's score interval (1927); None of nothing.

    The interval stays within 0 and 1 and is sound for few replies and for shares near 1, where the usual one is not
    (Brown, Cai and DasGupta, "Interval Estimation for a Binomial Proportion", 2001).
    """
    if not held:
        return None
    n, p = len(held), sum(held) / len(held)
    middle = (p + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z / (1 + _Z**2 / n) * math.sqrt(p * (1 - p) / n + _Z**2 / (4 * n**2))
    return Estimate(p, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half)), n)


def bootstrap(items: Sequence[Item], figure: Callable[[Sequence[Item]], float], seed: int = 7) -> Estimate | None:
    """Return a figure of items with its percentile bootstrap interval (Efron 1979, 2,000 draws); None of nothing."""
    if not items:
        return None
    rng = random.Random(seed)  # noqa: S311 -- draws samples, guards nothing
    drawn = sorted(figure(rng.choices(items, k=len(items))) for _ in range(_DRAWS))
    tail = round(_DRAWS * 0.025)
    return Estimate(figure(items), drawn[tail], drawn[-tail - 1], len(items))


def mean(values: Sequence[float]) -> Estimate | None:
    """Return the mean with its bootstrap interval; None of nothing."""
    return bootstrap(values, lambda some: sum(some) / len(some))


def worse_by_chance(ours: Sequence[bool], theirs: Sequence[bool]) -> float:
    """Return how likely chance alone makes ours at least this much worse than theirs on the same rows, 0 to 1.

    The exact one-sided test of McNemar (1947): only rows on which the two differ tell anything, and were both equally
    good, each of these would be as likely to fall to the one as to the other.
    """
    lost = sum(their and not our for our, their in zip(ours, theirs, strict=True))
    gained = sum(our and not their for our, their in zip(ours, theirs, strict=True))
    n = lost + gained
    return float(sum(math.comb(n, k) for k in range(lost, n + 1)) / 2**n)


def _short(value: float) -> float:
    return round(value, 4)
