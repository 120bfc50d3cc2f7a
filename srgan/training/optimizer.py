"""What turns gradients into updates, by name; Muon takes the kernels between hidden layers, Adam then the rest."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

LEAST_CHANNELS = 16
"""Kernels with fewer input or output channels than this are Adam's."""

MEMORY = 0.99
"""How much of the mean square of the gradients a step of Adam or RMSprop keeps."""

Rule = Callable[[Sequence[nn.Parameter], float], torch.optim.Optimizer]

RULES: dict[str, Rule] = {
    "adam": lambda weights, momentum: torch.optim.Adam(weights, betas=(momentum, MEMORY), fused=True),
    "adamw": lambda weights, momentum: torch.optim.AdamW(weights, betas=(momentum, MEMORY), fused=True),
    "rmsprop": lambda weights, momentum: torch.optim.RMSprop(
        weights,
        alpha=MEMORY,
        capturable=weights[0].is_cuda,  # or steps would be counted beside the device
    ),
    "sgd": lambda weights, momentum: torch.optim.SGD(weights, momentum=momentum),
    "muon": lambda weights, momentum: torch.optim.Muon(weights, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"),
}
"""Weights and a momentum become an optimizer, which is told its learning rate at each step.

Adam: Kingma and Ba 2015, arXiv:1412.6980. AdamW, with a decay of 0.01: Loshchilov and Hutter 2019, arXiv:1711.05101.
RMSprop: Tieleman and Hinton 2012, Neural Networks for Machine Learning, lecture 6.5. SGD: Sutskever et al. 2013,
"On the importance of initialization and momentum in deep learning", Eq. 1 and 2. Muon: see `Optimizer`.
"""


class Optimizer:
    """An optimizer of `RULES`; "muon" has the large kernels alone, and Adam what is left.

    Muon orthogonalises the momentum of each kernel, taken as a matrix of output channels by everything else, so that
    all its directions are learnt at the same pace (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). Its
    steps are scaled to the size of Adam's, so both share one learning rate (Liu et al. 2025, arXiv:2502.16982, Eq. 4).

    Args:
        momentum: how much of its last direction a step keeps: Adam's first beta, SGD's momentum.
    """

    def __init__(self, weights: Iterable[nn.Parameter], name: str = "muon", momentum: float = 0.9) -> None:
        everything = list(weights)
        self._kernels = [weight for weight in everything if name == "muon" and _is_large(weight)]
        others = [weight for weight in everything if not any(weight is kernel for kernel in self._kernels)]
        # Views of the same numbers: what Muon does to a matrix, it does to the kernel.
        self._matrices = [nn.Parameter(_as_matrix(kernel.detach(), kernel)) for kernel in self._kernels]
        parts = {"adam" if name == "muon" else name: others, "muon": self._matrices}
        self._parts = {name: RULES[name](its, momentum) for name, its in parts.items() if its}

    def step(self, learning_rate: float, finite: Bool[Tensor, ""]) -> None:
        """Moves the weights along their gradients unless these are not `finite`, and forgets the gradients."""
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else _as_matrix(kernel.grad, kernel)
        for part in self._parts.values():
            for group in part.param_groups:
                group["lr"] = learning_rate
            if part.defaults.get("fused"):
                _step_if(finite, part)
            else:
                _undo_unless(finite, part)
            part.zero_grad()
        for kernel in self._kernels:
            kernel.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        if "param_groups" in state:  # of an adversary that could have no other than Adam
            state = {"adam": state}
        for name, part in self._parts.items():
            part.load_state_dict(state[name])


def _step_if(finite: Bool[Tensor, ""], adam: torch.optim.Optimizer) -> None:
    """A step of a fused Adam that the device itself leaves out where `finite` is false."""
    adam.grad_scale, adam.found_inf = None, (~finite).float()  # type: ignore[attr-defined]
    adam.step()


def _undo_unless(finite: Bool[Tensor, ""], part: torch.optim.Optimizer) -> None:
    """A step of what knows of no steps to leave out: taken back by the device itself where `finite` is false."""
    weights: list[Tensor] = [weight for group in part.param_groups for weight in group["params"]]
    before = [(weight.detach().clone(), {k: v.clone() for k, v in _memory(part, weight).items()}) for weight in weights]
    part.step()
    for weight, (old, memory) in zip(weights, before, strict=True):
        weight.detach().copy_(torch.where(finite, weight.detach(), old))
        for name, now in _memory(part, weight).items():
            now.copy_(torch.where(finite, now, memory.get(name, torch.zeros_like(now))))


def _memory(part: torch.optim.Optimizer, weight: Tensor) -> dict[str, Tensor]:
    return {name: value for name, value in part.state[weight].items() if isinstance(value, Tensor)}


def _is_large(weight: Tensor) -> bool:
    return weight.ndim == 4 and min(weight.shape[:2]) >= LEAST_CHANNELS


def _as_matrix(kernel: Tensor, weight: Tensor) -> Tensor:
    """One row an output channel, the columns in the order in which `weight` lies in memory."""
    return kernel.flatten(1) if weight.is_contiguous() else kernel.permute(0, 2, 3, 1).flatten(1)
