"""What torch computes in few bits is taken where it is finite, and only else computed again."""

import pytest
import torch

from srgan.engines.precision import Precision
from srgan.engines.torch_engine import TorchEngine
from srgan.errors import ImageError
from srgan.networks.network import Network


class Telling(Network):
    """A network whose answer says in which precision it was asked; one pixel of it may be what one likes."""

    in_channels, context, multiple_of = 3, 0, 1

    def __init__(self, spoilt=0.0):
        super().__init__()
        self.spoilt = spoilt

    def forward(self, observed):
        answer = torch.ones_like(observed) if observed.dtype is torch.float16 else torch.full_like(observed, 2)
        answer[0, 0, 0, 0] += self.spoilt
        return answer


def asked(spoilt=0.0, side=200):
    engine = TorchEngine(Telling(spoilt), torch.device("cpu"), Precision(torch.float16))
    return engine(torch.zeros(1, 3, side, side))


def test_a_large_tile_in_half_precision_is_not_taken_for_infinite_because_its_sum_is():
    answer = asked()

    assert torch.isinf(answer.sum(dtype=torch.float16))
    assert (answer == 1).all()


def test_a_pixel_that_overflows_in_half_precision_is_redone_in_float32():
    answer = asked(spoilt=1e5, side=8)

    assert answer.dtype is torch.float32 and answer[0, 0, 0, 0] == 1e5 + 2 and answer[0, 0, 0, 1] == 2


@pytest.mark.parametrize("spoilt", [float("nan"), float("inf")])
def test_what_is_not_finite_even_then_is_an_error(spoilt):
    with pytest.raises(ImageError) as caught:
        asked(spoilt, side=8)
    assert str(caught.value) == "the network's answer is not finite; its weights may be damaged"
