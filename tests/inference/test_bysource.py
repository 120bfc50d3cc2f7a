"""Each picture gets the network that suits what it comes from, and says which and why."""

import io

import numpy as np
import pytest
import skimage.data
import torch
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter, ImageFont

import srgan
from srgan.errors import ConfigError
from srgan.images.bands import Bands, as_bands, whole
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.bysource import source_of, source_of_bands
from srgan.inference.pipeline import Restorer
from srgan.inference.sizes import Size
from srgan.runner.config import FolderConfig

EXACT = FolderConfig(device="cpu", engine="torch", precision="fp32")


def reduced():
    picture = Pillow.fromarray(skimage.data.astronaut())
    return np.array(picture.resize((128, 128), Pillow.Resampling.BICUBIC))


def web():
    file = io.BytesIO()
    Pillow.fromarray(reduced()).save(file, "JPEG", quality=55)
    return np.array(Pillow.open(file))


def noisy():
    noise = np.random.default_rng(0).normal(0, 15, (128, 128, 3))
    return (reduced() + noise).round().clip(0, 255).astype(np.uint8)


@pytest.fixture
def both(make_model):
    return srgan.BySource(clean=make_model(scale=2, seed=0), photo=make_model(scale=2, seed=1))


def restored(model, pixels):
    return whole(Restorer(model, EXACT).restore(as_bands(Image(pixels))))


def test_jpeg_and_noise_are_photographs_and_what_was_only_reduced_is_clean():
    assert source_of(reduced()) == ("clean", "neither blocks nor noise")
    assert source_of(web()) == ("photo", "JPEG quality about 55")
    assert source_of(noisy()).name == "photo"
    assert source_of(noisy()).why.startswith("noise of level ")


def test_what_was_blurred_is_a_photograph():
    photograph = Pillow.fromarray(skimage.data.astronaut())
    blurred = photograph.filter(ImageFilter.GaussianBlur(3)).resize((128, 128), Pillow.Resampling.BICUBIC)

    assert source_of(np.array(blurred)) == ("photo", "soft, as if out of focus")


def page(times):
    drawn = Pillow.new("RGB", (256 * times, 160 * times), "white")
    on = ImageDraw.Draw(drawn)
    for line in range(8):
        font = ImageFont.load_default(11 * times)
        on.text((6 * times, (4 + 18 * line) * times), "Thin grey text must not turn black", "#707070", font)
    return drawn.resize((256, 160), Pillow.Resampling.BICUBIC)


def test_what_was_drawn_for_a_screen_needs_no_detail_of_photographs():
    assert source_of(np.array(page(1))) == ("photo", "drawn for a screen")
    assert source_of(np.array(page(4))).name == "clean"


def test_only_the_traces_that_are_asked_for_count():
    assert source_of(np.array(page(1)), among=("JPEG", "noise")) == ("clean", "neither blocks nor noise")
    assert source_of(np.array(page(1)), 60, among=("JPEG", "noise")) == ("photo", "JPEG quality about 60")


def test_a_photograph_of_something_on_white_is_not_taken_for_drawn():
    on_white = np.full((300, 300, 3), 255, np.uint8)
    on_white[100:228, 100:228] = reduced()

    assert source_of(on_white).name == "clean"


def test_each_picture_gets_the_model_for_its_source_and_says_so(both):
    for pixels, model, note in (
        (reduced(), both.clean, "clean: neither blocks nor noise"),
        (web(), both.photo, "photo: JPEG quality about 55"),
    ):
        made = restored(both, pixels)

        np.testing.assert_array_equal(made.rgb, restored(model, pixels).rgb)
        assert made.notes == (note,)


def test_what_is_said_of_photographs_stands_beside_why(both):
    finished = srgan.BySource(both.clean, both.photo, said="realism 0.5")

    assert restored(finished, web()).notes == ("photo: JPEG quality about 55; realism 0.5",)
    assert restored(finished, reduced()).notes == ("clean: neither blocks nor noise",)
    assert srgan.restore(finished, Image(web())).notes == ("photo: JPEG quality about 55; realism 0.5",)


def test_a_file_that_says_how_it_was_compressed_is_believed():
    flat = np.full((64, 64, 3), 90, np.uint8)

    assert source_of(flat).name == "clean"
    assert source_of(flat, 60) == ("photo", "JPEG quality about 60")
    assert source_of(flat, 98) == ("clean", "JPEG quality about 98")


@pytest.mark.parametrize("pixels", [reduced(), web()], ids=["clean", "photo"])
def test_the_first_rows_tell_of_a_picture_that_is_read_some_at_a_time(both, pixels):
    parts = [Image(pixels[top : top + 40]) for top in range(0, 128, 40)]

    source, bands = source_of_bands(Bands(128, 128, Image(pixels[:0]), parts))

    assert source.name == source_of(pixels).name
    np.testing.assert_array_equal(np.concatenate([band.rgb for band in bands.each]), pixels)


def test_a_streamed_picture_gets_its_model_too(both, tmp_path):
    write(tmp_path / "web.png", Image(web()))
    config = FolderConfig(device="cpu", engine="torch", precision="fp32", memory=1e-6)

    (outcome,) = srgan.restore_folder(both, tmp_path / "web.png", tmp_path / "out.png", config)

    assert outcome.status == "ok"
    expected = restored(both.photo, web()).rgb.astype(int)
    assert np.abs(read(tmp_path / "out.png").rgb - expected).max() <= 1


def test_models_for_photographs_of_one_scale_serve_others_with_a_size(make_model):
    both = srgan.BySource(clean={2: make_model(scale=2)}, photo={4: make_model(scale=4)})

    for pixels in (reduced(), web()):
        made = whole(Restorer(both, EXACT, Size(scale=2.0)).restore(as_bands(Image(pixels))))
        assert (made.width, made.height) == (256, 256)
    with pytest.raises(ConfigError, match=r"^models for clean pictures and for photographs must enlarge alike"):
        Restorer(srgan.BySource(both.clean[2], both.photo[4]), EXACT)


def test_the_api_chooses_for_every_kind_of_picture(both):
    for pixels, model in ((reduced(), both.clean), (web(), both.photo)):
        tensor = torch.from_numpy(pixels).permute(2, 0, 1).float() / 255
        for picture in (pixels, Pillow.fromarray(pixels), tensor, Image(pixels)):
            ours, alone = (srgan.restore(chosen, picture) for chosen in (both, model))
            ours, alone = (one.rgb if isinstance(one, Image) else np.asarray(one) for one in (ours, alone))
            np.testing.assert_array_equal(ours, alone)
