"""Who can speak: personas with the adapter that serves them and the words that are theirs."""

import logging
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot import models
from bot.settings import Settings
from knowledge.fact_check import voice_words
from personas import persona, versions
from personas.engine import Adapter
from personas.persona import Persona
from personas.remote_server import address
from personas.rows import read_rows
from personas.versions import Served

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Voice:
    """A persona, ready to speak."""

    persona: Persona
    adapter: Adapter | None
    """None: the base model speaks from the card alone."""
    words: frozenset[str]
    """Lower-case words that the voice may use though no note holds them."""


class Voices:
    """Loads each voice once, and again when one of its files has changed."""

    def __init__(self, libraries: Sequence[Path], installed: Path, base: str | None) -> None:
        """``installed``: where the versions of each voice are; ``base``: None where no model runs."""
        self._libraries, self._installed, self._base = libraries, installed, base
        self._loaded: dict[str, tuple[object, Voice]] = {}

    def voice(self, name: str) -> Voice:
        """Return the voice of a persona, in the newest version that is sound. Raises BadPersona.

        Whoever was given the version before may go on with it: its folder stays.
        """
        state = self._state(name)
        known = self._loaded.get(name)
        if known and known[0] == state:
            return known[1]
        speaker = persona.load(name, *self._libraries)
        served = versions.current(speaker, self._installed, self._base) if self._base else Served(None)
        for reason in served.refused:
            log.warning("%s speaks with %s: %s", name, served, reason)
        examples = speaker.folder / "examples.jsonl"
        rows = read_rows(examples) if examples.is_file() else []
        form = speaker.card.format
        said = ((form.words(row.reply) if form else row.reply, row.source) for row in rows)
        voice = Voice(speaker, served.adapter, voice_words(said))
        self._loaded[name] = (state, voice)
        return voice

    def _state(self, name: str) -> object:
        versions_ = self._installed / name
        own = [folder for library in self._libraries for folder in (library / name, library / name / "adapter")]
        folders = [*own, versions_, *_entries(versions_)]
        return [(path, *_seen(path)) for folder in folders for path in _entries(folder)]


def _entries(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder, sorted, but for what another process is still at work on."""
    if folder.is_dir():
        yield from sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _seen(path: Path) -> tuple[int, ...]:
    """Return what changes with a file; a folder's own times tell nothing of what is in its files."""
    try:
        state = path.lstat()
    except OSError:  # it was deleted a moment ago
        return ()
    return () if stat.S_ISDIR(state.st_mode) else (state.st_ino, state.st_mtime_ns, state.st_size)


def served(persona_: Persona, settings: Settings) -> Served:
    """Return the version of a persona's voice, and why newer ones do not serve."""
    return versions.current(persona_, settings.home / "adapters", spoken_by(settings))


def spoken_by(settings: Settings) -> str:
    """Return what a voice must have been trained on to be spoken: the base model, or a server that keeps voices."""
    if settings.engine == "remote" and settings.remote_adapters == "none":
        return address(str(settings.remote_url))
    return models.base_path(settings)
