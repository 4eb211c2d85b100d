"""Questions from the terminal: one, a file of them, or a conversation."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bot.answering import Answerer
from bot.answers import Answer, Question
from bot.batch import read_batch
from bot.conversations import Conversations
from bot.sentences import faults
from bot.settings import Settings
from bot.wiring import Parts, parts


def as_json(answer: Answer) -> dict[str, Any]:
    """Return an answer as the command line prints it."""
    return {
        "id": answer.question.id,
        "server": answer.question.server,
        "persona": answer.question.persona,
        "adapter": answer.adapter,
        "question": answer.question.text,
        "reply": answer.reply,
        "verdict": answer.verdict,
        "sources": [asdict(source) for source in answer.sources],
        "unsupported": list(answer.unsupported),
        "timings_ms": answer.timings_ms,
    }


async def ask_one(  # noqa: PLR0913 -- one argument each for the command's flags
    settings: Settings, text: str, server: str, persona: str | None, channel: str | None, *, plain: bool
) -> None:
    """Answer one question on standard output, as JSON where it is to be ``plain``."""
    question = Question(text, server, persona or settings.persona, channels=(channel,) if channel else ())
    async with parts(settings) as ready:
        ready.store.documents(server)  # an unknown server is said before a model is loaded
        if plain:
            answer = await ready.answerer.answer(question)
            print(json.dumps(as_json(answer), ensure_ascii=False))  # noqa: T201 -- the command's output
        else:
            await _tell(ready.answerer, question)


async def _tell(answerer: Answerer, question: Question) -> None:
    """Print an answer; on a terminal its sentences stand there as soon as they are checked."""
    from rich.console import Console
    from rich.live import Live
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        show(await answerer.answer(question))
        return
    grown = ""
    with Live(console=console, transient=True, auto_refresh=False) as live:

        def grow(text: str) -> None:
            nonlocal grown
            grown = text
            live.update(Text.assemble((question.persona, "bold"), ": ", text), refresh=True)

        answer = await answerer.answer(question, grow)
    if not answer.reply.startswith(grown):
        console.print("[dim]The draft that stood here did not pass as a whole; this is the answer:[/]")
    show(answer)


def show(answer: Answer) -> None:
    """Print a reply with its sources underneath."""
    from rich.console import Console
    from rich.markup import escape

    console = Console(highlight=False, soft_wrap=True)
    console.print(f"[bold]{escape(answer.question.persona)}[/]: {escape(answer.reply)}")
    for source in answer.sources:
        where = f", {source.section}" if source.section else ""
        console.print(f"  [dim]\\[{source.n}] {escape(source.document + where)}[/]")


async def ask_batch(settings: Settings, file: Path) -> int:
    """Answer a file of JSON lines, one line of output each, in the same order; return the exit status.

    A question that cannot be answered gets a line with ``error`` in place of ``reply``, and the status is 1.
    Raises BadBatch before anything is answered when the file is missing or a line is broken.
    """
    questions = list(read_batch(file, settings.persona))
    status = 0
    async with parts(settings) as ready:
        async for question, answer in _in_order(ready, questions):
            if isinstance(answer, Answer):
                line = as_json(answer)
            else:
                status, line = 1, {"id": question.id, "server": question.server, "error": answer}
            print(json.dumps(line, ensure_ascii=False), flush=True)  # noqa: T201 -- the command's output
    return status


async def _in_order(ready: Parts, questions: list[Question]) -> AsyncIterator[tuple[Question, Answer | str]]:
    slots = asyncio.Semaphore(ready.settings.at_once)  # so that the file fills every turn, and none waits in line

    async def answered(question: Question) -> Answer | str:
        async with slots:
            try:
                return await ready.answerer.answer(question)
            except faults() as error:
                return str(error)

    tasks = [asyncio.create_task(answered(question)) for question in questions]
    for question, task in zip(questions, tasks, strict=True):
        yield question, await task


async def chat(settings: Settings, server: str, persona: str | None) -> None:
    """Answer line after line until an empty one."""
    async with parts(settings) as ready:
        ready.store.documents(server)
        talk = Conversations()
        while text := (await asyncio.to_thread(_prompt)).strip():
            try:
                question = Question(text, server, persona or settings.persona, earlier=talk.turn(text, server))
                await _tell(ready.answerer, question)
            except faults() as error:
                print(error, file=sys.stderr)  # noqa: T201 -- a sentence for the person at the keyboard


def _prompt() -> str:
    try:
        return input("you: ")
    except EOFError:
        return ""
