"""What is away for a while, a database or a model: said in the log once, and not again by each who asks."""

import logging
import re

from cachetools import TTLCache

_PAUSE = 600.0
"""Seconds after which a reason is said again, if it still holds."""


class _Once(logging.Filter):
    """Lets a line through that has not been said for a while, whatever seconds it gives."""

    def __init__(self) -> None:
        super().__init__()
        self._said: TTLCache[str, bool] = TTLCache(256, _PAUSE)

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether the line is news."""
        line = re.sub(r"\d+\.\d+", "", record.getMessage())
        known = line in self._said
        if not known:
            self._said[line] = True
        return not known


log = logging.getLogger(__name__)
log.addFilter(_Once())


def note(error: Exception) -> None:
    """Write down for the operator why something cannot be used; the error's message says what to do."""
    log.error("%s", error)
