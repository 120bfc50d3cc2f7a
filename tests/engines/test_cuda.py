"""On a GPU: what comes out is what a CPU makes of it. `pytest -m gpu` runs these where there is one."""

import numpy as np
import pytest
import torch

from srgan.engines import make_engine
from srgan.engines.devices import choose_devices
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.inference.restore import restore
from srgan.training.config import TrainConfig
from srgan.training.loop import train

pytestmark = pytest.mark.gpu

DEVICE = "cuda"


@pytest.fixture(autouse=True)
def exact(monkeypatch):
    """Convolutions in float32 as they are written, not in TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)


def both(model, picture, mask=None, **options):
    """What the GPU makes of a picture, and what the CPU does in float32."""
    on_gpu = make_engine(model, device=DEVICE, **options)
    on_cpu = make_engine(model, device="cpu", precision="fp32")
    return (restore(model, picture, mask, engine=engine).astype(int) for engine in (on_gpu, on_cpu))


@pytest.mark.parametrize("precision, levels", [("fp32", 1), ("auto", 2)])
@pytest.mark.parametrize("task, network", [("upscale", "compact"), ("upscale", "srresnet"), ("denoise", "unet")])
def test_a_picture_is_restored_as_on_the_cpu(make_model, pixels, task, network, precision, levels):
    model = make_model(task, network, std=0.1)

    on_gpu, on_cpu = both(model, pixels(90, 70), precision=precision)

    assert np.abs(on_gpu - on_cpu).max() <= levels


def test_a_hole_is_filled_as_on_the_cpu(make_model, pixels):
    model = make_model("inpaint", "unet", std=0.1)
    mask = np.zeros((90, 70), bool)
    mask[20:70, 20:50] = True

    on_gpu, on_cpu = both(model, pixels(90, 70), mask, precision="fp32")

    assert np.abs(on_gpu - on_cpu).max() <= 1


def test_tiles_that_share_a_batch_are_restored_as_alone(make_model, pixels):
    model, picture = make_model(scale=2), pixels(90, 70)
    engine = make_engine(model, device=DEVICE, precision="fp32")

    tiled, whole = (restore(model, picture, engine=engine, tile=side).astype(int) for side in (16, 1000))

    assert np.abs(tiled - whole).max() <= 1


def test_auto_takes_every_gpu():
    assert choose_devices() == [torch.device("cuda", index) for index in range(torch.cuda.device_count())]


@pytest.mark.parametrize("task", ["upscale", "denoise", "inpaint"])
def test_a_model_is_trained(make_model, pixels, tmp_path, task):
    write(tmp_path / "in" / "a.png", Image(pixels(128, 128)))
    network = "compact" if task == "upscale" else "unet"
    config = TrainConfig(steps=3, crop=32, batch=2, log_every=1, device=DEVICE, adversarial=0.01)

    trained = train(make_model(task, network), tmp_path / "in", tmp_path / "run", config)

    assert all(parameter.isfinite().all() for parameter in trained.parameters())
