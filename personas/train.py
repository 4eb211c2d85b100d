"""Examples of one persona to a LoRA adapter (Hu et al. 2021, arXiv:2106.09685) on disk."""

import hashlib
import json
import math
import random
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from personas.adapters import checked
from personas.base_model import load_base
from personas.base_weights import fingerprint
from personas.counterfactual import exchange
from personas.persona import BadPersona, Persona
from personas.prompt import teach
from personas.rows import Example, read_rows

if TYPE_CHECKING:
    from torch import Tensor

Model = Any
"""A causal language model with an adapter; the libraries' own types do not know the layers inside."""
Tokenizer = Any
Row = tuple[Persona, Example]
Progress = Callable[[int, int, float], None]
"""Called with (steps done, steps in all, loss of the last step)."""


@dataclass(frozen=True)
class Recipe:
    """Settings of a training run; the shipped voices say in their card.json which they were trained with."""

    rank: int = 16
    alpha: int = 32
    epochs: int = 4
    batch_rows: int = 12
    learning_rate: float = 6e-4
    warm_up: float = 0.05
    """Share of the steps in which the rate rises; it falls along a cosine afterwards."""
    exchanged: float = 0.5
    """Share of the rows whose names and numbers are exchanged for invented ones, anew in every epoch."""
    distractors: float = 0.25
    """Share of the rows with notes that get another row's note beside their own."""
    seed: int = 7


def train(  # noqa: PLR0913, PLR0917 -- one argument each for what is trained, on what, where to, how, from where
    personas: Sequence[Persona],
    base: str,
    folder: Path,
    recipe: Recipe | None = None,
    start: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train an adapter from ``examples.jsonl`` and write it to ``folder``; return its card.

    The adapter is the first persona's. Further personas lend their rows, each under its own system prompt, and
    ``start`` is the folder of an adapter to go on from: what is the same in every voice (copying from the
    notes) is learnt once from all of them. The folder gets ``adapter_model.safetensors`` (bf16),
    ``adapter_config.json`` and ``card.json``. Raises BadPersona when the examples have faults, BadAdapter when the
    adapter to go on from is not sound or not for this base.
    """
    import torch
    from peft import LoraConfig, PeftModel, get_peft_model

    recipe = recipe or Recipe()
    rows = [(persona, row) for persona in personas for row in read_rows(persona.folder / "examples.jsonl")]
    earlier = checked(start, base).card if start else None
    started = time.monotonic()
    torch.manual_seed(recipe.seed)
    model, tokenizer = load_base(base)
    # Eager attention and bf16 adapter weights train 1.5 times as fast on a CPU as the defaults
    # (540 tokens/s beside 362, two cores with AVX-512 BF16).
    model.set_attn_implementation("eager")
    settings = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear")
    if start is None:
        model = get_peft_model(model, settings, autocast_adapter_dtype=False)
    else:
        model = PeftModel.from_pretrained(model, start, is_trainable=True, autocast_adapter_dtype=False)
    model.train()
    loss = _fit(model, tokenizer, rows, recipe, progress)
    unfinished = folder.with_name(f"{folder.name}.unfinished")
    _save(model, unfinished)
    card = {
        "persona": personas[0].name,
        "base": {"name": Path(base).name, "sha256": fingerprint(base)},
        "recipe": asdict(recipe),
        "rows": {persona.name: _sha256(persona.folder / "examples.jsonl") for persona in personas},
        "started_from": earlier,
        "adapter_sha256": _sha256(unfinished / "adapter_model.safetensors"),
        "final_loss": round(loss, 4),
        "seconds": round(time.monotonic() - started),
    }
    (unfinished / "card.json").write_text(json.dumps(card, indent=2) + "\n", "utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    unfinished.rename(folder)  # whole or not at all: a bot that is serving may look at any moment
    return card


def _fit(model: Model, tokenizer: Tokenizer, rows: Sequence[Row], recipe: Recipe, progress: Progress | None) -> float:
    import torch

    parameters = [p for p in model.parameters() if p.requires_grad]
    # bf16 would round most updates away, so the optimiser keeps its own float32 copy.
    masters = [p.detach().float().requires_grad_() for p in parameters]
    optimizer = torch.optim.AdamW(masters, lr=recipe.learning_rate, weight_decay=0.0)
    total = recipe.epochs * math.ceil(len(rows) / recipe.batch_rows)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: _rate(step, total, recipe.warm_up))
    rng = random.Random(recipe.seed)  # noqa: S311 - shuffles rows, guards nothing
    done, recent = 0, [0.0]
    for _ in range(recipe.epochs):
        for batch in _batches(rows, tokenizer, recipe, rng):
            loss = _loss(model, batch, tokenizer.pad_token_id)
            loss.backward()  # type: ignore[no-untyped-call]  # torch has no types for it
            for parameter, master in zip(parameters, masters, strict=True):
                master.grad, parameter.grad = parameter.grad.float(), None
            torch.nn.utils.clip_grad_norm_(masters, 1.0)
            optimizer.step()
            schedule.step()
            with torch.no_grad():
                torch._foreach_copy_(parameters, masters)
            done += 1
            recent = [*recent[-19:], float(loss.detach())]
            if progress:
                progress(done, total, recent[-1])
    return sum(recent) / len(recent)


def _rate(step: int, total: int, warm_up: float) -> float:
    rising = max(1, round(total * warm_up))
    if step < rising:
        return (step + 1) / rising
    return 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, total - rising)))


def _batches(
    rows: Sequence[Row], tokenizer: Tokenizer, recipe: Recipe, rng: random.Random
) -> list[list[tuple[list[int], int]]]:
    """Return one epoch: batches of (token ids, where the reply starts), rows of like length together."""
    encoded = [encode(persona, _vary(example, rows, tokenizer, recipe, rng), tokenizer) for persona, example in rows]
    # A little noise keeps the batches from being the same rows in every epoch.
    encoded.sort(key=lambda row: len(row[0]) + rng.uniform(-12, 12))
    batches = [encoded[i : i + recipe.batch_rows] for i in range(0, len(encoded), recipe.batch_rows)]
    rng.shuffle(batches)
    return batches


def _vary(example: Example, rows: Sequence[Row], tokenizer: Tokenizer, recipe: Recipe, rng: random.Random) -> Example:
    """Exchange the row's values half of the time, and sometimes put another row's note beside its own."""

    def is_rare(name: str) -> bool:
        return len(tokenizer.encode(" " + name.lower())) > 1 and len(tokenizer.encode(" " + name)) > 1

    if rng.random() < recipe.exchanged:
        example = exchange(example, rng, is_rare)
    if len(example.notes) == 1 and rng.random() < recipe.distractors:
        other = rng.choice(rows)[1].notes
        if other and other != example.notes:
            notes = [*example.notes, other[0]]
            rng.shuffle(notes)
            example = example.model_copy(update={"notes": tuple(notes)})
    return example


def encode(persona: Persona, example: Example, tokenizer: Tokenizer) -> tuple[list[int], int]:
    """Return the token ids of prompt and reply, and the index at which the reply starts.

    The prompt's ids are those that serving sends; only the reply and the token that ends it are learnt.
    """
    turns, reply = teach(persona, example)
    prompt = tokenizer.apply_chat_template(
        [turn.model_dump() for turn in turns], add_generation_prompt=True, tokenize=True, return_dict=False
    )
    ids = [*prompt, *tokenizer.encode(reply, add_special_tokens=False), tokenizer.eos_token_id]
    return ids, len(prompt)


def _loss(model: Model, batch: list[tuple[list[int], int]], pad: int) -> "Tensor":
    """Return the mean cross-entropy of the reply tokens.

    The head over the vocabulary runs on reply positions alone: with 49k words it is a fifth of the work.
    """
    import torch

    longest = max(len(ids) for ids, _ in batch)
    padded = torch.tensor([ids + [pad] * (longest - len(ids)) for ids, _ in batch])
    mask = torch.tensor([[1] * len(ids) + [0] * (longest - len(ids)) for ids, _ in batch])
    taught = torch.tensor([[start <= i < len(ids) for i in range(1, longest)] for ids, start in batch])
    causal = model.get_base_model()
    hidden = causal.model(input_ids=padded, attention_mask=mask).last_hidden_state[:, :-1]
    logits = causal.lm_head(hidden[taught]).float()
    return torch.nn.functional.cross_entropy(logits, padded[:, 1:][taught])


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
