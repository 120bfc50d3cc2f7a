"""What a network says of pictures made of noise, where all of it is known beforehand."""

import numpy as np
import pytest
import torch

from srgan.data.pictures import load_pictures
from srgan.errors import ConfigError
from srgan.evaluation.classifier import learn
from srgan.evaluation.samples import judge, sampled
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.models.model import Model
from srgan.tasks.generate import Generate


@pytest.fixture(scope="module")
def shades(tmp_path_factory):
    """A folder of dark and of bright pictures."""
    folder, rng = tmp_path_factory.mktemp("shades"), np.random.default_rng(0)
    for number in range(40):
        for label, level in (("bright", 155), ("dark", 0)):
            levels = rng.integers(level, level + 100, (8, 8, 3)).astype(np.uint8)
            write(folder / label / f"{number}.png", Image(levels))
    return folder


@pytest.fixture(scope="module")
def classifier(shades):
    return learn(load_pictures(shades), ["bright", "dark"], epochs=10)


def painter(classes="dark,bright"):
    """A generator that makes a plain picture of the class it is told, bright only for the last."""
    model = Model(Generate(scale=8, latent=1, classes=classes), {"name": "mlp", "width": 1, "depth": 1}).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.zero_()
        model.generator.head.weight[0, -1] = 4.0
        model.generator.tail.weight.fill_(1.0)
        model.generator.tail.bias.fill_(-2.0)
    return model


def test_samples_are_the_pictures_of_the_seeds_as_they_are_in_files(make_model):
    model = make_model("generate", "dcgan", std=3.0)

    pictures = sampled(model, 900, "cpu")  # more than a tile is wide

    assert pictures.shape == (900, 3, 4, 4)
    for seed in (3, 700):
        asked = model.asked(first=seed)
        alone = asked(asked.task.present(torch.zeros(1, 3, 1, 1))).clamp(0, 1)
        torch.testing.assert_close(pictures[seed : seed + 1], alone, atol=0.51 / 255, rtol=0)


def test_shares_and_what_was_asked_are_counted(shades, classifier):
    told = judge(painter(), classifier, shades, count=10, device="cpu")

    assert told["shares"] == {"bright": 0.5, "dark": 0.5}
    assert told["as_asked"] == 1
    assert told["sure"] == 1
    assert told["count"] == 10 and told["distance"] > 0


def test_a_generator_that_makes_one_class_whatever_is_asked_is_seen(shades, classifier):
    model = painter()
    torch.nn.init.zeros_(model.generator.head.weight)

    told = judge(model, classifier, shades, count=10, device="cpu")

    assert told["shares"] == {"bright": 0.0, "dark": 1.0}
    assert told["as_asked"] == 0.5


def test_where_there_are_no_classes_to_ask_for_nothing_is_said_of_them(shades, classifier):
    assert judge(painter(""), classifier, shades, count=4, device="cpu")["as_asked"] is None


def test_a_classifier_of_another_size_is_refused(shades, classifier, make_model):
    with pytest.raises(ConfigError, match="sees pictures of 8 px, and this model makes some of 4 px"):
        judge(make_model("generate", "mlp"), classifier, shades)


def test_without_a_classifier_squeezenet_sees_how_far_and_how_diverse_they_are(shades, squeezenet_weights):
    model = painter("")
    torch.nn.init.zeros_(model.generator.head.weight)

    told = judge(model, None, shades, count=20, device="cpu")

    assert told["features"] == "SqueezeNet 1.1" and "shares" not in told
    assert (told["count"], told["real"]) == (20, 80)
    assert told["distance"] > told["distance_of_real"] > 0
    assert told["precision"] == 0  # plain ones do not lie among noisy ones
    assert told["diversity"] == pytest.approx(0, abs=1e-3)  # all of them are dark
    assert told["diversity_of_real"] > 0.1


def test_of_larger_real_pictures_the_middle_counts(shades, classifier, tmp_path):
    for number, picture in enumerate(load_pictures(shades).pictures):
        levels = np.pad(picture.permute(1, 2, 0).numpy(), ((2, 3), (4, 4), (0, 0)))
        write(tmp_path / f"{number:02}.png", Image(levels))

    assert judge(painter(), classifier, tmp_path, count=10) == judge(painter(), classifier, shades, count=10)


def test_real_pictures_too_few_to_compare_with_are_refused(classifier, tmp_path):
    write(tmp_path / "one.png", Image(np.zeros((8, 8, 3), np.uint8)))

    with pytest.raises(ConfigError, match="1 real pictures are too few to compare samples with: give 4 or more"):
        judge(painter(), classifier, tmp_path)
