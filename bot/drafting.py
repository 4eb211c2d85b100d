"""One draft: written sentence by sentence, checked as it grows, and ended where nothing can save it."""

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import date

from bot.grounds import Grounds
from bot.stopwatch import Stopwatch
from bot.voices import Voice
from knowledge.fact_check import Check, Finding, check
from knowledge.polarity import polarity
from knowledge.relevance import passed_over
from personas.engine import Engine, Request, complete
from personas.reply_format import Format

OnSentence = Callable[[str], None]
"""Is told the reply as far as it may be shown, each time at least a sentence longer."""

_ENDED = re.compile(r".*[.!?](?=[\"')\u2019\u201d]*(?:\s|$))[\"')\u2019\u201d]*")
_OUTWARD = re.compile(r"(?<![\w@])@\w+|<[@#:][^>]*>|\S*://\S*|[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/\S*\w)?", re.IGNORECASE)
"""What calls somebody or leads elsewhere: mentions, links and whatever a chat program would make a link of."""


@dataclass(frozen=True)
class Draft:
    """What the engine wrote, up to its end or to the sentence that spoilt it."""

    text: str
    outcome: Check


@dataclass(frozen=True)
class Judge:
    """Checks drafts of one reply."""

    question: str
    grounds: Grounds | None
    """None: of small talk, which claims nothing."""
    voice: Voice
    stopwatch: Stopwatch
    today: date | None = None
    """Where the server is; "tomorrow" is understood by it."""

    async def check(self, text: str) -> Check:
        """Check a draft's facts, and that it calls nobody and leads nowhere that its notes do not.

        In a thread, since a check takes some milliseconds, in which the event loop has others to serve.
        """
        notes = (self.grounds.note,) if self.grounds else ()
        with self.stopwatch("check"):
            outcome = await asyncio.to_thread(checked, text, self.question, notes, self.voice, self.today)
        return replace(outcome, findings=(*outcome.findings, *self._beside(text, outcome)))

    def _beside(self, text: str, outcome: Check) -> Iterator[Finding]:
        """Yield what a reply leaves out of a computed answer, and what it says that answers something else."""
        if self.grounds is None:
            return
        yield from (Finding("missing", one, f"{one} is left out.") for one in self.grounds.values if one not in text)
        answers = self.grounds.answers
        if answers and not outcome.supports:
            yield Finding("missing", text, "The reply says nothing that the notes say.")
        for sentence, statement in outcome.supports if answers else ():
            if not any(_within(statement.text.strip(), answer) for answer in answers):
                yield Finding("stray", sentence, "Another sentence of the notes fits the question better.")
        told = [statement for _, statement in outcome.supports] if answers else []
        found = self.grounds.sources[0]
        if told and (word := passed_over(self._said(text), self.question, found.passage, found.section, told)):
            yield Finding("missing", word, f"Another sentence of the notes speaks of {word}, which is asked for.")

    def _said(self, text: str) -> str:
        form = self.voice.persona.card.format
        return form.words(text) if form else text


def _within(one: str, answer: str) -> bool:
    """Tell whether a sentence is an answer, is held by it or holds it; one line of a command is no command."""
    return one == answer or answer in one or (one in answer and "\n" not in answer)


async def draft(engine: Engine, request: Request, judge: Judge, on_sentence: OnSentence | None = None) -> Draft:
    """Have one draft written and checked.

    ``on_sentence`` is called as soon as another sentence stands; whether the draft passes is decided at its end all
    the same. One that is to have a form is judged and shown as a whole. Raises what ``Engine.stream`` raises.
    """
    if judge.voice.persona.card.format:
        text = await complete(engine, request)
        return Draft(text, await judge.check(text))
    written = text = ""
    latest: Draft | None = None
    async with aclosing(engine.stream(request)) as sentences:
        async for sentence in sentences:
            written += sentence
            text = " ".join(written.split())
            if not _ENDED.fullmatch(text):
                continue  # how its last sentence goes on, and whether it is kept, is not known yet
            latest = Draft(text, await judge.check(text))
            if latest.outcome.spoilt:
                return latest
            if on_sentence and _may_be_shown(latest):
                on_sentence(text)
    text = _whole(text)
    return latest if latest and latest.text == text else Draft(text, await judge.check(text))


def _may_be_shown(growing: Draft) -> bool:
    """Tell whether what stands so far harms nobody if the whole fails: a bare yes or no waits for what it is about."""
    return growing.outcome.passed or (growing.outcome.stands and polarity(growing.text) is None)


def checked(text: str, question: str, notes: Sequence[str], voice: Voice, today: date | None = None) -> Check:
    """Check a draft as it is before it may be sent: its facts, its form, and whom it calls or where it leads."""
    form = voice.persona.card.format
    said, known = form.words(text) if form else text, "\n".join(notes).lower()
    outcome = check(said, question, notes, voice.words, today=today)
    outward = [found for found in _OUTWARD.findall(said) if found.lower() not in known]
    faults = [Finding("name", found, f"{found} does not stand in the notes.") for found in outward]
    if form and (reason := _misformed(form, text, len(notes), declined=outcome.declined)):
        faults.append(Finding("stray", text, reason))
    return replace(outcome, findings=(*outcome.findings, *faults))


def _misformed(form: Format, text: str, notes: int, *, declined: bool) -> str:
    """Return what is wrong with a reply's form; nothing where it has the one that its card asks for."""
    if not form.holds(text, notes):
        return "The reply does not have the form that the persona's card asks for."
    claims = form.claims(text)
    if claims is None or claims == (notes > 0 and not declined):
        return ""
    return "The reply says by its form that a note answers, or that none does, and by its words the opposite."


def _whole(text: str) -> str:
    """Drop a last sentence that the token limit cut off."""
    ended = _ENDED.match(text)
    return ended[0] if ended else text
