"""The task of making pictures of noise: latents by seed, classes, and how alike the pictures are."""

import numpy as np
import pytest
import torch

from srgan.errors import ConfigError
from srgan.inference.restore import restore
from srgan.tasks.generate import Generate


def blank(*shape):
    return torch.zeros(shape[0], 3, *shape[1:])


def rng(seed=0):
    return torch.Generator().manual_seed(seed)


def test_in_training_a_picture_becomes_standard_normal_noise():
    observed = Generate(latent=50).degrade(blank(200, 28, 28), rng())

    assert observed.shape == (200, 50, 1, 1)
    assert observed.mean().abs() < 0.05
    assert (observed.std() - 1).abs() < 0.05


def test_a_latent_is_that_of_its_seed_wherever_on_a_sheet_it_lies():
    sheet = Generate(latent=5, first=100).present(blank(2, 3, 4))

    for number, (picture, row, column) in enumerate((p, r, c) for p in range(2) for r in range(3) for c in range(4)):
        alone = Generate(latent=5, first=100 + number).present(blank(1, 1, 1))
        assert torch.equal(alone[0, :, 0, 0], sheet[picture, :, row, column])
        assert torch.equal(alone[0, :, 0, 0], torch.randn(5, generator=rng(100 + number)))


def test_truncation_shortens_latents_and_leaves_classes():
    whole, half = (Generate(latent=5, classes="a,b", truncation=share).present(blank(1, 2, 2)) for share in (1.0, 0.5))

    torch.testing.assert_close(half[:, :5], 0.5 * whole[:, :5])
    assert torch.equal(half[:, 5:], whole[:, 5:])


def test_the_class_of_each_picture_is_told_as_a_channel_of_its_own():
    task = Generate(latent=2, classes="cat,dog,owl")
    observed = task.degrade(blank(2, 28, 28), rng())

    told = task.labelled(observed, ["owl", "cat"])

    assert observed.shape == told.shape == (2, task.in_channels, 1, 1)
    assert torch.equal(told[:, :2], observed[:, :2])
    assert task.condition(told)[:, :, 0, 0].tolist() == [[0, 0, 1], [1, 0, 0]]
    assert Generate().labelled(observed, ["owl", "cat"]) is observed
    assert Generate().condition(observed) is None


def test_pictures_are_of_the_class_that_is_asked_for_or_of_each_in_turn():
    in_turn, owls = (
        Generate(latent=2, classes="cat,dog,owl", label=label, first=4).present(blank(1, 1, 4)) for label in ("", "owl")
    )

    assert in_turn[0, 2:].argmax(dim=0).tolist() == [[1, 2, 0, 1]]
    assert owls[0, 2:].argmax(dim=0).tolist() == [[2, 2, 2, 2]]


def test_a_sheet_shows_a_class_in_each_column_and_the_same_latents_whatever_is_asked():
    task = Generate(latent=2, classes="cat,dog,owl")

    examples = task.examples()

    assert examples.shape == (1, 5, 8, 3)
    assert (examples[0, 2:].argmax(dim=0) == torch.tensor([0, 1, 2])).all()
    assert torch.equal(examples, Generate(latent=2, classes="cat,dog,owl", label="dog", first=9).examples())


def test_a_grey_picture_has_three_equal_channels_from_one():
    task = Generate(grey=True, scale=2, latent=3)

    made = task.compose(task.present(blank(1, 1, 1)), torch.tensor([[[[-1.0, 0.0], [0.5, 1.0]]]]))

    assert task.out_channels == 1 and Generate().out_channels == 3
    assert made[0].tolist() == [[[0.0, 0.5], [0.75, 1.0]]] * 3


def test_spread_is_the_deviation_over_the_batch_beside_that_of_real_pictures():
    real = torch.tensor([0.0, 1.0, 0.0, 1.0]).view(4, 1, 1, 1).expand(-1, 3, 2, 2)
    fake = torch.tensor([0.4, 0.6, 0.4, 0.6]).view(4, 1, 1, 1).expand(-1, 3, 2, 2)

    measured = Generate().compared(fake, real)

    assert {name: value.item() for name, value in measured.items()} == pytest.approx({"spread": 0.2})


@pytest.mark.parametrize(
    "fields, message",
    [
        ({"scale": 0}, "scale=0: must be at least 1"),
        ({"truncation": -0.5}, "truncation=-0.5: must not be negative"),
        ({"classes": "a,b,a"}, "classes=a,b,a: a name stands there twice"),
        ({"classes": "a,b", "label": "c"}, "no class 'c': choose one of a, b"),
        ({"label": "c"}, "no class 'c': choose one of none, as there are none"),
    ],
)
def test_what_makes_no_sense_is_refused(fields, message):
    with pytest.raises(ConfigError) as caught:
        Generate(**fields)
    assert str(caught.value) == message


def test_a_picture_without_a_class_is_refused_where_there_are_classes():
    task = Generate(latent=2, classes="cat,dog")

    with pytest.raises(ConfigError, match="a picture has no class, of cat,dog: give a sub-folder for each class"):
        task.labelled(task.degrade(blank(1, 28, 28), rng()), [""])


def test_a_blank_picture_of_any_kind_becomes_the_same_sheet(make_model):
    model = make_model("generate", "mlp", std=3.0)

    floats = restore(model, torch.zeros(3, 2, 400))
    levels = restore(model, np.zeros((2, 400, 3), np.uint8))

    expected = floats.clamp(0, 1).mul(255).round().permute(1, 2, 0).numpy()
    assert levels.dtype == np.uint8 and levels.shape == (8, 1600, 3)
    np.testing.assert_array_equal(levels, expected)
