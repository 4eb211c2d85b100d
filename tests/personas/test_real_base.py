"""The fast runtime with the real base and the shipped voices, beside plain peft."""

from itertools import takewhile

import pytest

from personas import persona
from personas.continuous_batching import ContinuousBatching
from personas.generation import Job, Reply, Setup
from personas.prompt import ask
from personas.rows import read_rows

pytestmark = pytest.mark.model

TIE = 0.25
"""Two steps of bfloat16 between 16 and 32, where the best logits lie: closer than that, plain peft's choice is chance.
Of 60 replies of peft in float32, 19 differ from its own in bfloat16, all of them at such places."""
TOKENS = 20


@pytest.fixture(scope="module")
def asked(base_folder):
    """Return (persona, prompt as tokens) of two exam questions of each persona, and the tokenizer."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base_folder)
    prompts = []
    for name in persona.names():
        speaker = persona.load(name)
        for row in read_rows(speaker.folder / "exam.jsonl")[::90]:
            turns = [turn.model_dump() for turn in ask(speaker, row.question, row.notes)]
            text = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
            prompts.append((speaker, tokenizer.encode(text, add_special_tokens=False)))
    return prompts, tokenizer


@pytest.fixture(scope="module")
def plain(asked, base_folder):
    """Return peft's own greedy tokens, one request after the other, with its margin between the best two at each."""
    import torch
    from peft import PeftModel
    from transformers import AutoModelForCausalLM

    model, replies = AutoModelForCausalLM.from_pretrained(base_folder, dtype=torch.bfloat16), []
    for name in persona.names():
        folder = str(persona.LIBRARY / name / "adapter")
        if isinstance(model, PeftModel):
            model.load_adapter(folder, adapter_name=name)
        else:
            model = PeftModel.from_pretrained(model, folder, adapter_name=name).eval()
    for speaker, prompt in asked[0]:
        model.set_adapter(speaker.name)
        with torch.inference_mode():
            written = model.generate(
                input_ids=torch.tensor([prompt]), attention_mask=torch.ones(1, len(prompt)), do_sample=False,
                max_new_tokens=TOKENS, return_dict_in_generate=True, output_logits=True,
            )  # fmt: skip
        best = [logits[0].float().topk(2).values for logits in written.logits]
        margins = [float(first - second) for first, second in best]
        replies.append((written.sequences[0, len(prompt) :].tolist(), margins))
    return replies


def test_in_bf16_the_fast_runtime_says_what_plain_peft_says(asked, plain, base_folder, monkeypatch):
    """All voices in one batch: token for token, but for places where peft's own two best tokens tie."""
    from transformers import AutoConfig

    prompts, tokenizer = asked
    written: dict[int, list[int]] = {}
    take = Reply.take
    monkeypatch.setattr(Reply, "take", lambda reply, token: _noted(written, reply, token) and take(reply, token))
    config = AutoConfig.from_pretrained(base_folder)
    setup = Setup(str(base_folder), config, tokenizer, frozenset({tokenizer.eos_token_id}), 2**27, lambda _: None)
    runtime = ContinuousBatching(setup, base_folder, "bf16")
    for number, (speaker, prompt) in enumerate(prompts):
        runtime.submit(
            Job(number, tuple(prompt), speaker.name, speaker.folder / "adapter", "server", TOKENS, temperature=0.0)
        )
    while runtime.busy:
        runtime.step()
    same = 0
    for number, (tokens, margins) in enumerate(plain):
        equal = len(list(takewhile(lambda pair: pair[0] == pair[1], zip(written[number], tokens, strict=False))))
        same += written[number] == tokens
        assert equal == len(tokens) or margins[equal] <= TIE, f"question {number}, token {equal}: {margins[equal]}"
    assert same > len(plain) / 2


def _noted(written, reply, token):
    written.setdefault(reply._job.id, []).append(token)
    return True
