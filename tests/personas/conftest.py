import pytest
from bosun_persona import CARD, ROWS, as_lines
from teaching import teach

from personas.persona import load

CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="session")
def write_persona():
    """Return a way to write a persona folder into a library and load it."""

    def write(library, name="bosun", card=CARD, rows=ROWS):
        folder = library / name
        folder.mkdir(parents=True)
        (folder / "persona.toml").write_text(card, "utf-8")
        (folder / "examples.jsonl").write_text(as_lines(rows), "utf-8")
        return load(name, library)

    return write


@pytest.fixture
def bosun(tmp_path, write_persona):
    return write_persona(tmp_path / "library")


@pytest.fixture(scope="session")
def tiny_base(tmp_path_factory):
    """Return the folder of a Llama of two layers with random weights and a tokenizer of single bytes."""
    import torch
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("tiny") / "base"
    special = ["<|pad|>", "<|im_start|>", "<|im_end|>"]
    vocabulary = {word: n for n, word in enumerate([*special, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    bytes_only = Tokenizer(models.BPE(vocabulary, []))
    bytes_only.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bytes_only.decoder = decoders.ByteLevel()
    PreTrainedTokenizerFast(
        tokenizer_object=bytes_only,
        pad_token=special[0],
        bos_token=special[1],
        eos_token=special[2],
        chat_template=CHAT,
    ).save_pretrained(folder)
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=len(vocabulary), hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=4,
        initializer_range=0.2, pad_token_id=0, bos_token_id=1, eos_token_id=2,
    )  # fmt: skip
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory, tiny_base, write_persona):
    """Return the folder of a sound adapter for the tiny base; never written to."""
    home = tmp_path_factory.mktemp("trained")
    teach(write_persona(home / "library"), tiny_base, home / "adapter")
    return home / "adapter"


@pytest.fixture(scope="session")
def gpt2_base(tmp_path_factory, tiny_base):
    """Write a model of another family beside the tokenizer of the tiny base."""
    from transformers import AutoTokenizer, GPT2Config, GPT2LMHeadModel

    folder = tmp_path_factory.mktemp("gpt2")
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    tokenizer.save_pretrained(folder)
    config = GPT2Config(vocab_size=len(tokenizer), n_embd=16, n_layer=1, n_head=2, bos_token_id=1, eos_token_id=2)
    GPT2LMHeadModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_tokenizer(tiny_base):
    from personas.base_model import load_base

    return load_base(str(tiny_base))[1]
