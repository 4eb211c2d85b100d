"""`parley demo`: three personas, two sample servers, and an owner who edits the FAQ; in a folder of its own."""

import shutil
import tempfile
from pathlib import Path

from rich.console import Console

import knowledge
from bot.answers import Question
from bot.asking import show
from bot.settings import Settings
from bot.wiring import Parts, parts
from knowledge import indexing

SAMPLES = Path(knowledge.__file__).parent / "samples"
_SCENES = (
    ("petal-and-stem", "florist", "Do you deliver to Princeton?"),
    ("petal-and-stem", "grumpy-pirate", "Do you deliver to Princeton?"),
    ("petal-and-stem", "florist", "do you deliver to Philadelphia?"),
    ("petal-and-stem", "grumpy-pirate", "how long do the flowers last"),
    ("petal-and-stem", "florist", "Do you have special holiday hours?"),
    ("emberfall", "game-companion", "What can I do with these potions?"),
    ("emberfall", "grumpy-pirate", "when does the server restart"),
    ("emberfall", "game-companion", "who is the king of the north"),
    ("emberfall", "grumpy-pirate", "hello there"),
)
_HOLIDAY = "When are you open on Christmas Eve?"
_EDIT = ("8 am to 2 pm", "7 am to 11:30 am")


async def run(settings: Settings) -> None:
    """Print the transcript. Nothing is written outside a temporary folder, which is gone afterwards."""
    console = Console(highlight=False)
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        samples = home / "samples"
        shutil.copytree(SAMPLES, samples)
        chosen = settings.model_copy(
            update={
                "home": home,
                "models": settings.models_folder,
                "remote_adapter_folder": settings.adapter_folder,  # a server goes back to it long after the demo
            }
        )
        async with parts(chosen) as ready:
            for server in sorted(path.name for path in samples.iterdir()):
                report = indexing.add(ready.store, ready.embedder, server, [samples / server])
                entries = sum(change.passages for change in report.changes)
                files = len(report.changes)
                console.print(f"[dim]{server}: {entries} entries from {files} files, {report.seconds:.1f} s[/]")
            for server, persona, text in _SCENES:
                await _scene(console, ready, server, persona, text)
            await _owner_edits(console, ready, samples / "petal-and-stem" / "holiday-hours.md")
    console.print("\n[dim]Now yours: parley knowledge add FILES --server NAME, then parley chat --server NAME[/]")


async def _scene(console: Console, ready: Parts, server: str, persona: str, text: str) -> None:
    answer = await ready.answerer.answer(Question(text, server, persona))
    seconds = answer.timings_ms["total"] / 1000
    console.print(f"\n[bold cyan]#{server}[/]  {text}   [dim]{answer.verdict}, {seconds:.1f} s[/]")
    show(answer)


async def _owner_edits(console: Console, ready: Parts, file: Path) -> None:
    await _scene(console, ready, "petal-and-stem", "florist", _HOLIDAY)
    text = file.read_text("utf-8")  # noqa: ASYNC240 -- one small file, and nobody else waits for this loop
    file.write_text(text.replace(*_EDIT, 1), "utf-8")  # noqa: ASYNC240 -- likewise
    report = indexing.refresh(ready.store, ready.embedder, "petal-and-stem")
    changed = ", ".join(change.name for change in report.changes if change.outcome != "unchanged")
    edit = f"The owner edits the file ({_EDIT[0]} becomes {_EDIT[1]})"
    console.print(f"\n[dim]{edit}; refreshed in {report.seconds:.1f} s: {changed}[/]")
    await _scene(console, ready, "petal-and-stem", "florist", _HOLIDAY)
