"""What learning a voice does to the rest of a base model: plain text and plain questions, before and after.

Perplexity is taken on plain prose without any voice (``foundation/plain_text.txt``, a passage a paragraph), the
questions (``foundation/questions.jsonl``) are answered by the choice of the highest likelihood for each of its
characters, as lm-evaluation-harness does (Gao et al. 2024, "acc_norm").
"""

import json
import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from personas.base_model import load_base
from personas.dressing import FOUNDATION

Progress = Callable[[int, int, str], None]
"""Called with (done, of how many, what now)."""


@dataclass(frozen=True)
class Ability:
    """What one model makes of the plain texts."""

    losses: tuple[float, ...]
    """Of each passage, summed over its tokens, in nats."""
    tokens: tuple[int, ...]
    """Of each passage, without the first, which nothing foretells."""
    right: tuple[bool, ...]
    """Of each question, whether its right choice was the likeliest."""

    @property
    def perplexity(self) -> float:
        """Perplexity over all passages."""
        return math.exp(sum(self.losses) / sum(self.tokens))


@dataclass(frozen=True)
class Drift:
    """A base model without and with an adapter."""

    before: Ability
    after: Ability


@dataclass(frozen=True)
class _Question:
    text: str
    choices: tuple[str, ...]
    right: int


def measure(base: str, adapter: Path, progress: Progress | None = None) -> Drift:
    """Measure a base model, a folder or a hub id, without and with an adapter that was checked before."""
    from peft import PeftModel

    model, tokenizer = load_base(base)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # peft asks transformers by a name that goes away
        model = PeftModel.from_pretrained(model, adapter).eval()
    passages, questions = _passages(), _questions()
    total = 2 * (len(passages) + len(questions))
    done = 0

    def step() -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total, "drift")

    with model.disable_adapter():
        before = _able(model, tokenizer, passages, questions, step)
    return Drift(before, _able(model, tokenizer, passages, questions, step))


def _able(
    model: Any,  # noqa: ANN401 -- transformers and peft have no types
    tokenizer: Any,  # noqa: ANN401 -- likewise
    passages: Sequence[str],
    questions: Sequence[_Question],
    step: Callable[[], None],
) -> Ability:
    losses, tokens, right = [], [], []
    for passage in passages:
        [found] = _likelihoods(model, tokenizer, "", [passage])
        losses.append(-sum(found))
        tokens.append(len(found))
        step()
    for question in questions:
        likely = _likelihoods(
            model, tokenizer, f"Question: {question.text}\nAnswer:", [f" {c}" for c in question.choices]
        )
        each = [sum(some) / len(choice) for some, choice in zip(likely, question.choices, strict=True)]
        right.append(each.index(max(each)) == question.right)
        step()
    return Ability(tuple(losses), tuple(tokens), tuple(right))


def _likelihoods(
    model: Any,  # noqa: ANN401 -- transformers and peft have no types
    tokenizer: Any,  # noqa: ANN401 -- likewise
    before: str,
    texts: Sequence[str],
) -> list[list[float]]:
    """Return the log-likelihood of each token of each text after ``before``; a first token is not foretold."""
    import torch

    prompt = tokenizer.encode(before, add_special_tokens=False)
    rows = [[*prompt, *tokenizer.encode(text, add_special_tokens=False)] for text in texts]
    longest = max(map(len, rows))
    ids = torch.tensor([row + [tokenizer.pad_token_id] * (longest - len(row)) for row in rows])
    seen = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=seen).logits[:, :-1].float()
    of_next = torch.log_softmax(logits, -1).gather(-1, ids[:, 1:, None])[..., 0]
    start = max(len(prompt), 1) - 1
    return [some[start : len(row) - 1] for some, row in zip(of_next.tolist(), rows, strict=True)]


def _passages() -> list[str]:
    text = (FOUNDATION / "plain_text.txt").read_text("utf-8")
    return [passage.strip() for passage in text.split("\n\n") if passage.strip()]


def _questions() -> list[_Question]:
    rows = map(json.loads, (FOUNDATION / "questions.jsonl").read_text("utf-8").splitlines())
    return [_Question(row["question"], tuple(row["choices"]), row["right"]) for row in rows]
