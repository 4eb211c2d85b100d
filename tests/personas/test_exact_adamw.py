import copy

import torch

from personas.exact_adamw import exact_adamw


def weights(dtype):
    generator = torch.Generator().manual_seed(1)
    return [torch.nn.Parameter(torch.randn(size, generator=generator).to(torch.bfloat16).to(dtype)) for size in (3, 5)]


def move(optimizer, parameters, steps, start=0):
    for step in range(start, start + steps):
        for n, weight in enumerate(parameters):
            weight.grad = torch.full_like(weight, 0.5 if (step + n) % 3 else -0.25)
        optimizer.step()


def test_it_moves_as_adamw_does_in_float32():
    """The model's bf16 weights are, after every step, those of an AdamW in float32, rounded."""
    mine, theirs = weights(torch.bfloat16), weights(torch.float32)
    one, two = exact_adamw(mine, 1e-3), torch.optim.AdamW(theirs, lr=1e-3, weight_decay=0)
    for step in range(20):
        move(one, mine, 1, step)
        move(two, theirs, 1, step)
        assert all(torch.equal(a, b.to(torch.bfloat16)) for a, b in zip(mine, theirs, strict=True))


def test_steps_too_small_for_bf16_add_up():
    """Where each step is below what bf16 shows, the weights move all the same."""
    mine = [torch.nn.Parameter(torch.ones(4, dtype=torch.bfloat16))]
    optimizer = exact_adamw(mine, 1e-4)
    for _ in range(200):
        mine[0].grad = torch.ones_like(mine[0])
        optimizer.step()
    assert torch.allclose(mine[0].float(), torch.full((4,), 0.98), atol=0.004)


def test_a_checkpoint_loses_nothing():
    """Saved, loaded into another optimiser and gone on with, it ends where an uninterrupted one does."""
    whole, first = weights(torch.bfloat16), weights(torch.bfloat16)
    move(exact_adamw(whole, 1e-3), whole, 10)
    before = exact_adamw(first, 1e-3)
    move(before, first, 5)
    kept = copy.deepcopy(before.state_dict())
    second = weights(torch.bfloat16)
    after = exact_adamw(second, 1e-3)
    after.load_state_dict(kept)
    move(after, second, 5, start=5)
    assert all(torch.equal(a, b) for a, b in zip(whole, second, strict=True))
