"""Which way of training this machine can take, and the base model made ready for it."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from personas.base_model import load_base
from personas.base_weights import weight_bytes
from personas.recipe import Recipe
from personas.rows import BadPersona

MethodName = Literal["lora", "qlora", "unsloth"]
Model = Any
Tokenizer = Any
_ROOM = 0.5
"""Share of a GPU's memory that a bf16 base may take; the rest is for activations."""


@dataclass(frozen=True)
class Method:
    """A way of training, and why it is the one for this machine."""

    name: MethodName
    device: Literal["cpu", "cuda"]
    why: str

    def __str__(self) -> str:
        """Return the method with its reason."""
        return f"{self.name} on {self.device}: {self.why}"


def choose(base: str, asked: MethodName | None = None) -> Method:
    """Return the asked method, or the one that suits the hardware and what is installed.

    Unsloth (docs.unsloth.ai) trains about twice as fast as transformers where it runs; QLoRA (Dettmers et al. 2023,
    arXiv:2305.14314) takes a quarter of the memory for the base and more time, so it is taken where bf16 has no room.
    Raises BadPersona where the asked one cannot be had here.
    """
    import torch

    if not torch.cuda.is_available():
        if asked == "unsloth":
            raise BadPersona("Unsloth trains on CUDA alone, and there is none here: leave --method out.")
        return Method(asked or "lora", "cpu", "asked for" if asked else "no CUDA here")
    if asked:
        return Method(asked, "cuda", "asked for")
    if _installed("unsloth"):
        return Method("unsloth", "cuda", "CUDA and Unsloth are here")
    memory = torch.cuda.get_device_properties(0).total_memory
    if weight_bytes(base) > _ROOM * memory and _installed("bitsandbytes"):
        return Method("qlora", "cuda", "in bf16 the base would fill over half of the GPU's memory")
    return Method("lora", "cuda", "the base fits into the GPU in bf16")


def prepare(base: str, method: Method, recipe: Recipe, start: Path | None) -> tuple[Model, Tokenizer]:
    """Return (base model with an adapter to train, tokenizer); ``start``: the adapter to go on from.

    Raises BadPersona where what the method needs is not installed.
    """
    if method.name == "unsloth":
        return _with_unsloth(base, recipe, start)
    model, tokenizer = _quantised(base) if method.name == "qlora" else load_base(base)
    if method.name == "lora":
        model = model.to(method.device)
    if method.device == "cpu":
        # Eager attention and bf16 adapter weights train 1.5 times as fast on a CPU as the defaults
        # (540 tokens/s beside 362, two cores with AVX-512 BF16).
        model.set_attn_implementation("eager")
    return _adapted(model, recipe, start, exact=method.name == "qlora"), tokenizer


def _adapted(model: Model, recipe: Recipe, start: Path | None, *, exact: bool) -> Model:
    """Put an adapter on a model; ``exact``: in float32, as a quantised base needs it."""
    from peft import LoraConfig, PeftModel, get_peft_model

    if start is not None:
        return PeftModel.from_pretrained(model, str(start), is_trainable=True, autocast_adapter_dtype=exact)
    settings = LoraConfig(r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear", task_type="CAUSAL_LM")
    return get_peft_model(model, settings, autocast_adapter_dtype=exact)


def _quantised(base: str) -> tuple[Model, Tokenizer]:
    import torch
    from peft import prepare_model_for_kbit_training
    from transformers import AutoModelForCausalLM, AutoTokenizer, BitsAndBytesConfig

    if not _installed("bitsandbytes"):
        raise BadPersona("QLoRA needs bitsandbytes: pip install 'parley[training]', or leave --method out.")
    four_bit = BitsAndBytesConfig(  # type: ignore[no-untyped-call]  # transformers' own gap
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_compute_dtype=torch.bfloat16
    )
    model = AutoModelForCausalLM.from_pretrained(base, quantization_config=four_bit, dtype=torch.bfloat16)
    tokenizer = AutoTokenizer.from_pretrained(base)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model = prepare_model_for_kbit_training(model, use_gradient_checkpointing=False)  # type: ignore[no-untyped-call]  # peft's
    return model, tokenizer


def _with_unsloth(base: str, recipe: Recipe, start: Path | None) -> tuple[Model, Tokenizer]:
    from unsloth import FastLanguageModel

    model, tokenizer = FastLanguageModel.from_pretrained(str(start or base), load_in_4bit=False)
    if start is None:
        model = FastLanguageModel.get_peft_model(
            model, r=recipe.rank, lora_alpha=recipe.alpha, target_modules="all-linear", random_state=recipe.seed
        )
    return model, tokenizer


def _installed(module: str) -> bool:
    return importlib.util.find_spec(module) is not None
