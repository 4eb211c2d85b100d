"""A causal language model and its tokenizer, from a folder, a hub id, or (converted once) a GGUF file."""

from pathlib import Path
from typing import Any


def convert_gguf(gguf: Path, folder: Path) -> None:
    """Write the model of a GGUF file as a bf16 safetensors folder that transformers loads in seconds.

    transformers reads a GGUF by de-quantising it (about 20 s) and refuses to save that object, so the
    weights are copied into a fresh model of the same configuration.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, dtype=torch.float32)
    config = source.config
    del config.quantization_config  # the copy is plain bf16; left in, it would be loaded as packed 4-bit weights
    fresh = AutoModelForCausalLM.from_config(config).to(torch.bfloat16)  # type: ignore[no-untyped-call]  # transformers' own gap
    fresh.load_state_dict({name: weight.to(torch.bfloat16) for name, weight in source.state_dict().items()})
    fresh.generation_config.update(**source.generation_config.to_dict())
    fresh.save_pretrained(folder)
    AutoTokenizer.from_pretrained(gguf.parent, gguf_file=gguf.name).save_pretrained(folder)


def load_base(name_or_folder: str) -> tuple[Any, Any]:
    """Return (model in bf16, in eval mode, no gradients; tokenizer that pads on the left)."""
    import torch
    from transformers import AutoModelForCausalLM

    tokenizer = load_tokenizer(name_or_folder)
    model = AutoModelForCausalLM.from_pretrained(name_or_folder, dtype=torch.bfloat16)
    model.requires_grad_(requires_grad=False)
    return model.eval(), tokenizer  # type: ignore[no-untyped-call]  # transformers' own gap


def load_tokenizer(name_or_folder: str) -> Any:  # noqa: ANN401 -- transformers has no types
    """Return the tokenizer; it pads on the left."""
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(name_or_folder, padding_side="left")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    return tokenizer
