"""Voices that can be told apart by a few letters: random adapters and what plain peft says with each."""

import string
from dataclasses import dataclass

import peft
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from personas.engine import Adapter, Request
from personas.rows import Turn

QUESTIONS = ("hello", "the rope, and the sail?", "oar?", "ahoy", "who are you", "is it far to the harbour?")
LETTERS = 4
"""Tokens of a reply, one letter each."""
_SURE = 0.2
"""Least distance of peft's two best logits at each letter, so that no order of adding up can change it: the best one
is near 2.5 here, and peft in bfloat16 strayed by 0.1."""


@dataclass(frozen=True)
class Voice:
    """An adapter and its replies to the questions that it is sure of, one at least."""

    adapter: Adapter
    replies: dict[str, str]

    @property
    def questions(self):
        return list(self.replies)

    def asked(self, question, **more):
        return Request(turns(question), self.adapter, **{"max_tokens": LETTERS, **more})


def turns(question):
    return (Turn(role="user", content=question),)


def write_lettered(base, folder):
    """Write a copy of a base whose head knows letters alone, so that a reply never ends and each token is a letter."""
    model, tokenizer = (
        AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16),
        AutoTokenizer.from_pretrained(base),
    )
    silent = torch.ones(len(tokenizer), dtype=torch.bool)
    silent[tokenizer.convert_tokens_to_ids(list(string.ascii_letters))] = False
    with torch.no_grad():
        model.lm_head.weight[silent] = 0
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


class VoiceBank:
    """Makes new voices; no two have the same reply to any question."""

    def __init__(self, base, folder):
        self._folder = folder
        self._tokenizer = AutoTokenizer.from_pretrained(base, padding_side="left")
        # In bfloat16 peft's own replies would depend on the padding.
        self._model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32).eval()
        self._said, self._made = set(), 0

    def voice(self, name, rank=4):
        """Return a new voice under a name, with an adapter of random weights, as peft writes and reads it."""
        while True:
            version = f"{name}-{self._made:012x}"
            self._made += 1
            self._add(version, rank)
            replies = self._replies()
            if not replies:
                self._model.delete_adapter(version)
                continue
            self._said |= set(replies.values())
            self._model.save_pretrained(self._folder, selected_adapters=[version])
            self._model.delete_adapter(version)
            return Voice(Adapter(version, self._folder / version), replies)

    def _add(self, version, rank):
        torch.manual_seed(self._made)
        config = peft.LoraConfig(
            r=rank, lora_alpha=2 * rank, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM"
        )
        if isinstance(self._model, peft.PeftModel):
            self._model.add_adapter(version, config)
        else:
            self._model = peft.PeftModel(self._model, config, adapter_name=version).eval()
        for key, weight in self._model.named_parameters():
            if f".{version}." in key:
                weight.data = (torch.randn_like(weight) * 0.3).to(torch.bfloat16).float()
        self._model.set_adapter(version)

    def _replies(self):
        """Return the greedy replies whose letters are all sure and that no other voice has given."""
        asked = [self._tokenizer.apply_chat_template(
            [turn.model_dump() for turn in turns(question)], add_generation_prompt=True, return_dict=False
        ) for question in QUESTIONS]  # fmt: skip
        batch = self._tokenizer.pad([{"input_ids": ids} for ids in asked], return_tensors="pt")
        with torch.inference_mode():
            out = self._model.generate(
                **batch, max_new_tokens=LETTERS, do_sample=False, output_logits=True, return_dict_in_generate=True
            )
        best = torch.stack(out.logits).float().topk(2).values
        sure = ((best[..., 0] - best[..., 1]).min(0).values >= _SURE).tolist()
        said = self._tokenizer.batch_decode(out.sequences[:, batch["input_ids"].shape[1] :])
        return {
            question: reply
            for question, reply, counts in zip(QUESTIONS, said, sure, strict=True)
            if counts and reply not in self._said
        }
