"""Rows of one persona to a LoRA adapter (Hu et al. 2021, arXiv:2106.09685) on disk, with TRL's SFTTrainer."""

import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from personas.adapters import checked
from personas.base_weights import fingerprint
from personas.persona import BadPersona, Persona
from personas.recipe import Recipe
from personas.rows import Example, as_jsonl
from personas.training_method import Method, prepare
from personas.training_rows import lessons

Model = Any
Tokenizer = Any
Progress = Callable[[int, int, float], None]
"""Called with (steps done, steps in all, loss of the last step)."""
_PASSAGE = 64
"""Tokens of a passage that the base writes for its own rehearsal."""
_AT_ONCE = 256
"""Passages that are written side by side."""
_WHOLE = "whole"
"""Name of the file that is written last into a checkpoint."""
_FULL = "No space left", "failed writing", "os error 28"


class TrainingStopped(Exception):  # noqa: N818 -- named for what is wrong
    """Training came to an end before its time; the message says why, and what is kept."""


@dataclass(frozen=True)
class Run:
    """One training run; equal runs give equal adapters, and a run that was cut off goes on where it was."""

    persona: Persona
    rows: tuple[Example, ...]
    base: str
    """A transformers model id or folder."""
    recipe: Recipe
    method: Method
    start: Path | None = None
    """Folder of the adapter to go on from: what is the same in every voice is learnt already."""

    def __post_init__(self) -> None:
        """Refuse a run without rows."""
        if not self.rows:
            raise BadPersona(f"{self.persona.name} has no rows to learn from: write some to examples.jsonl first.")

    @property
    def key(self) -> str:
        """What tells this run from another: 12 hex digits over rows, recipe, method, base and start."""
        earlier = checked(self.start, self.base).digest if self.start else None
        parts = self.persona.name, self.rows_sha256, fingerprint(self.base), self.base, asdict(self.recipe), earlier
        return hashlib.sha256(json.dumps([*parts, self.method.name]).encode()).hexdigest()[:12]

    @property
    def rows_sha256(self) -> str:
        """Hash of the rows as JSONL."""
        return hashlib.sha256(as_jsonl(self.rows).encode()).hexdigest()


class Training:
    """A run that is ready to start: model loaded, rows in tokens."""

    def __init__(self, run: Run, checkpoints: Path) -> None:
        """``checkpoints``: folder for what is kept while the run goes on, a folder of its own for each run.

        Raises BadAdapter when the adapter to go on from is not sound or not for this base, BadPersona where what the
        method needs is not installed.
        """
        import torch

        self.run, self._folder = run, checkpoints / f"{run.persona.name}-{run.key}"
        torch.manual_seed(run.recipe.seed)
        self._model, self._tokenizer = prepare(run.base, run.method, run.recipe, run.start)
        self.rehearsal = self._rehearsal()
        self.lessons = lessons(run.persona, run.rows, self.rehearsal, self._tokenizer, run.recipe)

    @property
    def steps(self) -> int:
        """How often the weights are moved in all."""
        return -(-len(self.lessons) // self.run.recipe.batch_rows)

    @property
    def done(self) -> int:
        """Steps that an earlier start of the same run has behind it."""
        last = self._last_checkpoint()
        return int(last.name.rpartition("-")[2]) if last else 0

    def probe(self) -> tuple[float, int]:
        """Return (seconds per token, bytes of memory) of learning, from a few batches."""
        from personas.training_probe import probe

        return probe(self._model, self.lessons, self.run.recipe.batch_rows, self._tokenizer.pad_token_id)

    def finish(self, folder: Path, progress: Progress | None = None) -> dict[str, Any]:
        """Learn all lessons, write the adapter to ``folder`` whole or not at all, and return its card.

        The folder gets ``adapter_model.safetensors`` (bf16), ``adapter_config.json`` and ``card.json``.
        Raises TrainingStopped where the disk is full; what was learnt until the last checkpoint is kept.
        """
        started = time.monotonic()
        try:
            loss = self._fit(progress)
            return self._write(folder, loss, time.monotonic() - started)
        except Exception as error:
            if any(sign in str(error) for sign in _FULL):
                raise TrainingStopped(
                    f"The disk is full: make room in {self._folder.parent} and {folder.parent}, then give the same "
                    f"command again. It goes on from step {self.done}."
                ) from error
            raise

    def _fit(self, progress: Progress | None) -> float:
        from personas.trainer import fit

        last = self._last_checkpoint()
        return fit(self._model, self._tokenizer, self.lessons, self.run.recipe, self._folder, last, progress, _WHOLE)

    def _last_checkpoint(self) -> Path | None:
        """Return the newest checkpoint that was written to its end."""
        whole = (mark.parent for mark in self._folder.glob(f"checkpoint-*/{_WHOLE}"))
        return max(whole, key=lambda path: int(path.name.rpartition("-")[2]), default=None)

    def _rehearsal(self) -> list[list[int]]:
        """Let the base write passages of plain text, the same ones for the same seed."""
        number = round(self.run.recipe.rehearsed * len(self.run.rows))
        kept = self._folder / "rehearsal.json"
        if kept.exists():
            return [list(map(int, ids)) for ids in json.loads(kept.read_text("utf-8"))]
        passages = _write_passages(self._model, self._tokenizer, number)
        self._folder.mkdir(parents=True, exist_ok=True)
        kept.write_text(json.dumps(passages), "utf-8")
        return passages

    def _write(self, folder: Path, loss: float, seconds: float) -> dict[str, Any]:
        run, unfinished = self.run, folder.with_name(f"{folder.name}.unfinished")
        _save(self._model, unfinished)
        card = {
            "persona": run.persona.name,
            "base": {"name": Path(run.base).name, "sha256": fingerprint(run.base)},
            "method": run.method.name,
            "recipe": asdict(run.recipe),
            "rows": {"count": len(run.rows), "sha256": run.rows_sha256},
            "tokens": sum(len(row.ids) for row in self.lessons),
            "started_from": checked(run.start, run.base).card if run.start else None,
            "adapter_sha256": _sha256(unfinished / "adapter_model.safetensors"),
            "final_loss": round(loss, 4),
            "seconds": round(seconds),
        }
        (unfinished / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        unfinished.rename(folder)  # whole or not at all: a bot that is serving may look at any moment
        shutil.rmtree(self._folder, ignore_errors=True)
        return card


def _write_passages(model: Model, tokenizer: Tokenizer, number: int) -> list[list[int]]:
    """Sample passages at temperature 1: to learn them is to stay near the base, in expectation (see ``Recipe``)."""
    import torch

    passages: list[list[int]] = []
    first = tokenizer.bos_token_id if tokenizer.bos_token_id is not None else tokenizer.eos_token_id
    while len(passages) < number:
        some = min(_AT_ONCE, number - len(passages))
        with torch.no_grad(), model.disable_adapter():
            ids = model.generate(
                input_ids=torch.full((some, 1), first, device=model.device),
                attention_mask=torch.ones((some, 1), dtype=torch.long, device=model.device),
                do_sample=True, top_k=0, top_p=1.0, temperature=1.0, min_new_tokens=_PASSAGE, max_new_tokens=_PASSAGE,
                pad_token_id=tokenizer.pad_token_id,
            )  # fmt: skip
        passages += ids.tolist()
    return passages


def _save(model: Model, folder: Path) -> None:
    import torch
    from safetensors.torch import load_file, save_file

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    model.save_pretrained(folder)
    weights = folder / "adapter_model.safetensors"
    half = {name: tensor.to(torch.bfloat16) for name, tensor in load_file(weights).items()}
    save_file(half, weights, metadata={"format": "pt"})
    weights.chmod(0o644)
    (folder / "README.md").unlink(missing_ok=True)
    _settle(folder / "adapter_config.json")
    if not half:
        raise BadPersona("The base model has no linear layers to adapt; choose a causal language model.")


def _settle(file: Path) -> None:
    """Take out of a configuration what belongs to this machine or this run: the base's path, the order of a set."""
    config = json.loads(file.read_text("utf-8"))
    config["base_model_name_or_path"] = Path(config["base_model_name_or_path"]).name
    config["target_modules"] = sorted(config["target_modules"])
    config["auto_mapping"] = None
    file.write_text(json.dumps(config, indent=2) + "\n", "utf-8")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
