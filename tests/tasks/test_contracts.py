"""What every task with every network promises; a new one inherits these tests."""

import json

import pytest
import torch
from safetensors import safe_open

from srgan.models import zoo
from srgan.models.file import load, save
from srgan.models.model import Model
from srgan.networks import NETWORKS
from srgan.options import SCORING, TRAINING, USE, asked, options_of, record
from srgan.tasks import TASKS
from tests.conftest import SMALL_TASKS

every_task = pytest.mark.parametrize("task", TASKS)
every_network = pytest.mark.parametrize("network", NETWORKS)


def clean_pictures(model, n=2):
    """Pictures whose sides any task can degrade."""
    return torch.rand(n, 3, 12 * model.task.scale, 10 * model.task.scale, generator=torch.Generator().manual_seed(3))


def degraded(model, clean):
    return model.task.degrade(clean, torch.Generator().manual_seed(4))


@every_task
@every_network
def test_save_then_load_gives_the_same_pixels(task, network, make_model, tmp_path):
    model = make_model(task, network)
    observed = degraded(model, clean_pictures(model))

    save(model, tmp_path / "model.safetensors")
    loaded = load(tmp_path / "model.safetensors")

    with torch.inference_mode():
        assert torch.equal(loaded(observed), model(observed))
    assert (loaded.task, loaded.network) == (model.task, model.network)


@every_task
@every_network
def test_half_weights_are_stored_as_float16_and_loaded_as_float32(task, network, make_model, tmp_path):
    model, path = make_model(task, network), tmp_path / "model.safetensors"

    save(model, path, half=True)
    loaded = load(path)

    with safe_open(path, "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118
    for ours, theirs in zip(loaded.parameters(), model.parameters(), strict=True):
        assert ours.dtype == torch.float32
        assert torch.equal(ours, theirs.half().float())


@every_task
@every_network
def test_describe_says_without_the_weights_what_load_sees(task, network, make_model, tmp_path):
    model, path = make_model(task, network), tmp_path / "model.safetensors"
    card = {"training": {"step": 7}, "licence": "CC0", "scores": {"Set5": {"psnr": 31.5}}}

    save(model, path, card=card)
    loaded, said = load(path), zoo.describe(path)

    assert said == {
        "format": 1,
        "task": {"name": task, **record(loaded.task)},
        "optional": sorted(asked(TASKS[task], TRAINING, SCORING) - asked(TASKS[task], USE)),
        "network": loaded.network,
        **card,
    }
    assert loaded.card == card
    assert json.loads(json.dumps(said)) == said


@every_task
@every_network
def test_a_loaded_model_saved_again_is_the_same_file(task, network, make_model, tmp_path):
    save(make_model(task, network), tmp_path / "first.safetensors", card={"licence": "CC0"})

    save(load(tmp_path / "first.safetensors"), tmp_path / "second.safetensors")

    assert (tmp_path / "first.safetensors").read_bytes() == (tmp_path / "second.safetensors").read_bytes()


@every_task
@every_network
def test_degrading_composing_and_presenting_fit_together(task, network, make_model):
    model = make_model(task, network)
    clean = clean_pictures(model)

    observed = degraded(model, clean)
    restored = model(observed)
    presented = model.task.present(observed[:, :3])

    assert observed.dtype == restored.dtype == torch.float32
    assert restored.shape == clean.shape
    assert presented.shape == observed.shape
    assert observed.shape[1] == model.task.in_channels


@every_task
def test_degrading_draws_only_from_its_rng(task, make_model):
    model = make_model(task)
    clean = clean_pictures(model)

    first = degraded(model, clean)
    torch.rand(5)

    assert torch.equal(degraded(model, clean), first)


@every_task
@every_network
def test_pictures_of_a_batch_do_not_influence_each_other(task, network, make_model):
    model = make_model(task, network)
    observed = degraded(model, clean_pictures(model, n=3))

    with torch.inference_mode():
        together = model(observed)
        alone = torch.cat([model(one[None]) for one in observed])

    torch.testing.assert_close(together, alone, atol=1e-5, rtol=0)


@every_task
@every_network
def test_compose_works_in_float32_also_under_autocast(task, network, make_model):
    model = make_model(task, network)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    observed = degraded(model, clean_pictures(model))
    exact = model(observed)

    with torch.autocast("cpu", torch.bfloat16):
        restored = model(observed)

    assert restored.dtype == torch.float32
    assert torch.equal(restored, exact)


@every_task
@every_network
def test_fresh_weights_are_a_function_of_the_seed_and_leave_the_global_rng_alone(task, network):
    torch.manual_seed(1)
    before = torch.random.get_rng_state()
    one, same, other = (
        Model(TASKS[task](**SMALL_TASKS.get(task, {})), network, seed=seed).generator.state_dict() for seed in (5, 5, 6)
    )

    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not all(torch.equal(one[key], other[key]) for key in one)


@every_task
@every_network
def test_gradients_reach_every_weight(task, network, make_model):
    model = make_model(task, network)

    model(degraded(model, clean_pictures(model))).square().mean().backward()

    for name, parameter in model.named_parameters():
        assert parameter.grad is not None and parameter.grad.abs().sum() > 0, name


@every_task
def test_every_option_of_a_task_explains_itself(task):
    for name, field in options_of(TASKS[task]).items():
        assert field.metadata.get("help"), name
