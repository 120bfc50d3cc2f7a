"""What turns gradients into updates: Muon for the kernels between hidden layers, Adam for everything else."""

from collections.abc import Iterable
from typing import Any

import torch
from jaxtyping import Bool
from torch import Tensor, nn

from srgan.training.config import TrainConfig

LEAST_CHANNELS = 16
"""Kernels with fewer input or output channels than this are Adam's."""


class Optimizer:
    """Adam (Kingma and Ba 2015, arXiv:1412.6980), and where the configuration says so Muon for the large kernels.

    Muon orthogonalises the momentum of each kernel, taken as a matrix of output channels by everything else, so that
    all its directions are learnt at the same pace (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon). Its
    steps are scaled to the size of Adam's, so both share one learning rate (Liu et al. 2025, arXiv:2502.16982, Eq. 4).
    """

    def __init__(self, weights: Iterable[nn.Parameter], config: TrainConfig) -> None:
        everything = list(weights)
        self._kernels = [weight for weight in everything if config.optimizer == "muon" and _is_large(weight)]
        others = [weight for weight in everything if not any(weight is kernel for kernel in self._kernels)]
        # Views of the same numbers: what Muon does to a matrix, it does to the kernel.
        self._matrices = [nn.Parameter(_as_matrix(kernel.detach(), kernel)) for kernel in self._kernels]
        self._parts: dict[str, torch.optim.Optimizer] = {}
        if others:
            self._parts["adam"] = torch.optim.Adam(others, lr=config.learning_rate, betas=(0.9, 0.99), fused=True)
        if self._matrices:
            self._parts["muon"] = torch.optim.Muon(
                self._matrices, lr=config.learning_rate, weight_decay=0.0, adjust_lr_fn="match_rms_adamw"
            )

    def step(self, learning_rate: float, finite: Bool[Tensor, ""]) -> None:
        """Moves the weights along their gradients unless these are not `finite`, and forgets the gradients."""
        for matrix, kernel in zip(self._matrices, self._kernels, strict=True):
            matrix.grad = None if kernel.grad is None else _as_matrix(kernel.grad, kernel)
        for part in self._parts.values():
            for group in part.param_groups:
                group["lr"] = learning_rate
        if "adam" in self._parts:
            step_if(finite, self._parts["adam"])
        if "muon" in self._parts:
            _undo_unless(finite, self._parts["muon"], self._matrices)
        for part in self._parts.values():
            part.zero_grad()
        for kernel in self._kernels:
            kernel.grad = None

    def state_dict(self) -> dict[str, Any]:
        return {name: part.state_dict() for name, part in self._parts.items()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        for name, part in self._parts.items():
            part.load_state_dict(state[name])


def step_if(finite: Bool[Tensor, ""], adam: torch.optim.Optimizer) -> None:
    """A step of a fused Adam that the device itself leaves out where `finite` is false."""
    adam.grad_scale, adam.found_inf = None, (~finite).float()  # type: ignore[attr-defined]
    adam.step()


def _undo_unless(finite: Bool[Tensor, ""], muon: torch.optim.Optimizer, matrices: list[nn.Parameter]) -> None:
    """A step of Muon, which knows of no steps to leave out: taken back by the device itself where `finite` is false."""
    before = [(matrix.detach().clone(), {k: v.clone() for k, v in muon.state[matrix].items()}) for matrix in matrices]
    muon.step()
    for matrix, (weights, memory) in zip(matrices, before, strict=True):
        matrix.detach().copy_(torch.where(finite, matrix.detach(), weights))
        for name, now in muon.state[matrix].items():
            now.copy_(torch.where(finite, now, memory.get(name, torch.zeros_like(now))))


def _is_large(weight: Tensor) -> bool:
    return weight.ndim == 4 and min(weight.shape[:2]) >= LEAST_CHANNELS


def _as_matrix(kernel: Tensor, weight: Tensor) -> Tensor:
    """One row an output channel, the columns in the order in which `weight` lies in memory."""
    return kernel.flatten(1) if weight.is_contiguous() else kernel.permute(0, 2, 3, 1).flatten(1)
