"""The games that a generator and a discriminator play: each is a pair of losses of (real logits, fake logits).

A logit above 0 means "real". A relative game asks instead whether a picture is more real than those of
the other kind.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float
from torch import Tensor

from srgan.types import Logits

REAL_LABEL = 0.9
"""What a smoothed game calls real pictures."""

Scalar = Float[Tensor, ""]

Judge = Callable[[Tensor], Logits]
"""A discriminator, or one with its condition already given."""


Mean = Callable[[Tensor], Scalar]
"""Over which logits a loss is averaged: all, or some."""


class Game(NamedTuple):
    """What each player minimises, given the logits of real and of fake pictures, and the means over either.

    Attributes:
        relative: only differences between logits mean something.
        penalty: weight of the gradient penalty that the game needs to be played at all.
        bound: to which the discriminator's weights are cut after each step, where the game needs that; else 0.
    """

    discriminator: Callable[..., Scalar]
    generator: Callable[..., Scalar]
    relative: bool = False
    penalty: float = 0.0
    bound: float = 0.0


def mean(x: Tensor) -> Scalar:
    """Over all."""
    return x.mean()


def mean_of(counted: Bool[Tensor, "n 1 h w"]) -> Mean:
    """The mean over those that count: how many they are is never asked, or the device would be waited for."""
    share = counted.float()

    def over_some(x: Tensor) -> Scalar:
        average: Tensor = (x * share).sum() / share.sum()
        return average

    return over_some


def _cross_entropy(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E log D(real) - E log(1 - D(fake)), with D = sigmoid(logits)."""
    return over_real(F.softplus(-real)) + over_fake(F.softplus(fake))


def _smoothed_cross_entropy(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E [0.9 log D(real) + 0.1 log(1 - D(real))] - E log(1 - D(fake)): the label of real pictures is 0.9, not 1.

    One-sided, since a smoothed label of fake ones would hold the generator where it is: Salimans et al. 2016,
    arXiv:1606.03498, Sec. 3.4.
    """
    return over_real(F.softplus(-real) + (1 - REAL_LABEL) * real) + over_fake(F.softplus(fake))


def _minimax(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """E log(1 - D(fake)): Goodfellow et al. 2014, arXiv:1406.2661, Eq. 1. Its gradient fades where D is sure."""
    return -over_fake(F.softplus(fake))


def _non_saturating(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E log D(fake): Goodfellow et al. 2014, arXiv:1406.2661, Sec. 3, last paragraph."""
    return over_fake(F.softplus(-fake))


def _least_squares_discriminator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """Mao et al. 2017, LSGAN, arXiv:1611.04076, Eq. 2 with a = -1 and b = 1, so that 0 lies between fake and real."""
    return (over_real((real - 1).square()) + over_fake((fake + 1).square())) / 2


def _least_squares_generator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """Mao et al. 2017, LSGAN, arXiv:1611.04076, Eq. 2 with c = 1: to be taken for real."""
    return over_fake((fake - 1).square()) / 2


def _hinge(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """Lim and Ye 2017, Geometric GAN, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957, Eq. 16."""
    return over_real(F.relu(1 - real)) + over_fake(F.relu(1 + fake))


def _critic(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """Minus the estimate of the Wasserstein distance: Arjovsky et al. 2017, WGAN, arXiv:1701.07875, Eq. 2.

    That holds of slopes that are bounded: by cut weights (Algorithm 1, c = 0.01), or by a gradient penalty.
    """
    return over_fake(fake) - over_real(real)


def _raise_fake(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E C(fake): the generator of hinge and Wasserstein games (arXiv:1802.05957, Eq. 17; arXiv:1701.07875, Eq. 3)."""
    return -over_fake(fake)


def _relativistic_discriminator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """Jolicoeur-Martineau 2018, arXiv:1807.00734, Sec. 4.2; as in ESRGAN, Wang et al. 2018, arXiv:1809.00219, Eq. 1."""
    return over_real(F.softplus(over_fake(fake) - real)) + over_fake(F.softplus(fake - over_real(real)))


def _relativistic_generator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """The same with real and fake exchanged: ESRGAN, Wang et al. 2018, arXiv:1809.00219, Eq. 2."""
    return _relativistic_discriminator(fake, real, over_fake, over_real)


def _paired_discriminator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E log sigmoid(C(real) - C(fake)), each fake logit beside the real one of its place in the batch.

    Jolicoeur-Martineau 2018, arXiv:1807.00734, Sec. 4.1; as in R3GAN, Huang et al. 2024, arXiv:2501.05441, Eq. 2.
    """
    return over_fake(F.softplus(fake - real[:, :, : fake.shape[2]]))


def _paired_generator(real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean) -> Scalar:
    """-E log sigmoid(C(fake) - C(real)), in the same pairs (arXiv:2501.05441, Eq. 2)."""
    return over_fake(F.softplus(real[:, :, : fake.shape[2]] - fake))


GAMES: dict[str, Game] = {
    "minimax": Game(_cross_entropy, _minimax),
    "non_saturating": Game(_cross_entropy, _non_saturating),
    "smoothed": Game(_smoothed_cross_entropy, _non_saturating),
    "least_squares": Game(_least_squares_discriminator, _least_squares_generator),
    "hinge": Game(_hinge, _raise_fake),
    "wasserstein": Game(_critic, _raise_fake, relative=True, penalty=10.0),
    "wasserstein_clipped": Game(_critic, _raise_fake, relative=True, bound=0.01),
    "relativistic": Game(_relativistic_discriminator, _relativistic_generator, relative=True),
    "relativistic_paired": Game(_paired_discriminator, _paired_generator, relative=True),
}


def gradient_penalty(judge: Judge, real: Tensor, fake: Tensor, rng: torch.Generator) -> Scalar:
    """How far the critic's slope is from 1 between real and fake pictures: E (|grad C(x)| - 1)^2.

    C is the mean logit of a picture, which is what the game compares.

    Paper: Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", arXiv:1704.00028, Eq. 3.
    """
    share = torch.rand(real.shape[0], 1, 1, 1, generator=rng, device=real.device)
    between = torch.lerp(fake.detach(), real, share).requires_grad_()
    return (_slopes(judge(between).mean(dim=(1, 2, 3)), between) - 1).square().mean()


def r1(judge: Judge, real: Tensor) -> Scalar:
    """Half the squared slope at real pictures: E |grad D(x)|^2 / 2.

    D is the sum of a picture's logits, as in StyleGAN3 and LaMa: their mean would count N^2 times less with N logits.

    Paper: Mescheder et al. 2018, "Which Training Methods for GANs do actually Converge?", arXiv:1801.04406, Eq. 9.
    """
    real = real.detach().requires_grad_()
    return _slopes(judge(real).sum(dim=(1, 2, 3)), real).square().mean() / 2


def r2(judge: Judge, fake: Tensor) -> Scalar:
    """The same at fake pictures (arXiv:1801.04406, Eq. 10)."""
    return r1(judge, fake)


def _slopes(verdicts: Float[Tensor, "n"], pictures: Tensor) -> Float[Tensor, "n"]:
    """The length of the gradient of each picture's verdict, ready to be differentiated again."""
    (gradient,) = torch.autograd.grad(verdicts.sum(), pictures, create_graph=True)
    slopes: Tensor = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return slopes


def accuracy(
    game: Game, real: Logits, fake: Logits, over_real: Mean = mean, over_fake: Mean = mean
) -> tuple[Scalar, Scalar]:
    """The shares of real and of fake logits on their own side of 0; in a relative game, of the middle of both means."""
    between = (over_real(real) + over_fake(fake)) / 2 if game.relative else 0.0
    return over_real((real > between).float()), over_fake((fake < between).float())
