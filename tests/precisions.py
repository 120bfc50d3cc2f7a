"""The precisions that tests compute in, those left out which this machine has not."""

import pytest
import torch

from srgan.engines.precision import computes

HAS_BF16 = computes(torch.device("cpu"), torch.bfloat16)

needs_bf16 = pytest.mark.skipif(not HAS_BF16, reason="this CPU does not compute in bf16")

PRECISIONS = ("fp32", pytest.param("bf16", marks=needs_bf16))
