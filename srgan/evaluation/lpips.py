"""How far apart two pictures look, by what SqueezeNet sees of them."""

import contextlib
import functools
import pickle
import sys
from pathlib import Path
from urllib.parse import urlparse

import torch
from jaxtyping import Float
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.types import Batch

SMALLEST_SIDE = 17
"""Below this many pixels nothing is left for SqueezeNet's last pooling."""


def lpips(restored: Batch, clean: Batch) -> Float[Tensor, "n"]:
    """Learned perceptual distance of each picture on SqueezeNet 1.1, computed in float32; 0 means identical.

    Gradients flow to the pictures, never to the network. Values of other backbones (alex, vgg) do not compare.

    Paper: Zhang et al., "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric", CVPR 2018,
    arXiv:1801.03924 (Eq. 1; linear heads v0.1).

    Raises:
        ConfigError: a side is shorter than 17 px, or SqueezeNet's weights can be neither found nor downloaded.
    """
    height, width = clean.shape[2:]
    if min(height, width) < SMALLEST_SIDE:
        raise ConfigError(f"LPIPS needs pictures of at least {SMALLEST_SIDE} px a side, got {width}x{height}")
    distances: Tensor = _lpips_network(clean.device)(restored.float(), clean.float(), normalize=True)
    return distances[:, 0, 0, 0]


@functools.cache
def _lpips_network(device: torch.device) -> nn.Module:
    """SqueezeNet 1.1 with the LPIPS heads on `device`, frozen; its `normalize=True` means pictures in [0, 1]."""
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    from torchvision.models import SqueezeNet1_1_Weights

    url = SqueezeNet1_1_Weights.DEFAULT.url
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    try:
        # torch.hub announces its download on stdout, where results go; the layers draw random weights first.
        with contextlib.redirect_stdout(sys.stderr), torch.random.fork_rng(devices=[]):
            network = LearnedPerceptualImagePatchSimilarity(net_type="squeeze").net
    except OSError as error:
        raise ConfigError(
            f"LPIPS needs SqueezeNet's weights: {path} cannot be read, nor downloaded ({error}); "
            f"fetch {url} on another machine and put it there, or set TORCH_HOME to a folder that holds "
            f"hub/checkpoints/{path.name}"
        ) from error
    except (RuntimeError, EOFError, pickle.UnpicklingError) as error:
        raise ConfigError(
            f"{path}: SqueezeNet's weights are damaged ({type(error).__name__}); delete the file and run again, "
            f"or fetch {url} on another machine and put it there"
        ) from error
    return network.requires_grad_(False).to(device)
