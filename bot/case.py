"""What the steps from a question to its answer share."""

import asyncio
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from bot.admission import OnPlace
from bot.answers import Answer, Question, Source, Verdict
from bot.drafting import OnSentence
from bot.stopwatch import Stopwatch
from bot.voices import Voice
from knowledge.fact_check import Check


@dataclass
class Case:
    """What the steps from a question to its answer share."""

    question: Question
    voice: Voice
    on_sentence: OnSentence | None
    on_place: OnPlace | None
    ends: float
    """When nobody waits any more, by the event loop's clock."""
    zone: ZoneInfo
    """Of the server's clock."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)
    told: str = ""
    """The replies to the questions of the same message that came before."""
    failed: list[Check] = field(default_factory=list)
    """The checks of the drafts that did not pass."""
    away: tuple[str, ...] = ()
    """Why there was no draft, or no further one."""

    @property
    def left(self) -> float:
        """Seconds that are left."""
        return max(0.0, self.ends - asyncio.get_running_loop().time())

    def show(self, reply: str) -> None:
        """Show as much of a reply as has been checked."""
        if self.on_sentence:
            self.on_sentence(f"{self.told}\n{self.closed(reply)}".lstrip("\n"))

    def closed(self, reply: str) -> str:
        """Return a reply with the closing that is drawn for its question."""
        return self.voice.persona.closed(reply, self.question.text)

    def close(self, reply: str, verdict: Verdict, sources: tuple[Source, ...] = ()) -> Answer:
        """Return the answer."""
        reasons = (finding.reason for outcome in self.failed for finding in outcome.findings)
        version = self.voice.adapter.version if self.voice.adapter else None
        unsupported = tuple(dict.fromkeys((*reasons, *self.away)))
        return Answer(self.question, version, reply, verdict, sources, unsupported, self.stopwatch.total())
