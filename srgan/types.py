"""The shapes that cross module borders; pictures are float32 RGB in [0, 1] unless a name says otherwise."""

import numpy as np
from jaxtyping import Float, Shaped, UInt8
from torch import Tensor

Batch = Float[Tensor, "n 3 h w"]
"""Pictures of one size."""

Mask = Float[Tensor, "n 1 h w"]
"""1 where pixels are missing, 0 where they are known."""

Observed = Float[Tensor, "n c oh ow"]
"""What a generator is shown: what is left of the clean pictures, in the form its task defines."""

Pixels = Shaped[Tensor, "n c h w"]
"""Pictures of one size as they are given: levels of a file in uint8 or uint16, or floats in which white is 1."""

Restored = Shaped[Tensor, "n d sh sw"]
"""The same, restored: in the kind that they were given in."""

Opacity = Shaped[np.ndarray, "h w"]
"""How much of each pixel is replaced: 1 where all of it is, 0 where it stays, or between."""

Bytes = UInt8[Tensor, "3 _ _"]
"""One picture as it lies in an 8-bit file."""

Levels = Shaped[np.ndarray, "_ _ 3"]
"""Colours as they lie in a file, in uint8, uint16 or float32."""

Logits = Float[Tensor, "n 1 _ _"]
"""A discriminator's raw outputs, one for each patch it looks at; above 0 means real."""
