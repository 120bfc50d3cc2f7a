"""A picture that is read, restored and written some rows at a time is the one that is held as a whole."""

from dataclasses import replace

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from srgan.engines import make_engine
from srgan.images import bands
from srgan.images.bands import Bands, read_bands
from srgan.images.image import Image
from srgan.images.reader import read
from srgan.images.writer import write
from srgan.inference.picture import restore_bands, restore_image
from srgan.inference.sizes import Size
from srgan.inference.tiled import Run
from srgan.runner import job
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder

HELD = FolderConfig(device="cpu", precision="fp32", engine="torch", tile=16)
STREAMED = replace(HELD, memory=1e-6)


@pytest.fixture(autouse=True)
def small_bands(monkeypatch):
    monkeypatch.setattr(bands, "BAND", 1500)


@pytest.fixture
def never_held(monkeypatch):
    """Reading a picture as a whole is an error."""

    def read_whole(*_, **__):
        raise AssertionError("read as a whole")

    monkeypatch.setattr(bands, "read", read_whole)


def _streamed_alone(path, *, streamed, **options):
    assert streamed
    return read_bands(path, streamed=streamed, **options)


def _both(model, tmp_path, monkeypatch, **options):
    """The outcomes of the one picture in the folder, held and streamed."""
    (held,) = restore_folder(model, tmp_path / "in", tmp_path / "held", HELD, **options)
    with monkeypatch.context() as patched:
        patched.setattr(job, "read_bands", _streamed_alone)
        (streamed,) = restore_folder(model, tmp_path / "in", tmp_path / "streamed", STREAMED, **options)
    assert (held.status, streamed.status) == ("ok", "ok"), (held.reason, streamed.reason)
    return held, streamed


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("grey, transparent", [(False, False), (True, False), (False, True), (True, True)])
def test_every_kind(tiny, tmp_path, pixels, suffix, dtype, grey, transparent, monkeypatch):
    rgb = pixels(70, 50, 1 if grey else 3, dtype=dtype)
    alpha = pixels(70, 50, 1, seed=3, dtype=dtype)[..., 0] if transparent else None
    image = Image(rgb.repeat(3, axis=2) if grey else rgb, alpha, grey=grey, icc=b"profile", xmp=b"<x:xmpmeta/>")
    write(tmp_path / "in" / f"a.{suffix}", image)

    held, streamed = _both(tiny, tmp_path, monkeypatch)

    one, other = read(held.target), read(streamed.target)
    np.testing.assert_array_equal(one.rgb, other.rgb)
    assert (one.alpha is None) == (other.alpha is None) == (alpha is None)
    assert one.alpha is None or np.array_equal(one.alpha, other.alpha)
    assert (one.grey, one.icc, one.xmp) == (other.grey, other.icc, other.xmp) == (grey, b"profile", b"<x:xmpmeta/>")
    assert (held.pixels, held.notes) == (streamed.pixels, streamed.notes)
    (again,) = restore_folder(tiny, tmp_path / "in", tmp_path / "streamed", STREAMED)
    assert again.status == "skipped"


def test_what_the_new_format_cannot_hold_is_told(tiny, tmp_path, pixels, monkeypatch):
    write(tmp_path / "in" / "a.png", Image(pixels(70, 50), texts=(("parameters", "a harbour"),), iptc=b"\x1c\x02"))
    monkeypatch.setattr(f"{__name__}.HELD", replace(HELD, format="tiff"))
    monkeypatch.setattr(f"{__name__}.STREAMED", replace(STREAMED, format="tiff"))

    held, streamed = _both(tiny, tmp_path, monkeypatch)

    assert held.notes == streamed.notes == ("texts dropped, which tiff cannot hold: parameters",)


@pytest.mark.parametrize("task, options", [("upscale", {"scale": 3, "rounds": 2}), ("denoise", {})])
def test_every_context(make_model, tmp_path, pixels, task, options, monkeypatch):
    model = make_model(task, "unet" if task == "denoise" else "compact", **options)
    write(tmp_path / "in" / "a.png", Image(pixels(233, 50)))

    held, streamed = _both(model, tmp_path, monkeypatch)

    one, other = read(held.target).rgb.astype(int), read(streamed.target).rgb
    assert np.abs(one - other).max() <= 1
    assert (one != other).mean() < 1e-3  # floats are summed in another order, at the edge of a level
    assert held.notes == streamed.notes and len(held.notes) == 1


@pytest.mark.parametrize("size", [Size(scale=1.5), Size(scale=8.0), Size(max_side=300), Size(max_side=33)])
@pytest.mark.parametrize("transparent", [False, True])
def test_every_size(make_model, tmp_path, pixels, size, transparent, monkeypatch):
    ladder = {scale: make_model(scale=scale, std=0.1) for scale in (2, 3, 4)}
    alpha = pixels(70, 50, 1, seed=3)[..., 0] if transparent else None
    write(tmp_path / "in" / "a.tif", Image(pixels(70, 50), alpha))

    held, streamed = _both(ladder, tmp_path, monkeypatch, size=size)

    one, other = read(held.target), read(streamed.target)
    assert one.rgb.shape == other.rgb.shape
    assert np.abs(one.rgb.astype(int) - other.rgb).max() <= 1
    assert (one.rgb != other.rgb).mean() < 1e-2
    assert not transparent or np.array_equal(one.alpha, other.alpha)
    assert held.pixels == streamed.pixels == one.width * one.height


@pytest.mark.parametrize("network", ["compact", "srresnet"])
def test_what_is_hidden_is_the_same_too(make_model, pixels, network):
    """Colours under what is transparent are those of what is visible near by, and stay where it is far off."""
    model = make_model("upscale", network, scale=2)
    engine = make_engine(model.generator, device="cpu", precision="fp32")
    rgb, alpha = pixels(400, 60), np.zeros((400, 60), np.uint8)
    alpha[5:20, 10:50] = alpha[180:183, 30:33] = 255
    alpha[220:][np.random.default_rng(0).random((180, 60)) < 0.002] = 100
    image = Image(rgb, alpha)
    parts = Bands(60, 400, image, [Image(rgb[top : top + 7], alpha[top : top + 7]) for top in range(0, 400, 7)])

    whole = restore_image(Run(model=model, engine=engine, tile=16), image)
    each = list(restore_bands(Run(model=model, engine=engine, tile=16), parts).each)

    assert np.array_equal(np.concatenate([part.alpha for part in each]), whole.alpha)
    assert np.abs(np.concatenate([part.rgb for part in each]).astype(int) - whole.rgb).max() <= 1  # floats


def test_tiles_become_lower_where_a_row_of_them_would_be_too_much(tiny, pixels):
    image = Image(pixels(200, 50))
    engine = make_engine(tiny.generator, device="cpu", precision="fp32")
    parts = Bands(50, 200, image, [image])

    heights = [part.height for part in restore_bands(Run(model=tiny, engine=engine), parts, most=50.0 * 16 * 40).each]

    step = 2 * tiny.generator.multiple_of
    assert sum(heights) == 400 and max(heights) == -(-2 * 40 // step) * step


def test_png_and_tiff_are_never_held(tiny, tmp_path, pixels, never_held):
    write(tmp_path / "in" / "a.png", Image(pixels(70, 50)))
    write(tmp_path / "in" / "b.tif", Image(pixels(70, 50)))
    Pillow.fromarray(pixels(70, 50)).save(tmp_path / "in" / "c.bmp")

    with pytest.raises(AssertionError, match="read as a whole"):
        list(restore_folder(tiny, tmp_path / "in", tmp_path / "out", STREAMED))
    assert {path.name for path in (tmp_path / "out").glob("*.*")} == {"a.png", "b.tif", ".srgan"}


@pytest.mark.parametrize("config", [HELD, STREAMED])
def test_how_far_a_picture_is_is_told(tiny, tmp_path, pixels, config):
    write(tmp_path / "in" / "a.png", Image(pixels(70, 50)))
    told = []

    list(restore_folder(tiny, tmp_path / "in", tmp_path / "out", config, progress=lambda *said: told.append(said)))

    names, shares, sizes = zip(*told, strict=True)
    assert (set(names), set(sizes)) == ({"a.png"}, {140 * 100})
    assert len(shares) > 2 and list(shares) == sorted(set(shares)) and shares[-1] == 1


def test_what_cannot_be_streamed_is_held(tiny, tmp_path, pixels):
    write(tmp_path / "in" / "a.png", Image(pixels(70, 50)))

    (outcome,) = restore_folder(tiny, tmp_path / "in", tmp_path / "out", replace(STREAMED, format="jpeg"))

    assert outcome.status == "ok" and read(outcome.target).width == 100


def test_a_picture_damaged_in_the_middle_fails_and_leaves_nothing(tiny, tmp_path, pixels):
    (tmp_path / "in").mkdir()
    tifffile.imwrite(tmp_path / "in" / "a.tif", pixels(300, 200), compression="deflate", rowsperstrip=16)
    data = (tmp_path / "in" / "a.tif").read_bytes()
    place = len(data) // 2
    (tmp_path / "in" / "a.tif").write_bytes(data[:place] + bytes(60) + data[place + 60 :])

    (outcome,) = restore_folder(tiny, tmp_path / "in", tmp_path / "out", STREAMED)

    assert outcome.status == "failed" and "damaged tiff file" in outcome.reason
    assert outcome.reason.count("a.tif") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".srgan"]


def test_a_picture_that_changes_while_it_is_streamed_fails(tiny, tmp_path, pixels, monkeypatch):
    write(tmp_path / "in" / "a.png", Image(pixels(70, 50)))
    written = job.write_frames

    def changing(*arguments, **options):
        write(tmp_path / "in" / "a.png", Image(pixels(70, 50, seed=1)))
        return written(*arguments, **options)

    monkeypatch.setattr(job, "write_frames", changing)
    (outcome,) = restore_folder(tiny, tmp_path / "in", tmp_path / "out", STREAMED)

    assert outcome.status == "failed" and "changed while it was read" in outcome.reason
    assert [path.name for path in (tmp_path / "out").iterdir()] == [".srgan"]


def test_a_picture_that_is_read_in_one_band_is_streamed_all_the_same(tiny, tmp_path, pixels):
    Pillow.fromarray(pixels(70, 50)).save(tmp_path / "in.jpg", quality=95)
    with read_bands(tmp_path / "in.jpg") as found:
        assert len(list(found.each)) == 1

    (streamed,) = restore_folder(tiny, tmp_path / "in.jpg", tmp_path / "streamed.png", STREAMED)
    (held,) = restore_folder(tiny, tmp_path / "in.jpg", tmp_path / "held.png", HELD)

    assert np.array_equal(read(streamed.target).rgb, read(held.target).rgb)


@pytest.mark.parametrize("suffix, again", [("png", "ok"), ("bmp", "skipped")])
def test_another_way_through_memory_is_not_what_was_finished(tiny, tmp_path, pixels, suffix, again):
    """Floats are summed in another order; what can only be held is the same."""
    write(tmp_path / "in" / f"a.{suffix}", Image(pixels(70, 50)))

    def run(memory):
        (outcome,) = restore_folder(tiny, tmp_path / "in", tmp_path / "out", replace(HELD, memory=memory))
        return outcome.status

    assert (run(4.0), run(2.0), run(1e-6), run(1e-6)) == ("ok", "skipped", again, "skipped")
    assert (run(2e-6), run(4.0)) == (again, again)
