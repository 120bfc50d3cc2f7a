"""What others run of ours gives what ours gives."""

import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest
import torch

import srgan
from srgan.errors import ConfigError, MachineError
from srgan.models import export as exports
from srgan.models.export import SUFFIXES, export, graph_of
from srgan.models.model import Model

DOCS = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
KODAK = Path(__file__).parents[3] / "shared" / "data" / "bench" / "Kodak24"
TASKS = {
    "upscale 2 times": (srgan.Upscale(scale=2), {"name": "compact", "width": 8, "depth": 2}),
    "folded": (srgan.Upscale(scale=3), {"name": "compact", "width": 8, "depth": 2, "fold": 2}),
    "srresnet": (srgan.Upscale(scale=4), {"name": "srresnet", "width": 8, "depth": 2}),
    "denoise": (srgan.Denoise(strength="30"), {"name": "unet", "width": 8, "depth": 1, "levels": 3, "fold": 2}),
    "even": (
        srgan.Denoise(strength="30"),
        {"name": "unet", "width": 8, "depth": 1, "levels": 3, "fold": 1, "phases": 1},
    ),
    "linear": (
        srgan.Denoise(strength="30"),
        {"name": "unet", "width": 8, "depth": 1, "levels": 3, "fold": 1, "phases": 1, "taps": 4},
    ),
}


@pytest.fixture(autouse=True)
def installed(request):
    suffix = getattr(request.node, "callspec", None) and request.node.callspec.params.get("suffix")
    for package in SUFFIXES.get(suffix, ()):
        pytest.importorskip(package)


def fresh(task, network):
    """A model whose answer is not nearly zero, as that of fresh weights is."""
    model = Model(task, network).eval()
    rng = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for tensor in model.generator.parameters():
            tensor += 0.03 * torch.randn(tensor.shape, generator=rng)
    return model


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", TASKS)
def test_what_is_exported_gives_our_picture_at_odd_sizes(suffix, name, tmp_path):
    model = fresh(*TASKS[name])
    path = tmp_path / f"mine-x{model.task.scale}{suffix}"

    said = export(model, path)

    picture = torch.rand(1, 3, 19, 22, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        ours = model(model.task.present(picture)).clamp(0, 1).numpy()
    theirs = exports._RUNS[suffix](path)(picture.numpy())
    assert theirs.shape == ours.shape
    assert np.abs(theirs - ours).max() < 0.01 / 255
    assert said < 0.01
    assert np.abs(ours - model.task.compose(model.task.present(picture), torch.zeros(ours.shape)).numpy()).max() > 0.1


@pytest.mark.slow
@pytest.mark.skipif(not KODAK.is_dir(), reason="needs Kodak24 beside the checkout")
@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", ["upscale-x4", "upscale-x4-photo", "denoise"])
def test_shipped_weights_give_our_photographs_in_every_runtime(suffix, name, tmp_path):
    model = srgan.load(name)
    path = tmp_path / f"mine-x{model.task.scale}{suffix}"
    export(model, path)
    run, largest = exports._RUNS[suffix](path), 0.0
    for photograph in sorted(KODAK.iterdir()):
        side = 128 if model.task.scale == 1 else 64
        planes = np.ascontiguousarray(srgan.read(photograph).rgb[:side, : side + 9].transpose(2, 0, 1))
        picture = torch.from_numpy(planes)[None] / 255
        with torch.inference_mode():
            ours = model(model.task.present(picture)).clamp(0, 1).numpy()
        largest = max(largest, 255 * float(np.abs(run(picture.numpy()) - ours).max()))
    print(f"{name}{suffix}: at most {largest:.4f} levels of 255 from ours")
    assert largest <= 1


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_export_that_differs_by_more_than_a_level_is_not_written(suffix, tmp_path, monkeypatch):
    model = fresh(*TASKS["upscale 2 times"])
    spoilt = graph_of(model)
    spoilt.layers[1] = dataclasses.replace(spoilt.layers[1], bias=spoilt.layers[1].bias + 1)
    monkeypatch.setattr(exports, "graph_of", lambda model: spoilt)

    with pytest.raises(MachineError, match=r"mine-x2\.\w+: not written: [\w, ]+ gives a picture [\d.]+ levels off$"):
        export(model, tmp_path / f"mine-x2{suffix}")

    assert list(tmp_path.iterdir()) == []


def test_a_picture_with_a_pixel_that_is_no_number_differs():
    model = fresh(*TASKS["upscale 2 times"])

    assert exports._difference(model, lambda picture: np.full((1, 3, 320, 384), np.nan)) == float("inf")


def test_what_is_not_exported_is_refused_in_words(tmp_path):
    pytest.importorskip("ncnn")
    upscale, denoise = (fresh(*TASKS[name]) for name in ("upscale 2 times", "denoise"))
    filling = Model(srgan.Inpaint(), {"name": "unet", "width": 8, "depth": 1, "levels": 2})

    def refusal(model, name):
        with pytest.raises(ConfigError) as refused:
            export(model, tmp_path / name)
        return str(refused.value).removeprefix(f"{tmp_path}/")

    assert refusal(filling, "fill.param").endswith(
        "inpainting fills large holes coarse to fine, which is more than one pass of a network"
    )
    assert "without rounds or kept grain" in refusal(upscale.asked(rounds=3), "mine-x2.param")
    assert "without rounds or kept grain" in refusal(denoise.asked(keep_grain=0.5), "mine.param")
    assert refusal(upscale, "mine.param") == (
        "mine.param: Upscayl reads the scale from the name: call it mine-x2.param"
    )
    assert "Upscayl reads the scale" in refusal(upscale, "mine-x4.param")
    assert refusal(upscale, "mine.pth") == "mine.pth: choose a name that ends in .onnx, .param, .xml"
    assert "no network of ours is one that spandrel knows" in refusal(upscale, "mine.safetensors")


def test_the_second_file_of_another_export_is_not_replaced(tmp_path):
    pytest.importorskip("ncnn")
    model = fresh(*TASKS["upscale 2 times"])
    for first, second in ((".param", ".xml"), (".xml", ".param")):
        (tmp_path / f"mine-x2{first}").touch()

        said = f"mine-x2{second}: mine-x2.bin, which goes with it, is that of mine-x2{first}: choose another name"
        with pytest.raises(ConfigError, match=re.escape(said)):
            export(model, tmp_path / f"mine-x2{second}")
        (tmp_path / f"mine-x2{first}").unlink()


def test_the_pair_for_ncnn_has_the_blobs_that_upscayl_asks_for(tmp_path):
    pytest.importorskip("ncnn")

    export(fresh(*TASKS["upscale 2 times"]), tmp_path / "mine-x2.param")

    magic, _, *layers = (tmp_path / "mine-x2.param").read_text().splitlines()
    assert magic == "7767517"
    assert layers[0].split()[0] == "Input" and layers[0].split()[-1] == "data"
    assert "output" in layers[-1].split()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine-x2.bin", "mine-x2.param"]


@pytest.mark.parametrize("number, suffix", [(0, ".onnx"), (1, ".param")])
def test_the_examples_in_the_documentation_work_as_written(number, suffix, tmp_path, monkeypatch, pixels):
    monkeypatch.chdir(tmp_path)
    model = srgan.load("upscale-x4")
    export(model, f"upscale-x4{suffix}")
    small = srgan.Image(pixels(13, 18))
    srgan.write("small.png", small)

    exec(re.findall(r"```python\n(.*?)```", DOCS, re.DOTALL)[number], {})

    exact = srgan.make_engine(model, precision="fp32")
    ours = srgan.restore(model, small, engine=exact).rgb.astype(int)
    assert np.abs(srgan.read("large.png").rgb - ours).max() <= 1
