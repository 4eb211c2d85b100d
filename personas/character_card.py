"""SillyTavern character cards (V1, V2, V3; JSON or PNG) as the outline of a persona.

A character card describes a role for a large model; what a voice needs of it is how it speaks. Facts of its world (the
lorebook) do not belong in a voice: they are returned as a Markdown file for a server's knowledge.

Sources: malfoyslastname, "Character Card Spec V2"; kwaroran, "Character Card V3". tavern-card reads both out of the
PNG's text chunks within bounds (no inflated chunk above 4 MiB), which Pillow's own limits do not cover.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.persona import BadPersona

_LARGEST = 10 * 2**20
"""Bytes; what tavern-card takes of a PNG."""
_LONGEST_VOICE, _LONGEST_LINE, _LONGEST_TALK, _SHORTEST = 1800, 300, 160, 3
"""Characters of the card prompt, of a fixed line, and of an example reply that may answer small talk."""
_MOST_LINES = 12
_MACRO = re.compile(r"\{\{([^{}]{0,200})\}\}|<(BOT|USER|START)>", re.IGNORECASE)
_ACTION = re.compile(r"\*[^*\n]*\*|\([^()\n]*\)|^#.*$", re.MULTILINE)
_SENTENCE = re.compile(r"(?<=[.!?])[\"\u201d']?\s+")
_OPENING = re.compile(r"[A-Z][\w'\u2019-]{0,20}(?:,? [\w'\u2019-]{1,20}){0,2}[.!]")
_OPINION = re.compile(r"(?:yes|no|aye|nay|of course|sure|never|always|absolutely|indeed)\b", re.IGNORECASE)
_FACT = re.compile(r"\d|https?:|@")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


@dataclass(frozen=True)
class Character:
    """What a character card gives."""

    outline: dict[str, Any]
    """Keys of ``persona.toml``, for ``scaffold.complete``."""
    lore: str
    """The lorebook as Markdown, an entry a heading; empty where there is none."""
    left_out: tuple[str, ...]
    """What was not taken, as clauses."""


def read(path: Path) -> Character:
    """Read a character card. Raises BadPersona where the file is none, is damaged or too large."""
    try:
        if not path.is_file():
            raise BadPersona(f"{path} is no file: name a character card, a .json or .png file.")
        if path.stat().st_size > _LARGEST:
            raise BadPersona(f"{path.name} is larger than {_LARGEST // 2**20} MiB: no character card is.")
        card = _parsed(path.read_bytes())
        return _character(card, path.name)
    except OSError as error:
        raise BadPersona(f"{path} cannot be read ({error.strerror}).") from error
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        why = "it is nested too deeply" if isinstance(error, RecursionError) else error
        raise BadPersona(f"{path.name} is no character card that can be read: {why}.") from error


def _parsed(data: bytes) -> dict[str, Any]:
    from tavern_card import parse_card, parse_png_card

    card = parse_png_card(data) if data.startswith(b"\x89PNG") else parse_card(data)
    found: dict[str, Any] = card["data"]
    return found


def _character(card: dict[str, Any], file: str) -> Character:
    name = _told(card["name"], card["name"])[:60]
    said = _example_replies(card["mes_example"], name)
    greetings = [
        line for text in (card["first_mes"], *card["alternate_greetings"]) if (line := _short(_spoken(str(text), name)))
    ]
    about = " ".join(_told(card[key], name) for key in ("personality", "description", "scenario"))
    voice = " ".join([f"You are {name}.", _told(card["system_prompt"], name), about])
    small_talk = [reply for reply in said if len(reply) <= _LONGEST_TALK and not _FACT.search(reply)]
    style: dict[str, Any] = {"openings": _openings(said, name)}
    if small_talk or greetings:
        style["small_talk"] = [*small_talk, *greetings][:_MOST_LINES]
    left_out = []
    if len(voice) > _LONGEST_VOICE:
        left_out.append(f"what goes beyond {_LONGEST_VOICE} characters of its description")
    if card["post_history_instructions"].strip():
        left_out.append("the instructions after the history")
    outline = {
        "title": name,
        "description": _short(_told(card["personality"] or card["description"], name)) or f"The character {name}.",
        "voice": _cut(voice, _LONGEST_VOICE),
        "origin": _origin(card, file),
        "style": style,
    }
    if greetings:
        outline["lines"] = {"greeting": greetings[:_MOST_LINES]}
    return Character(outline, _lore(card.get("character_book"), name), tuple(left_out))


def _told(text: str, name: str) -> str:
    """Return a text on one line, with the character's name for macros and without what no persona has."""
    spoken = {"char": name, "bot": name, "user": "the member"}
    text = _MACRO.sub(lambda found: spoken.get((found[1] or found[2] or "").strip().lower(), ""), text)
    return " ".join(_CONTROL.sub(" ", text).split())


def _spoken(text: str, name: str) -> str:
    """Return what is said aloud: without actions between asterisks, and with the member addressed as a friend."""
    text = re.sub(r"\{\{\s*user\s*\}\}|<USER>", "friend", text, flags=re.IGNORECASE)
    return _told(_ACTION.sub(" ", text), name).strip(' "\u201c\u201d')


def _example_replies(examples: str, name: str) -> list[str]:
    """Return what the character says in its examples, a talk being turns of ``{{char}}:`` and ``{{user}}:``."""
    replies, mine = [], False
    for line in examples.splitlines():
        found = re.match(r"\s*(\{\{char\}\}|\{\{user\}\}|<BOT>|<USER>|[\w' -]{1,60}):\s*(.*)", line, re.IGNORECASE)
        if found:
            mine = found[1].lower() in {"{{char}}", "<bot>", name.lower()}
        words = _spoken(found[2] if found else line, name)
        if mine and len(words) > _SHORTEST and words not in replies:
            replies.append(words)
    return replies


def _openings(replies: list[str], name: str) -> list[str]:
    """Return exclamations of up to three words that longer replies begin with: they are true before any answer."""
    first = (_SENTENCE.split(reply, maxsplit=1)[0] for reply in replies if _SENTENCE.search(reply))
    usable = (words for words in first if _OPENING.fullmatch(words) and not _OPINION.match(words) and name not in words)
    return list(dict.fromkeys(usable))[:_MOST_LINES]


def _short(text: str) -> str:
    """Return as many whole sentences as a fixed line may hold."""
    return _cut(text, _LONGEST_LINE)


def _cut(text: str, longest: int) -> str:
    text = text.strip()
    if len(text) <= longest:
        return text
    kept = ""
    for sentence in _SENTENCE.split(text):
        if len(kept) + 1 + len(sentence) > longest:
            break
        kept = f"{kept} {sentence}".strip()
    return kept or text[: longest - 1].rsplit(" ", 1)[0] + "\u2026"


def _origin(card: dict[str, Any], file: str) -> str:
    creator = _told(card["creator"], "")[:100] or "an author it does not name"
    licence = _told(str(card["extensions"].get("license") or card["extensions"].get("licence") or ""), "")[:100]
    terms = f"licence: {licence}" if licence else "licence not stated, so ask before you share the voice"
    return (
        f"The card: {_told(file, '')}, a character card by {creator}; {terms}. "
        "The rows: the plain rows of Parley (MIT licence), dressed in this card."
    )


def _lore(book: object, name: str) -> str:
    entries = book.get("entries") if isinstance(book, dict) else None
    if isinstance(entries, dict):  # as a world file has them
        entries = list(entries.values())
    sections = list(_sections(entries, name)) if isinstance(entries, list) else []
    return "\n\n".join([f"# What {name}'s lorebook says", *sections]) + "\n" if sections else ""


def _sections(entries: list[Any], name: str) -> Iterator[str]:
    for entry in entries:
        if not isinstance(entry, dict) or entry.get("enabled") is False or entry.get("disable") is True:
            continue
        keys = entry.get("keys") or entry.get("key") or []
        title = (
            entry.get("name") or entry.get("comment") or ", ".join(map(str, keys if isinstance(keys, list) else [keys]))
        )
        content = "\n".join(
            told for line in str(entry.get("content") or "").splitlines() if (told := _told(line, name).lstrip("# "))
        )
        if content:
            yield f"## {_told(str(title), name)[:200] or 'Untitled'}\n{content}"
