"""What is broken in EXIF costs itself alone, above all not the orientation; and every format holds what is left."""

import io
import random
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image as Pillow

from srgan.images.directory import SIZES, Value
from srgan.images.exif import EXIF, GPS, INTEROPERABILITY
from srgan.images.exif_parts import put_together, taken_apart
from srgan.images.image import Image
from srgan.images.reader import decode
from srgan.images.writer import encode

RGB = np.zeros((32, 48, 3), np.uint8)
RGB[:8, :8] = (200, 20, 20)
NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}
pytestmark = pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow looks into it, too


def _block(*fields, order="<", link=0, said=None, behind=b""):
    """An EXIF block of one directory at 8, of (tag, kind, values, four bytes)."""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(
        order + "IH", 8, len(fields) if said is None else said
    )
    entries = b"".join(struct.pack(order + "HHI", *field[:3]) + field[3].ljust(4, b"\0") for field in fields)
    return head + entries + (b"" if link is None else struct.pack(order + "I", link)) + behind


def _orientation(kind=3, value=6, order="<"):
    return 0x0112, kind, 1, struct.pack(order + NUMBERS[kind], value)


def _maker(at):
    return 0x010F, 2, 6, struct.pack("<I", at)


def _jpeg(block):
    file = io.BytesIO()
    Pillow.fromarray(RGB).save(file, "jpeg", quality=95, exif=b"Exif\0\0" + block)
    return decode(file.getvalue(), "a")


def _check_turned(image):
    assert image.rgb.shape == (48, 32, 3)
    assert image.rgb[3, -4, 0] > 150  # what was at the top left is at the top right


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("kind", NUMBERS)
def test_an_orientation_counts_in_every_kind_of_integer(kind, order):
    image = _jpeg(_block(_orientation(kind, 6, order), order=order))

    _check_turned(image)
    assert (image.exif, image.notes) == (_block(_orientation(kind, 1, order), order=order), ())


@pytest.mark.parametrize(
    ("broken", "mended", "notes"),
    [
        ({"link": 1 << 23}, {}, ()),
        ({"link": 9}, {}, ()),
        ({"link": None}, None, ()),
        ({"said": 9}, None, ("damaged EXIF cut off",)),
        ({"said": 9, "behind": b"\xff" * 200}, None, ("damaged EXIF cut off",)),
        ({"said": 60_000, "behind": b"\xff" * 200}, None, ("damaged EXIF cut off",)),
    ],
)
def test_a_directory_that_ends_in_nothing_keeps_its_fields(broken, mended, notes):
    image = _jpeg(_block(_orientation(), (0x0131, 2, 3, b"me\0"), **broken))

    _check_turned(image)
    assert image.notes == notes
    if mended is None:
        assert _said_to_pillow(image.exif)[0x0112] == 1
    else:
        assert image.exif == _block(_orientation(value=1), (0x0131, 2, 3, b"me\0"), **mended)


def _said_to_pillow(block):
    said = Pillow.Exif()
    said.load(block)
    return said


@pytest.mark.parametrize(("tag", "name"), [(EXIF, "Exif"), (GPS, "GPS")])
@pytest.mark.parametrize("at", [0, 9, 99_999, 2**32 - 1])
def test_a_broken_directory_within_costs_itself_alone(tag, name, at):
    pointer = (tag, 4, 1, struct.pack("<I", at))
    image = _jpeg(_block(_maker(8 + 2 + 3 * 12 + 4), _orientation(), pointer, behind=b"Maker\0"))

    _check_turned(image)
    assert image.notes == (f"damaged {name} directory dropped",)
    assert dict(_said_to_pillow(image.exif)) == {0x010F: "Maker", 0x0112: 1}


def test_a_later_orientation_does_not_stay_behind():
    image = _jpeg(_block(_orientation(value=6), _orientation(value=8)))

    _check_turned(image)
    assert image.exif == _block(_orientation(value=1), _orientation(value=1))


def test_what_is_no_number_is_no_orientation_and_stays():
    block = _block((0x0112, 2, 2, b"6\0"))
    image = _jpeg(block)

    assert (image.rgb.shape, image.exif, image.notes) == (RGB.shape, block, ())


def test_a_number_that_lies_elsewhere_is_not_written_over_what_is_there():
    """Three widths, which lie where the type of the next field does."""
    block = _block((0x0100, 3, 3, struct.pack("<I", 24)), (0x010F, 2, 3, b"me\0"))

    after = decode(encode(Image(RGB, exif=block), "tiff"), "a")

    assert taken_apart(after.exif)[0][0x010F].packed == b"me\0"


def _odd_parts():
    """Fields of every kind, of kinds that the standard does not have them in, in every directory."""
    kinds = [kind for kind in SIZES if kind < 16]
    every = {0xA100 + kind: Value(kind, 3, bytes(range(3 * SIZES[kind]))) for kind in kinds}
    gps = {6: Value(10, 1, struct.pack("<ii", -50, 1)), 0: Value(2, 8, b"2.3.0.0\0"), 29: Value(1, 1, b"\1")}
    text = {
        0x010F: Value(2, 6, b"Maker\0"),
        0x8298: Value(7, 4, b"\xa9 me"),
        0x013B: Value(129, 3, "ü".encode() + b"\0"),
    }
    return {0: text, EXIF: every, GPS: gps, INTEROPERABILITY: {1: Value(2, 4, b"R98\0")}}


def test_taken_apart_and_put_together_it_says_the_same():
    assert taken_apart(put_together(_odd_parts())) == _odd_parts()
    assert put_together({}) is None


def test_bytes_in_the_other_order_say_the_same():
    block = _block((0x829A, 3, 2, struct.pack(">HH", 1, 250)), order=">")

    assert taken_apart(block)[0][0x829A].packed == struct.pack("<HH", 1, 250)


@pytest.mark.parametrize("format", ["tiff", "png", "jpeg", "webp", "avif"])
def test_odd_kinds_of_fields_are_kept_in_every_format(format):
    after = decode(encode(Image(RGB, exif=put_together(_odd_parts())), format), "a")

    found = taken_apart(after.exif)
    assert {tag: found[tag] for tag in (EXIF, GPS, INTEROPERABILITY)} == {
        tag: said for tag, said in _odd_parts().items() if tag
    }
    assert found[0][0x010F].packed == b"Maker\0"
    assert found[0][0x8298].packed == b"\xa9 me"
    assert found[0][0x013B].packed == "ü".encode() + b"\0"


def test_a_bigtiff_keeps_them_too(monkeypatch):
    monkeypatch.setattr("srgan.images.tiff.writer._CLASSIC", 10)
    data = encode(Image(RGB, exif=put_together(_odd_parts())), "tiff")

    assert data.startswith(b"II+")
    found = taken_apart(decode(data, "a").exif)
    assert {tag: found[tag] for tag in (EXIF, GPS)} == {tag: _odd_parts()[tag] for tag in (EXIF, GPS)}
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        assert opened.pages[0].tags[GPS].value["GPSAltitude"] == (-50, 1)


@pytest.mark.parametrize("format", ["tiff", "png", "jpeg", "webp", "avif"])
def test_no_exif_whatever_it_says_stands_in_the_way_of_a_picture(format):
    rng = random.Random(0)
    sound = put_together(_odd_parts() | {0: {0x0112: taken_apart(_block(_orientation()))[0][0x0112]}})
    for _ in range(30 if format == "avif" else 300):
        block = bytearray(sound)
        for _ in range(rng.randint(1, 6)):
            block[rng.randrange(len(block))] = rng.choice([0, 1, 2, 9, 127, 255, rng.randrange(256)])
        del block[rng.choice([len(block), rng.randrange(len(block))]) :]

        after = decode(encode(Image(RGB[:3, :4], exif=bytes(block)), format), "a")

        assert after.rgb.size == 36
