"""Weights files: whole ones load, others are refused in words."""

import json
import pickle
import struct

import pytest
import torch
from safetensors.torch import load_file, save_file

from srgan.errors import ConfigError, WeightsError
from srgan.evaluation.cost import multiply_adds
from srgan.models.blend import blend, start_from
from srgan.models.file import load, save
from srgan.models.model import Model
from srgan.tasks.upscale import Upscale


@pytest.fixture
def path(tiny, tmp_path):
    """A sound weights file, to be damaged."""
    save(tiny, tmp_path / "model.safetensors")
    return tmp_path / "model.safetensors"


def refusal(path):
    with pytest.raises(WeightsError) as caught:
        load(path)
    assert caught.value.exit_code == 4
    return str(caught.value)


def header_of(path):
    data = path.read_bytes()
    return json.loads(data[8 : 8 + struct.unpack("<Q", data[:8])[0]])["__metadata__"]["srgan"]


def rewrite(path, *, tensors=None, **changes):
    """The same file with other tensors, or other values in its header."""
    header = {**json.loads(header_of(path)), **changes}
    save_file(load_file(path) if tensors is None else tensors, path, {"srgan": json.dumps(header)})


def test_a_model_shows_itself_in_one_line(tiny):
    assert repr(tiny).startswith("Model(Upscale(scale=2, ")
    assert "'name': 'compact', 'width': 8" in repr(tiny) and repr(tiny).endswith(" weights)")
    assert "\n" not in repr(tiny)


def test_an_unknown_network_is_refused():
    with pytest.raises(ConfigError, match=r"^unknown network 'resnet': choose one of "):
        Model(Upscale(), "resnet")


def test_a_missing_file_is_refused(tmp_path):
    assert (
        refusal(tmp_path / "a.safetensors") == f"{tmp_path}/a.safetensors: cannot be read (No such file or directory)"
    )


def test_a_folder_is_refused(tmp_path):
    assert refusal(tmp_path) == f"{tmp_path}: cannot be read (Is a directory)"


@pytest.mark.parametrize(
    "data", [b"", b"<!DOCTYPE html><html><body>Not found</body></html>", pickle.dumps({"weights": [0.0] * 100})]
)
def test_what_is_no_safetensors_file_is_refused(path, data):
    path.write_bytes(data)

    assert refusal(path) == f"{path}: not a safetensors file"


def test_a_pickle_is_refused_and_not_executed(path, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (open, (str(tmp_path / "bang"), "w"))

    torch.save({"bomb": Bomb()}, path)

    assert refusal(path) == f"{path}: not a safetensors file"
    assert not (tmp_path / "bang").exists()


def test_someone_elses_safetensors_file_is_refused(path):
    save_file({"weight": torch.zeros(3)}, path)

    assert refusal(path) == f"{path}: not a weights file that srgan wrote"


@pytest.mark.parametrize("position", [8, 20, 60])
def test_a_flipped_byte_in_the_header_is_refused(path, position):
    data = bytearray(path.read_bytes())
    data[position] ^= 0x80
    path.write_bytes(data)

    assert refusal(path) == f"{path}: not a weights file that srgan wrote"


@pytest.mark.parametrize("share", [0.1, 0.5, 0.99])
def test_a_truncated_file_is_refused(path, share):
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])

    assert refusal(path).startswith((f"{path}: damaged (", f"{path}: not a weights file that srgan wrote"))


def test_truncated_weights_are_refused_as_damaged(path):
    path.write_bytes(path.read_bytes()[:-1])

    said = refusal(path)

    assert said.startswith(f"{path}: damaged (") and said.endswith("); fetch it again")


def test_a_missing_and_an_unexpected_tensor_are_named(path):
    tensors = load_file(path)
    tensors["tail.bios"] = tensors.pop("tail.bias")
    rewrite(path, tensors=tensors)

    assert refusal(path) == f"{path}: missing ['tail.bias'], unexpected ['tail.bios']"


def test_a_tensor_of_another_shape_is_named_with_both(path):
    tensors = load_file(path)
    size = len(tensors["tail.bias"])
    tensors["tail.bias"] = torch.zeros(3)
    rewrite(path, tensors=tensors)

    assert refusal(path) == f"{path}: tail.bias is (3,), the network has ({size},)"


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_tensor_that_is_not_finite_is_named(path, value):
    tensors = load_file(path)
    tensors["head.bias"][1] = value
    rewrite(path, tensors=tensors)

    assert refusal(path) == f"{path}: head.bias holds numbers that are not finite"


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": Infinity}', "[1, 2]", '{"format": "two"}'])
def test_a_header_that_is_no_header_is_refused(path, text):
    save_file(load_file(path), path, {"srgan": text})

    assert refusal(path) == f"{path}: not a weights file that srgan wrote"


def test_a_newer_format_is_refused_with_what_to_do(path):
    rewrite(path, format=3)

    assert refusal(path) == f"{path}: format 3, this version reads up to 1; upgrade srgan"


@pytest.mark.parametrize(
    "changes",
    [
        {"task": {"name": "colourise"}},
        {"task": {"name": "upscale", "scale": 7}},
        {"task": {"name": "upscale", "strength": 1}},
        {"task": None},
        {"network": {"name": "resnet"}},
        {"network": {"name": "compact", "width": "wide"}},
        {"network": {"name": "compact", "heads": 3}},
        {"task": "upscale"},
        {"network": ["compact"]},
        {"network": {"name": "compact", "width": -5}},
    ],
)
def test_a_header_that_describes_no_model_known_here_is_refused(path, changes):
    rewrite(path, **changes)

    said = refusal(path)

    assert said.startswith(f"{path}: describes no model this version knows (")
    assert said.endswith("); upgrade srgan")


def test_a_file_of_a_retired_training_option_loads_with_all_its_others(make_model, tmp_path, caplog):
    path = tmp_path / "model.safetensors"
    save(make_model("denoise", camera=0.3, strength="40"), path)
    header = json.loads(header_of(path))
    rewrite(path, task=header["task"] | {"stripes": 0.1}, optional=[*header["optional"], "stripes"])

    with caplog.at_level("DEBUG", "srgan"):
        task = load(path).task

    assert (task.camera, task.strength) == (0.3, "40")
    assert f"{path}: leaves out stripes=0.1" in caplog.text


def test_a_file_of_a_retired_value_of_a_scoring_option_loads_as_far_as_it_is_used(make_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save(make_model("denoise", camera=0.3, strength="40"), path)
    rewrite(path, task=json.loads(header_of(path))["task"] | {"noise": "snow"})

    task = load(path).task

    assert (task.noise, task.camera, task.strength) == ("25", 0.2, "40")


def test_an_unknown_option_of_use_is_refused_beside_known_ones_of_training(make_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save(make_model("denoise"), path)
    rewrite(path, task=json.loads(header_of(path))["task"] | {"warmth": 0.5})

    assert refusal(path).startswith(
        f"{path}: describes no model this version knows (unknown option 'warmth': choose from camera, "
    )


def test_a_file_that_does_not_say_what_is_optional_needs_all_its_options(make_model, tmp_path):
    path = tmp_path / "model.safetensors"
    save(make_model("denoise"), path)
    rewrite(path, task={"name": "denoise", "stripes": 0.1}, optional=[])

    assert "unknown option 'stripes'" in refusal(path)


def test_what_the_file_says_beside_survives_loading_and_saving(tiny, tmp_path):
    card = {"licence": "CC0 — de rien", "training": {"step": 3}}

    save(tiny, tmp_path / "a.safetensors", card=card)

    assert load(tmp_path / "a.safetensors").card == card


@pytest.mark.parametrize(
    "card, message",
    [
        ({"format": "x2 for web"}, "card: the file itself says its format: choose other names"),
        ({"task": 1, "network": 2}, "card: the file itself says its task and network: choose other names"),
        (
            {"scores": torch.float32},
            "card: Object of type dtype is not JSON serializable: give text, numbers, and lists and dicts of these",
        ),
    ],
    ids=["format", "task and network", "no JSON"],
)
def test_a_card_that_would_spoil_the_file_is_refused(tiny, tmp_path, card, message):
    with pytest.raises(ConfigError) as caught:
        save(tiny, tmp_path / "a.safetensors", card=card)

    assert str(caught.value) == message
    assert not any(tmp_path.iterdir())


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_card_with_numbers_that_are_not_finite_is_refused(tiny, tmp_path, value):
    with pytest.raises(ConfigError, match=r"^card: .* not JSON compliant.*: give text, numbers, and lists and dicts"):
        save(tiny, tmp_path / "a.safetensors", card={"scores": {"psnr": value}})


def test_a_model_whose_own_card_would_spoil_the_file_is_refused(tiny, tmp_path):
    tiny.card = {"network": "mine"}

    with pytest.raises(ConfigError, match="card: the file itself says its network: choose other names"):
        save(tiny, tmp_path / "a.safetensors")


def test_saving_leaves_the_model_and_no_other_file_behind(tiny, tmp_path):
    before = {key: value.clone() for key, value in tiny.state_dict().items()}

    save(tiny, tmp_path / "a.safetensors", half=True)

    assert [file.name for file in tmp_path.iterdir()] == ["a.safetensors"]
    assert all(torch.equal(value, before[key]) for key, value in tiny.state_dict().items())


def test_a_model_starts_from_what_fits_of_another(make_model):
    x2, x4 = make_model(scale=2, seed=1), make_model(scale=4, seed=2)
    tail = x4.generator.tail.weight.clone()

    copied = start_from(x4, x2)

    assert copied == len(x2.generator.state_dict()) - 2
    assert torch.equal(x4.generator.head.weight, x2.generator.head.weight)
    assert torch.equal(x4.generator.tail.weight, tail)


def test_a_model_of_which_nothing_fits_is_refused(make_model):
    compact, srresnet = make_model(options={"width": 5}), make_model(network="srresnet")

    with pytest.raises(WeightsError) as caught:
        start_from(srresnet, compact)
    assert str(caught.value) == "no tensor of the compact fits this srresnet"


def test_multiply_adds_are_those_of_the_formula(make_model):
    width, depth, scale = 8, 2, 2

    counted = multiply_adds(make_model(scale=scale, options={"width": width, "depth": depth, "fold": 1}))

    assert counted == 9 * (3 * width + depth * width**2 + width * 3 * scale**2)


def test_multiply_adds_of_a_unet_count_its_ways_down_and_up(make_model):
    options = {"width": 8, "depth": 1, "levels": 2, "fold": 1}

    counted = multiply_adds(make_model("denoise", "unet", options=options))

    fine = 9 * (4 * 8 + 4 * 8**2 + 8 * 3)
    coarse = 4 * 9 * 16**2 / 4
    assert counted == fine + coarse + 2 * 4 * 8 * 16 / 4


def test_the_ends_of_a_blend_are_exactly_the_two_models_and_its_middle_is_their_mean(make_model):
    faithful, vivid = make_model(scale=2, seed=1), make_model(scale=2, seed=2)

    ends = {realism: blend(faithful, vivid, realism).generator.state_dict() for realism in (0.0, 0.5, 1.0)}

    ours, theirs = faithful.generator.state_dict(), vivid.generator.state_dict()
    for name in ours:
        assert torch.equal(ends[0][name], ours[name])
        assert torch.equal(ends[1][name], theirs[name])
        torch.testing.assert_close(ends[0.5][name], (ours[name] + theirs[name]) / 2)


def test_models_that_differ_in_what_they_were_shown_or_are_asked_for_are_blended(make_model):
    faithful = make_model("denoise", seed=1, told=0.4, strength="30")
    vivid = make_model("denoise", seed=2, told=0.2)

    blended = blend(faithful, vivid, 0.5)

    assert blended.task == faithful.task


def test_generators_of_different_classes_are_not_blended(make_model):
    faithful, vivid = (make_model("generate", "mlp", classes=names) for names in ("cat,dog", "dog,cat"))

    with pytest.raises(ConfigError, match="only models of one task and one network can be blended"):
        blend(faithful, vivid, 0.5)


def test_models_of_different_networks_are_not_blended(make_model):
    with pytest.raises(ConfigError, match="only models of one task and one network can be blended"):
        blend(make_model(scale=2), make_model(scale=4), 0.5)


@pytest.mark.parametrize("realism", [-0.1, 1.1])
def test_a_blend_beyond_its_ends_is_refused(make_model, realism):
    with pytest.raises(ConfigError, match="must lie in"):
        blend(make_model(scale=2), make_model(scale=2), realism)


def test_a_model_asked_otherwise_shares_its_weights_and_leaves_the_first_alone(make_model):
    model = make_model("denoise")

    other = model.asked(strength="30")

    assert (other.task.strength, model.task.strength) == ("30", "auto")
    assert other.generator is model.generator
    with pytest.raises(ConfigError, match="unknown option 'strenght': did you mean 'strength'"):
        model.asked(strenght="30")


def test_loading_and_making_a_model_draw_none_of_the_callers_numbers(path, monkeypatch):
    def forbidden(*arguments):
        raise AssertionError

    monkeypatch.setattr(torch, "set_rng_state", forbidden)  # which puts back what was drawn, for this thread alone
    before = torch.get_rng_state()

    load(path)
    Model(Upscale(scale=2), seed=3)

    assert torch.equal(torch.get_rng_state(), before)
