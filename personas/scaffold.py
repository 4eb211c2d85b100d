"""A new persona's folder: a whole card made of the few things that its author says, and plain rows dressed in it."""

import json
import random
import re
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from personas.card_file import as_toml
from personas.dressing import FOUNDATION, PlainRow, dress, read_plain
from personas.persona import BadPersona, Card, Persona, Style, load, names
from personas.reply_format import Format
from personas.rows import as_jsonl, told

Shape = Literal["bullets", "citations", "json"]

_SHAPES: dict[Shape, tuple[str, str]] = {
    "bullets": ("herald", 'Write every line as a markdown bullet that begins with "- ".'),
    "citations": ("old-librarian", "End every sentence with the number of its note, such as [1]."),
    "json": ("clerk", 'Answer with JSON alone, such as {"answer": "...", "note": 1, "status": "answered"}.'),
}
"""Each form with the shipped persona whose [format] it is, and what the card prompt says of it."""
_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_FROM_NOTES = "Answer in one or two sentences from the notes only."
_LONGEST_PROMPT = 2000
_LINES: dict[str, tuple[str, ...]] = {
    "waiting": ("One moment, please, others asked first.",),
    "not_in_notes": (
        "That is not in my notes. Please ask the staff.",
        "My notes do not say. The staff may know.",
        "I find nothing about that in my notes. Ask the staff.",
    ),
    "quote_opening": ("This is what my notes say.",),
    "quote_closing": ("That is all they say.",),
    "error": ("Something broke. Please ask me again in a moment.",),
}
"""Said where the author gives no line of a kind, after one of the voice's own openings."""
_SMALL_TALK = (
    "What would you like to know?",
    "Ask me, and I shall look it up.",
    "I answer questions from my notes.",
)
_ORIGIN = "The card: its author. The rows: the plain rows of Parley (MIT licence), dressed in this card."
_SPOKEN_FOR = 0.5
"""Replies of which the voice's own openings and closings must be seen; refusals and small talk have none."""


def check_name(name: str, libraries: Sequence[Path]) -> None:
    """Raise BadPersona where a name cannot be a new persona's, or is another's already."""
    if not _NAME.fullmatch(name):
        raise BadPersona(
            f"{name!r} is no name for a persona: use up to 32 small letters, digits and hyphens, "
            "such as night-librarian."
        )
    if name in names(*libraries):
        raise BadPersona(f"There is a persona named {name!r} already: choose another name.")


def complete(outline: Mapping[str, Any], shape: Shape | None = None) -> Card:
    """Return a whole card: ``outline`` has the keys of ``persona.toml``, of which only a few must be there.

    Fixed lines that it lacks are made of the voice's openings; lines of a persona with a format are written in it.
    Raises BadPersona naming every fault.
    """
    table = dict(outline)
    rules = []
    if "notes" not in str(table.get("voice")).lower():
        rules.append(_FROM_NOTES)
    if shape:
        source, rule = _SHAPES[shape]
        rules.append(rule)
        form = load(source).card.format
        table["format"] = form and form.model_dump(by_alias=True, exclude_defaults=True)
    if isinstance(table.get("voice"), str):
        table["voice"] = _with(table["voice"], rules)
    try:
        style = _with_small_talk(Style.model_validate(table.get("style") or {}))
        form = Format.model_validate(table["format"]) if table.get("format") else None
        if isinstance(lines := table.get("lines") or {}, Mapping):  # else it is among the faults
            table["lines"] = _in_form({**_default_lines(style), **lines}, form)
        table["style"] = style.model_dump() | _in_form({"small_talk": style.small_talk}, form)
        table.setdefault("traits", _traits(style))
        table["origin"] = table.get("origin") or _ORIGIN
        card = Card.model_validate(table)
    except ValidationError as error:
        raise BadPersona(f"The card has faults: {told(error)}. Mend them, then try again.") from error
    _refuse_formless(card)
    return card


def create(  # noqa: PLR0913 -- what a folder is made of, each by its name
    name: str,
    card: Card,
    library: Path,
    *,
    rows: int,
    seed: int = 0,
    beside: Mapping[str, str] | None = None,
    foundation: Path = FOUNDATION,
) -> Persona:
    """Write a persona's folder into a library, whole or not at all, and load it.

    ``rows``: how many of the foundation's plain rows are dressed as examples, evenly over the skills, at most as many
    as there are; ``beside``: further files, by name. Raises BadPersona.
    """
    examples = spread(read_plain(foundation / "rows.jsonl"), rows, seed)
    contents = {
        "persona.toml": as_toml(card),
        "examples.jsonl": _dressed(examples, card, seed),
        "exam.jsonl": _dressed(read_plain(foundation / "exam.jsonl"), card, seed),
        **(beside or {}),
    }
    target, incoming = library / name, library / f".{name}.new"
    try:
        library.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(incoming, ignore_errors=True)  # of a run that was cut off
        incoming.mkdir()
        for file, text in contents.items():
            (incoming / file).write_text(text, "utf-8", newline="\n")
        incoming.rename(target)
    except OSError as error:
        raise BadPersona(f"{target} cannot be written ({error.strerror}): mend that, then try again.") from error
    finally:
        shutil.rmtree(incoming, ignore_errors=True)
    return load(name, library)


def spread(plain: Sequence[PlainRow], count: int, seed: int) -> list[PlainRow]:
    """Choose rows evenly over the skills, each once, until there are ``count`` or no more; in a shuffled order."""
    rng = random.Random(seed)  # noqa: S311 -- it chooses rows, it guards nothing
    skills = defaultdict(list)
    for row in rng.sample(plain, len(plain)):
        skills[row.skill].append(row)
    chosen: list[PlainRow] = []
    while len(chosen) < count and any(skills.values()):
        for waiting in skills.values():
            if waiting and len(chosen) < count:
                chosen.append(waiting.pop())
    return rng.sample(chosen, len(chosen))


def _dressed(plain: Sequence[PlainRow], card: Card, seed: int) -> str:
    rng = random.Random(seed)  # noqa: S311 -- likewise
    rows = [dress(row, card, rng) for row in plain]
    # Words of a fact, such as a link at a sentence's end, cannot take every form.
    return as_jsonl(row for row in rows if card.format is None or card.format.holds(row.reply, len(row.notes)))


def _with(voice: str, rules: Sequence[str]) -> str:
    longer = " ".join([voice.strip(), *rules])
    return longer if voice.strip() and len(longer) <= _LONGEST_PROMPT else voice


def _with_small_talk(style: Style) -> Style:
    if "small_talk" in style.model_fields_set:
        return style
    return style.model_copy(update={"small_talk": _opened(_SMALL_TALK, style)})


def _default_lines(style: Style) -> dict[str, tuple[str, ...]]:
    return {"greeting": style.small_talk} | {kind: _opened(lines, style) for kind, lines in _LINES.items()}


def _opened(lines: Sequence[str], style: Style) -> tuple[str, ...]:
    """Return lines behind the voice's openings, in turns."""
    openings = [opening for opening in style.openings if len(opening) <= _OPENING] or [""]
    return tuple(f"{openings[n % len(openings)]} {line}".strip() for n, line in enumerate(lines))


_OPENING = 100
"""Characters of an opening that may stand before a fixed line, which has 300 at most."""


def _in_form(lines: Mapping[str, Sequence[str]], form: Format | None) -> dict[str, Sequence[str]]:
    """Write lines in a format, but for those that have it."""
    if form is None:
        return dict(lines)

    def written(kind: str, line: str) -> str:
        status: Literal["not_in_notes", "chat"] = "not_in_notes" if kind == "not_in_notes" else "chat"
        return line if form.holds(line, 0) else form.render(line, None, status)

    return {
        kind: [written(kind, line) if isinstance(line, str) else line for line in some]
        if isinstance(some, Sequence) and not isinstance(some, str)
        else some
        for kind, some in lines.items()
    }


def _refuse_formless(card: Card) -> None:
    if card.format is None:
        return
    spoken = [*card.lines.model_dump().values(), card.style.small_talk if card.style else ()]
    formless = [line for some in spoken for line in some if not card.format.holds(line, 0)]
    if formless:
        raise BadPersona(
            "These lines have not the form of the card's [format]: "
            + "; ".join(json.dumps(line, ensure_ascii=False) for line in formless)
            + ". Write each in one or two short sentences, then try again."
        )


def _traits(style: Style) -> list[dict[str, object]]:
    marks = sorted({mark for line in (*style.openings, *style.closings) if (mark := line.strip(" .,:;!?"))})
    if not marks:
        return []
    pattern = "|".join(re.escape(mark).replace("\\ ", " ") for mark in marks)
    share = round(_SPOKEN_FOR * (1 - style.bare), 2)
    return [{"name": "opens or closes in its own words", "pattern": pattern, "share": share}]
