"""Where SqueezeNet's weights are."""

from pathlib import Path

import pytest
import torch

WEIGHTS = "squeezenet1_1-b8a52dc0.pth"
_SHARED = Path(__file__).parents[3] / "shared" / "features"


@pytest.fixture
def squeezenet_weights(monkeypatch):
    """SqueezeNet's weights are on this machine, so that nothing is downloaded."""
    if _SHARED.is_dir():
        monkeypatch.setenv("TORCH_HOME", str(_SHARED))
    if not Path(torch.hub.get_dir(), "checkpoints", WEIGHTS).is_file():
        pytest.skip(f"needs {WEIGHTS} in {torch.hub.get_dir()}/checkpoints")
