"""YAML to entries, by the same rules as JSON.

PyYAML finds the nodes; they are turned into values here rather than by its loaders, so that every scalar stays as it is
written (24.50, no, 1e3), a key that stands twice is refused, tags make nothing, and aliases cannot multiply.
"""

import re
from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from knowledge.entries import Entry, printable, refuse
from knowledge.records import entries_of

_MOST_NODES = 500_000
"""Values after all aliases are followed; ten million characters of plain text have fewer."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KINDS = r"tag:yaml\.org,2002:(?:map|seq|str|int|float|bool|null|timestamp|merge|value)"


def read_yaml(name: str, text: str) -> list[Entry]:
    """Return the entries of all documents of the file. Raises UnreadableDocument."""
    try:
        documents = [_Values(name).of(node) for node in yaml.compose_all(text, Loader=_LOADER) if node]
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "it cannot be parsed"
        refuse(name, f"is not YAML{where} ({printable(str(what))})", "correct it and upload it again")
    return entries_of(name, documents[0] if len(documents) == 1 else documents)


class _Values:
    """Turns the nodes of one document into lists, dictionaries and text."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._left = _MOST_NODES
        self._above: set[int] = set()

    def of(self, node: Node) -> Any:  # noqa: ANN401 -- YAML is any of its types
        self._left -= 1
        if self._left < 0:
            refuse(self._name, f"grows to more than {_MOST_NODES:,} values", "write out what its aliases stand for")
        if not re.fullmatch(_KINDS, node.tag):
            refuse(self._name, f"has the tag {printable(node.tag)}, which is no plain value", "remove its tags")
        if isinstance(node, ScalarNode):
            return None if node.tag.endswith(":null") else str(node.value)
        if id(node) in self._above:
            refuse(self._name, "holds an alias that contains itself", "write out what it stands for")
        self._above.add(id(node))
        value = self._mapping(node) if isinstance(node, MappingNode) else [self.of(item) for item in node.value]
        self._above.discard(id(node))
        return value

    def _mapping(self, node: MappingNode) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        merged: dict[str, Any] = {}
        for key, part in node.value:
            if key.tag.endswith(":merge"):
                for source in part.value if isinstance(part, SequenceNode) else [part]:
                    given = self.of(source)
                    merged = {**(given if isinstance(given, dict) else {}), **merged}
                continue
            name = key.value if isinstance(key, ScalarNode) else ", ".join(map(str, self.of(key)))
            if name in fields:
                line = key.start_mark.line + 1
                refuse(self._name, f"has the key {printable(name)!r} twice, again in line {line}", "rename one")
            fields[name] = self.of(part)
        return {**merged, **fields}
