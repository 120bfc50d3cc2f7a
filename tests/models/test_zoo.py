"""Shipped weights: found by name, and only ever those that were shipped."""

import pytest
import torch

from srgan.errors import WeightsError
from srgan.models import zoo
from srgan.models.file import save


@pytest.fixture
def shelf(tiny, tmp_path, monkeypatch):
    """A folder of shipped weights that holds one model, `upscale-x2`."""
    folder = tmp_path / "weights"
    path = folder / "upscale-x2.safetensors"
    save(tiny, path, card={"licence": "CC0"})
    (folder / zoo.CHECKSUMS).write_text(f"{zoo.sha256(path)}  {path.name}\n")
    monkeypatch.setattr(zoo, "weights_folder", lambda: folder)
    return folder


def test_shipped_weights_are_listed_loaded_and_described_by_name(shelf, tiny):
    assert zoo.names() == ["upscale-x2"]
    assert zoo.locate("upscale-x2") == shelf / "upscale-x2.safetensors"
    assert zoo.describe("upscale-x2")["licence"] == "CC0"
    observed = torch.rand(1, 3, 8, 8)
    assert torch.equal(zoo.load("upscale-x2")(observed), tiny(observed))


def test_shipped_weights_know_their_name_and_their_place_on_the_dial(tmp_path, tiny):
    assert [zoo.load(name).called() for name in ("upscale-x4", "upscale-x4-vivid", "inpaint")] == [
        {"name": "upscale-x4", "realism": 0.0},
        {"name": "upscale-x4", "realism": 1.0},
        {"name": "inpaint"},
    ]
    save(tiny, tmp_path / "mine.safetensors")
    assert zoo.load(tmp_path / "mine.safetensors").called() == {"name": "mine"}


def test_any_weights_file_is_loaded_by_its_path(shelf, tiny, tmp_path):
    save(tiny, tmp_path / "mine.safetensors")

    assert zoo.load(tmp_path / "mine.safetensors").network == tiny.network
    assert zoo.load(str(tmp_path / "mine.safetensors")).network == tiny.network


def test_shipped_weights_that_are_not_what_was_shipped_are_refused(shelf, make_model):
    path = shelf / "upscale-x2.safetensors"
    save(make_model(scale=2, seed=9), path)

    with pytest.raises(WeightsError) as caught:
        zoo.load("upscale-x2")
    assert str(caught.value) == (
        f"{path}: is not the file this version shipped with (SHA-256 differs); install srgan again"
    )


def test_shipped_weights_that_are_missing_are_refused(shelf):
    (shelf / "upscale-x2.safetensors").unlink()

    with pytest.raises(WeightsError, match=r"upscale-x2\.safetensors: cannot be read \(No such file or directory\)$"):
        zoo.load("upscale-x2")


def test_an_unknown_name_is_refused_with_the_known_ones(shelf):
    with pytest.raises(WeightsError) as caught:
        zoo.load("upscale-x9")
    assert str(caught.value) == "upscale-x9: neither a file nor a name of shipped weights (there are: upscale-x2)"


def test_the_folder_of_a_run_tells_of_the_weights_in_it(tiny, tmp_path):
    save(tiny, tmp_path / "model.safetensors")

    with pytest.raises(WeightsError) as caught:
        zoo.load(tmp_path)
    assert str(caught.value) == f"{tmp_path}: a folder: did you mean {tmp_path}/model.safetensors?"


def test_where_nothing_is_shipped_that_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr(zoo, "weights_folder", lambda: tmp_path)

    with pytest.raises(WeightsError) as caught:
        zoo.describe("upscale-x4")
    assert str(caught.value) == "upscale-x4: neither a file nor a name of shipped weights (there are: none)"
    assert zoo.names() == []


def test_the_weights_of_this_repository_are_what_their_checksums_say():
    for name, digest in zoo.checksums().items():
        assert zoo.sha256(zoo.locate(name)) == digest
        assert zoo.describe(name)["format"] == 1
