"""Masks as people paint them: each kind, lossless and lossy, gives the same hole; what is unclear is refused."""

import io

import cv2
import numpy as np
import pytest
import skimage.data
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from srgan.errors import ImageError
from srgan.images.image import Image
from srgan.images.reader import decode
from srgan.images.writer import write
from srgan.inference.masks import Masks
from srgan.inference.painted import painted

SIZE = (160, 120)
COLOURS = {"red": (255, 0, 0), "white": (255, 255, 255), "black": (0, 0, 0), "green": (0, 255, 0)}


@pytest.fixture(scope="module")
def photo():
    return Pillow.fromarray(np.ascontiguousarray(skimage.data.astronaut()[40:160, 130:290]))


def strokes(mode="L", ground=0, brush=255, on=None):
    """A stroke, a dot and a stamp, drawn in a colour."""
    image = Pillow.new(mode, SIZE, ground) if on is None else on.convert(mode)
    draw = ImageDraw.Draw(image)
    draw.line([(20, 20), (60, 90), (80, 40)], fill=brush, width=7)
    draw.ellipse((100, 60, 130, 95), fill=brush)
    draw.rectangle((95, 10, 140, 24), fill=brush)
    return image


HOLES = np.asarray(strokes()) > 0


def as_image(picture, format="PNG", **options):
    file = io.BytesIO()
    picture.save(file, format, **options)
    return decode(file.getvalue(), f"mask.{format.lower()}")


def read(mask, photo, **options):
    """Intersection over union of what was read with what was drawn, and how it was told."""
    holes, how = painted(as_image(mask, **options), as_image(photo))
    holes = holes > 0
    return (holes & HOLES).sum() / (holes | HOLES).sum(), how


def test_white_on_black_needs_no_word(photo):
    assert read(strokes(), photo) == (1, "")
    assert read(strokes("1", 0, 1), photo) == (1, "")


@pytest.mark.parametrize(
    "ground, brush",
    [("white", "black"), ("black", "red"), ("white", "red"), ("green", "white"), ("black", "green")],
)
def test_the_rarer_of_any_two_colours_is_the_hole_and_that_is_told(photo, ground, brush):
    mask = strokes("RGB", COLOURS[ground], COLOURS[brush])

    share, how = read(mask, photo)

    assert share == 1
    assert how == f"what is {brush} in its mask, which is less than what is {ground}"


@pytest.mark.parametrize("quality", [50, 75, 95])
@pytest.mark.parametrize("ground, brush", [("black", "white"), ("white", "black"), ("white", "red"), ("black", "red")])
def test_a_lossy_file_of_two_colours_has_two_colours(photo, ground, brush, quality):
    share, _ = read(strokes("RGB", COLOURS[ground], COLOURS[brush]), photo, format="JPEG", quality=quality)

    assert share > 0.85


@pytest.mark.parametrize("fill", ["white", "black"])
@pytest.mark.parametrize("brush", ["white", "black"])
def test_white_or_black_is_filled_however_much_it_is(photo, fill, brush):
    ground = "black" if brush == "white" else "white"
    mask = as_image(strokes("RGB", COLOURS[ground], COLOURS[brush]))

    holes, how = painted(mask, as_image(photo), fill)

    assert np.array_equal(holes > 0, HOLES if fill == brush else ~HOLES)
    assert how == f"what is {fill} in its mask"


def test_what_is_transparent_is_neither_white_nor_black(photo):
    mask = as_image(strokes("LA", (0, 0), (255, 255)))

    assert np.array_equal(painted(mask, as_image(photo), "white").holes > 0, HOLES)
    assert not painted(mask, as_image(photo), "black").holes.any()


def test_soft_brushes_fill_where_they_are_more_than_half(photo):
    mask = strokes().filter(ImageFilter.GaussianBlur(3))

    holes, how = painted(as_image(mask), as_image(photo))

    np.testing.assert_array_equal(holes > 0, np.asarray(mask) >= 128)
    assert how == ""


@pytest.mark.parametrize("brush", ["white", "black", "red"])
def test_what_is_painted_on_a_transparent_layer_is_filled(photo, brush):
    share, how = read(strokes("RGBA", (0, 0, 0, 0), (*COLOURS[brush], 255)), photo)

    assert (share, how) == (1, "what is painted in its mask, which is less than the rest")


@pytest.mark.parametrize("opacity", [90, 160])
def test_a_brush_that_is_half_transparent_fills_too(photo, opacity):
    assert read(strokes("RGBA", (255, 255, 255, 0), (255, 0, 0, opacity)), photo)[0] == 1


@pytest.mark.parametrize("ground", ["white", "black", "red"])
def test_what_is_erased_from_a_layer_is_filled(photo, ground):
    share, how = read(strokes("RGBA", (*COLOURS[ground], 255), (0, 0, 0, 0)), photo)

    assert (share, how) == (1, "what is transparent in its mask, which is less than the rest")


def test_what_is_erased_from_a_copy_is_filled_however_much_it_is(photo):
    alpha = Pillow.fromarray(np.where(HOLES, 255, 0).astype(np.uint8))
    for keep in (alpha, alpha.point(lambda level: 255 - level)):
        mask = photo.convert("RGBA")
        mask.putalpha(keep)
        holes, how = painted(as_image(mask), as_image(photo))
        np.testing.assert_array_equal(holes, np.asarray(keep) == 0)
        assert how == "what is erased in its mask, a copy of the picture"


@pytest.mark.parametrize("brush", ["red", "white", "black", "green"])
@pytest.mark.parametrize("options", [{}, {"format": "JPEG", "quality": 90}, {"format": "WEBP", "quality": 80}])
def test_what_is_painted_over_a_copy_is_filled(photo, brush, options):
    share, how = read(strokes("RGB", brush=COLOURS[brush], on=photo), photo, **options)

    assert share > (0.8 if options else 0.995)
    assert how == f"what is painted over in {brush} in its mask, a copy of the picture"


def test_the_transparency_of_the_picture_itself_is_no_mask_in_a_copy_of_it(photo):
    picture = photo.convert("RGBA")
    picture.paste((0, 0, 0, 0), (0, 0, 20, 120))

    share, how = read(strokes("RGBA", brush=(255, 0, 0, 255), on=picture), picture)

    assert share > 0.99
    assert how == "what is painted over in red in its mask, a copy of the picture"


def test_soft_edges_painted_over_a_copy_belong_to_the_hole(photo):
    soft = strokes().filter(ImageFilter.GaussianBlur(1))
    mask = Pillow.composite(Pillow.new("RGB", SIZE, COLOURS["red"]), photo, soft)

    holes, _ = painted(as_image(mask), as_image(photo))

    touched = (np.asarray(mask) != np.asarray(photo)).any(axis=2)
    assert (holes > 0).sum() > 0.98 * touched.sum()


@pytest.mark.parametrize("softness", [0, 4])
@pytest.mark.parametrize("opacity", [0.25, 0.5, 0.75])
@pytest.mark.parametrize("brush", ["red", "white", "green"])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_soft_and_half_transparent_brushes_over_a_copy_fill_all_that_they_touched(
    photo, mode, brush, opacity, softness
):
    photo = photo.convert(mode).convert("RGB")
    touched = strokes().filter(ImageFilter.GaussianBlur(softness))
    mask = Pillow.composite(
        Pillow.new("RGB", SIZE, COLOURS[brush]), photo, touched.point(lambda level: level * opacity)
    )

    holes, how = painted(as_image(mask), as_image(photo))

    clear = np.abs(np.asarray(mask).astype(int) - np.asarray(photo)).max(axis=2) > 4
    assert (holes > 0)[clear].mean() > 0.98 and not (holes > 0)[np.asarray(touched) == 0].any()
    assert how.startswith("what is painted over in ") and how.endswith(" in its mask, a copy of the picture")


def test_pixels_that_an_editor_has_rounded_otherwise_are_no_holes(photo):
    pixels = np.array(strokes("RGB", brush=COLOURS["red"], on=photo))
    pixels[::4, ::4] += (pixels[::4, ::4] < 255).astype(np.uint8)

    holes, _ = painted(Image(pixels), as_image(photo))

    assert (holes > 0)[HOLES].all() and (holes > 0)[~HOLES].mean() < 0.01


def test_a_copy_that_is_mostly_painted_over_is_still_one(photo):
    mask = photo.copy()
    ImageDraw.Draw(mask).rectangle((0, 0, 159, 79), fill=COLOURS["red"])

    holes, _ = painted(as_image(mask), as_image(photo))

    assert holes[:80].mean() > 0.99 and not holes[80:].any()


def test_text_in_a_document_is_no_hole_where_a_copy_of_it_is_painted_over():
    page = Pillow.new("RGB", SIZE, (255, 255, 255))
    draw = ImageDraw.Draw(page)
    for row in range(5, 115, 12):
        draw.text((5, row), "the quick brown fox jumps", fill=(0, 0, 0))

    share, how = read(strokes("RGB", brush=COLOURS["red"], on=page), page)

    assert share == 1 and "a copy of the picture" in how


def test_16_bit_and_grey_pictures_have_masks_too(photo):
    grey = photo.convert("L")
    levels = np.asarray(grey).astype(np.uint16)[..., None].repeat(3, axis=2) * 257

    holes, _ = painted(as_image(strokes("RGB", brush=COLOURS["red"], on=grey)), Image(levels, grey=True))

    assert (holes > 0)[HOLES].mean() > 0.99 and (holes > 0)[~HOLES].mean() < 0.001


def unrelated():
    return Pillow.fromarray(np.ascontiguousarray(skimage.data.coffee()[:120, :160]))


def gradient():
    return Pillow.fromarray(np.linspace(0, 255, 160).astype(np.uint8)[None].repeat(120, axis=0))


def three_colours():
    mask = strokes("RGB", COLOURS["black"], COLOURS["white"])
    ImageDraw.Draw(mask).rectangle((5, 95, 40, 115), fill=COLOURS["red"])
    return mask


def two_brushes_over_a_copy(photo):
    mask = strokes("RGB", brush=COLOURS["red"], on=photo)
    ImageDraw.Draw(mask).rectangle((5, 95, 40, 115), fill=COLOURS["green"])
    return mask


def two_half_transparent_brushes_over_a_copy(photo):
    return Pillow.blend(photo, two_brushes_over_a_copy(photo), 0.5)


def black_and_white_and_transparent():
    mask = strokes("RGBA", (0, 0, 0, 255), (255, 255, 255, 255))
    mask.paste((0, 0, 0, 0), (0, 0, 15, 120))
    return mask


@pytest.mark.parametrize(
    "draw, message",
    [
        (lambda photo: photo, "is the picture itself: nothing is painted over it"),
        (lambda photo: unrelated(), "has more colours than "),
        (lambda photo: gradient(), "has more colours than "),
        (lambda photo: three_colours(), "has more colours than black and white, and is no copy of the picture"),
        (two_brushes_over_a_copy, "is a copy of the picture with red and other colours painted over it"),
        (two_half_transparent_brushes_over_a_copy, "is a copy of the picture with rgb("),
        (lambda photo: photo.point(lambda level: level * 0.85), "is the picture with more black nearly everywhere"),
        (lambda photo: Pillow.new("RGB", SIZE, (255, 0, 0)), "is red all over"),
        (
            lambda photo: black_and_white_and_transparent(),
            "has black, white and transparent parts, and any of them may be the holes",
        ),
    ],
)
def test_what_is_unclear_is_refused_with_what_was_seen(photo, draw, message):
    with pytest.raises(ImageError) as caught:
        painted(as_image(draw(photo)), as_image(photo))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize("mask", [Pillow.new("L", SIZE, 0), Pillow.new("RGBA", SIZE, (255, 255, 255, 0))])
def test_nothing_painted_fills_nothing(photo, mask):
    assert not painted(as_image(mask), as_image(photo)).holes.any()


def test_a_single_pixel_is_a_hole(photo):
    mask = np.zeros((120, 160, 3), np.uint8)
    mask[60, 80] = 255

    assert painted(Image(mask), as_image(photo)).holes.sum() == 1


def test_the_share_and_the_way_are_told_and_a_refusal_names_both_files(photo, tmp_path):
    picture = as_image(photo)
    write(tmp_path / "mask.png", as_image(strokes("RGB", COLOURS["white"], COLOURS["red"])))
    write(tmp_path / "no.png", as_image(unrelated()))

    found = Masks(tmp_path / "mask.png").of("a.png", picture)
    with pytest.raises(ImageError) as caught:
        Masks(str(tmp_path / "no.png")).of("a.png", picture)

    share = 100 * HOLES.mean()
    assert found.note == (
        f"fills {share:.1f} % of the picture: what is red in its mask, which is less than what is white"
    )
    assert str(caught.value).startswith(f"a.png: its mask {tmp_path}/no.png has more colours than ")
    assert str(caught.value).endswith("; paint white on black, or one colour over a copy")


def test_a_photograph_of_any_size_is_read_in_the_same_way(photo):
    """What is counted are shares, not pixels."""
    large = photo.resize((1600, 1200), Pillow.Resampling.BICUBIC)
    mask = strokes("RGB", brush=COLOURS["red"], on=photo).resize((1600, 1200), Pillow.Resampling.NEAREST)
    drawn = cv2.resize(HOLES.astype(np.uint8), (1600, 1200), interpolation=cv2.INTER_NEAREST) > 0
    mask = Pillow.fromarray(np.where(drawn[..., None], np.asarray(mask), np.asarray(large)))

    holes, _ = painted(as_image(mask), as_image(large))

    assert ((holes > 0) == drawn).mean() > 0.999
