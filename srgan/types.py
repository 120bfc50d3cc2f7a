"""The shapes that cross module borders; pictures are float32 RGB in [0, 1] unless a name says otherwise."""

from jaxtyping import Float, UInt8
from torch import Tensor

Batch = Float[Tensor, "n 3 h w"]
"""Pictures of one size."""

Observed = Float[Tensor, "n c oh ow"]
"""What a generator is shown: what is left of the clean pictures, in the form its task defines."""

Bytes = UInt8[Tensor, "3 _ _"]
"""One picture as it lies in an 8-bit file."""
