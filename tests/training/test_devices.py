"""Every task is trained, resumed and used on every device there is: always a CPU, and with `pytest -m gpu` CUDA."""

import numpy as np
import pytest
import torch

from srgan.engines import make_engine
from srgan.inference.restore import restore
from srgan.models.model import Model
from srgan.tasks import TASKS
from srgan.training import loop
from srgan.training.config import TrainConfig
from tests.conftest import SMALL_TASKS, shown

every_task = pytest.mark.parametrize("task", TASKS)

QUICK = {"batch": 4, "precision": "fp32", "log_every": 2, "checkpoint_every": 2, "validate_every": 2, "l1": 1.0}
CROPS = {"upscale": 16, "generate": 8}
PLAYING = {"adversarial": 0.1, "discriminator_width": 4, "discriminator_depth": 2, "discriminator_steps": 2}


@pytest.fixture(params=["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def device(request, monkeypatch):
    """A device whose convolutions compute in float32 as they are written, not in TF32."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", False)
    return request.param


def fresh(task):
    return Model(TASKS[task](**SMALL_TASKS.get(task, {})), {"name": "compact", "width": 16, "depth": 2, "fold": 1})


def configured(task, device, **settings):
    return TrainConfig(**{**QUICK, "crop": CROPS.get(task, 32), "device": device, **settings})


@every_task
def test_training_lowers_the_loss(photos, tmp_path, task, device):
    pace = {"log_every": 20, "checkpoint_every": 40, "validate_every": 40}
    config = configured(task, device, steps=40, learning_rate=5e-3, warmup=2, rescale=0.0, **pace)
    start = fresh(task)

    def distance(model):
        pictures = loop.load_pictures(shown(task, photos))
        batches = loop.pairs(pictures, model.task, crop=config.crop, batch=16, start=1000, device=torch.device("cpu"))
        observed, clean, _ = next(batches)[0]
        with torch.no_grad():
            return (model.cpu()(observed) - clean).square().mean().item()

    trained = loop.train(start, shown(task, photos), tmp_path, config)

    assert distance(trained) < distance(start)


@every_task
@pytest.mark.parametrize("game", [{}, PLAYING], ids=["alone", "playing"])
def test_a_run_cut_in_two_is_the_whole_run(photos, tmp_path, monkeypatch, task, game, device):
    """Bit for bit on a CPU; on a GPU, which adds up in any order, as closely as that allows."""
    config, data = configured(task, device, steps=4, **game), shown(task, photos)
    whole = loop.train(fresh(task), data, tmp_path / "whole", config)

    class Stopped(Exception):
        pass

    def stop(*arguments):
        raise Stopped

    with monkeypatch.context() as patched, pytest.raises(Stopped):
        patched.setattr(loop, "write_curves", stop)
        loop.train(fresh(task), data, tmp_path / "cut", config)
    cut = loop.train(fresh(task), data, tmp_path / "cut", config)

    tolerance = 0 if device == "cpu" else 1e-3
    for ours, theirs in zip(cut.parameters(), whole.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=tolerance)


@every_task
def test_a_picture_is_restored_as_on_a_cpu_within_a_level(make_model, pixels, task, device):
    model, mask = make_model(task, std=0.1), None
    if task == "inpaint":
        mask = np.zeros((60, 50), bool)
        mask[20:40, 10:30] = True

    here, on_cpu = (
        restore(model, pixels(60, 50), mask, engine=make_engine(model, device=where, precision="fp32")).astype(int)
        for where in (device, "cpu")
    )

    assert np.abs(here - on_cpu).max() <= (0 if device == "cpu" else 1)
