"""What the systems of the voice benchmark are asked: prompts, adapters and a base that never ends its turn."""

import hashlib
import json
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from personas import adapters, persona
from personas.engine import Adapter
from personas.prompt import ask
from personas.rows import read_rows

PROMPT_TOKENS = 290
"""A prompt is filled with notes until it has at least as many tokens: 290 to 400, 310 in the middle. With 0 it is an
exam's question with its own notes, 50 to 150."""
RANK = 16
NOISE = 0.2
"""Standard deviation, relative to each weight, of what tells a made adapter from the shipped one that it is made of."""
UNUSED = "<jupyter_script>"
"""A token that the base has and never writes; in the benchmark's copy of the base it ends a turn."""

VOICES = {0: "no adapter", 1: "one adapter"}


@dataclass(frozen=True)
class Cell:
    """One load: so many requests at once, spread over so many adapters (0: the base's own voice)."""

    requests: int
    adapters: int

    def __str__(self) -> str:
        voices = VOICES.get(self.adapters, f"{self.adapters} adapters")
        return f"{self.requests} at once, {voices}" if self.requests > 1 else f"one request, {voices}"


CELLS = tuple(
    Cell(requests, count) for count in (0, 1, 4, 16) for requests in (1, 2, 4, 8, 16) if requests >= max(count, 1)
)
QUICK_CELLS = (Cell(8, 0), Cell(1, 1), Cell(8, 4))


def endless_base(base: Path, folder: Path) -> Path:
    """Make a base folder with the same weights in which an unused token ends a turn, and return it.

    So every system writes exactly as many tokens as it is asked for, also one that has no switch for that. No token
    counts as special there, so that each one that is written can be read.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "model.safetensors").symlink_to((base / "model.safetensors").resolve())
    shutil.copy(base / "chat_template.jinja", folder)
    words = json.loads((base / "tokenizer.json").read_text("utf-8"))
    [unused] = [token["id"] for token in words["added_tokens"] if token["content"] == UNUSED]
    words["added_tokens"] = [token | {"special": token["id"] == unused} for token in words["added_tokens"]]
    (folder / "tokenizer.json").write_text(json.dumps(words), "utf-8")
    for name in ("config.json", "generation_config.json", "tokenizer_config.json"):
        settings = json.loads((base / name).read_text("utf-8"))
        for key in settings:
            if key in {"bos_token", "eos_token", "pad_token", "unk_token"}:
                settings[key] = UNUSED
            elif key in {"bos_token_id", "eos_token_id", "pad_token_id"}:
                settings[key] = unused
        settings.pop("additional_special_tokens", None)
        settings.pop("extra_special_tokens", None)
        settings.pop("added_tokens_decoder", None)
        (folder / name).write_text(json.dumps(settings, indent=1), "utf-8")
    return folder


def make_adapters(base: Path, folder: Path, count: int) -> list[Adapter]:
    """Return distinct adapters that pass the gate: the shipped ones, then noisy copies of them, always the same."""
    from safetensors.torch import load_file, save_file

    made = []
    names = persona.names()
    for number in range(count):
        name = names[number % len(names)]
        shipped = persona.LIBRARY / name / "adapter"
        copy = folder / f"{number:02}-{adapters.admit(shipped, name, str(base)).version}"
        if not (copy / "card.json").is_file():
            shutil.copytree(shipped, copy, dirs_exist_ok=True)
            weights = copy / "adapter_model.safetensors"
            if number >= len(names):
                (copy / "card.json").unlink()
                save_file(_noisy(load_file(weights), number), weights, metadata={"format": "pt"})
            card = json.loads((shipped / "card.json").read_text("utf-8"))
            card["adapter_sha256"] = hashlib.sha256(weights.read_bytes()).hexdigest()
            (copy / "card.json").write_text(json.dumps(card, indent=2), "utf-8")
        made.append(adapters.admit(copy, name, str(base)))
    return made


def _noisy(tensors: dict, seed: int) -> dict:
    import torch

    generator = torch.Generator().manual_seed(seed)
    return {
        key: (tensor.float() * (1 + NOISE * torch.randn(tensor.shape, generator=generator))).to(tensor.dtype)
        for key, tensor in sorted(tensors.items())
    }


class Prompts:
    """Prompts of the shipped exams, no two alike, and the same in every run."""

    def __init__(self, base: Path, least: int = PROMPT_TOKENS) -> None:
        """``least``: tokens that each prompt has at least."""
        from transformers import AutoTokenizer

        self._least = least
        self._tokenizer = AutoTokenizer.from_pretrained(base)
        self._personas = [persona.load(name) for name in persona.names()]
        rows = [row for one in self._personas for row in read_rows(one.folder / "exam.jsonl")]
        self._rows = [row for row in rows if row.notes]
        self._notes = sorted({note for row in rows for note in row.notes})

    def of(self, cell: Cell, name: str) -> list[dict]:
        """Return the requests of a load; another name (round, purpose) gives others.

        Nothing that a system keeps of one is of use for the next, but for the persona's own first lines.
        """
        return list(self._requests(cell, random.Random(f"{name}/{cell.requests}/{cell.adapters}")))

    def _requests(self, cell: Cell, chance: random.Random) -> Iterator[dict]:
        for number in range(cell.requests):
            adapter = number % cell.adapters if cell.adapters else None
            speaker = self._personas[(number if adapter is None else adapter) % len(self._personas)]
            row = chance.choice(self._rows)
            notes = list(row.notes)
            while True:
                turns = [turn.model_dump() for turn in ask(speaker, row.question, notes)]
                ids = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=False)
                if len(ids) >= self._least:
                    break
                notes.insert(chance.randint(0, len(notes)), chance.choice(self._notes))
            yield {"turns": turns, "ids": ids, "adapter": adapter}
