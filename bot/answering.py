"""A question to an answer: retrieve, ask the voice, check the facts, redraft once, else quote."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from bot.small_talk import is_small_talk
from bot.voices import Voice, Voices
from knowledge.claims import stems
from knowledge.embedding import Embedder
from knowledge.fact_check import Check, Finding, check
from knowledge.focus import brings, focus, settles, telling, touches
from knowledge.retrieval import Hit, Retrieved, search
from knowledge.store import Store
from personas.engine import Engine, Request, complete
from personas.prompt import ask

Verdict = Literal["answered", "quoted", "unsure", "chat"]

_PASSAGES = 8
_NEAR = 0.2
"""How far below the best passage's score another may be that fits the question's words better."""
_REDRAFTS = 2
"""Drafts of the second round, drawn together; one more row costs the engine a fraction of a reply."""
_LONGEST = 72
"""Tokens of a draft; the written replies have 25 on average and 52 at most."""
_WARMTH = 0.6
"""Temperature of the second round; the first is greedy and would only repeat itself."""
_OUTWARD = re.compile(r"(?<![\w@])@\w+|<[@#:][^>]*>|\S*://\S*|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*\w)?", re.IGNORECASE)
"""What calls somebody or leads elsewhere: mentions, links and whatever a chat program would make a link of."""


class BadQuestion(Exception):  # noqa: N818 -- named for what is wrong
    """The question cannot be taken; the message says why."""


@dataclass(frozen=True)
class Question:
    """What a front end hands over."""

    text: str
    server: str
    persona: str
    id: str = ""
    channels: tuple[str, ...] = ()
    """The channel it was asked in and those above it, for documents that belong to channels."""


@dataclass(frozen=True)
class Source:
    """One passage that the reply stands on."""

    n: int
    document: str
    section: str
    entry: str | None
    passage: str
    score: float


@dataclass(frozen=True)
class Answer:
    """What a front end shows; ``reply`` is checked and final."""

    question: Question
    adapter: str | None
    reply: str
    verdict: Verdict
    sources: tuple[Source, ...] = ()
    unsupported: tuple[str, ...] = ()
    """What the check found wrong with the drafts that were not sent."""
    timings_ms: dict[str, int] = field(default_factory=dict)


class Answerer:
    """Answers questions; one for all servers, without a memory of any."""

    def __init__(  # noqa: PLR0913 -- the parts of an answer, each given once by the wiring
        self, store: Store, embedder: Embedder, engine: Engine, voices: Voices, *, silence: float, longest: int
    ) -> None:
        """``silence``: least probability to answer at; ``longest``: characters of a question."""
        self._store, self._embedder, self._engine, self._voices = store, embedder, engine, voices
        self._silence, self._longest = silence, longest

    async def answer(self, question: Question) -> Answer:
        """Answer one question.

        Raises BadQuestion, BadPersona, BadAdapter, BadServer, UnknownServer and EngineUnavailable, each with a
        sentence for the one who asked.
        """
        text = self._accept(question.text)
        voice = await asyncio.to_thread(self._voices.voice, question.persona)
        timer = _Timer()
        if is_small_talk(text):
            await asyncio.to_thread(self._store.documents, question.server)  # an unknown server is said to everyone
            return await self._chat(question, voice, timer)
        with timer("retrieve"):
            found = await asyncio.to_thread(
                search, self._store, self._embedder, question.server, text, _PASSAGES, question.channels
            )
        hit = _choose(found, text, await asyncio.to_thread(telling, self._store, question.server, text))
        if hit is None or found.answerable < self._silence:
            return _finish(question, voice, timer, voice.persona.line("not_in_notes", text), "unsure")
        return await self._voiced(question, voice, timer, hit)

    def _accept(self, text: str) -> str:
        text = " ".join(text.split())
        if not text:
            raise BadQuestion("The question is empty: write what you would like to know.")
        if len(text) > self._longest:
            raise BadQuestion(
                f"The question has {len(text):,} characters; at most {self._longest:,} are read. Please ask it shorter."
            )
        return text

    async def _chat(self, question: Question, voice: Voice, timer: "_Timer") -> Answer:
        [reply] = await self._drafts(voice, question, (), timer, [0.0])
        if not _check(reply, question.text, (), voice).passed:
            reply = voice.persona.line("greeting", question.text)
        return _finish(question, voice, timer, reply, "chat")

    async def _voiced(self, question: Question, voice: Voice, timer: "_Timer", hit: Hit) -> Answer:
        note, text = hit.passage.searchable, question.text
        source = (Source(1, hit.passage.document, hit.passage.section, hit.passage.entry, hit.passage.text, hit.score),)
        failed: list[Check] = []
        for notes, temperatures in (((note,), [0.0]), ((focus(note, text),), [_WARMTH] * _REDRAFTS)):
            for draft in await self._drafts(voice, question, notes, timer, temperatures):
                with timer("check"):
                    outcome = _check(draft, text, (note,), voice)
                if outcome.passed:
                    return _finish(question, voice, timer, draft, "answered", source, failed)
                failed.append(outcome)
        silent = not touches(note, text) or all(outcome.silent for outcome in failed)
        if silent and not settles(note, text):
            reply = voice.persona.line("not_in_notes", text)
            return _finish(question, voice, timer, reply, "unsure", (), failed)
        return _finish(question, voice, timer, _quote(voice, hit, text), "quoted", source, failed)

    async def _drafts(
        self, voice: Voice, question: Question, notes: Sequence[str], timer: "_Timer", temperatures: Sequence[float]
    ) -> list[str]:
        turns = tuple(ask(voice.persona, question.text, notes))
        with timer("generate"):
            drafts = await asyncio.gather(
                *(
                    complete(
                        self._engine,
                        Request(turns, voice.adapter, question.server, max_tokens=_LONGEST, temperature=warmth),
                    )
                    for warmth in temperatures
                )
            )
        return [_whole(draft) for draft in drafts]


class _Timer:
    """Adds up milliseconds by name."""

    def __init__(self) -> None:
        self.milliseconds = {"retrieve": 0.0, "generate": 0.0, "check": 0.0}
        self._start = time.perf_counter()

    def __call__(self, name: str) -> "_Span":
        return _Span(self, name)

    def total(self) -> dict[str, int]:
        whole = (time.perf_counter() - self._start) * 1000
        return {name: round(value) for name, value in {**self.milliseconds, "total": whole}.items()}


class _Span:
    def __init__(self, timer: _Timer, name: str) -> None:
        self._timer, self._name, self._start = timer, name, 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        self._timer.milliseconds[self._name] += (time.perf_counter() - self._start) * 1000


def _choose(found: Retrieved, text: str, about: frozenset[str]) -> Hit | None:
    """Return the passage to answer from: near the best, about what the question is about, with the value it asks for.

    None where that one holds no value of the kind that the question asks for.
    """
    near = [hit for hit in found.hits if hit.score >= found.hits[0].score - _NEAR]
    if not near:
        return None

    def fit(hit: Hit) -> tuple[int, bool]:
        return len(about & set(stems(hit.passage.searchable))), brings(hit.passage.searchable, text)

    best = max(near, key=fit)  # the first, and so the highest in score, of those that fit best
    return best if fit(best)[1] else None


def _check(draft: str, text: str, notes: Sequence[str], voice: Voice) -> Check:
    """Check a draft's facts, and that it calls nobody and leads nowhere that its notes do not."""
    outcome, known = check(draft, text, notes, voice.words), "\n".join(notes).lower()
    outward = [found for found in _OUTWARD.findall(draft) if found.lower() not in known]
    faults = (Finding("name", found, f"{found} does not stand in the notes.") for found in outward)
    return replace(outcome, findings=(*outcome.findings, *faults))


def _whole(draft: str) -> str:
    """Drop a last sentence that the token limit cut off, and line breaks."""
    draft = " ".join(draft.split())
    ended = re.match(r".*[.!?](?=[\"')\u2019\u201d]*(?:\s|$))[\"')\u2019\u201d]*", draft)
    return ended[0] if ended else draft


def _quote(voice: Voice, hit: Hit, text: str) -> str:
    """Return the passage as it stands, between two of the persona's own lines."""
    quoted = "\n".join(f"> {line}" for line in hit.passage.text.splitlines() if line.strip())
    opening, closing = (voice.persona.line(kind, text) for kind in ("quote_opening", "quote_closing"))
    return f"{opening}\n{quoted}\n{closing}"


def _finish(  # noqa: PLR0913, PLR0917 -- the fields of an answer
    question: Question,
    voice: Voice,
    timer: _Timer,
    reply: str,
    verdict: Verdict,
    sources: tuple[Source, ...] = (),
    failed: Sequence[Check] = (),
) -> Answer:
    reasons = (finding.reason for outcome in failed for finding in outcome.findings)
    version = voice.adapter.version if voice.adapter else None
    return Answer(question, version, reply, verdict, sources, tuple(dict.fromkeys(reasons)), timer.total())
