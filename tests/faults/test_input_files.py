"""Cases 1 to 30: what files hold."""

import io
import struct
import sys
import time
import zlib

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from srgan.engines import make_engine
from srgan.images.formats import SUFFIXES
from srgan.images.frames import read_frames
from srgan.images.image import Image
from srgan.images.reader import decode, read
from srgan.images.writer import encode, write
from srgan.inference.restore import restore
from srgan.runner.config import FolderConfig
from srgan.runner.run import restore_folder
from srgan.types import Levels

from .conftest import PHOTO, encoded

RNG = np.random.default_rng(0)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_header(width: int, height: int, body: bytes = b"") -> bytes:
    """A PNG that says it is so large, whatever its pixels."""
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + _chunk(b"IDAT", zlib.compress(body)) + _chunk(b"IEND", b"")


def _untouched(make_model, folder, **settings):
    """What a model that changes nothing writes."""
    config = FolderConfig(device="cpu", precision="fp32", **settings)
    return list(restore_folder(make_model("denoise", strength="50", std=0), folder.source, folder.target, config))


def test_01_truncated_jpeg(folder):
    data = encoded(PHOTO, "jpeg")
    folder.put(bad_jpg=data[: len(data) * 3 // 4], **{f"good{i}_jpg": data for i in range(5)})

    outcomes = folder.run()

    assert outcomes["bad.jpg"].status == "failed"
    assert "truncated" in outcomes["bad.jpg"].reason
    assert [outcome.status for name, outcome in outcomes.items() if name != "bad.jpg"] == ["ok"] * 5
    assert len(folder.tree()) == 5

    lenient = folder.run(lenient=True)["bad.jpg"]
    assert lenient.status == "ok" and lenient.notes[0].startswith("JPEG data are damaged: ")


def test_02_truncated_png_or_bad_checksum(folder):
    data = encoded(PHOTO)
    flipped = bytearray(data)
    flipped[data.index(b"IDAT") + 40] ^= 1
    folder.put(short_png=data[:-200], flipped_png=bytes(flipped), good_png=data)

    assert folder.statuses() == {"flipped.png": "failed", "good.png": "ok", "short.png": "failed"}
    assert list(folder.tree()) == ["good.png"]


def test_03_jpeg_with_garbage_in_its_middle(folder):
    data = bytearray(encoded(PHOTO, "jpeg"))
    middle = len(data) // 2
    data[middle : middle + 40] = RNG.integers(0, 256, 40, np.uint8).tobytes()
    folder.put(a_jpg=bytes(data))

    (outcome,) = folder.run().values()

    assert outcome.status == "failed" or outcome.notes[0].startswith("JPEG data are damaged: ")


def test_04_zero_bytes(folder):
    folder.put(a_jpg=b"", b_png=encoded(PHOTO))

    outcomes = folder.run()

    assert outcomes["a.jpg"].status == "failed" and outcomes["a.jpg"].reason.endswith("a.jpg: empty file")
    assert outcomes["b.png"].status == "ok"


def test_05_text_named_jpg(folder):
    folder.put(a_jpg=b"<html>404")

    (outcome,) = folder.run().values()

    assert outcome.status == "unsupported"
    assert "not a picture" in outcome.reason


def test_06_wrong_extension(folder):
    folder.put(a_jpg=encoded(PHOTO))

    (outcome,) = folder.run().values()

    assert outcome.status == "ok"
    assert outcome.target.read_bytes().startswith(b"\x89PNG")
    assert outcome.notes == ("is a png file, whatever its name",)


def test_07_no_suffix_at_all(folder, caplog):
    folder.put(a_png=encoded(PHOTO), b=encoded(PHOTO, "jpeg"), c_CR2=b"not a picture that is read here")

    assert folder.statuses() == {"a.png": "ok"}
    assert caplog.messages == [
        "passed over what is no picture by its suffix (no suffix: 1, .cr2: 1); --sniff looks into it"
    ]
    assert folder.statuses(sniff=True) == {"a.png": "skipped", "b": "ok"}
    assert sorted(folder.tree()) == ["a.png", "b.jpg"]
    assert decode(folder.tree()["b.jpg"], "b").format == "jpeg"


def test_07_upper_case_and_long_suffixes(folder):
    data = encoded(PHOTO, "jpeg")
    folder.put(A_JPG=data, b_jpeg=data, c_JpE=data)

    assert folder.statuses() == {"A.JPG": "ok", "b.jpeg": "ok", "c.JpE": "ok"}
    assert sorted(folder.tree()) == ["A.JPG", "b.jpeg", "c.JpE"]


def test_08_litter_of_file_managers(folder):
    folder.put(a_png=encoded(PHOTO), Thumbs_db=b"x", _DS_Store=b"x", desktop_ini=b"x")
    folder.write("._a.jpg", b"AppleDouble")

    assert folder.statuses() == {"a.png": "ok"}


def test_09_cmyk_jpeg(folder, make_model):
    folder.put(a_jpg=encoded(Pillow.fromarray(PHOTO).convert("CMYK"), "jpeg", quality=100))

    (outcome,) = _untouched(make_model, folder, format="png")

    assert np.abs(read(outcome.target).rgb.astype(int) - PHOTO).mean() < 2


def _deep(channels: int) -> Levels:
    return RNG.integers(0, 65_536, (24, 20, channels), np.uint16)


def test_10_16_bit_colour_png(folder, make_model):
    folder.put(a_png=encode(Image(_deep(3)), "png"))

    (outcome,) = _untouched(make_model, folder, format="tiff")

    restored = read(outcome.target)
    assert restored.rgb.dtype == np.uint16 and len(np.unique(restored.rgb)) > 256
    np.testing.assert_array_equal(restored.rgb, read(folder.source / "a.png").rgb)


def test_11_16_bit_grey_and_transparent(folder, make_model):
    grey = np.repeat(_deep(1), 3, axis=2)
    pictures = {"grey": Image(grey, grey=True), "clear": Image(_deep(3), _deep(1)[..., 0])}
    folder.put(**{f"{name}_png": encode(image, "png") for name, image in pictures.items()})

    for outcome in _untouched(make_model, folder, format="tiff"):
        restored, image = read(outcome.target), pictures[outcome.name.removesuffix(".png")]
        np.testing.assert_array_equal(restored.rgb, image.rgb)
        assert restored.grey == image.grey
        if image.alpha is not None:
            np.testing.assert_array_equal(restored.alpha, image.alpha)


def test_12_1_bit_png(folder):
    folder.put(a_png=encoded(Pillow.fromarray(PHOTO).convert("1")))

    (outcome,) = folder.run().values()

    with Pillow.open(outcome.target) as restored:
        assert restored.mode == "L" and restored.size == (120, 80)


def test_13_palette_with_and_without_transparency(folder, make_model):
    palette = Pillow.fromarray(PHOTO).quantize(8)
    folder.put(plain_png=encoded(palette), clear_png=encoded(palette, transparency=3))

    model = make_model(scale=2, std=0)  # which adds nothing to the bicubic enlargement

    each = restore_folder(model, folder.source, folder.target, FolderConfig(device="cpu", precision="fp32"))

    outcomes = {outcome.name: outcome for outcome in each}
    assert read(outcomes["plain.png"].target).alpha is None
    small = (np.asarray(palette) != 3).astype(np.uint8) * 255
    large = cv2.resize(small, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    assert np.abs(read(outcomes["clear.png"].target).alpha.astype(int) - large).mean() < 4


def test_14_transparent_edges_have_no_fringes(folder, make_model):
    rgb, alpha = np.full((24, 24, 3), 200, np.uint8), np.full((24, 24), 255, np.uint8)
    alpha[:, :12] = 0
    rgb[:, :12] = (255, 0, 0)
    folder.put(a_png=encode(Image(rgb, alpha), "png"))
    model = make_model(scale=2, std=0)

    (outcome,) = restore_folder(model, folder.source, folder.target, FolderConfig(device="cpu", precision="fp32"))

    restored = read(outcome.target)
    assert np.ptp(restored.rgb[restored.alpha > 0].astype(int), axis=0).max() <= 1


def test_15_grey_stays_neutral(folder):
    folder.put(a_png=encoded(PHOTO[..., 0]), b_jpg=encoded(PHOTO[..., 0], "jpeg"))

    for outcome in folder.run().values():
        with Pillow.open(outcome.target) as restored:
            assert restored.mode == "L"


@pytest.mark.parametrize("format", ["gif", "webp", "png"])
def test_16_animations(folder, format):
    frames = [Pillow.fromarray(np.roll(PHOTO, 20 * shift, axis=1)) for shift in range(3)]
    data = encoded(frames[0], format, save_all=True, append_images=frames[1:], duration=[100, 250, 40])
    folder.write(f"a.{format}", data)

    (first,) = folder.run().values()
    assert first.status == "ok" and first.notes == ("first of 3 frames",)

    (every,) = folder.run(frames="all").values()
    found = read_frames(every.target)
    assert every.status == "ok" and len(found.images) == 3 and found.durations == (100.0, 250.0, 40.0)
    assert found.images[2].rgb.shape == (80, 120, 3)


def test_17_multi_page_tiff(folder):
    with tifffile.TiffWriter(folder.source / "a.tif") as writer:
        for _ in range(3):
            writer.write(PHOTO, photometric="rgb", metadata=None)

    (first,) = folder.run().values()
    assert first.status == "unsupported" and "3 pages" in first.reason

    (every,) = folder.run(frames="all").values()
    assert every.status == "ok" and len(read_frames(every.target).images) == 3


def test_18_float_tiff_stays_float_and_what_is_no_colour_is_refused_in_words(folder):
    colours = PHOTO.astype(np.float32) / 200  # highlights beyond white
    for name, pixels in {"a": colours, "b": colours * 65_504, "c": np.where(colours > 1, np.nan, colours)}.items():
        tifffile.imwrite(folder.source / f"{name}.tif", pixels, photometric="rgb")

    outcomes = folder.run(engine="torch")

    assert [outcome.status for outcome in outcomes.values()] == ["ok", "unsupported", "unsupported"]
    assert "white must be 1" in outcomes["b.tif"].reason and "not finite" in outcomes["c.tif"].reason
    engine = make_engine(folder.model.generator, device="cpu", precision="fp32")
    np.testing.assert_allclose(tifffile.imread(folder.target / "a.tif"), restore(folder.model, colours, engine=engine))


def test_19_however_a_tiff_is_laid_out(folder):
    plain = {"photometric": "rgb", "metadata": None}
    tifffile.imwrite(folder.source / "chunky.tif", PHOTO, **plain)
    tifffile.imwrite(folder.source / "planar.tif", PHOTO.transpose(2, 0, 1), planarconfig="separate", **plain)
    tifffile.imwrite(folder.source / "tiled.tif", PHOTO, tile=(16, 16), **plain)
    folder.put(lzw_tif=encoded(PHOTO, "tiff", compression="tiff_lzw"))

    restored = [read(outcome.target).rgb for outcome in folder.run().values()]

    assert len(restored) == 4
    assert all(np.array_equal(one, restored[0]) for one in restored)


def test_20_heic_and_avif(folder, monkeypatch):
    pillow_heif = pytest.importorskip("pillow_heif")
    heic = io.BytesIO()
    pillow_heif.from_pillow(Pillow.fromarray(PHOTO)).save(heic)
    folder.put(a_avif=encoded(PHOTO, "avif"), b_heic=heic.getvalue())

    assert folder.statuses() == {"a.avif": "ok", "b.heic": "ok"}
    assert sorted(folder.tree()) == ["a.avif", "b.png"]
    assert decode(folder.tree()["a.avif"], "a").format == "avif"
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    outcome = folder.run(existing="overwrite")["b.heic"]
    assert outcome.status == "unsupported" and "srgan[heif]" in outcome.reason


def test_21_exif_orientation_1_to_8(folder, make_model):
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # what turns the upright picture into the stored one
    for orientation in range(1, 9):
        exif = Pillow.Exif()
        exif[0x0112] = orientation
        upright = Pillow.fromarray(PHOTO)
        stored = upright.transpose(Pillow.Transpose(undo[orientation])) if orientation > 1 else upright
        folder.write(f"{orientation}.png", encoded(stored, exif=exif))

    outcomes = folder.run().values()

    first, *others = (read(outcome.target).rgb for outcome in outcomes)
    assert all(np.array_equal(first, other) for other in others)
    for outcome in outcomes:
        with Pillow.open(outcome.target) as restored:
            assert restored.getexif().get(0x0112, 1) == 1


@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "webp"])
def test_22_profiles_are_copied_and_pixels_stay_in_them(folder, make_model, format):
    from PIL import ImageCms

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    folder.write(f"a.{format}", encoded(PHOTO, format, icc_profile=profile))

    (outcome,) = _untouched(make_model, folder, format="tiff")

    restored = read(outcome.target)
    assert restored.icc == profile
    np.testing.assert_array_equal(restored.rgb, read(folder.source / f"a.{format}").rgb)


@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "webp"])
def test_23_exif_and_xmp_are_kept_or_stripped(folder, format):
    exif = Pillow.Exif()
    exif[0x010F] = "Maker"
    said = {"exif": exif.tobytes(), "xmp": b"<x:xmpmeta/>"}
    said = {"tiff": {"tiffinfo": {271: "Maker", 700: b"<x:xmpmeta/>"}}, "png": {"exif": exif.tobytes()}}.get(
        format, said
    )
    folder.write(f"a.{format}", encoded(PHOTO, format, **said))

    (kept,) = folder.run().values()
    said = Pillow.Exif()
    said.load(read(kept.target).exif)
    assert said[0x010F] == "Maker"
    assert format == "png" or read(kept.target).xmp == b"<x:xmpmeta/>"

    (stripped,) = folder.run(strip_metadata=True).values()
    assert read(stripped.target).exif is None and read(stripped.target).xmp is None


@pytest.mark.parametrize("height, width", [(1, 1), (1, 9), (9, 1), (2, 3), (5, 4)])
def test_24_tiny_pictures(folder, height, width):
    folder.put(a_png=encoded(PHOTO[:height, :width]))

    (outcome,) = folder.run().values()

    assert read(outcome.target).rgb.shape == (2 * height, 2 * width, 3)


@pytest.mark.parametrize("height, width, tile", [(37, 41, 8), (31, 17, 13), (40, 59, 16)])
def test_25_odd_sizes_and_any_tile_give_the_whole_picture(folder, height, width, tile):
    folder.put(a_png=encoded(PHOTO[:height, :width]))

    (whole,) = folder.run(tile=512).values()
    expected = read(whole.target).rgb
    (tiled,) = folder.run(tile=tile).values()

    assert np.abs(read(tiled.target).rgb.astype(int) - expected).max() <= 1
    assert (read(tiled.target).rgb != expected).mean() < 1e-3  # float sums in another order, at the edge of a level


def _peak(folder, *words):
    """The most memory that a command of its own has held [MB]."""
    process = folder.start(*words)
    _, messages = process.communicate()
    assert process.returncode == 0, messages
    return max(int(line.split()[1]) for line in messages.splitlines() if line.startswith("peak ")) / 1024


@pytest.mark.slow
@pytest.mark.parametrize("format", ["png", "tiff"])
def test_26_a_huge_picture(folder, format, monkeypatch, tmp_path):
    """100 megapixels become 400: neither the picture, of 300 MB, is ever held, nor the result, of 1.2 GB."""
    # Not getrusage(), whose maximum counts the memory of the process that this one was forked from.
    report = "import atexit, sys\n@atexit.register\ndef tell():\n    status = open('/proc/self/status').read()\n    "
    report += "print('peak', status.split('VmHWM:')[1].split()[0], file=sys.stderr)\n"
    (tmp_path / "sitecustomize.py").write_text(report)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    noise = np.random.default_rng(0).integers(0, 256, (10_000, 10_000, 1), np.uint8).repeat(3, axis=2)
    folder.put(a_png=encode(Image(noise[:1500, :1500]), "png"))  # of several tiles, as large as they become
    least = _peak(folder)
    (folder.source / "a.png").unlink()
    write(folder.source / f"b{SUFFIXES[format]}", Image(noise))

    most = _peak(folder, "--memory", "0.25")

    assert most - least < 250
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", None)
    with Pillow.open(folder.target / f"b{SUFFIXES[format]}") as restored:
        assert restored.size == (20_000, 20_000)


def test_27_a_bomb_is_refused_by_its_header(folder):
    folder.put(a_png=_png_header(50_000, 50_000, bytes(300_000)), b_png=encoded(PHOTO))

    started = time.process_time()
    outcomes = folder.run()

    assert outcomes["a.png"].status == "failed" and "more than the limit" in outcomes["a.png"].reason
    assert outcomes["b.png"].status == "ok"
    assert time.process_time() - started < 5


def test_28_a_lying_header(folder):
    folder.put(a_png=_png_header(100_000, 100_000), b_png=_png_header(1000, 1000))

    outcomes = folder.run()

    assert {outcome.status for outcome in outcomes.values()} == {"failed"}
    assert "more than the limit" in outcomes["a.png"].reason


@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "bmp", "gif", "avif"])
def test_29_a_picture_larger_than_pillows_limit_is_read(format, monkeypatch):
    data = encoded(PHOTO, format)
    monkeypatch.setattr(Pillow, "MAX_IMAGE_PIXELS", 100)

    assert decode(data, f"a.{format}").rgb.shape == PHOTO.shape


def test_30_sizes_that_a_format_cannot_hold_are_refused_before_work(folder):
    folder.put(a_png=encoded(np.zeros((1, 9000, 3), np.uint8)), b_png=encoded(PHOTO))

    started = time.perf_counter()
    outcomes = folder.run(format="webp")

    assert outcomes["a.png"].status == "failed" and "webp holds at most 16383 a side" in outcomes["a.png"].reason
    assert outcomes["b.png"].status == "ok"
    assert time.perf_counter() - started < 10
