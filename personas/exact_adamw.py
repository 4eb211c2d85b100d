"""AdamW for weights in bf16 that are moved by less than bf16 can show."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    import torch


def exact_adamw(parameters: "Iterable[torch.nn.Parameter]", lr: float) -> "torch.optim.Optimizer":
    """Return an AdamW that keeps moments and weights in float32, and hands the model its weights rounded.

    In bf16 alone, with 8 bits of precision, most updates would be rounded away, and a second moment that decays by a
    thousandth a step would not decay at all (Micikevicius et al. 2018, Mixed Precision Training, arXiv:1710.03740,
    section 3.1).
    """
    import torch

    class ExactAdamW(torch.optim.AdamW):
        def __init__(self, rounded: list[torch.nn.Parameter]) -> None:
            self._rounded = rounded
            super().__init__([weight.detach().float().requires_grad_() for weight in rounded], lr=lr, weight_decay=0)

        def step(self, closure: Any = None) -> Any:  # noqa: ANN401 -- torch's own signature
            for exact, rounded in self._pairs():
                exact.grad = None if rounded.grad is None else rounded.grad.float()
            loss = super().step(closure)
            self._round()
            return loss

        def state_dict(self) -> dict[str, Any]:
            return super().state_dict() | {"exact": [exact.detach().clone() for exact, _ in self._pairs()]}

        def load_state_dict(self, state_dict: dict[str, Any]) -> None:
            state = dict(state_dict)
            with torch.no_grad():
                for (exact, _), kept in zip(self._pairs(), state.pop("exact"), strict=True):
                    exact.copy_(kept)
            super().load_state_dict(state)
            self._round()

        def _pairs(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
            exact = [weight for group in self.param_groups for weight in group["params"]]
            return list(zip(exact, self._rounded, strict=True))

        def _round(self) -> None:
            with torch.no_grad():
                for exact, rounded in self._pairs():
                    rounded.copy_(exact)

    return ExactAdamW(list(parameters))
