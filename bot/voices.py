"""Who can speak: personas with the adapter that serves them and the words that are theirs."""

from dataclasses import dataclass
from pathlib import Path

from bot import models
from bot.settings import Settings
from knowledge.fact_check import voice_words
from personas import adapters, persona
from personas.engine import Adapter
from personas.persona import Persona


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

    def __init__(self, library: Path, trained: Path, base: str | None) -> None:
        """``trained``: where `parley persona train` puts adapters; ``base``: None where no model runs."""
        self._library, self._trained, self._base = library, trained, base
        self._loaded: dict[str, tuple[object, Voice]] = {}

    def voice(self, name: str) -> Voice:
        """Return the voice of a persona. Raises BadPersona, BadAdapter."""
        state = self._state(name)
        known = self._loaded.get(name)
        if known and known[0] == state:
            return known[1]
        speaker = persona.load(name, self._library)
        adapter = adapters.current(speaker, self._trained, self._base) if self._base else None
        examples = speaker.folder / "examples.jsonl"
        rows = persona.read_examples(examples) if examples.is_file() else []
        voice = Voice(speaker, adapter, voice_words((row.reply, row.source) for row in rows))
        self._loaded[name] = (state, voice)
        return voice

    def _state(self, name: str) -> object:
        folders = (self._library / name, self._library / name / "adapter", self._trained / name)
        files = [path for folder in folders if folder.is_dir() for path in sorted(folder.iterdir())]
        return [(path, path.stat().st_mtime_ns, path.stat().st_size) for path in files]


def served(persona_: Persona, settings: Settings) -> str:
    """Return the version of a persona's voice, or why it speaks without one."""
    try:
        adapter = adapters.current(persona_, settings.home / "adapters", models.base_path(settings))
    except adapters.BadAdapter as error:
        return f"refused: {error}"
    return adapter.version if adapter else "card only, no adapter"
