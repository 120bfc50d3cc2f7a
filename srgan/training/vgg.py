"""What VGG19 sees of a picture.

Pixels that differ may look alike, and the other way round; the inner layers of a network trained to name photographs
judge more as an eye does.
"""

import contextlib
import os
import pickle
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from srgan.errors import ConfigError
from srgan.types import Batch


class Vgg19(nn.Module):
    """VGG19 up to the deepest of some of its layers, frozen: pictures become feature maps before activation.

    Paper: Simonyan and Zisserman 2014, arXiv:1409.1556, configuration E.

    Args:
        layers: names such as "conv3_4", fourth convolution of the third block.
        weights: a file of torchvision's tensors (`features.0.weight`, ...), safetensors or PyTorch; None lets
            torchvision find or download its own.

    Raises:
        ConfigError: there is no such layer, or the weights are missing, damaged, or do not reach that far.
    """

    def __init__(self, layers: Sequence[str], weights: str | os.PathLike[str] | None = None) -> None:
        super().__init__()
        if unknown := [name for name in layers if name not in VGG19_LAYERS]:
            raise ConfigError(f"VGG19 has no layer {unknown[0]!r}: choose from {', '.join(VGG19_LAYERS)}")
        self.layers = tuple(layers)
        tensors = _vgg19_tensors(weights)
        self.convolutions = nn.ModuleDict()
        for name in list(VGG19_LAYERS)[: max(map(list(VGG19_LAYERS).index, layers)) + 1]:
            key = f"features.{VGG19_LAYERS[name]}"
            if f"{key}.weight" not in tensors:
                raise ConfigError(f"{weights}: holds no {key}.weight, so VGG19 does not reach {name} with it")
            weight, bias = tensors[f"{key}.weight"], tensors.get(f"{key}.bias")
            if bias is None or weight.shape[2:] != (3, 3):
                raise ConfigError(f"{weights}: {key} is not a 3x3 convolution with a bias, as VGG19's are")
            with torch.device("meta"):
                convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
            convolution.load_state_dict({"weight": weight.float(), "bias": bias.float()}, assign=True)
            self.convolutions[name] = convolution
        self.mean = nn.Buffer(torch.tensor([0.485, 0.456, 0.406])[:, None, None])
        self.std = nn.Buffer(torch.tensor([0.229, 0.224, 0.225])[:, None, None])
        self.requires_grad_(False).to(memory_format=torch.channels_last)

    def forward(self, pictures: Batch) -> dict[str, Float[Tensor, "n c _ _"]]:
        """What each of the layers sees; gradients flow to the pictures."""
        seen = {}
        x = (pictures - self.mean) / self.std
        for name, convolution in self.convolutions.items():
            if name.endswith("_1") and name != "conv1_1":
                x = F.max_pool2d(x, 2)
            x = convolution(x)
            if name in self.layers:
                seen[name] = x
            x = F.relu(x)
        return seen


VGG19_LAYERS = {
    **{"conv1_1": 0, "conv1_2": 2, "conv2_1": 5, "conv2_2": 7},
    **{"conv3_1": 10, "conv3_2": 12, "conv3_3": 14, "conv3_4": 16},
    **{"conv4_1": 19, "conv4_2": 21, "conv4_3": 23, "conv4_4": 25},
    **{"conv5_1": 28, "conv5_2": 30, "conv5_3": 32, "conv5_4": 34},
}
"""The convolutions of VGG19 by the paper's names, with their place in torchvision's list."""


def _vgg19_tensors(weights: str | os.PathLike[str] | None) -> dict[str, Tensor]:
    """The tensors of a file, or of torchvision's own download."""
    try:
        if weights is not None:
            if Path(weights).suffix == ".safetensors":
                return load_file(weights)
            return _tensors_of(torch.load(weights, map_location="cpu", weights_only=True))
        from torchvision.models import VGG19_Weights

        with contextlib.redirect_stdout(sys.stderr):
            return dict(VGG19_Weights.DEFAULT.get_state_dict(progress=True, check_hash=True))
    except (OSError, RuntimeError, EOFError, TypeError, pickle.UnpicklingError, SafetensorError) as error:
        url = "https://download.pytorch.org/models/vgg19-dcbb9e9d.pth"
        raise ConfigError(
            f"perceptual losses need VGG19's weights, and {weights or 'the download by torchvision'} gives none "
            f"({type(error).__name__}: {error}); fetch {url} on another machine and give it by --set features=FILE"
        ) from error


def _tensors_of(loaded: object) -> dict[str, Tensor]:
    if not isinstance(loaded, dict) or not all(isinstance(tensor, Tensor) for tensor in loaded.values()):
        raise TypeError("not a dictionary of tensors")
    return loaded
