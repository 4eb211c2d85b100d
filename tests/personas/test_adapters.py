"""The gate: what it lets through, and in which words it refuses everything else."""

import functools
import hashlib
import json
import os
import pickle
import shutil
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import deserialize
from safetensors.numpy import save_file

from personas import adapters
from personas.adapters import BadAdapter, OtherBase

WEIGHTS, CONFIG, CARD = "adapter_model.safetensors", "adapter_config.json", "card.json"
AGAIN = "copy it again or train it again"


TARGETS = "down_proj gate_proj k_proj o_proj q_proj up_proj v_proj".split()


@pytest.fixture
def adapter(tmp_path, trained):
    """Return a sound adapter's folder that names its layers as that of a larger model does."""
    folder = shutil.copytree(trained, tmp_path / "adapter")
    configure(folder, target_modules=TARGETS)
    return folder


def rewrite(adapter, change):
    """Let ``change`` alter the tensors, by name, and write them again."""
    path = adapter / WEIGHTS
    import torch
    from safetensors.torch import load_file as load_torch

    tensors = {name: tensor.to(torch.float32).numpy() for name, tensor in load_torch(path).items()}
    change(tensors)
    save_file(tensors, path)


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def without(tensors, part):
    for name in [name for name in tensors if part in name]:
        del tensors[name]


def first(tensors):
    return min(tensors)


def truncate(adapter, size):
    os.truncate(adapter / WEIGHTS, size)


def fill(adapter, value):
    rewrite(adapter, lambda tensors: tensors[first(tensors)].flat.__setitem__(-1, value))


def configure(adapter, **changes):
    edit(adapter / CONFIG, **changes)


def link(path):
    """Move a file or folder away and leave a link to it."""
    path.rename(path.with_name("elsewhere-" + path.name))
    elsewhere = path.parent.with_name("elsewhere-" + path.name)
    path.with_name("elsewhere-" + path.name).rename(elsewhere)
    path.symlink_to(elsewhere)


def put(adapter, name, content):
    path = adapter / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)


def wide(tensors):
    """Give a layer the shapes of one with other inputs, in the right rank."""
    a = first(tensors)
    tensors[a] = np.ones((2, 65), np.float32)


def widened_everywhere(tensors):
    """Give all layers more outputs than the base has."""
    for name in tensors:
        if "lora_B" in name:
            tensors[name] = np.ones((tensors[name].shape[0] + 1, 2), np.float32)


def header(adapter, length):
    """State another length of the header, and make the file long enough for it."""
    data = (adapter / WEIGHTS).read_bytes()
    (adapter / WEIGHTS).write_bytes(length.to_bytes(8, "little") + data[8:] + b" " * length)


def sparse(adapter, size):
    """Make the file as long as ``size`` without taking the room."""
    truncate(adapter, size)


DAMAGE = {
    # truncated and empty
    f"is damaged .*: {AGAIN}": lambda f: truncate(f, (f / WEIGHTS).stat().st_size - 1),
    "is damaged": lambda f: truncate(f, 100),
    "damaged": lambda f: truncate(f, 7),
    f"safetensors is empty: {AGAIN}": lambda f: truncate(f, 0),
    r"config\.json is empty": lambda f: put(f, CONFIG, b""),
    f"lacks {WEIGHTS}: {AGAIN}": lambda f: (f / WEIGHTS).unlink(),
    # keys
    f"lacks one half of every layer: {AGAIN}": lambda f: rewrite(f, lambda t: t.clear()),
    "lacks one half of model.layers.0.mlp.down_proj:": lambda f: rewrite(f, lambda t: t.pop(first(t))),
    "lacks one half of .* and 11 more": lambda f: rewrite(f, lambda t: without(t, "lora_A")),
    r"lacks layers of the base model: model.layers.1.mlp.down_proj, .* and 4 more": lambda f: rewrite(
        f, lambda t: without(t, "rs.1.")
    ),
    "lacks layers of the base model: model.layers.1.self_attn.o_proj": lambda f: rewrite(
        f, lambda t: without(t, "1.self_attn.o_proj")
    ),
    "does not cover .*: down_proj. Copy both": lambda f: rewrite(f, lambda t: without(t, "down_proj")),
    "does not cover .*: model.layers.0.mlp.down_proj, .* and 9 more": lambda f: configure(f, target_modules=["q_proj"]),
    "no LoRA weight: lm_head": lambda f: rewrite(f, lambda t: t.update(lm_head=np.ones(2, np.float32))),
    r"no LoRA weight: 'a\\x1b": lambda f: rewrite(f, lambda t: t.update({"a\x1b[2J": np.ones(2, np.float32)})),
    "layers that the base model lacks: model.layers.2.mlp.up_proj": lambda f: rewrite(
        f, lambda t: t.update({name.replace("rs.1.mlp.up", "rs.2.mlp.up"): t[name] for name in list(t)})
    ),
    # rank and shape
    "not of rank 3": lambda f: configure(f, r=3),
    "shapes .* not of rank 2": lambda f: rewrite(f, lambda t: t.update({first(t): np.ones(2, np.float32)})),
    "down_proj goes from 65 to 32 values, the base model's from 64 to 32": lambda f: rewrite(f, wide),
    "goes from 64 to 33 values": lambda f: rewrite(f, widened_everywhere),
    "the base model's from 32 to 64": lambda f: configure(f, fan_in_fan_out=True),
    # values
    "not finite numbers, in .*down_proj.lora_A.weight": lambda f: fill(f, np.nan),
    "not finite numbers": lambda f: fill(f, np.inf),
    "not finite": lambda f: fill(f, -np.inf),
    "values of type F64 in .*: save them as bf16": lambda f: rewrite(
        f, lambda t: t.update({first(t): np.ones((2, 64), np.float64)})
    ),
    # base
    "trained on another base model than .*: train it again": lambda f: edit(
        f / CARD, base={"name": "base", "sha256": "0" * 64}
    ),
    "on another base model": lambda f: edit(f / CARD, base=None),
    "another base model": lambda f: edit(f / CARD, base="base"),
    # pickles
    r"holds adapter_model\.bin, a pickle, which can run code": lambda f: put(f, "adapter_model.bin", b"\x80\x04."),
    r"training_args\.pt, a pickle": lambda f: put(f, "training_args.pt", b"PK\x03\x04"),
    "safetensors is a pickle, which can run code": lambda f: put(f, WEIGHTS, pickle.dumps({"a": b"b" * 99})),
    "safetensors is a pickle": lambda f: put(f, WEIGHTS, b"PK\x03\x04" + b"\0" * 99 + b"\x01"),
    # header
    "its header would have 1,048,577 bytes": lambda f: header(f, 2**20 + 1),
    r"its header would have 18,446,744,073,709,551,615 bytes": lambda f: put(f, WEIGHTS, b"\xff" * 50),
    # links and other things that are no files
    r"card\.json is a link or no plain file": lambda f: link(f / CARD),
    f"{WEIGHTS} is a link": lambda f: link(f / WEIGHTS),
    "adapter is a link: give the folder itself": link,
    f"{WEIGHTS} is a link or no plain file": lambda f: ((f / WEIGHTS).unlink(), os.mkfifo(f / WEIGHTS)),
    r"config\.json is a link or no plain file": lambda f: ((f / CONFIG).unlink(), (f / CONFIG).mkdir()),
    "is no folder that can be read": shutil.rmtree,
    # size
    f"{WEIGHTS} is larger than 64 MiB, too large": lambda f: sparse(f, 5 * 2**30),
    r"card\.json is larger than 1 MiB": lambda f: put(f, CARD, b"{" + b" " * 2**20 + b"}"),
    # other files
    r"do not belong in an adapter: chat_template\.jinja\. Remove": lambda f: put(f, "chat_template.jinja", b"{{ x }}"),
    r"tokenizer_config\.json": lambda f: put(f, "tokenizer_config.json", b'{"chat_template": "{% for"}'),
    "do not belong in an adapter: special_tokens, tokenizer.json": lambda f: (
        put(f, "tokenizer.json", b"{}"),
        put(f, "special_tokens/added.json", b"{}"),
    ),
    r"an adapter: modeling\.py": lambda f: put(f, "modeling.py", b"import os"),
    r"'x\\x1b\[2J\.txt'": lambda f: put(f, "x\x1b[2J.txt", b"mine"),
    # configuration and card
    r"config\.json cannot be read as JSON": lambda f: put(f, CONFIG, b"{"),
    r"config\.json cannot be read as JSON .*utf-8": lambda f: put(f, CONFIG, b'{"r": "\xff"}'),
    r"JSON \(NaN is not a number\)": lambda f: put(f, CONFIG, b'{"r": 2, "lora_alpha": NaN}'),
    r"card\.json cannot be read as JSON": lambda f: put(f, CARD, b"[" * 100_000),
    r"card\.json does not hold a JSON object": lambda f: put(f, CARD, b"[]"),
    r"card\.json was written for": lambda f: edit(f / CARD, adapter_sha256="0" * 64),
    "uses use_dora, which cannot be served": lambda f: configure(f, use_dora=True),
    "uses rank_pattern": lambda f: configure(f, rank_pattern={"q_proj": 4}),
    "uses alpha_pattern": lambda f: configure(f, alpha_pattern={"q_proj": 4}),
    "uses modules_to_save": lambda f: configure(f, modules_to_save=["lm_head"]),
    "uses bias": lambda f: configure(f, bias="all"),
    "uses lora_bias": lambda f: configure(f, lora_bias=True),
    "uses layers_to_transform": lambda f: configure(f, layers_to_transform=[0]),
    "uses layer_replication": lambda f: configure(f, layer_replication=[[0, 2]]),
    "uses something_new": lambda f: configure(f, something_new={"a": 1}),
    "uses init_lora_weights": lambda f: configure(f, init_lora_weights="pissa"),
    "uses peft_type": lambda f: configure(f, peft_type="IA3"),
    "uses task_type": lambda f: configure(f, task_type="SEQ_CLS"),
    "uses use_rslora": lambda f: configure(f, use_rslora=1),
    "no rank": lambda f: configure(f, r=0),
    "no rank .* of 1 or more": lambda f: configure(f, r=True),
    "needs a lora_alpha above 0": lambda f: configure(f, lora_alpha=0),
    "a lora_alpha above 0 and up to 65,536": lambda f: configure(f, lora_alpha=10**400),
    "a lora_dropout of 0 or more": lambda f: configure(f, lora_dropout=None),
    "does not list its target_modules": lambda f: configure(f, target_modules="all-linear"),
    "list its target_modules": lambda f: configure(f, target_modules=["q_proj", 1]),
}


@pytest.mark.parametrize("sentence", DAMAGE)
def test_a_damaged_adapter_is_refused_with_its_fault(adapter, tiny_base, sentence):
    """Each kind of damage, most of which peft loads without a word, is refused in a sentence that names it."""
    if "written for" not in sentence:
        card = json.loads((adapter / CARD).read_text())
        del card["adapter_sha256"]  # it would tell of any change to the weights, whatever its kind
        (adapter / CARD).write_text(json.dumps(card))
    DAMAGE[sentence](adapter)
    with pytest.raises(BadAdapter, match=sentence) as raised:
        adapters.admit(adapter, "bosun", str(tiny_base))
    assert str(raised.value).endswith(".")
    assert str(raised.value).isprintable()


def test_weights_that_their_card_does_not_name_are_refused(adapter, tiny_base):
    """Weights that are sound in themselves must be those that the card states the sha256 of, where it states one."""
    rewrite(adapter, lambda tensors: tensors[first(tensors)].__imul__(2))
    with pytest.raises(BadAdapter, match="adapter_sha256"):
        adapters.admit(adapter, "bosun", str(tiny_base))
    edit(adapter / CARD, adapter_sha256=hashlib.sha256((adapter / WEIGHTS).read_bytes()).hexdigest())
    assert adapters.admit(adapter, "bosun", str(tiny_base))


@pytest.mark.parametrize("size", [adapters.LARGEST + 1, 5 * 2**30])
def test_a_file_too_large_to_be_an_adapter_is_not_read(adapter, tiny_base, size):
    """The size is judged before the file is read: refusing it takes no memory to speak of."""
    sparse(adapter, size)
    adapters.fingerprint(str(tiny_base))  # imports what it needs
    tracemalloc.start()
    with pytest.raises(BadAdapter, match="larger than 64 MiB"):
        adapters.admit(adapter, "bosun", str(tiny_base))
    assert tracemalloc.get_traced_memory()[1] < 2**23
    tracemalloc.stop()


def test_a_sound_adapter_is_named_by_its_weights_and_settings(adapter, tiny_base):
    """Its version changes whenever its weights or their scale do, and not with its card."""
    version = functools.partial(adapters.admit, adapter, "bosun", str(tiny_base))
    before = version()
    edit(adapter / CARD, final_loss=0)
    assert version() == before
    configure(adapter, lora_alpha=31)
    louder = version()
    edit(adapter / CARD, adapter_sha256=None)
    rewrite(adapter, lambda tensors: next(iter(tensors.values())).__imul__(2))
    after = version()
    assert all(found.version.startswith("bosun-") for found in (before, louder, after))
    assert len({before.version, louder.version, after.version}) == 3


@pytest.mark.parametrize(
    "changes", [{"use_rslora": True}, {"task_type": "CAUSAL_LM"}, {"rank_pattern": None}, {"something_new": None}]
)
def test_what_is_served_or_not_used_is_let_through(adapter, tiny_base, changes):
    """Settings that peft's plain LoRA knows, and any other that is at its default, do no harm."""
    configure(adapter, **changes)
    assert adapters.admit(adapter, "bosun", str(tiny_base))


def test_layers_may_be_listed_by_their_whole_names(trained, tiny_base):
    """So peft lists them for a model of few layers."""
    assert "model.layers.0.mlp.down_proj" in json.loads((trained / CONFIG).read_text())["target_modules"]
    assert adapters.admit(trained, "bosun", str(tiny_base))


def test_a_base_without_files_on_the_disk_is_known_by_its_name(adapter):
    """Its name must then be the one on the card, and the card must hold no hash; the layers must be even."""
    edit(adapter / CARD, base={"name": "small-model", "sha256": None}, adapter_sha256=None)
    assert adapters.admit(adapter, "bosun", "somebody/small-model")
    with pytest.raises(OtherBase, match="another base model than somebody/other"):
        adapters.admit(adapter, "bosun", "somebody/other")
    rewrite(adapter, lambda tensors: without(tensors, "layers.1.mlp.up_proj"))
    with pytest.raises(BadAdapter, match=r"lacks some layers, it holds 2 down_proj, .*1 up_proj"):
        adapters.admit(adapter, "bosun", "somebody/small-model")


def test_the_gate_loads_no_model_library(adapter, tiny_base):
    """It runs in the bot's own process, for each voice, so it must be quick there."""
    code = f"""
import sys
from pathlib import Path
from personas import adapters
adapters.admit(Path({str(adapter)!r}), "bosun", {str(tiny_base)!r})
print(sorted({{"torch", "transformers", "peft"}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_refused_or_leaves_sound_tensors(trained, tiny_base, tmp_path, data):
    """Whatever bytes change and wherever the file ends: BadAdapter, or all layers whole, in shape and finite."""
    sound = (trained / WEIGHTS).read_bytes()
    start = 8 + int.from_bytes(sound[:8], "little")
    place = st.integers(0, len(sound) - 1) | st.integers(0, start + 64)
    damaged = bytearray(sound)
    for at, value in data.draw(st.lists(st.tuples(place, st.integers(0, 255)), min_size=1, max_size=6)):
        damaged[at] = value
    del damaged[data.draw(st.just(len(sound)) | place) :]
    folder = tmp_path / "adapter"
    if not folder.exists():
        shutil.copytree(trained, folder)
        edit(folder / CARD, adapter_sha256=None)
    (folder / WEIGHTS).write_bytes(damaged)
    try:
        adapters.admit(folder, "bosun", str(tiny_base))
    except BadAdapter as error:
        assert str(error).isprintable()  # noqa: PT017 -- what it refuses differs from case to case
        return
    found, wanted = dict(deserialize(bytes(damaged))), dict(deserialize(sound))
    assert {key: tensor["shape"] for key, tensor in found.items()} == {key: t["shape"] for key, t in wanted.items()}
    for tensor in found.values():
        bits = np.frombuffer(tensor["data"], "<u2").astype("<u4") << (16 if tensor["dtype"] == "BF16" else 0)
        values = bits.view("<f4") if tensor["dtype"] == "BF16" else np.frombuffer(tensor["data"], "<f2")
        assert np.isfinite(values).all()


def test_the_property_above_is_no_empty_one(trained, tiny_base, tmp_path):
    """A byte changed among the values leaves an adapter that is let through, where its card states no hash."""
    folder = shutil.copytree(trained, tmp_path / "adapter")
    edit(folder / CARD, adapter_sha256=None)
    damaged = bytearray((folder / WEIGHTS).read_bytes())
    damaged[-2] ^= 1
    (folder / WEIGHTS).write_bytes(damaged)
    assert adapters.admit(folder, "bosun", str(tiny_base))


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_refusals_leave_no_file_open(adapter, tiny_base):
    """A thousand refused adapters cost no file handle."""
    sparse(adapter, adapters.LARGEST + 1)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(1000):
        with pytest.raises(BadAdapter):
            adapters.admit(adapter, "bosun", str(tiny_base))
    assert len(list(Path("/proc/self/fd").iterdir())) == before
