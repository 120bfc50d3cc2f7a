"""Settings: defaults, then TOML, then --set; unknown ones are refused with the nearest known."""

import pytest

from srgan.errors import ConfigError
from srgan.options import options_of
from srgan.tasks.upscale import Upscale
from srgan.training.config import TrainConfig, configure, read_values


def test_assignments_win_over_toml_and_toml_over_defaults(tmp_path):
    toml = tmp_path / "run.toml"
    toml.write_text('scale = 2\nnetwork = "compact"\nwidth = 8\nsteps = 500\nbatch = 4\n')

    model, config = configure("upscale", read_values(toml, ["steps=2k", "depth=1", " crop = 24"]))

    assert model.task == Upscale(scale=2)
    assert (model.network["name"], model.network["width"], model.network["depth"]) == ("compact", 8, 1)
    assert (config.steps, config.batch, config.crop) == (2000, 4, 24)
    assert config.learning_rate == TrainConfig().learning_rate


def test_the_later_of_two_assignments_wins():
    assert read_values(None, ["steps=1", "steps=2"]) == {"steps": "2"}


def test_the_seed_decides_the_fresh_weights():
    one, same, other = (configure("upscale", {"width": 8, "seed": seed})[0] for seed in (1, 1, 2))

    weights = [model.generator.state_dict()["head.weight"] for model in (one, same, other)]

    assert (weights[0] == weights[1]).all()
    assert not (weights[0] == weights[2]).all()


def test_what_is_given_wins_over_the_recipe_of_the_network_and_that_over_the_recipe_of_the_task():
    model, config = configure("generate", {})
    plain, mlp = configure("generate", {"network": "mlp", "batch": 7})
    _, upscale = configure("upscale", {})

    assert (model.network["name"], config.discriminator, config.crop, config.l1, config.batch) == (
        *("dcgan", "dcgan"),
        *(1, 0.0, 64),
    )
    assert (plain.network["name"], mlp.discriminator, mlp.crop, mlp.batch) == ("mlp", "mlp", 1, 7)
    assert upscale == TrainConfig()


@pytest.mark.parametrize(
    "values, message",
    [
        ({"step": 5}, "unknown option 'step': did you mean 'steps'?"),
        ({"learningrate": 5}, "unknown option 'learningrate': did you mean 'learning_rate'?"),
        ({"network": "srresnet", "fold": 1}, None),
        ({"network": "resnet"}, None),
        ({"scale": 5}, "scale=5: choose 2, 3 or 4"),
        ({"steps": 0}, "steps=0: must be at least 1"),
        ({"log_every": 0}, "log_every=0: must be at least 1"),
        ({"optimizer": "lion"}, "optimizer 'lion': choose one of adam, adamw, rmsprop, sgd, muon"),
        ({"ema": 1.5}, "ema=1.5: must lie in [0, 1]"),
        ({"momentum": 1}, "momentum=1.0: must be at least 0 and less than 1"),
        ({"l1": -1}, "l1=-1.0: must not be negative"),
        ({"minutes": "nan"}, "minutes=nan: not a number"),
        ({"minutes": "inf"}, "minutes=inf: must be finite"),
        ({"weight_l2": -1}, "weight_l2=-1.0: must not be negative"),
        ({"orientations": 4}, "orientations 4: choose one of 8, 2, 1"),
        ({"off_grid": 0}, "off_grid=0: must be at least 1"),
        ({"discriminators": 0}, "discriminators=0: must be at least 1"),
        ({"precision": "fp16"}, "precision 'fp16': choose one of auto, bf16, fp32"),
        ({"width": -1}, None),
        ({"batch": -1}, "batch=-1: must be at least 1"),
        ({"l1": 0}, "nothing to minimise: give a loss, such as l1, a weight"),
        ({"log_every": 100, "checkpoint_every": 150}, "checkpoint_every=150: must be a multiple of log_every=100"),
        ({"log_every": 100, "validate_every": 50}, "validate_every=50: must be a multiple of log_every=100"),
    ],
)
def test_settings_that_make_no_sense_are_refused(values, message):
    with pytest.raises(ConfigError) as caught:
        configure("upscale", values)
    assert message is None or str(caught.value) == message


def test_an_unknown_task_is_refused():
    with pytest.raises(ConfigError) as caught:
        configure("upscail", {})
    assert str(caught.value) == "unknown task 'upscail': did you mean 'upscale'?"


def test_an_assignment_without_a_value_is_refused():
    with pytest.raises(ConfigError) as caught:
        read_values(None, ["steps"])
    assert str(caught.value) == "--set steps: write key=value"


@pytest.mark.parametrize("text", [b"steps = ", b"[steps", b"\xff\xfe"])
def test_a_damaged_toml_file_is_named(tmp_path, text):
    (tmp_path / "run.toml").write_bytes(text)

    with pytest.raises(ConfigError) as caught:
        read_values(tmp_path / "run.toml", [])
    assert str(caught.value).startswith(f"{tmp_path}/run.toml: ")


def test_a_missing_toml_file_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"run\.toml: .*No such file"):
        read_values(tmp_path / "run.toml", [])


def test_the_objective_holds_what_has_a_weight():
    assert TrainConfig(l1=0.5, l2=0.0, charbonnier=2.0).objective == {"l1": 0.5, "charbonnier": 2.0}


def test_every_setting_explains_itself():
    assert all(field.metadata["help"] for field in options_of(TrainConfig).values())


def test_a_network_that_does_not_bear_the_precision_of_training_is_judged_in_its_own(make_model):
    config = TrainConfig(precision="bf16", device="cpu")

    assert config.judging(make_model("upscale").generator) == {"device": "cpu", "precision": "bf16"}
    assert config.judging(make_model("generate", network="mlp").generator) == {"device": "cpu", "precision": "auto"}
