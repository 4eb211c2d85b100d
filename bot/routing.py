"""Who speaks here, or nobody: pure decisions about one message, whatever chat it came from."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Level = Literal["thread", "channel", "category", "server"]
CameFrom = Literal["thread", "channel", "category", "server", "default"]

LEVELS: tuple[Level, ...] = ("thread", "channel", "category", "server")
"""From the narrowest to the widest; the narrowest choice wins."""

_REFERENCE = re.compile(r"<(?:@[!&]?|#)(\d+)>")
_EMOJI = re.compile(r"<a?(:\w+:)\d+>")


@dataclass(frozen=True)
class Place:
    """Where a message stands."""

    server: str
    channel: str
    category: str | None = None
    thread: str | None = None

    def key(self, level: Level) -> str | None:
        """Return what a choice for this level is kept under; None where the place has no such level."""
        if level == "server":
            return "server"  # not its id: the first channel of an old server has the same one
        return {"thread": self.thread, "channel": self.channel, "category": self.category}[level]

    @property
    def channels(self) -> tuple[str, ...]:
        """The ids of the thread, channel and category, for documents that belong to channels."""
        return tuple(place for place in (self.thread, self.channel, self.category) if place)


@dataclass(frozen=True)
class Incoming:
    """One message, as far as it matters here."""

    text: str
    from_program: bool
    """Written by a bot (this one too), a webhook or the chat itself."""
    ours: frozenset[str]
    """The ids that mean this bot: its own and that of its role."""
    mentioned: frozenset[str] = frozenset()
    """The ids of the members and roles that the message mentions."""
    replies_to: str | None = None
    """The id of the author of the message that it replies to."""
    names: Mapping[str, str] = field(default_factory=dict)
    """What to call the members, roles and channels that the text refers to, by id."""


@dataclass(frozen=True)
class Choice:
    """Who speaks in a place, and which level decided it."""

    persona: str
    came_from: CameFrom


def persona_for(place: Place, bindings: Mapping[str, str], default: str) -> Choice:
    """Return the choice of the narrowest level that has one; ``bindings`` maps the places' keys to personas."""
    for level in LEVELS:
        key = place.key(level)
        if key is not None and key in bindings:
            return Choice(bindings[key], level)
    return Choice(default, "default")


def addressed(incoming: Incoming) -> bool:
    """Whether the message wants an answer: a person mentions the bot or replies to one of its messages."""
    if incoming.from_program:
        return False
    return bool(incoming.ours & incoming.mentioned) or incoming.replies_to in incoming.ours


def question(incoming: Incoming) -> str:
    """Return the text without the mention of the bot, and with names in place of other references."""

    def name(match: re.Match[str]) -> str:
        return "" if match[1] in incoming.ours else incoming.names.get(match[1], "")

    text = _EMOJI.sub(r"\1", _REFERENCE.sub(name, incoming.text))
    lines = (" ".join(line.split()) for line in text.splitlines())
    return "\n".join(line for line in lines if line).lstrip(" ,:;")
