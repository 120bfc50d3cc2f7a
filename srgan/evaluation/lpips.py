"""What SqueezeNet sees of pictures, and how far apart two of them look by it."""

import contextlib
import functools
import pickle
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from jaxtyping import Float
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.networks.seeded import Seeded
from srgan.ops.resample import resize
from srgan.types import Batch

SMALLEST_SIDE = 17
"""Below this many pixels nothing is left for SqueezeNet's last pooling."""

SIDE = 64
"""What pictures are resized to for `squeezenet` [px], so that sets of any size compare."""


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


def squeezenet(pictures: Batch) -> Float[Tensor, "n 512"]:
    """What SqueezeNet 1.1, which learnt from ImageNet, sees of squares at 64 px: the means of its last feature maps.

    Paper: Iandola et al. 2016, arXiv:1602.07360, Fig. 2, up to fire9; as FID takes Inception's last pooling.

    Raises:
        ConfigError: its weights can be neither found nor downloaded.
    """
    network: Any = _lpips_network(pictures.device)
    scaled = network.scaling_layer(resize(pictures, SIDE, SIDE) * 2 - 1)
    seen: Tensor = network.net(scaled)[-1].mean(dim=(2, 3))
    return seen


@functools.cache
def _lpips_network(device: torch.device) -> nn.Module:
    """SqueezeNet 1.1 with the LPIPS heads on `device`, frozen; its `normalize=True` means pictures in [0, 1]."""
    from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity
    from torchvision.models import SqueezeNet1_1_Weights

    url = SqueezeNet1_1_Weights.DEFAULT.url
    path = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    try:
        # torch.hub announces its download on stdout, where results go; the layers draw random weights first.
        with contextlib.redirect_stdout(sys.stderr), Seeded(0):
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
