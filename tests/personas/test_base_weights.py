"""What a base model's files say about it."""

import json
import shutil

import numpy as np
from safetensors.numpy import load_file, save_file

from personas.base_weights import fingerprint, layer_shapes


def test_the_fingerprint_is_of_the_embeddings_alone(tiny_base, tmp_path):
    """Another header or file beside the weights changes nothing; another embedding does."""
    copy = shutil.copytree(tiny_base, tmp_path / "copy")
    (copy / "config.json").write_text("{}")
    assert fingerprint(str(copy)) == fingerprint(str(tiny_base))
    save_file({"model.embed_tokens.weight": np.zeros((2, 2), np.float32)}, copy / "model.safetensors")
    assert load_file(copy / "model.safetensors")
    assert fingerprint(str(copy)) != fingerprint(str(tiny_base))


def test_a_model_without_files_here_has_none(tmp_path):
    """A hub id that was never downloaded, an empty folder, and what is no hub id at all have no fingerprint."""
    for base in ("somebody/small-model", str(tmp_path), "../nowhere", "a--b/--c", ""):
        assert fingerprint(base) is None
        assert layer_shapes(base) is None


def test_weights_without_token_embeddings_have_no_fingerprint(tmp_path):
    """Such a model is known by its name."""
    save_file({"layer.weight": np.zeros((2, 3), np.float32)}, tmp_path / "model.safetensors")
    assert fingerprint(str(tmp_path)) is None
    assert layer_shapes(str(tmp_path)) == {"layer": (2, 3)}


def test_shapes_are_the_models_own(tiny_base):
    """Each layer has the shape that the loaded model has."""
    from personas.base_model import load_base

    model, _ = load_base(str(tiny_base))
    shapes = layer_shapes(str(tiny_base))
    found = {name: tuple(module.weight.shape) for name, module in model.named_modules() if name in shapes}
    assert found == shapes
    assert shapes["model.layers.1.mlp.down_proj"] == (32, 64)


def test_a_model_in_several_files_is_the_same_model(tiny_base, tmp_path):
    """Cut into shards with an index, it has the same fingerprint and the same layers."""
    from personas.base_model import load_base

    model, _ = load_base(str(tiny_base))
    model.save_pretrained(tmp_path / "shards", max_shard_size="20KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 1
    assert fingerprint(str(tmp_path / "shards")) == fingerprint(str(tiny_base))
    assert layer_shapes(str(tmp_path / "shards")) == layer_shapes(str(tiny_base))


def test_a_downloaded_model_is_found_by_its_id(tiny_base, tmp_path, monkeypatch):
    """A hub id stands for the files in the hub's own cache."""
    from huggingface_hub import constants

    home = tmp_path / "hub" / "models--somebody--tiny"
    shutil.copytree(tiny_base, home / "snapshots" / "1a2b")
    (home / "refs").mkdir()
    (home / "refs" / "main").write_text("1a2b")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    assert fingerprint("somebody/tiny") == fingerprint(str(tiny_base))
    assert json.dumps(layer_shapes("somebody/tiny")) == json.dumps(layer_shapes(str(tiny_base)))
