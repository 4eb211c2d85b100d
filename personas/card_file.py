"""A card as the text of ``persona.toml``, with a comment for every key.

Written by hand because the standard library reads TOML but does not write it, and what matters here are the comments.
"""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from personas.persona import Card, Style

_SAID: dict[str, str] = {
    "title": "Shown to members, with the description.",
    "voice": "The card prompt: makes a model without an adapter speak in character. A trained voice needs it no more.",
    "language": "ISO 639-1 code of the language that it speaks.",
    "origin": "Who wrote the rows, or where they come from and under which licence.",
    "lines": "Said where no model speaks. Of several lines of a kind, one is chosen by the question.",
    "lines.greeting": "For small talk whose draft is not sound, and for a mention without words.",
    "lines.waiting": "Others asked first, or the answer takes its time.",
    "lines.not_in_notes": "The notes do not answer the question, in whatever words the voice said so.",
    "lines.quote_opening": "Stands before a passage that is quoted.",
    "lines.quote_closing": "Stands after it.",
    "lines.error": "Something broke, and the member should ask again.",
    "style": "How plain rows are dressed in this voice.",
    "style.openings": "Stand before an answer; true of anything. After one a small model finds fewer facts.",
    "style.closings": "Stand after an answer, or after some where openings stand before; true of anything.",
    "style.bare": "Share of answers with neither.",
    "style.yes": "Stand where a plain answer begins with Yes.",
    "style.no": "Stand where it begins with No.",
    "style.words": "Lower-case words and what the voice says for them.",
    "style.small_talk": "Answers to greetings, thanks and the like; any of them must fit.",
    "traits": "A mark of the voice that evaluation counts: a pattern, and the share of replies that have it at least\n"
    "# (at most, where never is true).",
    "format": "The form of every reply: a JSON schema with whole and spoken, or a pattern with each and joint.\n"
    "# {text}, {note} and {status} are put in; markup is taken out before the facts are checked.",
}
_LONG = 100


def as_toml(card: Card) -> str:
    """Return the text of a ``persona.toml`` that reads as this card."""
    table = card.model_dump(mode="json", by_alias=True, exclude_none=True)
    table["style"] = table.get("style") or Style().model_dump(mode="json")
    if card.format:
        table["format"] = card.format.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    plain = {key: value for key, value in table.items() if key not in {"lines", "style", "traits", "format"}}
    parts = ["\n".join(_keys(plain, ""))]
    parts += ["\n".join([_comment(key), f"[{key}]", *_keys(table[key], f"{key}.")]) for key in ("lines", "style")]
    parts += ["\n".join([_comment("traits"), "[[traits]]", *_keys(trait, "traits.")]) for trait in table["traits"]]
    if "format" in table:
        parts.append("\n".join([_comment("format"), "[format]", *_keys(table["format"], "format.")]))
    return "\n\n".join(parts) + "\n"


def _keys(table: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in table.items():
        if above + key in _SAID:
            yield _comment(above + key)
        yield f"{_key(key)} = {_value(value)}"


def _comment(key: str) -> str:
    return f"# {_SAID[key]}"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _value(value: object) -> str:
    """Write a value in TOML; a long list a line each."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    if isinstance(value, Mapping):
        inside = ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    if not isinstance(value, list | tuple):
        raise TypeError(f"TOML has no way to write {value!r}")
    short = f"[{', '.join(map(_value, value))}]"
    if len(short) <= _LONG or isinstance(value[0], Mapping):
        return short
    return "[\n" + "".join(f"  {_value(one)},\n" for one in value) + "]"


def _text(text: str) -> str:
    """Write a string: as it is where it has backslashes, as patterns have, else with JSON's escapes, TOML's own too."""
    if "\\" in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007F")
