"""Weights of others run as ours do, and their pickles run nothing."""

import pickle
import zipfile

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

import srgan
from srgan.cli.commands import srgan as commands
from srgan.errors import ConfigError, WeightsError
from srgan.models import others, zoo
from srgan.ops.tiles import AUTO_TILE

spandrel = pytest.importorskip("spandrel")

pytestmark = pytest.mark.filterwarnings("ignore:torch.meshgrid", "ignore:Initializing zero-element tensors")

NETWORKS = {
    "Compact": {"num_feat": 8, "num_conv": 3, "upscale": 4},
    "ESRGAN": {"num_filters": 8, "num_blocks": 1, "scale": 2},
    "SPAN": {"num_in_ch": 3, "num_out_ch": 3, "feature_channels": 8, "upscale": 2},
    "SwinIR": {
        "embed_dim": 12,
        "depths": [2],
        "num_heads": [2],
        "window_size": 8,
        "upscale": 2,
        "upsampler": "pixelshuffledirect",
    },
    "DAT": {"embed_dim": 32, "depth": [2], "num_heads": [2], "upscale": 2, "split_size": [8, 8]},
    "DnCNN": {"in_nc": 1, "out_nc": 1, "nc": 8, "nb": 9, "act_mode": "R"},
}


def weights(name):
    """Random ones of an architecture, under its own names; answers lie around a grey, where nothing is clipped."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = getattr(getattr(spandrel.architectures, name), name)(**NETWORKS[name])
    return network.state_dict()


@pytest.fixture
def written(tmp_path):
    def write(name, suffix=".pth"):
        path = tmp_path / f"{name}{suffix}"
        if suffix == ".pth":
            torch.save(weights(name), path)
        else:
            save_file(
                {key: tensor.contiguous().clone() for key, tensor in weights(name).items()},
                path,
                {"license": "CC-BY-4.0"},
            )
        return path

    return write


@pytest.mark.parametrize("name", NETWORKS)
def test_what_others_trained_gives_what_spandrel_gives_whole_and_in_tiles(name, written, pixels):
    path = written(name)
    model = srgan.load(path)
    described = spandrel.ModelLoader().load_from_file(path).eval()
    picture = torch.from_numpy(pixels(96, 112)).permute(2, 0, 1)[None].float().div(255)

    whole = srgan.restore(model, picture, tile=AUTO_TILE)
    tiled = srgan.restore(model, picture, tile=16)

    channels = picture if described.input_channels == 3 else picture.transpose(0, 1)
    theirs = described(channels).reshape(whole.shape)
    assert (whole - theirs).abs().max() < 1e-5
    assert model.generator.scale == model.task.scale == described.scale
    if model.generator.exact:
        assert model.generator.context <= others.FARTHEST
        assert (tiled - whole).abs().max() < 1e-5
    else:
        assert "is not exact" in model.generator.tiling


def test_convolutions_alone_are_tiled_exactly(written):
    assert all(srgan.load(written(name)).generator.exact for name in ("Compact", "ESRGAN", "DnCNN"))


def test_what_looks_at_the_whole_picture_is_not_said_to_be_tiled_exactly(tmp_path):
    NETWORKS["RCAN"] = {"scale": 2, "n_resgroups": 1, "n_resblocks": 1, "n_feats": 16, "reduction": 4}
    torch.save(weights("RCAN"), tmp_path / "rcan.pth")

    assert srgan.load(tmp_path / "rcan.pth").generator.tiling == "tiles that overlap by 32 px, which is not exact"


class Nasty:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("old", [True, False])
def test_a_malicious_pickle_is_refused_and_runs_nothing(tmp_path, old):
    torch.save(
        {"params": {"a": torch.zeros(1)}, "more": Nasty(tmp_path / "stolen")},
        tmp_path / "nasty.pth",
        _use_new_zipfile_serialization=not old,
    )

    with pytest.raises(WeightsError) as refused:
        srgan.load(tmp_path / "nasty.pth")

    assert str(refused.value) == (
        f"{tmp_path}/nasty.pth: refused: it holds more than tensors (Global '{open.__module__}.open' is forbidden); "
        "nothing of it was run"
    )
    assert not (tmp_path / "stolen").exists()


def test_a_bare_pickle_a_program_and_what_is_no_network_are_refused(tmp_path):
    def refusal(name):
        with pytest.raises(WeightsError) as refused:
            srgan.load(tmp_path / name)
        return str(refused.value).removeprefix(f"{tmp_path}/")

    (tmp_path / "bare.pth").write_bytes(pickle.dumps(Nasty(tmp_path / "stolen")))
    with zipfile.ZipFile(tmp_path / "script.pth", "w") as archive:
        archive.writestr("script/constants.pkl", b"")
    torch.save({"a.weight": torch.zeros(3)}, tmp_path / "unknown.pth")
    (tmp_path / "page.pth").write_bytes(b"<!DOCTYPE html>")

    assert refusal("bare.pth").startswith("bare.pth: refused: it holds more than tensors")
    assert refusal("script.pth") == "script.pth: refused: it is a program (TorchScript); save its state_dict alone"
    assert refusal("unknown.pth").endswith(f"nor of an architecture that spandrel {spandrel.__version__} knows")
    assert refusal("page.pth").startswith("page.pth: ")
    assert not (tmp_path / "stolen").exists()


def test_its_own_words_on_its_licence_are_told(written):
    said = zoo.describe(written("Compact", ".safetensors"))

    assert said["task"] == {"name": "upscale", "scale": 4}
    assert said["network"] == {"name": "RealESRGAN Compact", "tags": "8nf 3nc", "channels": "RGB"}
    assert said["licence"] == "CC-BY-4.0"
    assert said["tiling"].startswith("exact tiles")
    assert zoo.describe(written("Compact"))["licence"] == ""


def test_the_command_enlarges_by_them_in_sixteen_bits_and_says_what_they_are(written, tmp_path, pixels, caplog):
    srgan.write(tmp_path / "in" / "a.png", srgan.Image(pixels(20, 24).astype(np.uint16) * 257))

    words = ["upscale", tmp_path / "in" / "a.png", tmp_path / "out.png", "-m", written("Compact"), "-d", "cpu"]
    commands.main([str(word) for word in words], standalone_mode=False)

    large = srgan.read(tmp_path / "out.png")
    assert (large.rgb.dtype, large.width) == (np.uint16, 96)
    assert "RealESRGAN Compact, 4 times, RGB; licence not told; exact tiles" in caplog.text


def test_what_is_done_to_one_model_is_not_done_to_another_of_the_same_file(written):
    path = written("Compact")
    first, second = srgan.load(path), srgan.load(path)
    before = second.digest()

    with torch.no_grad():
        first.generator.network.body[0].weight.zero_()

    assert first.digest() != before == second.digest() == srgan.load(path).digest()


def test_they_are_neither_trained_nor_saved(written, tmp_path):
    model = srgan.load(written("Compact"))

    with pytest.raises(ConfigError, match=r"^the RealESRGAN Compact is somebody else's: it is run, and not trained"):
        srgan.save(model, tmp_path / "mine.safetensors")
    with pytest.raises(ConfigError, match=r"^the RealESRGAN Compact is somebody else's"):
        srgan.train(model, tmp_path, tmp_path / "run")
