"""Adapters side by side: who makes room, how much memory they take, and that their products are peft's."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from personas.lora_slots import Group, NoFreeSlot, Slots

GROUPS = (
    Group("qkv", ("q_proj", "k_proj"), 8, (8, 4), stacked=False),
    Group("gate_up", ("gate_proj", "up_proj"), 8, (12, 12), stacked=True),
)
SIZES = {"self_attn.q_proj": (8, 8), "self_attn.k_proj": (8, 4), "mlp.gate_proj": (8, 12), "mlp.up_proj": (8, 12)}
EACH = 2 * (8 * 8 + 8 * 12 + 2 * 8 * 4 + 2 * 4 * 12)
"""Bytes of a slot of rank 4 in one layer."""


@pytest.fixture
def write(tmp_path):
    """Return a way to write an adapter in peft's format."""

    def written(name, rank=4, alpha=8, leave_out=(), **more):
        torch.manual_seed(len(name) + rank)
        folder = tmp_path / name
        folder.mkdir()
        tensors = {}
        for module, (inputs, outputs) in SIZES.items():
            if module.partition(".")[2] not in leave_out:
                key = f"base_model.model.model.layers.0.{module}.lora_"
                tensors[f"{key}A.weight"] = torch.randn(rank, inputs).bfloat16()
                tensors[f"{key}B.weight"] = torch.randn(outputs, rank).bfloat16()
        save_file(tensors, folder / "adapter_model.safetensors")
        (folder / "adapter_config.json").write_text(json.dumps({"r": rank, "lora_alpha": alpha, **more}))
        return folder

    return written


def slots(count, rank=4):
    return Slots(1, GROUPS, EACH * count, rank)


def product(held, slot, module, x):
    """Return what the slot adds to a row, by the layout that its group describes."""
    group = next(group for group in GROUPS if module in group.modules)
    n = group.modules.index(module)
    a, b = (_floats(held.arrays[f"{half}.0.{group.name}"][slot][n if group.stacked else 0]) for half in "AB")
    first = 0 if group.stacked else sum(group.outputs[:n])
    return (x @ a @ b)[first : first + group.outputs[n]]


def _floats(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


@pytest.mark.parametrize("rank", [1, 3, 4])
@pytest.mark.parametrize(("alpha", "rslora"), [(8, False), (2, False), (8, True)])
def test_a_slot_multiplies_as_peft_does(write, rank, alpha, rslora):
    """Whatever the rank and the scale, the stacked matrices give what peft's layer adds."""
    from peft import LoraConfig
    from peft.tuners.lora import Linear

    folder, held = write("one", rank, alpha, use_rslora=rslora), slots(1)
    slot = held.take("one", folder)
    from safetensors.torch import load_file

    tensors, x = load_file(folder / "adapter_model.safetensors"), torch.randn(8)
    for module, (inputs, outputs) in SIZES.items():
        base = torch.nn.Linear(inputs, outputs, bias=False)
        config = LoraConfig(r=rank, lora_alpha=alpha, use_rslora=rslora)
        layer = Linear(base, "one", config, r=rank, lora_alpha=alpha)
        for half in "AB":
            key = f"base_model.model.model.layers.0.{module}.lora_{half}.weight"
            getattr(layer, f"lora_{half}")["one"].weight.data = tensors[key].float()
        added = (layer(x) - base(x)).detach().numpy()
        ours = product(held, slot, module.partition(".")[2], x.numpy())
        assert np.allclose(ours, added, rtol=0.01, atol=0.01 * np.abs(added).max())


def test_a_module_that_the_adapter_leaves_out_adds_nothing(write):
    """Also where the slot held an adapter that has it."""
    held, x = slots(1), np.ones(8, np.float32)
    held.release(held.take("whole", write("whole")))
    slot = held.take("part", write("part", leave_out=("k_proj", "up_proj")))
    assert not product(held, slot, "k_proj", x).any()
    assert not product(held, slot, "up_proj", x).any()
    assert product(held, slot, "q_proj", x).any()
    assert product(held, slot, "gate_proj", x).any()


def test_the_least_recently_used_makes_room(write):
    """An adapter that was used again stays; one in use is never overwritten."""
    folders, held = {name: write(name) for name in "a bb ccc".split()}, slots(2)
    for name in ("a", "bb", "a"):
        held.release(held.take(name, folders[name]))
    held.release(held.take("ccc", folders["ccc"]))
    assert held.loaded == ("a", "ccc")
    kept = held.take("a", folders["a"])
    held.release(held.take("bb", folders["bb"]))
    assert held.loaded == ("a", "bb")
    assert held.take("bb", folders["bb"]) != kept
    with pytest.raises(NoFreeSlot):
        held.take("ccc", folders["ccc"])
    with pytest.raises(NoFreeSlot):
        held.take(None, None)
    assert held.loaded == ("a", "bb")


@pytest.mark.parametrize("count", [1, 2, 5])
def test_the_memory_is_as_much_as_was_given(write, count):
    """The arrays take no more bytes than they may, also after a larger rank has come."""
    held = slots(count)
    assert held.count == count
    assert sum(array.nbytes for array in held.arrays.values()) == EACH * count
    if count > 1:
        held.release(held.take("large", write("large", rank=8)))
        assert (held.rank, held.count) == (8, count // 2)
        assert sum(array.nbytes for array in held.arrays.values()) <= EACH * count


def test_a_larger_rank_waits_until_no_adapter_is_in_use(write):
    """The arrays are made anew only where nobody reads them."""
    held, large = slots(4), write("large", rank=8)
    small = held.take("small", write("small"))
    with pytest.raises(NoFreeSlot):
        held.take("large", large)
    held.release(small)
    held.take("large", large)
    assert held.loaded == ("large",)


def test_damaged_weights_are_refused_and_take_nothing(write):
    """A file that was cut is an error about this adapter; the others stay."""
    held, folder = slots(2), write("cut")
    held.release(held.take("sound", write("sound")))
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-8])
    with pytest.raises(ValueError, match="damaged"):
        held.take("cut", folder)
    assert held.loaded == ("sound",)
