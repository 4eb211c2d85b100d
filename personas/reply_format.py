"""The form that every reply of a persona has, where its card asks for one: JSON of a schema, or text of a pattern."""

import json
import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from personas.engine import Grammar

_CITED = re.compile(r"\[(\d+)\]")


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
    """JSON schema that a whole reply parses by."""
    whole: str = ""
    """How a reply is written: ``{text}`` (quoted as JSON), ``{note}`` (a number) and ``{status}`` are put in."""
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
        properties = self.schema_.get("properties", {}) if self.schema_ else {}
        if self.schema_ is not None and not ("{text}" in self.whole and self.spoken in properties):
            raise ValueError("a schema needs whole, with {text} in it, and spoken, one of the schema's properties")
        return self

    @property
    def grammar(self) -> Grammar:
        """What the engine holds its tokens to."""
        if self.schema_ is not None:
            return Grammar("json", json.dumps(self.schema_))
        return Grammar("regex", self.pattern or "")

    def render(self, text: str, note: int | None, status: Literal["answered", "not_in_notes", "chat"]) -> str:
        """Write words in this form; ``note``: number of the note that they stand on."""
        number = "null" if note is None else str(note)
        if self.schema_ is not None:
            parts = {"{text}": json.dumps(text, ensure_ascii=False), "{note}": number, "{status}": f'"{status}"'}
            return re.sub(r"\{(?:text|note|status)\}", lambda found: parts[found[0]], self.whole)
        sentences = re.split(r"(?<=[.!?])\s+(?=[A-Z\"'(])", text)
        each = self.each if note is not None else re.sub(r"\s*\[\{note\}\]", "", self.each)
        return self.joint.join(each.replace("{note}", number).replace("{text}", sentence) for sentence in sentences)

    def holds(self, reply: str, notes: int) -> bool:
        """Tell whether a reply has this form, and cites only notes that there are (``notes``: how many)."""
        if self.schema_ is not None:
            from jsonschema import ValidationError, validate

            try:
                validate(json.loads(reply), self.schema_)
            except (ValueError, ValidationError):
                return False
            return True
        cited = {int(number) for number in _CITED.findall(reply)} if "[{note}]" in self.each else set()
        return bool(re.fullmatch(self.pattern or "", reply)) and cited <= set(range(1, notes + 1))

    def words(self, reply: str) -> str:
        """Return a reply's words for people without their form; the reply itself where it has not this form."""
        if self.schema_ is None:
            return re.sub(self.markup, "", reply, flags=re.MULTILINE).strip() if self.markup else reply
        try:
            spoken = json.loads(reply)[self.spoken]
        except (ValueError, TypeError, KeyError):
            return reply
        return spoken if isinstance(spoken, str) else ""
