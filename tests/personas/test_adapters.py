import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from personas import adapters
from personas.adapters import BadAdapter
from personas.train import Recipe, train


@pytest.fixture(scope="module")
def trained(tmp_path_factory, tiny_base, write_persona):
    """Return a sound adapter's folder; never written to."""
    home = tmp_path_factory.mktemp("trained")
    train([write_persona(home / "library")], str(tiny_base), home / "adapter", Recipe(rank=2, epochs=1))
    return home / "adapter"


@pytest.fixture
def adapter(tmp_path, trained):
    return shutil.copytree(trained, tmp_path / "adapter")


def rewrite(adapter, change):
    """Let ``change`` alter the tensors, by name, and write them again."""
    path = adapter / "adapter_model.safetensors"
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


def test_a_sound_adapter_is_named_by_its_weights(adapter, tiny_base):
    """Its version changes whenever its weights do, and with nothing else."""
    before = adapters.admit(adapter, "bosun", str(tiny_base))
    edit(adapter / "card.json", final_loss=0)
    assert adapters.admit(adapter, "bosun", str(tiny_base)) == before
    rewrite(adapter, lambda tensors: next(iter(tensors.values())).__imul__(2))
    after = adapters.admit(adapter, "bosun", str(tiny_base))
    assert after.version.startswith("bosun-")
    assert after.version != before.version


def first(tensors):
    return min(tensors)


DAMAGE = {
    "is damaged .* train it again": lambda folder: (folder / "adapter_model.safetensors").write_bytes(
        (folder / "adapter_model.safetensors").read_bytes()[:-100]
    ),
    "is damaged": lambda folder: (folder / "adapter_model.safetensors").write_bytes(b"\xff" * 50),
    "lacks one half of .*layers.0.mlp.down_proj": lambda folder: rewrite(folder, lambda t: t.pop(first(t))),
    "lacks one half of every layer": lambda folder: rewrite(folder, lambda t: t.clear()),
    "shape .* which is not of rank 3": lambda folder: edit(folder / "adapter_config.json", r=3),
    "shape .* not of rank 2": lambda folder: rewrite(folder, lambda t: t.update({first(t): np.ones(2, np.float32)})),
    "not finite": lambda folder: rewrite(folder, lambda t: t[first(t)].fill(np.nan)),
    "not finite numbers": lambda folder: rewrite(folder, lambda t: t[first(t)].fill(np.inf)),
    "no LoRA weight: lm_head": lambda folder: rewrite(folder, lambda t: t.update(lm_head=np.ones(2, np.float32))),
    "does not cover the layers": lambda folder: rewrite(folder, lambda t: without(t, "layers.1.mlp")),
    "lacks some layers: it holds 1 down_proj": lambda folder: (
        rewrite(folder, lambda t: without(t, "layers.1.mlp")),
        edit(
            folder / "adapter_config.json",
            target_modules="down_proj up_proj gate_proj q_proj k_proj v_proj o_proj".split(),
        ),
    ),
    "does not cover": lambda folder: edit(folder / "adapter_config.json", target_modules=None),
    "another base model": lambda folder: edit(folder / "card.json", base={"name": "base", "sha256": "0" * 64}),
    "trained on another": lambda folder: edit(folder / "card.json", base=None),
    "trained on another base model": lambda folder: edit(folder / "card.json", base="base"),
    r"do not belong in an adapter: notes\.txt": lambda folder: (folder / "notes.txt").write_text("mine"),
    r"belong in an adapter: adapter_model\.bin": lambda folder: (folder / "adapter_model.bin").write_bytes(
        b"\x80\x04."
    ),
    r"card\.json": lambda folder: (
        (folder / "card.json").rename(folder.parent / "card.json"),
        (folder / "card.json").symlink_to(folder.parent / "card.json"),
    ),
    r"adapter_config\.json cannot be read": lambda folder: (folder / "adapter_config.json").write_text("{"),
    r"card\.json cannot be read": lambda folder: (folder / "card.json").unlink(),
    r"card\.json does not hold an object": lambda folder: (folder / "card.json").write_text("[]"),
}


@pytest.mark.parametrize("sentence", DAMAGE)
def test_a_damaged_adapter_is_refused_with_its_fault(adapter, tiny_base, sentence):
    """Each kind of damage, most of which peft loads without a word, is refused in a sentence that names it."""
    DAMAGE[sentence](adapter)
    with pytest.raises(BadAdapter, match=sentence) as raised:
        adapters.admit(adapter, "bosun", str(tiny_base))
    assert str(raised.value).endswith(".")


def test_an_adapter_too_large_to_be_one_is_not_opened(adapter, tiny_base):
    """The size is judged before the file is read."""
    with (adapter / "adapter_model.safetensors").open("r+b") as file:
        file.truncate(adapters.LARGEST + 1)
    with pytest.raises(BadAdapter, match="larger than 64 MiB"):
        adapters.admit(adapter, "bosun", str(tiny_base))


def test_a_base_on_a_hub_is_known_by_its_name(adapter):
    """Where the base is no folder, its name must be the one on the card, and the card must hold no hash."""
    edit(adapter / "card.json", base={"name": "small-model", "sha256": None})
    assert adapters.admit(adapter, "bosun", "somebody/small-model")
    with pytest.raises(BadAdapter, match="another base model than somebody/other"):
        adapters.admit(adapter, "bosun", "somebody/other")


def test_the_trained_voice_is_served_before_the_shipped_one(bosun, adapter, tmp_path, tiny_base):
    """A voice trained here comes first, then the one in the persona's folder, then none."""
    assert adapters.current(bosun, tmp_path / "adapters", str(tiny_base)) is None
    shipped = shutil.copytree(adapter, bosun.folder / "adapter")
    assert adapters.current(bosun, tmp_path / "adapters", str(tiny_base)).folder == shipped
    trained = shutil.copytree(adapter, tmp_path / "adapters" / "bosun")
    assert adapters.current(bosun, tmp_path / "adapters", str(tiny_base)).folder == trained


def test_a_refused_voice_is_not_replaced_by_another(bosun, adapter, tmp_path, tiny_base):
    """Where the trained voice is damaged, its owner hears of it; the shipped one does not step in silently."""
    shutil.copytree(adapter, bosun.folder / "adapter")
    trained = shutil.copytree(adapter, tmp_path / "adapters" / "bosun")
    (trained / "adapter_model.safetensors").write_bytes(b"")
    with pytest.raises(BadAdapter, match="damaged"):
        adapters.current(bosun, tmp_path / "adapters", str(tiny_base))


def test_the_fingerprint_is_of_the_embeddings_alone(tiny_base, tmp_path):
    """Another header or file beside the weights changes nothing; another embedding does; a hub id has none."""
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    (copy / "config.json").write_text("{}")
    assert adapters.fingerprint(str(copy)) == adapters.fingerprint(str(tiny_base))
    save_file({"model.embed_tokens.weight": np.zeros((2, 2), np.float32)}, copy / "model.safetensors")
    assert load_file(copy / "model.safetensors")
    assert adapters.fingerprint(str(copy)) != adapters.fingerprint(str(tiny_base))
    assert adapters.fingerprint("somebody/small-model") is None
