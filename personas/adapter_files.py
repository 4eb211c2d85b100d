"""The three files of an adapter's folder, read once and within bounds: what is checked is what is kept.

Of a managed voice, whose weights a server trained and keeps, there is the card alone.
"""

import hashlib
import json
import os
import stat
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from personas.engine import Adapter

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "card.json"
LARGEST = 64 * 1024 * 1024
"""Bytes of weights; a rank-64 adapter of a 135M model is a third of it."""
_LARGEST_JSON = 2**20
_PICKLES = (".bin", ".ckpt", ".pickle", ".pkl", ".pt", ".pth")


class BadAdapter(Exception):  # noqa: N818 -- named for what is wrong
    """An adapter is not loaded; the message says why and what to do."""


@dataclass(frozen=True)
class Managed:
    """What a card says of weights that a server keeps."""

    model: str
    """The name that the server gave the trained model."""
    server: str
    """Its address, up to and with ``/v1``, without a slash at the end."""


@dataclass(frozen=True)
class Files:
    """An adapter's files in memory."""

    folder: Path
    contents: dict[str, bytes]
    """By file name: the weights, the configuration and the card; of a managed voice the card alone."""
    config: dict[str, Any]
    card: dict[str, Any]
    managed: Managed | None = None

    @cached_property
    def digest(self) -> str:
        """First 12 hex digits of a sha256: of the configuration's bytes and the weights', or of a managed model."""
        if self.managed:
            identity = f"{self.managed.server}\n{self.managed.model}".encode()
        else:
            identity = self.contents[CONFIG] + self.contents[WEIGHTS]
        return hashlib.sha256(identity).hexdigest()[:12]

    def adapter(self, version: str, folder: Path) -> Adapter:
        """Return the voice that these files are, under the name of a version, in the folder that holds them."""
        model = self.managed.model if self.managed else None
        return Adapter(version, folder, model)


def read(folder: Path) -> Files:
    """Read an adapter's folder, which holds the three files and nothing else, or the card of a managed voice.

    Raises BadAdapter for other files, for links, for what is no plain file, for files that are missing or too large,
    and for JSON that is not an object. No more than ``LARGEST`` bytes of any file are read.
    """
    if folder.is_symlink():
        raise BadAdapter(f"{folder} is a link: give the folder itself.")
    try:
        found = {entry.name: entry for entry in os.scandir(folder)}
    except OSError as error:
        raise BadAdapter(f"{folder} is no folder that can be read ({error.strerror}): give an adapter's.") from error
    _refuse_strays(folder, sorted(set(found) - {WEIGHTS, CONFIG, CARD}))
    if set(found) == {CARD} and found[CARD].is_file(follow_symlinks=False):
        data = _bytes(folder / CARD, _LARGEST_JSON)
        card = _object(data, folder / CARD)
        if "managed" in card:
            return Files(folder, {CARD: data}, {}, card, _managed(card["managed"], folder / CARD))
    for name in (WEIGHTS, CONFIG, CARD):
        if name not in found:
            raise BadAdapter(f"{folder} lacks {name}: copy it again or train it again.")
        if not found[name].is_file(follow_symlinks=False):
            raise BadAdapter(f"{folder / name} is a link or no plain file: put the file itself there.")
    contents = {
        name: _bytes(folder / name, LARGEST if name == WEIGHTS else _LARGEST_JSON) for name in (CONFIG, CARD, WEIGHTS)
    }
    config, card = (_object(contents[name], folder / name) for name in (CONFIG, CARD))
    return Files(folder, contents, config, card)


def _managed(stated: object, path: Path) -> Managed:
    model, server = (stated.get(key) if isinstance(stated, dict) else None for key in ("model", "server"))
    if not all(isinstance(value, str) and value and value.isprintable() for value in (model, server)):
        raise BadAdapter(f"{path} does not say under managed which model which server keeps: copy it again.")
    return Managed(str(model), str(server))


def shown(name: str) -> str:
    """Return a name from outside as it may stand in a log or on a terminal: short, without control characters."""
    return (name if name.isprintable() else ascii(name))[:80]


def _refuse_strays(folder: Path, strays: list[str]) -> None:
    pickles = [shown(name) for name in strays if name.endswith(_PICKLES)]
    if pickles:
        raise BadAdapter(
            f"{folder} holds {', '.join(pickles)}, a pickle, which can run code when it is opened: remove it, and save "
            f"the weights as {WEIGHTS}."
        )
    if strays:
        names = ", ".join(map(shown, strays[:8]))
        raise BadAdapter(
            f"{folder} holds files that do not belong in an adapter: {names}. Remove them; the base model's own "
            "tokenizer and chat template are used."
        )


def _bytes(path: Path, largest: int) -> bytes:
    """Read a plain file without following a link or waiting for a pipe."""
    try:
        number = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(number, "rb") as file:
            state = os.fstat(number)
            if not stat.S_ISREG(state.st_mode):
                raise BadAdapter(f"{path} is no plain file: put the file itself there.")
            if state.st_size > largest:
                raise BadAdapter(
                    f"{path} is larger than {largest // 2**20} MiB, too large for an adapter: copy it again or train "
                    "it again with a lower rank."
                )
            data = file.read(largest)
    except OSError as error:
        raise BadAdapter(f"{path} cannot be read ({error.strerror}): copy it again or mend its permissions.") from error
    if not data:
        raise BadAdapter(f"{path} is empty: copy it again or train it again.")
    return data


def _object(data: bytes, path: Path) -> dict[str, Any]:
    try:
        loaded = json.loads(data.decode("utf-8"), parse_constant=_no_number)
    except (ValueError, RecursionError) as error:
        raise BadAdapter(f"{path} cannot be read as JSON ({error}): copy it again or train it again.") from error
    if not isinstance(loaded, dict):
        raise BadAdapter(f"{path} does not hold a JSON object: copy it again or train it again.")
    return loaded


def _no_number(word: str) -> NoReturn:
    raise ValueError(f"{word} is not a number")
