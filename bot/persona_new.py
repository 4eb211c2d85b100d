"""`parley persona new`: a few questions, flags, or a card become a persona that speaks at once."""

import json
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bot.sentences import PATH, said

if TYPE_CHECKING:
    from personas.persona import Persona

_FORMATS = ["none", "bullets", "citations", "json"]
_STYLE = {"opening": "openings", "closing": "closings", "says_yes": "yes", "says_no": "no", "small_talk": "small_talk"}
_LINES = {"greeting": "greeting", "refusal": "not_in_notes"}
_SAMPLES = 3
_QUESTIONS = {
    "opening": 'What does it say before an answer, true of anything, such as "Arr, listen well."?',
    "closing": 'And after some answers, such as "Now be off with ye."?',
    "says_yes": 'What does it say for "Yes"?',
    "says_no": 'What does it say for "No"?',
    "word": "Which words does it exchange? Write plain=own, such as you=ye.",
    "refusal": "What does it say when its notes do not hold the answer?",
    "small_talk": "How does it answer greetings and thanks? Any line must fit any of them.",
}


@click.command("new")
@click.argument("name")
@click.option("--from-file", "card_file", type=PATH, help="A card in TOML; it may leave out what has a default.")
@click.option("--card", "character", type=PATH, help="A SillyTavern character card, JSON or PNG.")
@click.option("--title", help="Its name as members see it.")
@click.option("--description", help="One sentence for members.")
@click.option("--voice", help="How it speaks: the card prompt.")
@click.option("--language", help="ISO 639-1 code of its language; default: en.")
@click.option("--origin", help="Who wrote it, and under which licence.")
@click.option("--opening", multiple=True, help="Stands before answers; repeatable, as all that follow.")
@click.option("--closing", multiple=True, help="Stands after some answers.")
@click.option("--says-yes", multiple=True, help='What it says for "Yes".')
@click.option("--says-no", multiple=True, help='What it says for "No".')
@click.option("--word", multiple=True, help="A word and its own for it, such as you=ye.")
@click.option("--refusal", multiple=True, help="Said when the notes do not hold the answer.")
@click.option("--greeting", multiple=True, help="Said to a mention without words.")
@click.option("--small-talk", multiple=True, help="Answers greetings and thanks.")
@click.option("--format", "form", type=click.Choice(_FORMATS), help="The form of every reply; default: none.")
@click.option("--rows", type=click.IntRange(1, 10_000), default=600, help="Plain rows to dress; default: 600.")
@click.option("--seed", type=int, default=0, help="Chooses the rows and their words; default: 0.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@said
def new(  # noqa: PLR0913, PLR0917 -- one argument each for the flags that are not the card's own
    name: str,
    card_file: Path | None,
    character: Path | None,
    form: str | None,
    rows: int,
    seed: int,
    as_json: bool,
    **given: Any,  # noqa: ANN401 -- the card's flags, each a text or some
) -> None:
    """Write the persona NAME into the data folder: card, examples and exam; asks, unless flags or a file say it all."""
    from bot import settings
    from personas import scaffold

    if card_file and character:
        raise click.UsageError("Give --from-file or --card, not both.")
    chosen = settings.load()
    scaffold.check_name(name, chosen.libraries)
    beside: dict[str, str] = {}
    if character:
        outline, beside = _taken(character, quiet=as_json)
    elif card_file:
        outline = _read(card_file)
    else:
        outline = {}
        if not any(given.values()) and form is None:
            form = _ask(given, name)
    outline = _merged(outline, given)
    shape = None if form in {None, "none"} else form
    card = scaffold.complete(outline, shape)  # type: ignore[arg-type]  # click holds it to the choices
    speaker = scaffold.create(name, card, chosen.own_personas, rows=rows, seed=seed, beside=beside)
    _tell(speaker, beside, as_json=as_json)


def _ask(given: dict[str, Any], name: str) -> str:
    """Ask for what the flags would say; return the form of replies."""
    try:
        given["title"] = click.prompt("Its name, as members see it", default=name.replace("-", " ").title(), err=True)
        given["description"] = click.prompt("One sentence about it, for members", err=True)
        given["voice"] = click.prompt("How does it speak? Tell it, beginning with: You are", err=True)
        for flag, question in _QUESTIONS.items():
            click.echo(f"{question} One a line; an empty line ends.", err=True)
            given[flag] = tuple(
                iter(lambda: click.prompt("", "", show_default=False, prompt_suffix="> ", err=True), "")
            )
        form: str = click.prompt("The form of every reply", "none", type=click.Choice(_FORMATS), err=True)
    except click.Abort:
        raise click.UsageError(
            "The questions were not answered to the end, so nothing was written. Flags say the same: see --help."
        ) from None
    return form


def _taken(path: Path, *, quiet: bool) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the outline of a character card and what is written beside it."""
    from personas import character_card

    character = character_card.read(path)
    if not quiet:
        for left in character.left_out:
            click.echo(f"Left out: {left}")
    return character.outline, {"lorebook.md": character.lore} if character.lore else {}


def _read(path: Path) -> dict[str, Any]:
    from personas.persona import BadPersona

    try:
        return tomllib.loads(path.read_text("utf-8"))
    except OSError as error:
        raise BadPersona(f"{path} cannot be read ({error.strerror}).") from error
    except ValueError as error:
        raise BadPersona(f"{path.name} is not TOML: {error}.") from error


def _merged(outline: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an outline with what the flags say in the place of what it said."""
    said_ = {key: value for key, value in given.items() if value and isinstance(value, str)}
    style: dict[str, Any] = {key: list(given[flag]) for flag, key in _STYLE.items() if given.get(flag)}
    if given.get("word"):
        style["words"] = _words(given["word"])
    lines = {key: list(given[flag]) for flag, key in _LINES.items() if given.get(flag)}
    merged = {**outline, **said_}
    for key, table in (("style", style), ("lines", lines)):
        if table and isinstance(merged.get(key, {}), dict):
            merged[key] = {**merged.get(key, {}), **table}
    return merged


def _words(pairs: Iterable[str]) -> dict[str, str]:
    words = {}
    for pair in pairs:
        plain, sign, own = (part.strip() for part in pair.partition("="))
        if not (plain and sign and own):
            raise click.UsageError(f"{pair!r} is no pair of words: write plain=own, such as you=ye.")
        words[plain.lower()] = own
    return words


def _tell(speaker: "Persona", beside: Mapping[str, str], *, as_json: bool) -> None:
    """Say what was written, how it sounds, and what to do next."""
    from personas.rows import read_rows

    examples = read_rows(speaker.folder / "examples.jsonl")
    exam = len(read_rows(speaker.folder / "exam.jsonl"))
    if as_json:
        report = {"persona": speaker.name, "folder": str(speaker.folder), "examples": len(examples), "exam": exam}
        click.echo(json.dumps(report))
        return
    click.echo(f"{speaker.folder}: persona.toml, {len(examples)} examples, {exam} exam questions")
    for row in [row for row in examples if row.notes][:_SAMPLES]:
        click.echo(f"  {row.question}\n    {row.reply}")
    if not (speaker.card.style and speaker.card.style.openings):
        click.echo("It has no openings, so its rows are plain: write some under [style], then make it anew.")
    for file in beside:
        click.echo(
            f"{file} holds facts, which belong to a server: parley knowledge add {speaker.folder / file} --server NAME"
        )
    click.echo("It speaks from its card already. Next:")
    for command in ("check", "train", "evaluate"):
        click.echo(f"  parley persona {command} {speaker.name}")
