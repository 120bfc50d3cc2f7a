"""ncnn's files of others run as they do in ncnn, in tiles as exact as what is known of their reach."""

from pathlib import Path

import numpy as np
import pytest
import torch

import srgan
from srgan.errors import WeightsError
from srgan.models import zoo
from srgan.models.export import graph_of
from srgan.networks.to_ncnn import to_ncnn

pytest.importorskip("ncnn")

PEER = Path(__file__).parents[3] / "shared/peers/RealESRGAN_General_x4_v3.param"
CONVOLUTION = "Convolution c{0} 1 1 {1} {2} 0=3 1=3 4=1 5=0 6=81"


@pytest.fixture
def written(tmp_path, make_model):
    """A small model of ours as somebody else's files."""
    text, weights = to_ncnn(graph_of(make_model("upscale", scale=2)))
    path = tmp_path / "small.param"
    path.write_text(text)
    path.with_suffix(".bin").write_bytes(weights)
    return path


@pytest.fixture
def picture(pixels):
    return torch.from_numpy(pixels(60, 76)).permute(2, 0, 1)[None].float().div(255)


def chain(path, *lines, weights=1):
    """Layers one after the other, and as many kernels of random weights."""
    text = ["7767517", f"{len(lines) + 1} {len(lines) + 1}", "Input in 0 1 data", *lines]
    path.write_text("\n".join([*text, ""]))
    kernels = np.random.default_rng(0).uniform(0, 1 / 27, (weights, 81)).astype(np.float32)
    path.with_suffix(".bin").write_bytes(b"".join(bytes(4) + kernel.tobytes() for kernel in kernels))
    return path


def test_the_pair_gives_what_the_model_gives_that_it_was_written_from(written, make_model, picture):
    ours = make_model("upscale", scale=2)
    expected = srgan.restore(ours, picture, engine=srgan.make_engine(ours, device="cpu", precision="fp32"))
    model = srgan.load(written)

    assert (srgan.restore(model, picture) - expected.clamp(0, 1)).abs().max() < 0.1 / 255
    assert model.task.scale == 2


def test_convolutions_in_a_chain_are_tiled_exactly(tmp_path, picture):
    lines = CONVOLUTION.format(0, "data", "a"), CONVOLUTION.format(1, "a", "output")
    model = srgan.load(chain(tmp_path / "chain.param", *lines, weights=2))

    whole, tiled = (srgan.restore(model, picture, tile=tile) for tile in (128, 16))

    assert model.generator.tiling == "exact tiles, with 4 px around them"
    assert (whole - tiled).abs().max() < 1e-5


def test_what_looks_at_everything_is_run_as_a_whole(tmp_path, picture):
    mean = "Pooling mean 1 1 a1 m 0=1 4=1", "BinaryOp plus 2 1 a0 m b 0=0"
    lines = CONVOLUTION.format(0, "data", "a"), "Split s 1 2 a a0 a1", *mean, "Interp up 1 1 b output 0=1 1=2.0 2=2.0"
    path = chain(tmp_path / "everywhere.param", *lines)
    path.write_text(path.read_text().replace("6 6", "6 7"))

    model = srgan.load(path)

    assert model.generator.context is None


def test_the_same_weights_have_the_same_fingerprint_and_others_another(written, tmp_path):
    before = srgan.load(written).digest()
    data = bytearray(written.with_suffix(".bin").read_bytes())
    data[40] ^= 1
    written.with_suffix(".bin").write_bytes(data)

    assert srgan.load(written).digest() != before


def test_a_file_that_is_no_pair_is_refused_in_words(written, tmp_path):
    (tmp_path / "alone.param").write_text(written.read_text())
    (tmp_path / "other.param").write_text("not ncnn")
    (tmp_path / "cut.param").write_text(written.read_text())
    (tmp_path / "cut.bin").write_bytes(written.with_suffix(".bin").read_bytes()[:100])
    (tmp_path / "unknown.param").write_text("7767517\n2 2\nInput in 0 1 data\nNoSuchLayer x 1 1 data output\n")
    (tmp_path / "unknown.bin").write_bytes(b"")

    for name, said in (
        ("alone", "alone.bin: is not there; ncnn's models are a .param and a .bin"),
        ("other", "not ncnn's param file, which begins with 7767517"),
        ("cut", "cannot load it, or it has several inputs or outputs"),
        ("unknown", "cannot load it, or it has several inputs or outputs"),
    ):
        with pytest.raises(WeightsError, match=said):
            srgan.load(tmp_path / f"{name}.param")


def test_it_is_told_of(written):
    said = zoo.describe(written)

    assert said["task"] == {"name": "upscale", "scale": 2}
    assert said["network"]["name"] == "ncnn"


@pytest.mark.skipif(not PEER.exists(), reason="needs the files of a peer")
def test_a_network_of_the_peers_is_tiled_exactly(picture):
    model = srgan.load(PEER)

    whole, tiled = (srgan.restore(model, picture, tile=tile) for tile in (128, 32))

    assert (model.task.scale, model.generator.context) == (4, 36)
    assert (whole - tiled).abs().max() < 1e-4
