"""What callers give: every kind of picture and mask that says what it means is taken, and the rest refused in words."""

import io

import jaxtyping
import numpy as np
import pytest
import torch
from PIL import Image as Pillow

import srgan
from srgan.engines import make_engine
from srgan.errors import ConfigError, ImageError, SrganError
from srgan.images.image import Image
from srgan.images.writer import write
from srgan.inference.restore import restore


@pytest.fixture
def filler(make_model):
    return make_model("inpaint", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})


@pytest.fixture
def filling(filler):
    return make_engine(filler, device="cpu", precision="fp32")


def hole():
    mask = np.zeros((40, 50), bool)
    mask[10:22, 15:27] = True
    return mask


def of_every_kind(mask, folder):
    levels = mask.astype(np.uint8) * 255
    write(folder / "mask.png", Image(levels[..., None].repeat(3, axis=2)))
    clear = np.zeros((40, 50, 4), np.uint8)
    clear[mask] = (255, 0, 0, 255)
    return {
        "bools": mask,
        "floats": mask.astype(float),
        "whole numbers": mask.astype(int),
        "uint8": levels,
        "int64": levels.astype(int),
        "uint16": mask.astype(np.uint16) * 65_535,
        "colours": levels[..., None].repeat(3, axis=2),
        "alpha": clear,
        "Pillow L": Pillow.fromarray(levels),
        "Pillow 1": Pillow.fromarray(levels).convert("1"),
        "Pillow RGBA": Pillow.fromarray(clear),
        "Image": Image(levels[..., None].repeat(3, axis=2), grey=True),
        "path": folder / "mask.png",
        "text": str(folder / "mask.png"),
        "tensor": torch.from_numpy(mask),
        "tensor with a channel": torch.from_numpy(mask)[None].float(),
    }


def test_a_mask_of_every_kind_fills_the_same(filler, filling, pixels, tmp_path):
    picture = pixels(40, 50)
    expected = restore(filler, picture, hole(), engine=filling)

    for kind, mask in of_every_kind(hole(), tmp_path).items():
        np.testing.assert_array_equal(restore(filler, picture, mask, engine=filling), expected, err_msg=kind)


@pytest.mark.parametrize("most", [255, 65535])
def test_an_array_of_two_levels_is_no_painting_so_the_lighter_is_filled_however_much_it_is(
    filler, filling, pixels, most
):
    picture, mask = pixels(40, 50), ~hole()
    expected = restore(filler, picture, mask, engine=filling)
    assert (expected[mask] != picture[mask]).any() and np.array_equal(expected[~mask], picture[~mask])

    for given in (mask * np.uint16(most), torch.from_numpy(mask * np.int32(most))):
        np.testing.assert_array_equal(restore(filler, picture, given, engine=filling), expected)


def test_a_copy_with_a_colour_painted_over_is_a_mask_for_every_kind_of_picture(filler, filling, pixels):
    picture, mask = pixels(40, 50, seed=4), hole()
    painted = picture.copy()
    painted[mask] = (255, 0, 0)
    expected = restore(filler, picture, mask, engine=filling)

    tensor = restore(filler, torch.from_numpy(picture).permute(2, 0, 1) / 255, painted, engine=filling)
    image = restore(filler, Image(picture), Pillow.fromarray(painted), engine=filling)

    levels = tensor.clamp(0, 1).mul(255).round().permute(1, 2, 0).numpy()
    assert (np.abs(levels - expected).max(axis=2) > 1).mean() < 0.01
    assert (image.rgb != expected).any(axis=2).mean() < 0.01
    assert image.notes[-1].startswith("fills 7.")
    assert image.notes[-1].endswith("what is painted over in red in its mask, a copy of the picture")


def test_an_image_says_what_share_of_it_was_filled(filler, filling, pixels):
    assert restore(filler, Image(pixels(40, 50)), hole(), engine=filling).notes == ("fills 7.2 % of the picture",)


def test_a_mask_file_that_is_missing_or_unclear_is_told(filler, filling, pixels, tmp_path):
    with pytest.raises(ImageError, match=r"no\.png: cannot be read"):
        restore(filler, pixels(40, 50), tmp_path / "no.png", engine=filling)
    with pytest.raises(ImageError, match=r"^the mask has more colours than .*; paint white on black, or give an array"):
        restore(filler, pixels(40, 50), pixels(40, 50, seed=9), engine=filling)


@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_floats_with_alpha_are_restored_as_levels_with_alpha_are(tiny, engine, pixels, channels, dtype):
    levels = pixels(9, 12, channels)
    levels[2:5, 3:6, -1] = 0

    floats = restore(tiny, (levels / 255).astype(dtype), engine=engine)

    assert floats.dtype == dtype and floats.shape == (18, 24, channels)
    expected = restore(tiny, levels, engine=engine).astype(float)
    assert np.abs(floats.astype(float).clip(0, 1) * 255 - expected).max() <= 1


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I;16L"])
def test_16_bit_pillow_images_are_restored_in_whatever_order_their_bytes_are(tiny, engine, pixels, mode):
    levels = pixels(9, 12, 1, dtype=np.uint16)[..., 0]
    stored = levels.astype(">u2" if mode == "I;16B" else "<u2").tobytes()
    picture = Pillow.frombytes(mode, (12, 9), stored)

    restored = restore(tiny, picture, engine=engine)

    assert restored.mode == "I;16"
    np.testing.assert_array_equal(np.array(restored), restore(tiny, levels, engine=engine))


def test_a_big_endian_tiff_that_pillow_opened_keeps_its_16_bits(tiny, engine, pixels):
    file = io.BytesIO()
    levels = pixels(9, 12, 1, dtype=np.uint16)[..., 0]
    Pillow.frombytes("I;16B", (12, 9), levels.astype(">u2").tobytes()).save(file, "TIFF")

    with Pillow.open(file) as opened:
        restored = restore(tiny, opened, engine=engine)

    assert abs(np.array(restored).mean() / levels.mean() - 1) < 0.2


def test_arrays_of_the_other_byte_order_are_taken(tiny, engine, pixels):
    levels = pixels(9, 12, dtype=np.uint16)

    restored = restore(tiny, levels.astype(">u2"), engine=engine)

    np.testing.assert_array_equal(restored, restore(tiny, levels, engine=engine))


@pytest.mark.parametrize("mode, expected", [("P", "RGBA"), ("PA", "RGBA"), ("HSV", "RGB"), ("YCbCr", "RGB")])
def test_pillow_images_of_rarer_modes(tiny, engine, pixels, mode, expected):
    colours = Pillow.fromarray(pixels(9, 12))
    picture = colours.convert("RGBA").convert("PA") if mode == "PA" else colours.convert(mode)
    if mode == "P":
        picture.info["transparency"] = 3

    restored = restore(tiny, picture, engine=engine)

    assert restored.mode == expected and "transparency" not in restored.info


@pytest.mark.parametrize("mode, kept", [("L", True), ("RGB", True), ("CMYK", False)])
def test_the_profile_of_a_pillow_image_stays_unless_it_is_one_of_inks(tiny, engine, pixels, mode, kept):
    picture = Pillow.fromarray(pixels(9, 12)).convert(mode)
    picture.info["icc_profile"] = b"of its mode"

    restored = restore(tiny, picture, engine=engine)

    assert ("icc_profile" in restored.info) == kept
    assert restored.mode == ("L" if mode == "L" else "RGB")


def test_a_pillow_palette_of_rgba_keeps_its_alpha(tiny, engine, pixels):
    alpha = np.full((9, 12), 255, np.uint8)
    alpha[:, :6] = 0
    picture = Pillow.fromarray(np.dstack([pixels(9, 12), alpha])).quantize(16)

    restored = restore(tiny, picture, engine=engine)

    assert np.array(restored.getchannel("A"))[:, 0].max() == 0
    assert np.array(restored.getchannel("A"))[:, -1].min() == 255


NOT_FINITE = "the picture has pixels that are not numbers (NaN) or infinite"


def spoilt(kind, value):
    floats = np.full((6, 6, 3), 0.5, np.float32)
    floats[2, 3, 1] = value
    if kind == "tensor":
        return torch.from_numpy(floats).permute(2, 0, 1)
    return {"array": floats, "alpha": np.dstack([floats, floats[..., :1]]), "Image": Image(floats)}[kind]


@pytest.mark.parametrize("kind", ["array", "alpha", "Image", "tensor"])
@pytest.mark.parametrize(
    "value, message",
    [
        (np.nan, NOT_FINITE),
        (np.inf, NOT_FINITE),
        (200.0, "floats up to 200: white is 1, so divide by 255, say"),
        (-50.0, "floats up to 50: white is 1, so divide by 255, say"),
    ],
)
def test_floats_that_are_no_picture_are_the_callers_fault(tiny, engine, kind, value, message):
    with pytest.raises(ConfigError) as caught:
        restore(tiny, spoilt(kind, value), engine=engine)
    assert str(caught.value) == message


def test_an_engine_serves_the_weights_it_was_made_of_wherever_they_came_from(tiny, make_model, pixels, tmp_path):
    srgan.save(tiny, tmp_path / "tiny.safetensors")
    made, again, picture = make_engine(tiny), srgan.load(tmp_path / "tiny.safetensors"), pixels(9, 12)
    changed, other = make_engine(again), make_model(scale=2, seed=1)
    with torch.no_grad():
        next(again.generator.parameters())[0] += 1

    assert np.array_equal(restore(tiny, picture, engine=made), restore(tiny, picture))
    for model, engine in ((other, made), (again, changed)):
        with pytest.raises(ConfigError, match=r"^the engine has other weights than the model"):
            restore(model, picture, engine=engine)
    assert restore(again, picture, engine=make_engine(again)).shape == (18, 24, 3)


@pytest.fixture
def calls(tiny, filler, make_model, photos, pixels, tmp_path):
    """What someone may try, by name."""
    picture, folder = pixels(9, 12), tmp_path / "out"
    x3 = make_model(scale=3)
    denoiser = make_model("denoise", "unet", options={"width": 8, "depth": 1, "levels": 2, "fold": 1})
    return {
        "a name": lambda: restore("upscale-x4", picture),
        "nothing": lambda: restore(None, picture),
        "a name for a folder": lambda: list(srgan.restore_folder("upscale-x4", photos, folder)),
        "a number as size": lambda: list(srgan.restore_folder(tiny, photos, folder, size=2)),
        "a wrong scale": lambda: list(srgan.restore_folder({4: tiny}, photos, folder, size=srgan.Size(scale=4))),
        "two models": lambda: list(srgan.restore_folder({2: tiny, 3: x3}, photos, folder)),
        "no models": lambda: list(srgan.restore_folder({}, photos, folder)),
        "a mask that is not there": lambda: list(srgan.restore_folder(filler, photos, folder, masks="no.png")),
        "a name to score": lambda: srgan.evaluate("upscale-x4", photos),
        "settings as a dictionary": lambda: list(srgan.restore_folder(tiny, photos, folder, {"format": "jpeg"})),
        "an array to write": lambda: srgan.write(tmp_path / "a.png", picture),
        "an array to encode": lambda: srgan.encode(picture, "png"),
        "bytes to read": lambda: srgan.read(b"\x89PNG\r\n\x1a\n\0\0"),
        "whole numbers as a picture": lambda: Image(picture.astype(np.int32)),
        "floats of 64 bits": lambda: Image(picture / 255),
        "greys without a third axis": lambda: Image(picture[..., 0]),
        "transparency of another kind": lambda: Image(picture, np.zeros((9, 12), np.uint16)),
        "a trace that there is not": lambda: srgan.BySource(tiny, tiny, among=("jpeg",)),
        "a name to save": lambda: srgan.save("upscale-x4", tmp_path / "a.safetensors"),
        "a name to tune": lambda: srgan.finetune("upscale-x4", photos, folder),
        "an engine of a name": lambda: srgan.make_engine("upscale-x4"),
        "a generator for an engine": lambda: restore(tiny, picture, engine=tiny.generator),
        "another model's engine": lambda: restore(tiny, picture, engine=make_engine(x3)),
        "another task's engine": lambda: restore(tiny, picture, engine=make_engine(denoiser)),
        "a tile of text": lambda: restore(tiny, picture, tile="64"),
        "a negative tile": lambda: restore(tiny, picture, tile=-1),
        "a scale of text": lambda: srgan.Size(scale="2"),
        "half a scale": lambda: srgan.Upscale(scale=2.0),
        "a task's name": lambda: srgan.Model("upscale"),
        "half a box": lambda: srgan.Masks(boxes=[(1, 2)]),
        "one box instead of several": lambda: srgan.Masks(boxes=(1, 2, 3, 4)),
        "a box of text": lambda: srgan.Masks(boxes=["1,2,3,4"]),
        "half pixels": lambda: srgan.Masks(boxes=[(1.5, 2, 3, 4)]),
    }


KIND = {
    "a name": "'upscale-x4' is a name, no model: srgan.load('upscale-x4') gives the model",
    "nothing": "a NoneType is no model: srgan.load gives one",
    "a name for a folder": "'upscale-x4' is a name, no model: srgan.load('upscale-x4') gives the model",
    "a number as size": "size=2: give srgan.Size(scale=2), or Size(max_side=...)",
    "a wrong scale": "the model given for 4 times enlarges 2 times",
    "two models": "give one model, or several and a size",
    "no models": "give one model, or several and a size",
    "a mask that is not there": "no.png: there is no such mask or folder of masks",
    "a name to score": "'upscale-x4' is a name, no model: srgan.load('upscale-x4') gives the model",
    "a name to save": "'upscale-x4' is a name, no model: srgan.load('upscale-x4') gives the model",
    "a name to tune": "'upscale-x4' is a name, no model: srgan.load('upscale-x4') gives the model",
    "settings as a dictionary": "a dict is no configuration: srgan.FolderConfig(...) makes one",
    "an array to write": "a ndarray is no Image: srgan.Image(array) makes one of (h, w, 3)",
    "an array to encode": "a ndarray is no Image: srgan.Image(array) makes one of (h, w, 3)",
    "bytes to read": "a bytes is no path: srgan.decode takes the bytes of a file",
    "whole numbers as a picture": "rgb must be (h, w, 3) of uint8, uint16 or float32, not int32 (9, 12, 3)",
    "floats of 64 bits": "rgb must be (h, w, 3) of uint8, uint16 or float32, not float64 (9, 12, 3)",
    "greys without a third axis": "rgb must be (h, w, 3) of uint8, uint16 or float32, not uint8 (9, 12)",
    "transparency of another kind": "alpha must be (h, w) and of the kind of rgb, uint8 (9, 12, 3), not uint16 (9, 12)",
    "a trace that there is not": "among: no trace 'jpeg': choose of JPEG, noise, blur, drawing",
    "an engine of a name": "a str is no model to make an engine of: srgan.load gives one",
    "a generator for an engine": "a Compact is no engine: srgan.make_engine(model) makes one",
    "another model's engine": "the engine has other weights than the model: make the engine of this model",
    "another task's engine": "the engine has other weights than the model: make the engine of this model",
    "a tile of text": "tile='64': choose a side in whole pixels, or None",
    "a negative tile": "tile=-1: choose a side in whole pixels, or None",
    "a scale of text": "'2': a size must be a number",
    "half a scale": "scale=2.0: choose 2, 3 or 4",
    "a task's name": "'upscale' is no task: give srgan.Upscale(), srgan.Denoise() or srgan.Inpaint()",
    "half a box": "box (1, 2): left, top, width and height, in whole pixels",
    "one box instead of several": "box 1: left, top, width and height, in whole pixels",
    "a box of text": "box 1,2,3,4: left, top, width and height, in whole pixels",
    "half pixels": "box (1.5, 2, 3, 4): left, top, width and height, in whole pixels",
}


@pytest.mark.parametrize("name", KIND)
def test_what_does_not_fit_is_said_in_one_kind_sentence(calls, name, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)  # as it is for callers
    with pytest.raises(SrganError) as caught:
        calls[name]()
    assert str(caught.value) == KIND[name]


def test_every_such_call_is_tried(calls):
    assert set(calls) == set(KIND)


def test_an_engine_is_made_of_a_model_as_of_its_generator(tiny, pixels):
    of_model, of_generator = (make_engine(one, device="cpu", precision="fp32") for one in (tiny, tiny.generator))

    restored = [restore(tiny, pixels(9, 12), engine=engine) for engine in (of_model, of_generator)]

    np.testing.assert_array_equal(*restored)


def test_a_path_stands_for_the_masks_of_a_folder(filler, pixels, tmp_path):
    write(tmp_path / "in" / "a.png", Image(pixels(40, 50)))
    write(tmp_path / "mask.png", Image(hole().astype(np.uint8)[..., None].repeat(3, axis=2) * 255))

    (outcome,) = srgan.restore_folder(filler, tmp_path / "in", tmp_path / "out", masks=str(tmp_path / "mask.png"))

    assert (outcome.status, outcome.notes) == ("ok", ("fills 7.2 % of the picture",))
