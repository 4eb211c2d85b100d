"""A persona folder: the card (``persona.toml``), examples, exam and trained adapter."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from personas.reply_format import Format, compiles
from personas.rows import BadPersona, told

__all__ = ["LIBRARY", "BadPersona", "Card", "CardLines", "Persona", "Style", "Trait", "load", "names"]

LIBRARY = Path(__file__).parent / "library"
"""The personas that ship; an author's own ones are in a library of theirs."""

Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Lines = Annotated[tuple[Line, ...], Field(min_length=1)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class CardLines(BaseModel):
    """What the persona says where no model speaks: fixed lines, written by its author."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    greeting: Lines
    waiting: Lines
    """Others asked first, or the answer takes its time."""
    not_in_notes: Lines
    """The notes do not answer the question; these lines teach the voice its refusals too."""
    quote_opening: Lines
    """Stands before a passage that is quoted because no draft kept to it."""
    quote_closing: Lines
    error: Lines
    """Something broke; the member should try again."""


class Style(BaseModel):
    """``[style]``: how plain rows are dressed in this voice (``dressing.dress``)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    openings: tuple[str, ...] = ()
    """Stand before an answer: words that are true of anything, such as "Arr, listen well."."""
    closings: tuple[str, ...] = ()
    """Stand after an answer."""
    bare: Annotated[float, Field(ge=0, le=1)] = 0.0
    """Share of answers with neither."""
    yes: Lines = ("Yes",)
    """Stand where a plain answer begins with "Yes"."""
    no: Lines = ("No",)
    words: dict[str, str] = {}
    """Lower-case words that are exchanged for the voice's own."""
    small_talk: Lines = ("Hello.",)
    """Answers to greetings, thanks and the like, for any of them."""


class Trait(BaseModel):
    """``[[traits]]``: a mark of the voice that evaluation counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Line
    pattern: Annotated[str, AfterValidator(compiles)]
    """Regular expression, searched for in any case."""
    share: Annotated[float, Field(ge=0, le=1)]
    """Of the replies that have it, at least; at most where ``never`` is set."""
    never: bool = False


class Card(BaseModel):
    """``persona.toml``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    title: Line
    description: Line
    voice: Prompt
    """The card prompt: makes a model without an adapter speak in character; an adapter needs none."""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}$")] = "en"
    """ISO 639-1 code of the language that the persona speaks."""
    origin: str = ""
    """Who wrote the rows, or where they come from and under which licence."""
    lines: CardLines
    style: Style | None = None
    traits: tuple[Trait, ...] = ()
    format: Format | None = None


@dataclass(frozen=True)
class Persona:
    """A loaded persona folder."""

    name: str
    folder: Path
    card: Card

    @property
    def avatar(self) -> Path | None:
        """The persona's picture, a PNG, where its folder has one."""
        picture = self.folder / "avatar.png"
        return picture if picture.is_file() else None

    def line(self, kind: str, key: str) -> str:
        """Return one of the card's lines of a kind, always the same one for the same key."""
        return _drawn(getattr(self.card.lines, kind), key)

    def closed(self, reply: str, key: str) -> str:
        """Return a reply that ends with one of the card's closings with the one that is drawn for a key, else as it is.

        Whoever writes the likeliest words ends nearly every reply in the same ones.
        """
        closings = self.card.style.closings if self.card.style else ()
        for closing in closings:
            if reply.endswith(closing) and reply != closing:
                return reply.removesuffix(closing) + _drawn(closings, key)
        return reply


def _drawn(choices: tuple[str, ...], key: str) -> str:
    return choices[int.from_bytes(hashlib.sha256(key.encode()).digest()[:4], "big") % len(choices)]


def names(*libraries: Path) -> list[str]:
    """Return the names of all personas in some libraries, sorted; in the shipped one where none is given."""
    found = (card.parent.name for library in libraries or (LIBRARY,) for card in library.glob("*/persona.toml"))
    return sorted({name for name in found if not name.startswith(".")})


def load(name: str, *libraries: Path) -> Persona:
    """Load one persona by name from some libraries; from the shipped one where none is given.

    Raises BadPersona when there is none of that name or more than one, or when its card has faults (all are listed).
    """
    libraries = libraries or (LIBRARY,)
    homes = [library for library in libraries if name in names(library)]
    if not homes:
        known = ", ".join(names(*libraries)) or "none"
        raise BadPersona(f"There is no persona named {name!r}. Known personas: {known}.")
    if len(homes) > 1:
        raise BadPersona(f"Two personas are named {name!r}: rename the folder of your own one.")
    folder = homes[0] / name
    try:
        card = Card.model_validate(tomllib.loads((folder / "persona.toml").read_text("utf-8")))
    except ValidationError as error:
        raise BadPersona(f"persona.toml of {name} has faults: {told(error)}.") from error
    except ValueError as error:
        raise BadPersona(f"persona.toml of {name} is not TOML: {error}.") from error
    return Persona(name, folder, card)
