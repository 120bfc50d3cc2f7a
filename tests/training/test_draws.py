"""What networks are shown stays what `draws.json` beside this file says: a change of the code changes no draw.

python -m tests.training.test_draws  # writes the file anew, where a change is meant
"""

import json
import tempfile
from contextlib import ExitStack
from functools import partialmethod
from pathlib import Path
from unittest.mock import patch

import numpy as np
import pytest
import torch

from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.networks.compact import Compact
from srgan.networks.discriminators import PatchGAN
from srgan.tasks import TASKS
from srgan.training.config import TrainConfig
from srgan.training.loop import train

KEPT = Path(__file__).with_name("draws.json")
LOOKED_AT = 24
"""Samples of each batch that are kept: enough to tell any other draw, of whichever of its pictures."""

TRAINED = {
    "upscale": {"scale": 2},
    "upscale, photo": {"scale": 2, "source": "photo"},
    "denoise": {"told": 0.5},
    "inpaint": {},
    "generate": {"scale": 4, "latent": 6, "classes": "even,odd"},
}
JUDGED = {
    "upscale": {"scale": 2},
    **{f"upscale, {source}": {"scale": 2, "source": source} for source in ("photo", "web", "phone", "old")},
    **{f"denoise, {noise}": {"noise": noise} for noise in ("25", "camera", "raw", "jpeg:40")},
    **{f"inpaint, {holes}": {"holes": holes} for holes in ("thin", "thick")},
}
CONFIG = TrainConfig(
    **{"steps": 2, "batch": 4, "crop": 16, "warmup": 0, "device": "cpu", "precision": "fp32"},
    **{"learning_rate": 1e-9, "final_learning_rate": 1e-9, "discriminator_learning_rate": 1e-9},
    **{"adversarial": 0.1, "conditional": True, "augment": True, "discriminator_steps": 2, "off_grid": 4},
    **{"discriminator_width": 2, "discriminator_depth": 2, "log_every": 2, "checkpoint_every": 2, "validate_every": 2},
)


def drawn(number):
    """A picture of 72 x 80 px: waves of any length, and a bit of noise."""
    rng = np.random.default_rng(number)
    rows, columns = np.mgrid[:72, :80]
    waves = [np.sin(rows * a + columns * b + c) for a, b, c in rng.uniform(-1, 1, (6, 3)) * (0.6, 0.6, 3)]
    levels = 128 + 40 * np.stack([sum(waves[2 * channel : 2 * channel + 3]) for channel in range(3)], axis=-1)
    return np.clip(levels + rng.integers(-8, 9, levels.shape), 0, 255).astype(np.uint8)


def looked_at(batch):
    """Some samples of a batch, always the same."""
    places = np.random.default_rng(0).integers(0, batch.numel(), LOOKED_AT)
    return [round(value, 3) for value in batch.detach().float().flatten()[torch.from_numpy(places)].tolist()]


def shown_in_training(name):
    """What the networks of a tiny run see, in this order: the generator, its average and the discriminator."""
    seen = []

    def recording(network, method, pictures):
        if not torch.is_inference_mode_enabled():  # what is shown for a look, or to see how fast that is, is not learnt
            seen.append(looked_at(pictures))
        return method(network, pictures)

    task = TASKS[name.partition(",")[0]](**TRAINED[name])
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for number in range(4):
            write(folder / ("even", "odd")[number % 2] / f"{number}.png", Image(drawn(number)))
        for network, method in ((Compact, "forward"), (PatchGAN, "layers")):
            stack.enter_context(patch.object(network, method, partialmethod(recording, getattr(network, method))))
        train(Model(task, {"name": "compact", "width": 2, "depth": 1, "fold": 1}), folder, folder / "out", CONFIG)
    return seen


def shown_in_evaluation(name):
    """What is observed of a picture, as models are scored."""
    task = TASKS[name.partition(",")[0]](**JUDGED[name])
    return [looked_at(task.observe(torch.from_numpy(drawn(5)).permute(2, 0, 1)[None] / 255, 7))]


def check(shown, kept):
    """All samples are the same, or all but one of a batch: machines round differently, and so may a JPEG."""
    assert len(shown) == len(kept)
    for now, before in zip(shown, kept, strict=True):
        assert np.isclose(now, before, rtol=0, atol=0.004).sum() >= LOOKED_AT - 1


def test_every_task_that_draws_what_is_lost_is_looked_at():
    drawing = {name for name, task in TASKS.items() if not task.only_pairs}

    assert {name.partition(",")[0] for name in TRAINED} == drawing


@pytest.mark.parametrize("name", TRAINED)
def test_networks_are_shown_in_training_what_they_always_were(name):
    check(shown_in_training(name), json.loads(KEPT.read_text())["training"][name])


@pytest.mark.parametrize("name", JUDGED)
def test_models_are_scored_on_what_they_always_were(name):
    check(shown_in_evaluation(name), json.loads(KEPT.read_text())["evaluation"][name])


def test_another_seed_is_noticed(monkeypatch):
    monkeypatch.setattr("tests.training.test_draws.CONFIG", TrainConfig(**{**vars(CONFIG), "seed": 1}))

    with pytest.raises(AssertionError):
        check(shown_in_training("denoise"), json.loads(KEPT.read_text())["training"]["denoise"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    shown = {
        "training": {name: shown_in_training(name) for name in TRAINED},
        "evaluation": {name: shown_in_evaluation(name) for name in JUDGED},
    }
    KEPT.write_text(json.dumps(shown).replace("]], ", "]],\n").replace("], ", "],\n") + "\n")
