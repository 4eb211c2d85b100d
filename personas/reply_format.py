"""The form that every reply of a persona has, where its card asks for one: JSON of a schema, or text of a pattern."""

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from personas.engine import Grammar
from personas.sentence_stream import SentenceStream

_CITED = re.compile(r"\[(\d+)\]")
_MARK = re.compile(r"\{(?:text|note|status)\}")
_ROUND = str.maketrans("[]", "()")


def compiles(pattern: str) -> str:
    """Return a regular expression as it is. Raises ValueError where it is none."""
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is no regular expression ({error})") from error
    return pattern


class Format(BaseModel):
    """``[format]`` of ``persona.toml``: ``schema`` with ``whole`` and ``spoken``, or ``pattern`` with ``each``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    schema_: dict[str, Any] | None = Field(default=None, alias="schema")
    """JSON schema of an object that a whole reply parses by."""
    whole: str = ""
    """How a reply is written: ``{text}`` (quoted as JSON), ``{note}`` (a number) and ``{status}`` are put in.

    With one space after each comma and colon, as the engine writes it, and the properties in the schema's order.
    """
    spoken: str = ""
    """The property that holds the words for people."""
    pattern: Annotated[str, AfterValidator(compiles)] | None = None
    """Regular expression that a whole reply matches, without look-around."""
    each: str = "{text}"
    """How one sentence is written: ``{text}`` and ``{note}`` are put in."""
    joint: str = " "
    """What stands between sentences."""
    markup: Annotated[str, AfterValidator(compiles)] = ""
    """Regular expression of what is form alone, and is taken out before the facts are checked."""

    @model_validator(mode="after")
    def _is_one_of_two(self) -> Self:
        if (self.schema_ is None) == (self.pattern is None):
            raise ValueError("needs either a schema or a pattern")
        if self.schema_ is not None and self._places.get("{text}") != self.spoken:
            raise ValueError("a schema needs whole, a JSON object in which {text} is the property that spoken names")
        if self.schema_ is not None:
            _accept(self.schema_)
        return self

    @property
    def _places(self) -> dict[str, str]:
        """The property of ``whole`` that each of ``{text}``, ``{note}`` and ``{status}`` is put into."""
        try:
            shape = json.loads(_MARK.sub(r'"\g<0>"', self.whole))
        except ValueError:
            return {}
        return {str(mark): key for key, mark in shape.items()} if isinstance(shape, dict) else {}

    @property
    def grammar(self) -> Grammar:
        """What the engine holds its tokens to."""
        if self.schema_ is not None:
            return Grammar("json", json.dumps(self.schema_))
        return Grammar("regex", self.pattern or "")

    @property
    def citation(self) -> str | None:
        """Regular expression of how a reply names its note, without groups; None where it does not."""
        if self.schema_ is not None:
            found = re.search(r'"\w+": \{note\}', self.whole)
            return found[0].replace("{note}", r"\d+") if found else None
        return r"\[\d+\]" if "[{note}]" in self.each else None

    def render(self, text: str, note: int | None, status: Literal["answered", "not_in_notes", "chat"]) -> str:
        """Write words in this form; ``note``: number of the note that they stand on."""
        number = "null" if note is None else str(note)
        if self.schema_ is not None:
            parts = {"{text}": json.dumps(text, ensure_ascii=False), "{note}": number, "{status}": f'"{status}"'}
            return _MARK.sub(lambda found: parts[found[0]], self.whole)
        if "[{note}]" in self.each:
            text = text.translate(_ROUND)  # else a bracket of the text would pass for a citation
        each = self.each if note is not None else re.sub(r"\s*\[\{note\}\]", "", self.each)
        return self.joint.join(each.replace("{note}", number).replace("{text}", part) for part in _sentences(text))

    def fit(self, text: str, note: int) -> str:
        """Write as much of a note's own words in this form as it has room for; what is left out leaves ``…``."""
        if self.holds(whole := self.render(text, note, "answered"), note):
            return whole
        sentences, words = _sentences(text), text.split()
        fewer = [" ".join(sentences[:count]) for count in range(len(sentences) - 1, 0, -1)]
        fewer += [" ".join(words[:count]) for count in range(len(words) - 1, 0, -1)]
        shorter = (self.render(f"{some} …", note, "answered") for some in fewer)
        return next((some for some in shorter if self.holds(some, note)), whole)

    def holds(self, reply: str, notes: int) -> bool:
        """Tell whether a reply has this form, and cites only notes that there are (``notes``: how many)."""
        if self.schema_ is None:
            cited = {int(number) for number in _CITED.findall(reply)} if "[{note}]" in self.each else set()
            return bool(re.fullmatch(self.pattern or "", reply)) and cited <= set(range(1, notes + 1))
        from jsonschema.validators import validator_for

        try:
            written = json.loads(reply)
        except ValueError:
            return False
        if not validator_for(self.schema_)(self.schema_).is_valid(written):
            return False
        note = self._put(reply, "{note}")
        return not isinstance(note, int) or 1 <= note <= notes

    def claims(self, reply: str) -> bool | None:
        """Tell whether a reply says by its form that a note answers; None where its form has no room for that."""
        if self.schema_ is None:
            return bool(_CITED.search(reply)) if "[{note}]" in self.each else None
        if "{status}" in self._places:
            return self._put(reply, "{status}") == "answered"
        return self._put(reply, "{note}") is not None if "{note}" in self._places else None

    def words(self, reply: str) -> str:
        """Return a reply's words for people without their form; the reply itself where it has not this form."""
        if self.schema_ is None:
            return " ".join(re.sub(self.markup, "", reply, flags=re.MULTILINE).split()) if self.markup else reply
        spoken = self._put(reply, "{text}")
        return spoken if isinstance(spoken, str) else reply

    def _put(self, reply: str, mark: str) -> object:
        """Return what a JSON reply has where this form puts a mark; None where it has nothing there."""
        try:
            return json.loads(reply).get(self._places[mark])
        except (ValueError, AttributeError, KeyError):
            return None


def _accept(schema: dict[str, Any]) -> None:
    """Raise ValueError where a schema is none."""
    from jsonschema import SchemaError
    from jsonschema.validators import validator_for

    try:
        validator_for(schema).check_schema(schema)
    except SchemaError as error:
        raise ValueError(f"schema is no JSON schema ({error.message})") from error


def _sentences(text: str) -> list[str]:
    """Return the sentences and lines of a text, none of them blank, each with single spaces."""
    stream = SentenceStream()
    found = [*stream.feed(text), stream.rest()]
    return [" ".join(part.split()) for part in found if part.strip()]
