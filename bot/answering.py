"""A question to an answer: retrieve, wait in line, ask the voice, check the facts, redraft once, else quote."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfo

from bot import outages
from bot.admission import Line, OnPlace
from bot.answers import Answer, Question, joined, sources
from bot.case import Case
from bot.computed import Calculator, ZoneOf
from bot.drafting import Draft, Judge, OnSentence, draft
from bot.grounds import Grounds, choose, contradicting
from bot.quoting import quote
from bot.small_talk import is_small_talk
from bot.voices import Voices
from knowledge.embedding import Embedder
from knowledge.focus import distinctive, settles, touches
from knowledge.query_rewriting import questions, standalone
from knowledge.question_log import QuestionLog
from knowledge.retrieval import search, worded
from knowledge.store import Passage, Store
from knowledge.typed.kinds import Computed, Disputed
from personas.engine import Engine, EngineUnavailable, PromptTooLong, Request
from personas.persona import Persona
from personas.prompt import ask

log = logging.getLogger(__name__)

_PASSAGES = 8
_REDRAFTS = 2
"""Drafts of the second round, drawn together; one more row costs the engine a fraction of a reply."""
_LONGEST = 72
"""Tokens of a draft; the written replies have 25 on average and 52 at most."""
_FORM = 48
"""More of them for a reply with a form: braces and names of JSON take 20, and a reply that is cut is lost."""
_WARMTH = 0.6
"""Temperature of the second round; the first is greedy and would only repeat itself."""
_DOUBTED = 3.5
"""How many times the odds of an answer have to be what ``silence`` asks for before a voice is trusted to tell it.

Below, the passage itself is shown, or silence is kept where every draft declines. Of 25 replies to questions on other
people's documents that were beside the point and passed the check, 12 are below, and of 81 right ones 22, which are
quoted then (tests/benchmarks/document_answers.py)."""
_PATIENCE = 120.0
"""Seconds after which nobody waits for an answer any more."""


class BadQuestion(Exception):  # noqa: N818 -- named for what is wrong
    """The question cannot be taken; the message says why."""


class Answerer:
    """Answers questions; one for all servers, without a memory of any."""

    def __init__(  # noqa: PLR0913 -- the parts of an answer, each given once by the wiring
        self,
        store: Store,
        embedder: Embedder,
        engine: Engine,
        voices: Voices,
        *,
        silence: float,
        longest: int,
        line: Line | None = None,
        log: QuestionLog | None = None,
        zone: ZoneOf = lambda _: ZoneInfo("UTC"),
    ) -> None:
        """``silence``: least probability to answer at; ``longest``: characters of a question; ``log``: of gaps.

        ``zone``: returns where a server's clock is.
        """
        self._zone, self._calculator = zone, Calculator(store)
        self._store, self._embedder, self._engine, self._voices = store, embedder, engine, voices
        self._trusted = _DOUBTED * silence / (1 + (_DOUBTED - 1) * silence)
        self._silence, self._longest, self._line, self._log = silence, longest, line or Line(), log

    async def answer(
        self, question: Question, on_sentence: OnSentence | None = None, on_place: OnPlace | None = None
    ) -> Answer:
        """Answer one question; cancelled, it gives up its place, its turn and its draft at once.

        ``on_sentence``: is given the reply as far as it has been checked, while the rest is being written. The answer
        that is returned counts: where the draft did not pass after all, it holds another reply. ``on_place``: is given
        the place in line where the question has to wait. Where the engine cannot be had, the passage speaks.

        Raises BadQuestion, BadPersona, BadAdapter, BadServer, UnknownServer and Busy, each with a sentence for the one
        who asked.
        """
        text = self._accept(question.text)
        voice = await asyncio.to_thread(self._voices.voice, question.persona)
        zone = await asyncio.to_thread(self._zone, question.server)
        case = Case(question, voice, on_sentence, on_place, asyncio.get_running_loop().time() + _PATIENCE, zone)
        if is_small_talk(text):
            await asyncio.to_thread(self._store.documents, question.server)  # an unknown server is said to everyone
            return await self._chat(case)
        asked = standalone(text, question.earlier)
        # A form holds one answer: who has one is asked the message as it is.
        place = question.server, asked, question.channels, question.server_name
        plain = await asyncio.to_thread(worded, self._store, *place)
        several = [plain] if voice.persona.card.format else questions(plain)
        answers: list[Answer] = []
        for one in several:
            case.question, case.told = replace(question, text=one), joined(question, answers).reply if answers else ""
            answers.append(await self._answered(case))
            if answers[-1].verdict == "unsure" and self._log:
                await asyncio.to_thread(_noted, self._log, question.server, one if several[1:] else asked)
            case.failed, case.away = [], ()
        return joined(question, answers)

    async def _answered(self, case: Case) -> Answer:
        question, text, voice = case.question, case.question.text, case.voice
        with case.stopwatch("retrieve"):
            computed = await asyncio.to_thread(
                self._calculator.answer, question.server, text, case.zone, question.channels
            )
        if isinstance(computed, Computed):
            return await self._voiced(case, Grounds.of_computed(computed))
        if isinstance(computed, Disputed):
            return await self._disputed(case, computed.passages)
        with case.stopwatch("retrieve"):
            found = await asyncio.to_thread(
                search, self._store, self._embedder, question.server, text, _PASSAGES, question.channels
            )
        doubted = found.answerable < self._trusted
        about = await asyncio.to_thread(distinctive, self._store, question.server, text)
        hit = choose(found, text, about, doubted=doubted)
        if hit is None or found.answerable < self._silence:
            return case.close(voice.persona.line("not_in_notes", text), "unsure")
        if against := await asyncio.to_thread(contradicting, hit.passage, found.hits):
            return await self._disputed(case, (hit.passage, against))
        return await self._voiced(case, Grounds.of_hit(hit, text, doubted=doubted))

    async def _disputed(self, case: Case, passages: Sequence[Passage]) -> Answer:
        """Show passages that contradict each other, each with its document and date: nobody here knows who is right."""
        documents = await asyncio.to_thread(self._store.documents, case.question.server)
        taken = {document.name: document.taken[:10] for document in documents}
        shown = "\n".join(
            f"{p.text}\n({', '.join(filter(None, (p.document, taken.get(p.document))))})" for p in passages
        )
        return case.close(quote(case.voice, shown, case.question.text), "quoted", sources(passages))

    def _accept(self, text: str) -> str:
        text = " ".join(text.split())
        if not text:
            raise BadQuestion("The question is empty: write what you would like to know.")
        if len(text) > self._longest:
            raise BadQuestion(
                f"The question has {len(text):,} characters; at most {self._longest:,} are read. Please ask it shorter."
            )
        return text

    async def _chat(self, case: Case) -> Answer:
        sound = await self._sound(case, None)
        return case.close(sound or case.voice.persona.line("greeting", case.question.text), "chat")

    async def _voiced(self, case: Case, grounds: Grounds) -> Answer:
        note, text = grounds.note, case.question.text
        sound = None if grounds.instructions else await self._sound(case, grounds)
        if sound and not grounds.doubted:
            return case.close(sound, "answered", grounds.sources)
        unspoken = not sound and bool(case.failed) and all(outcome.silent for outcome in case.failed)
        foreign = not grounds.computed and not touches(note, text)
        if (foreign or (grounds.doubted and unspoken)) and not settles(note, text):
            return case.close(case.voice.persona.line("not_in_notes", text), "unsure")
        quoted = quote(case.voice, grounds.sources[0].passage, text, note, grounds.shortest or note)
        if grounds.computed and not case.voice.persona.card.format:
            quoted = f"{note}\n{quoted}"
        return case.close(quoted, "quoted", grounds.sources)

    async def _sound(self, case: Case, grounds: Grounds | None) -> str | None:
        """Return the first draft that passes, None where none does; the case keeps what was wrong."""
        turn = self._line.turn(case.question.server, case.question.member, on_place=case.on_place, deadline=case.left)
        try:
            async with turn:
                with case.stopwatch("generate"):
                    return await self._first_sound(case, grounds)
        except EngineUnavailable as error:
            outages.note(error)
            case.away = (str(error),)
        except PromptTooLong as error:
            case.away = (f"The note and the question are longer than the model reads: {error}",)
        return None

    async def _first_sound(self, case: Case, grounds: Grounds | None) -> str | None:
        notes = (grounds.note,) if grounds else ()
        judge = Judge(case.question.text, grounds, case.voice, case.stopwatch, datetime.now(case.zone).date())
        shown = None if grounds and grounds.doubted else case.show
        first = await draft(self._engine, _request(case, notes, 0.0), judge, shown)
        if first.outcome.passed:
            return case.closed(first.text)
        case.failed.append(first.outcome)
        if grounds and grounds.doubted and not first.outcome.silent:
            return None  # the passage is shown, whatever others would say
        again = _request(case, notes, _WARMTH)
        redrafts = [asyncio.create_task(draft(self._engine, again, judge)) for _ in range(_REDRAFTS if notes else 0)]
        try:
            for redraft in redrafts:
                second = await redraft
                if second.outcome.passed:
                    return case.closed(second.text)
                case.failed.append(second.outcome)
        finally:
            await _ended(redrafts)
        return None


def _noted(gaps: QuestionLog, server: str, text: str) -> None:
    """Keep a question that could not be answered; whoever asked gets the reply whether that works or not."""
    try:
        gaps.note_gap(server, text)
    except Exception:
        log.exception("A question to server %s that the files cannot answer could not be kept.", server)


async def _ended(tasks: Sequence[asyncio.Task[Draft]]) -> None:
    """Cancel what still runs, and wait until its work has stopped."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def longest(persona: Persona) -> int:
    """Return the tokens of a persona's draft, at most."""
    return _LONGEST + (_FORM if persona.card.format else 0)


def _request(case: Case, notes: Sequence[str], warmth: float) -> Request:
    question, voice = case.question, case.voice
    turns = tuple(ask(voice.persona, question.text, notes, card=voice.adapter is None))
    form = voice.persona.card.format
    return Request(
        turns, voice.adapter, question.server, max_tokens=longest(voice.persona), temperature=warmth,
        grammar=form.grammar if form else None, deadline=case.left,
    )  # fmt: skip
