"""Where the time of an answer goes."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Adds up milliseconds by name."""

    def __init__(self) -> None:
        self._milliseconds = {"retrieve": 0.0, "generate": 0.0, "check": 0.0}
        self._start = time.perf_counter()

    @contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        """Time a block."""
        start = time.perf_counter()
        try:
            yield
        finally:
            self._milliseconds[name] += (time.perf_counter() - start) * 1000

    def total(self) -> dict[str, int]:
        """Return milliseconds by name, with ``total`` since the start; a check while generating counts as check."""
        whole = (time.perf_counter() - self._start) * 1000
        generate = max(0.0, self._milliseconds["generate"] - self._milliseconds["check"])
        return {name: round(ms) for name, ms in {**self._milliseconds, "generate": generate, "total": whole}.items()}
