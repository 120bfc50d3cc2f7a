"""`translate`: what it learns from, and what it makes."""

import pytest
import torch

from srgan.data.crops import check_pairs
from srgan.data.sources import Paired, sources
from srgan.errors import ConfigError
from srgan.evaluation.scoring import evaluate
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.tasks.translate import Translate
from srgan.training.config import configure
from srgan.training.loop import train

QUICK = {"steps": 20, "crop": 24, "batch": 4, "network": "compact", "width": 16, "depth": 2, "fold": 1, "device": "cpu"}
QUICK |= {"discriminator_width": 4, "discriminator_depth": 2, "learning_rate": 5e-3, "warmup": 2, "ema": 0.9}
QUICK |= {"precision": "fp32", "log_every": 20, "checkpoint_every": 20, "validate_every": 20}


@pytest.fixture(scope="module")
def pair(photos, tmp_path_factory):
    """The same scenes by day, and dark."""
    dark = tmp_path_factory.mktemp("dark")
    for path in photos.iterdir():
        image = read(path)
        write(dark / path.name, type(image)(image.rgb // 3))
    return Paired(photos, dark)


def test_pictures_without_their_pairs_are_refused(photos, pair):
    check_pairs(Translate(), sources(pair))
    with pytest.raises(ConfigError, match="translate can be learnt, and judged, from pairs alone: give --paired"):
        check_pairs(Translate(), sources(photos))


def test_the_discriminator_sees_both_pictures():
    observed = torch.rand(2, 3, 8, 8)

    assert torch.equal(Translate().condition(observed), observed)
    assert configure("translate", {})[1].conditional


def test_a_short_game_brings_pictures_nearer_than_they_were(pair, tmp_path):
    model, config = configure("translate", QUICK)

    scores = evaluate(train(model, pair, tmp_path, config), pair, metrics=("psnr",), device="cpu", precision="fp32")

    assert scores["mean"]["psnr"] > scores["baseline"]["identity"]["psnr"] + 3
