"""Ways through the latent space: between two latents, along its main directions, and back to it from a picture."""

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from srgan.types import Batch

Latent = Float[Tensor, "latent"]
"""One vector of normal numbers."""


def between(one: Latent, other: Latent, steps: int) -> Float[Tensor, "{steps} latent"]:
    """The way from one latent to another on a sphere, where latents of normal numbers lie; both ends included.

    Paper: Shoemake 1985, "Animating Rotation with Quaternion Curves", doi:10.1145/325165.325242, Sec. 3.3; for GANs
    White 2016, arXiv:1609.04468, Sec. 2.
    """
    share = torch.linspace(0, 1, steps)[:, None]
    angle = torch.cosine_similarity(one, other, dim=0).clamp(-1, 1).acos()
    if angle.sin() < 1e-4:
        return torch.lerp(one, other, share)
    return (((1 - share) * angle).sin() * one + (share * angle).sin() * other) / angle.sin()


def directions(first: Float[Tensor, "features latent"], count: int) -> Float[Tensor, "{count} latent"]:
    """The unit directions along which the first layer of a generator changes most, the most changing one first.

    They are the eigenvectors of A^T A, with A the weights of that layer: Shen and Zhou 2021, SeFa, arXiv:2007.06600,
    Eq. 4.
    """
    found: Tensor = torch.linalg.svd(first, full_matrices=False).Vh[:count]
    signs = found.gather(1, found.abs().argmax(dim=1, keepdim=True)).sign()  # of which any would do, and one is kept
    return found * signs


def nearest(
    make: Callable[[Float[Tensor, "n latent"]], Batch],
    picture: Batch,
    latent: int,
    *,
    starts: int = 8,
    steps: int = 300,
    seed: int = 0,
) -> tuple[Latent, float]:
    """The latent whose picture is nearest, found from several starts, and the mean square of the difference.

    Latents are held to the length that normal numbers have: Zhu et al. 2016, iGAN, arXiv:1609.03552, Sec. 3.1, by Adam.

    Args:
        make: what becomes of latents, as a function that can be differentiated.
    """
    found = torch.randn(starts, latent, generator=torch.Generator().manual_seed(seed)).requires_grad_()
    optimizer = torch.optim.Adam([found], lr=0.05)
    errors = torch.zeros(starts)
    for _ in range(steps):
        errors = (make(found) - picture).square().mean(dim=(1, 2, 3))
        length = found.square().mean(dim=1)
        (gradient,) = torch.autograd.grad((errors + 1e-3 * (length - 1).square()).sum(), found)
        found.grad = gradient
        optimizer.step()
    with torch.no_grad():
        errors = (make(found) - picture).square().mean(dim=(1, 2, 3))
    best = int(errors.argmin())
    return found.detach()[best], float(errors[best])
