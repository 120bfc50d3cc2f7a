"""Several models one after the other: what one makes goes to the next in floats, whole or some rows at a time."""

import numpy as np
import pytest
import torch

import srgan
from srgan.engines import make_engine
from srgan.errors import ConfigError
from srgan.images.bands import as_bands, whole
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.chain import restorer_of
from srgan.inference.sizes import Size
from srgan.runner.config import FolderConfig

EXACT = FolderConfig(device="cpu", engine="torch", precision="fp32")


@pytest.fixture
def denoiser(make_model):
    return make_model("denoise", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})


@pytest.fixture
def inpainter(make_model):
    return make_model("inpaint", "unet", seed=3, options={"width": 8, "depth": 1, "levels": 2, "fold": 1})


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_chain_is_its_models_in_floats_rounded_once(denoiser, tiny, pixels, dtype):
    picture = pixels(40, 30, dtype=dtype)
    white = np.iinfo(dtype).max
    floats = torch.from_numpy(picture.astype(np.float32) / white).permute(2, 0, 1)

    made = whole(restorer_of([denoiser, tiny], EXACT).restore(as_bands(Image(picture))))
    by_hand = floats
    for model in (denoiser, tiny):
        engine = make_engine(model.generator, device="cpu", precision="fp32")
        by_hand = srgan.restore(model, by_hand, engine=engine)

    expected = by_hand.clamp(0, 1).mul(white).permute(1, 2, 0).numpy()
    assert made.rgb.dtype == dtype
    assert np.abs(made.rgb - expected).max() < 0.51 + white / 1e5
    assert any(note.startswith("noise of level") for note in made.notes)


def test_the_last_step_makes_the_size(denoiser, tiny, pixels):
    chain = restorer_of([denoiser, {2: tiny}], EXACT, Size(scale=1.5))

    made = whole(chain.restore(as_bands(Image(pixels(40, 30)))))

    assert (made.width, made.height) == (45, 60) == chain.sizes(30, 40)[0]


def test_a_mask_goes_to_the_step_that_fills(inpainter, tiny, pixels):
    picture, mask = pixels(40, 30), np.zeros((40, 30), np.float32)
    mask[10:14, 10:14] = 1
    chain = restorer_of([inpainter, tiny], EXACT)

    made = whole(chain.restore(as_bands(Image(picture)), mask))
    without = whole(restorer_of([tiny], EXACT).restore(as_bands(Image(picture))))

    assert chain.takes_mask and chain.needs_whole
    assert (made.rgb[24:26, 24:26] != without.rgb[24:26, 24:26]).any()
    far = tiny.generator.context + 4
    np.testing.assert_array_equal(made.rgb[2 * (14 + far) :], without.rgb[2 * (14 + far) :])


def test_a_mask_that_no_step_takes_is_refused(denoiser, tiny, pixels):
    bands, mask = as_bands(Image(pixels(40, 30))), np.zeros((40, 30), np.float32)

    with pytest.raises(ConfigError, match="takes no mask"):
        whole(restorer_of([denoiser, tiny], EXACT).restore(bands, mask))


@pytest.mark.parametrize("transparent", [False, True])
def test_a_streamed_chain_makes_what_a_whole_one_makes(tiny, make_model, pixels, tmp_path, transparent):
    other = make_model(scale=2, seed=5)
    alpha = pixels(70, 50, 1, seed=3)[..., 0] if transparent else None
    write(tmp_path / "a.png", Image(pixels(70, 50), alpha))
    streamed = FolderConfig(device="cpu", engine="torch", precision="fp32", memory=1e-6, tile=16)

    (whole,) = srgan.restore_folder([tiny, other], tmp_path / "a.png", tmp_path / "whole.png", EXACT)
    (parts,) = srgan.restore_folder([tiny, other], tmp_path / "a.png", tmp_path / "parts.png", streamed)

    assert (whole.status, parts.status) == ("ok", "ok")
    one, two = (read(tmp_path / f"{name}.png") for name in ("whole", "parts"))
    assert np.abs(one.rgb.astype(int) - two.rgb).max() <= 1
    assert not transparent or np.abs(one.alpha.astype(int) - two.alpha).max() <= 1


def test_a_folder_run_remembers_all_steps(denoiser, tiny, pixels, tmp_path):
    write(tmp_path / "in" / "a.png", Image(pixels(20, 20)))

    def run(*models):
        return [outcome.status for outcome in srgan.restore_folder(models, tmp_path / "in", tmp_path / "out", EXACT)]

    assert run(denoiser, tiny) == ["ok"]
    assert run(denoiser, tiny) == ["skipped"]
    assert run(denoiser.asked(strength="10"), tiny) == ["ok"]
