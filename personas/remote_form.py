"""How servers are asked to hold a reply to a form."""

import json
from typing import Any

from personas.engine import Grammar

_NOT_EVERYWHERE = frozenset(
    "minLength maxLength pattern format minimum maximum exclusiveMinimum exclusiveMaximum multipleOf patternProperties "
    "unevaluatedProperties propertyNames minProperties maxProperties unevaluatedItems contains minContains "
    "maxContains minItems maxItems uniqueItems".split()
)
"""Keywords that OpenAI refuses for fine-tuned models (its guide to structured outputs, "Supported schemas")."""


def held(grammar: Grammar | None, *, vllm: bool) -> dict[str, Any]:
    """Return what a chat completion's body says about the form of its reply, to be merged with the rest.

    A schema goes as ``response_format``, which OpenAI, vLLM, llama.cpp's server and others know; all but vLLM get it
    without the keywords that OpenAI does not take, so that whoever asked must hold the reply against the whole schema.
    A pattern goes to vLLM alone, as ``structured_outputs`` (since 0.12; ``guided_regex`` before that is gone): OpenAI's
    interface has no room for one, and refuses what it does not know.
    """
    if grammar is None:
        return {}
    if grammar.kind == "regex":
        return {"extra_body": {"structured_outputs": {"regex": grammar.text}}} if vllm else {}
    schema = json.loads(grammar.text)
    # Strict is taken only where nothing is optional and nothing may be added.
    closed = schema.get("additionalProperties") is False
    strict = closed and set(schema.get("required", ())) == set(schema.get("properties", ()))
    asked = {"name": "reply", "schema": schema if vllm else _plain(schema), "strict": strict}
    return {"response_format": {"type": "json_schema", "json_schema": asked}}


def _plain(schema: Any) -> Any:  # noqa: ANN401 -- JSON
    """Return a schema without the keywords that not every server takes; properties may have their names."""
    if isinstance(schema, list):
        return [_plain(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: {name: _plain(part) for name, part in value.items()} if key in {"properties", "$defs"} else _plain(value)
        for key, value in schema.items()
        if key not in _NOT_EVERYWHERE
    }
