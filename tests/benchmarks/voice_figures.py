"""The arithmetic of the voice benchmark: a run's measurements to medians, ratios and shares of the limit.

A run is what `voices.py --json` writes: {"systems": {name: {"title", "says", "load_seconds"}}, "left_out": [...],
"measurements": [...], "memory_reads": [bytes a second], "first_sentence": {name: [seconds]}, "lags_ms": [...],
"voices": {...}, "new_tokens", "weights": {...}}. A measurement is {"peer", "round", "requests", "adapters", "seconds",
"rows": [seconds of each reply], "first": [seconds until each reply's first token], "peak", "others"}.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Sequence
from statistics import median

from voice_load import Cell


def percentile(values: Sequence[float], share: float) -> float:
    """Return the nearest-rank percentile: the least value that is at least as large as that share of all."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def cell(measurement: dict) -> Cell:
    """Return the load of a measurement."""
    return Cell(measurement["requests"], measurement["adapters"])


def speed(measurement: dict, new_tokens: int) -> float:
    """Return tokens written a second, over all requests of a load, from asking to the end of the last reply."""
    return measurement["requests"] * new_tokens / measurement["seconds"]


class Figures:
    """A run, by system and load."""

    def __init__(self, run: dict) -> None:
        self.run = run
        self._by: dict[tuple[str, Cell], list[dict]] = defaultdict(list)
        for measurement in run["measurements"]:
            self._by[measurement["peer"], cell(measurement)].append(measurement)

    @property
    def cells(self) -> list[Cell]:
        """All loads, those without adapters first."""
        return sorted({cell for _, cell in self._by}, key=lambda cell: (cell.adapters, cell.requests))

    @property
    def peers(self) -> list[str]:
        """The systems that were measured, in their order."""
        return [name for name in self.run["systems"] if any(name == peer for peer, _ in self._by)]

    def title(self, peer: str) -> str:
        """Return a system's name for readers."""
        return str(self.run["systems"][peer]["title"])

    def speed(self, peer: str, load: Cell) -> float | None:
        """Return the median over the rounds of tokens a second; None where the system was not measured."""
        speeds = list(self._speeds(peer, load).values())
        return median(speeds) if speeds else None

    def ratio(self, peer: str, other: str, load: Cell, other_load: Cell | None = None) -> float | None:
        """Return how many times as fast one system is as another: the median of the ratios within each round."""
        ours, theirs = self._speeds(peer, load), self._speeds(other, other_load or load)
        shared = ours.keys() & theirs.keys()
        return median(ours[number] / theirs[number] for number in shared) if shared else None

    def waits(self, peer: str, load: Cell, kind: str) -> tuple[float, float] | None:
        """Return the median and the 95th percentile over all rounds; ``kind``: `first` or `rows`, in seconds."""
        values = [value for one in self._by[peer, load] for value in one[kind]]
        return (percentile(values, 0.5), percentile(values, 0.95)) if values else None

    def memory(self, peer: str) -> int:
        """Return the most bytes that a system's processes held at any moment of its loads."""
        return max(one["peak"] for (name, _), many in self._by.items() if name == peer for one in many)

    def others(self) -> tuple[float, float]:
        """Return how many processors other programs kept busy: median and most of all measurements."""
        shares = [one["others"] for one in self.run["measurements"]]
        return median(shares), max(shares)

    def share_of_limit(self, peer: str = "ours") -> float | None:
        """Return tokens a second of one request with one adapter, as a share of what reading memory allows.

        Every weight is read once for each token, so the limit is bytes read a second / bytes of all weights.
        """
        alone, reads = self.speed(peer, Cell(1, 1)), self.run["memory_reads"]
        weights = self.run["systems"].get(peer, {}).get("weight_bytes")
        return alone * weights / median(reads) if alone and reads and weights else None

    def _speeds(self, peer: str, load: Cell) -> dict[int, float]:
        return {one["round"]: speed(one, self.run["new_tokens"]) for one in self._by[peer, load]}


def faults(rows: Iterable[dict], asked: int, slack: int) -> list[str]:
    """Return a sentence for each reply that has another number of tokens than was asked for."""
    return [f"a reply has {row['tokens']} tokens, not {asked}" for row in rows if abs(row["tokens"] - asked) > slack]


def shared_start(one: str, other: str) -> int:
    """Return how many characters two texts begin with alike."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (a, b) in pairs if a != b), min(len(one), len(other)))


def nearest_voice(text: str, alone: dict[int, str], own: int) -> int:
    """Return the adapter whose reply, asked alone, a text shares the longest start with; a tie is its own."""
    return max(alone, key=lambda voice: (shared_start(text, alone[voice]), voice == own))
