"""Whether the fast runtime writes what plain peft writes, greedily, token by token.

    python tests/benchmarks/voice_equality.py [--questions N] [--json FILE]

20 exam questions of each persona. Ours with the base's own bf16 weights and with int8 weights, and peft in float32,
are held against plain peft in bf16: identical replies, identical tokens before the first that differs, and how sure
peft itself was there, as the distance between its two best logits. Two bf16 systems that add up the same numbers in
another order can only differ where that distance is next to nothing.
"""

import argparse
import asyncio
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from rich.console import Console
from rich.table import Table

from bot import models, settings
from bot.progress import bar
from personas import adapters, persona
from personas.engine import Adapter, Request
from personas.local_engine import LocalEngine
from personas.prompt import ask
from personas.rows import read_rows

NEW_TOKENS = 64
NEXT_TO_NOTHING = 0.25
"""Logits of bf16 near 16 to 32 lie 0.125 apart: two steps."""


@dataclass(frozen=True)
class Asked:
    """One question to one voice."""

    turns: list
    adapter: Adapter
    ids: list[int]


@dataclass(frozen=True)
class Difference:
    """How one reply begins to differ from the reference."""

    same_tokens: int
    of: int
    margin: float | None
    """Distance between the reference's two best logits where it differs; None: it does not."""


def compare(reference: dict, ids: Sequence[int]) -> Difference:
    """Hold token ids against a reference of {"ids", "margins"}; both end with the reply, or at the limit."""
    theirs = reference["ids"]
    same = next((n for n, (a, b) in enumerate(zip(theirs, ids, strict=False)) if a != b), min(len(theirs), len(ids)))
    whole = same == len(theirs) == len(ids)
    return Difference(same, len(theirs), None if whole else reference["margins"][min(same, len(theirs) - 1)])


def summary(differences: Sequence[Difference]) -> dict:
    """Count what is identical, and say how sure the reference was at each first difference."""
    margins = [one.margin for one in differences if one.margin is not None]
    return {
        "replies": len(differences),
        "identical": len(differences) - len(margins),
        "same_tokens": sum(one.same_tokens for one in differences),
        "tokens": sum(one.of for one in differences),
        "margins": sorted(margins),
    }


def questions(base: Path, number: int) -> list[Asked]:
    """Return the first exam questions with notes of each persona, as the bot would ask them."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    asked = []
    for name in (name for name in persona.names() if (persona.LIBRARY / name / "adapter").is_dir()):
        speaker = persona.load(name)
        adapter = adapters.admit(speaker.folder / "adapter", name, str(base))
        rows = [row for row in read_rows(speaker.folder / "exam.jsonl") if row.notes]
        for row in rows[:: max(1, len(rows) // number)][:number]:
            turns = ask(speaker, row.question, row.notes)
            plain = [turn.model_dump() for turn in turns]
            ids = tokenizer.apply_chat_template(plain, add_generation_prompt=True, return_dict=False)
            asked.append(Asked(turns, adapter, list(ids)))
    return asked


def by_peft(base: Path, asked: Sequence[Asked], precision: str, kept: Path) -> list[dict]:
    """Return peft's greedy replies, one request at a time, as {"ids", "margins"}; kept in a file for the next run."""
    import peft
    import torch
    from transformers import AutoModelForCausalLM

    key = [[one.adapter.version, one.ids] for one in asked]
    if kept.is_file() and (known := json.loads(kept.read_text()))["asked"] == key:
        return known["replies"]
    model = AutoModelForCausalLM.from_pretrained(base, dtype=getattr(torch, precision)).eval()
    loaded: set[str] = set()
    replies = []
    with bar(f"peft, {precision}") as step, torch.inference_mode():
        for number, one in enumerate(asked):
            step(number, len(asked), one.adapter.version)
            name = one.adapter.version
            if not loaded:
                model = peft.PeftModel.from_pretrained(model, one.adapter.folder, adapter_name=name).eval()
            elif name not in loaded:
                model.load_adapter(one.adapter.folder, adapter_name=name)
            loaded.add(name)
            model.set_adapter(name)
            output = model.generate(
                input_ids=torch.tensor([one.ids]), attention_mask=torch.ones(1, len(one.ids), dtype=torch.long),
                do_sample=False, max_new_tokens=NEW_TOKENS, return_dict_in_generate=True, output_logits=True,
            )  # fmt: skip
            best = [logits[0].float().topk(2).values for logits in output.logits]
            ids = output.sequences[0, len(one.ids) :].tolist()
            replies.append({"ids": ids, "margins": [float(two[0] - two[1]) for two in best]})
    kept.write_text(json.dumps({"asked": key, "replies": replies}))
    return replies


def by_ours(base: Path, asked: Sequence[Asked], weights: str) -> tuple[str, list[list[int]]]:
    """Return what the engine runs on, and the token ids of its greedy replies, each request alone."""

    async def texts() -> tuple[str, list[str]]:
        engine = LocalEngine(str(base), weights=weights)
        written = []
        try:
            with bar(f"Parley, {weights}") as step:
                for number, one in enumerate(asked):
                    step(number, len(asked), one.adapter.version)
                    request = Request(tuple(one.turns), one.adapter, max_tokens=NEW_TOKENS)
                    written.append("".join([sentence async for sentence in engine.stream(request)]))
            return engine.runtime, written
        finally:
            await engine.close()

    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    runtime, written = asyncio.run(texts())
    # The seam gives text, so it is cut into tokens again; whatever is shorter than the limit ended its turn.
    cut = [tokenizer.encode(text, add_special_tokens=False) for text in written]
    return runtime, [ids + [tokenizer.eos_token_id] * (len(ids) < NEW_TOKENS) for ids in cut]


def row(name: str, found: dict) -> tuple[str, ...]:
    """Return one system's row of the table."""
    margins = found["margins"]
    near = sum(margin <= NEXT_TO_NOTHING for margin in margins)
    sure = f"{near} of {len(margins)}; median {median(margins):.2f}, most {margins[-1]:.2f}" if margins else "-"
    same = f"{found['same_tokens']} of {found['tokens']}"
    return name, f"{found['identical']} of {found['replies']}", same, sure


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=20, help="of each persona (20)")
    parser.add_argument("--json", type=Path, help="also write the figures")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "parley-voice-bench", help="folder")
    options = parser.parse_args()
    chosen = settings.load()
    models.check(chosen)
    base = Path(models.base_path(chosen))
    options.work.mkdir(parents=True, exist_ok=True)
    asked = questions(base, options.questions)
    kept = {name: options.work / f"peft-{name}.json" for name in ("bfloat16", "float32")}
    reference = by_peft(base, asked, "bfloat16", kept["bfloat16"])
    others = {"peft, float32": [reply["ids"] for reply in by_peft(base, asked, "float32", kept["float32"])]}
    for weights in ("bf16", "int8"):
        runtime, replies = by_ours(base, asked, weights)
        others[f"Parley, {weights} ({runtime})"] = replies
    found = {
        name: summary([compare(one, ids) for one, ids in zip(reference, replies, strict=True)])
        for name, replies in others.items()
    }
    table = Table(
        "beside peft in bf16", "identical replies", "tokens before the first difference", title_justify="left"
    )
    table.add_column(f"there, its best two logits lie {NEXT_TO_NOTHING} apart or less")
    for name, figures in found.items():
        table.add_row(*row(name, figures))
    Console().print(table)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1), "utf-8")


if __name__ == "__main__":
    main()
