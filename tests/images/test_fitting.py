"""What files say besides their pixels is kept where a format can hold it, converted where it can be, and else told."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageCms, PngImagePlugin

from srgan.errors import ImageError
from srgan.images.bands import as_bands, read_bands
from srgan.images.exif_parts import taken_apart, with_resolution
from srgan.images.frames import count_frames, read_frames
from srgan.images.image import Image
from srgan.images.png.chunks import SIGNATURE, chunk
from srgan.images.reader import decode
from srgan.images.writer import encode, write, write_bands

RGB = np.full((12, 10, 3), 64, np.uint8)
P3 = np.full((12, 10, 3), (220, 40, 30), np.uint8)
RECORD = b"\x1c\x02\x19\x00\x05boats\x1c\x02P\x00\x09A. Person"
PRIMARIES_P3 = struct.pack(">8I", 31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000)
GAMMA_22, LINEAR = struct.pack(">I", 45455), struct.pack(">I", 100_000)


def _png(rgb, *chunks, grey=False):
    plain = encode(Image(rgb, grey=grey), "png")
    return plain[:33] + b"".join(chunk(kind, body) for kind, body in chunks) + plain[33:]


def _in_srgb(data):
    """The colours of a file as a program that knows profiles shows them."""
    picture = Pillow.open(io.BytesIO(data))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
    shown = ImageCms.profileToProfile(picture.convert("RGB"), profile, ImageCms.createProfile("sRGB"))
    return np.asarray(shown)[6, 5].astype(int)


COLOURS = {
    "linear": (RGB, [(b"gAMA", LINEAR)], (137, 137, 137)),
    "P3": (P3, [(b"gAMA", GAMMA_22), (b"cHRM", PRIMARIES_P3)], (240, 0, 0)),
    "P3 by number": (P3, [(b"cICP", bytes([12, 13, 0, 1]))], (240, 0, 0)),
    "linear by number": (RGB, [(b"cICP", bytes([1, 8, 0, 1]))], (137, 137, 137)),
}


def told(image, format, **options):
    """What it costs that the picture becomes a file of this format."""
    return write_bands(io.BytesIO(), as_bands(image), format, **options)


@pytest.mark.parametrize("name", COLOURS)
def test_what_a_png_says_of_its_colours_is_kept(name, tmp_path):
    rgb, chunks, _ = COLOURS[name]
    image = decode(_png(rgb, *chunks), "a")

    assert image.colours == tuple(chunks)
    assert decode(encode(image, "png", strip_metadata=True), "a").colours == tuple(chunks)
    write(tmp_path / "a.png", image)
    with read_bands(tmp_path / "a.png") as found:
        assert found.like.colours == tuple(chunks)
    assert told(image, "png") == ()


@pytest.mark.parametrize("format", ["jpeg", "webp", "tiff", "avif"])
@pytest.mark.parametrize("name", COLOURS)
def test_in_other_formats_it_becomes_a_profile_that_shows_the_same(name, format):
    rgb, chunks, seen = COLOURS[name]
    image = decode(_png(rgb, *chunks), "a")

    assert np.abs(_in_srgb(encode(image, format, quality=100)) - seen).max() <= 4
    assert told(image, format) == ()


def test_a_grey_picture_gets_a_profile_of_greys_where_its_file_is_grey():
    image = decode(_png(RGB, (b"gAMA", LINEAR), grey=True), "a")

    for format, kind in {"jpeg": b"GRAY", "tiff": b"GRAY", "webp": b"RGB ", "avif": b"RGB "}.items():
        data = encode(image, format, quality=100)
        assert decode(data, "a").icc[16:20] == kind
    grey = Pillow.open(io.BytesIO(encode(image, "jpeg", quality=100)))
    profile = ImageCms.ImageCmsProfile(io.BytesIO(grey.info["icc_profile"]))
    shown = ImageCms.profileToProfile(grey, profile, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert abs(int(np.asarray(shown)[6, 5, 0]) - 137) <= 1


@pytest.mark.parametrize(
    "chunks",
    [
        [(b"sRGB", b"\0")],
        [(b"gAMA", GAMMA_22)],
        [(b"cICP", bytes([1, 13, 0, 1]))],
        [(b"cICP", bytes([2, 2, 0, 1]))],
        [(b"sRGB", b"\0"), (b"gAMA", LINEAR)],
    ],
    ids=str,
)
def test_srgb_needs_no_profile(chunks):
    image = decode(_png(RGB, *chunks), "a")

    assert image.colours == tuple(chunks)
    assert decode(encode(image, "jpeg"), "a").icc is None
    assert told(image, "jpeg") == ()


@pytest.mark.parametrize(
    ("chunks", "note"),
    [
        ([(b"cICP", bytes([9, 16, 0, 1]))], "HDR colours, kept as a profile that few programs show right"),
        ([(b"cICP", bytes([9, 18, 0, 1]))], "HDR colours, kept as a profile that few programs show right"),
        ([(b"cICP", bytes([99, 13, 0, 1]))], "what its colours mean dropped: colours 99, curve 13 of H.273"),
        ([(b"gAMA", b"\0\0\0\1")], "what its colours mean dropped: no such colours exist"),
        ([(b"cHRM", bytes(32))], "what its colours mean dropped: no such colours exist"),
        ([(b"cHRM", struct.pack(">8I", *[33000] * 8))], "what its colours mean dropped: no such colours exist"),
    ],
)
def test_colours_that_no_profile_can_say_are_told(chunks, note):
    image = decode(_png(RGB, *chunks), "a")

    assert told(image, "jpeg") == (note,)
    assert (decode(encode(image, "jpeg"), "a").icc is None) == ("dropped" in note)
    assert told(image, "png") == ()


@pytest.mark.parametrize(("code", "light"), [(16, 92.2 / 10_000), (18, 1 / 12)])
def test_the_curves_of_hdr_are_those_of_their_standards(code, light):
    """PQ: code 0.5 is 92.2 nits (ST 2084); HLG: code 0.5 is a twelfth (ARIB STD-B67)."""
    icc = decode(encode(decode(_png(RGB, (b"cICP", bytes([9, code, 0, 1]))), "a"), "tiff"), "a").icc
    at = icc.index(b"curv")
    curve = np.frombuffer(icc, ">u2", 4096, at + 12) / 65535

    assert np.interp(0.5, np.linspace(0, 1, 4096), curve) == pytest.approx(light, rel=0.01)
    assert icc[icc.index(b"cicp", 300) + 8 :][:4] == bytes([9, code, 0, 1])


def _grey_profile():
    """A profile of greys of which 120 is shown as 181: its curve is a straight line."""
    image = decode(_png(RGB, (b"gAMA", LINEAR), grey=True), "a")
    return decode(encode(image, "jpeg"), "a").icc


@pytest.mark.parametrize("format", ["webp", "avif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_greys_with_a_profile_become_srgb_where_the_file_has_colours(format, dtype):
    level = 120 if dtype is np.uint8 else 120 * 257
    image = Image(np.full((12, 10, 3), level, dtype), grey=True, icc=_grey_profile())

    after = decode(encode(image, format, quality=100), "a")

    assert after.icc is None
    assert abs(after.rgb.mean() - 181) < 1.5
    assert "greys converted to sRGB" in told(image, format)
    assert decode(encode(image, "png"), "a").icc == image.icc


def test_a_profile_of_greys_never_describes_colours():
    image = Image(RGB, icc=_grey_profile())
    broken = Image(RGB, grey=True, icc=bytes(16) + b"GRAY" + bytes(200))

    assert decode(encode(image, "png"), "a").icc is None
    assert told(image, "png") == ("colour profile dropped: it is one of greys",)
    assert decode(encode(broken, "webp"), "a").icc is None
    assert told(broken, "webp")[0].startswith("colour profile dropped: ")


TEXTS = (("Comment", "roll 7"), ("Copyright", "© A. Person"), ("parameters", "Häfen, 東京"))


@pytest.mark.parametrize(
    ("format", "texts", "record", "notes"),
    [
        ("png", TEXTS, RECORD, ()),
        ("jpeg", TEXTS[:1], RECORD, ("texts dropped, which jpeg cannot hold: parameters",)),
        ("webp", (), None, ("IPTC dropped: webp holds none",)),
        ("avif", (), None, ("IPTC dropped: avif holds none",)),
        ("bmp", (), None, ("IPTC dropped: bmp holds none",)),
    ],
)
def test_texts_and_iptc_are_kept_or_told(format, texts, record, notes):
    image = Image(RGB, iptc=RECORD, texts=TEXTS)
    data = encode(image, format)
    after = decode(data, "a")

    assert (after.texts, after.iptc) == (texts, record)
    if format == "bmp":
        notes += ("texts dropped, which bmp cannot hold: Comment, Copyright, parameters",)
    elif format not in ("png", "jpeg"):
        notes += (f"texts dropped, which {format} cannot hold: Comment, parameters",)
    assert told(image, format) == notes
    assert told(image, format, strip_metadata=True) == ()
    stripped = decode(encode(image, format, strip_metadata=True), "a")
    assert (stripped.texts, stripped.iptc) == ((), None)


def test_other_programs_find_texts_and_captions_too():
    image = Image(RGB, iptc=RECORD, texts=TEXTS)

    png = Pillow.open(io.BytesIO(encode(image, "png")))
    assert [(key, png.text[key]) for key, _ in TEXTS] == list(TEXTS)
    jpeg = Pillow.open(io.BytesIO(encode(image, "jpeg")))
    assert jpeg.info["comment"] == b"roll 7"
    assert jpeg.info["photoshop"][0x0404] == RECORD


@pytest.mark.parametrize("format", ["jpeg", "webp", "tiff", "avif"])
@pytest.mark.parametrize("order", [None, "<", ">"])
def test_what_exif_has_a_field_for_is_said_there(format, order):
    block = None
    if order:  # an author who is known already, and a MakerNote, which must not move
        fields = struct.pack(order + "HHI4s", 315, 2, 3, b"me") + struct.pack(order + "HHII", 0x927C, 7, 9, 38)
        block = (
            (b"II*\0" if order == "<" else b"MM\0*")
            + struct.pack(order + "IH", 8, 2)
            + fields
            + bytes(4)
            + b"MakerNote"
        )
    texts = (("Copyright", "© A. Person"), ("Author", "A. Person"), ("Title", "I"), ("Copyright", "nobody"))
    image = Image(RGB, exif=block, texts=texts)

    said = taken_apart(decode(encode(image, format), "a").exif)[0]

    assert said[33432].packed == "© A. Person".encode() + b"\0"
    assert said[315].packed == (b"me\0" if order else b"A. Person\0")
    assert said[269].packed.rstrip(b"\0") == b"I"
    assert told(image, format) == ()
    if order and format != "tiff":
        assert said[0x927C].packed == b"MakerNote"
        assert decode(encode(image, format), "a").exif[38:47] == b"MakerNote"


def test_a_profile_is_as_long_as_jpeg_can_hold_or_dropped_and_told():
    for length, notes in (
        (16_000_000, ()),
        (17_000_000, ("colour profile dropped: 17000000 bytes are more than JPEG can hold",)),
    ):
        image = Image(RGB, icc=bytes(length))
        assert decode(encode(image, "jpeg"), "a").icc == (None if notes else image.icc)
        assert told(image, "jpeg") == notes


@pytest.mark.parametrize("format", ["png", "jpeg", "tiff", "bmp"])
@pytest.mark.parametrize("dpi", [(1e12, 1e12), (300.0, 70_000.0), (1e-9, 300.0), (float("nan"), 300.0), (-1.0, 300.0)])
def test_a_resolution_that_makes_no_sense_is_dropped_and_told(format, dpi):
    image = Image(RGB, dpi=dpi)

    after = decode(encode(image, format), "a")

    assert after.dpi is None or max(after.dpi) < 100  # bitmaps always say one
    assert told(image, format) == (f"resolution dropped: {dpi[0]:g} x {dpi[1]:g} pixels an inch",)


@pytest.mark.parametrize("order", ["", "<", ">"])
@pytest.mark.parametrize("format", ["webp", "avif"])
def test_a_resolution_is_said_in_exif_where_the_format_has_no_other_place(format, order):
    exif = order and {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(order + "IHHHI4sI", 8, 1, 315, 2, 3, b"me", 0)
    image = Image(RGB, exif=exif or None, dpi=(300.0, 72.5))

    said = Pillow.open(io.BytesIO(encode(image, format))).getexif()

    assert (said[282], said[283], said[296]) == (300, 72.5, 2)
    assert said.get(315) == ("me" if order else None)
    assert told(image, format) == ()


def test_what_exif_says_of_the_resolution_stays():
    before = with_resolution(None, (96.0, 96.0))

    after = encode(Image(RGB, exif=before, dpi=(300.0, 300.0)), "webp")

    assert Pillow.open(io.BytesIO(after)).getexif()[282] == 96


@pytest.mark.parametrize(("format", "bits"), [("png", 16), ("jpeg", 8), ("webp", 8)])
def test_floats_that_become_integers_are_told(format, bits):
    note = f"{format} holds no floats: rounded to {bits} bits, and clipped where darker than black or over white"
    assert told(Image(RGB.astype(np.float32) / 255), format) == (note,)


def test_a_bitmap_holds_nothing_and_says_so():
    image = Image(RGB, icc=b"profile" * 30, xmp=b"<x/>")

    assert told(image, "bmp") == ("colour profile dropped: bmp holds none", "XMP dropped: bmp holds none")


def _raw_profile(name, data, kind="zTXt"):
    text = f"\n{name}\n{len(data):8}\n{data.hex()}\n".encode()
    keyword = f"Raw profile type {name}".encode()
    return b"zTXt", keyword + b"\0\0" + zlib.compress(text)


def test_what_imagemagick_packs_into_texts_is_understood():
    exif = Pillow.Exif()
    exif[0x0112], exif[0x010F] = 6, "Maker"
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    photoshop = b"8BIM\x03\xed\0\0\0\0\0\x03abc\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(RECORD)) + RECORD
    data = _png(
        RGB,
        _raw_profile("exif", exif.tobytes()),
        _raw_profile("icc", icc),
        _raw_profile("8bim", photoshop),
        _raw_profile("APP1", b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>"),
        _raw_profile("generic", b"ignored"),
    )
    image = decode(data, "a")

    assert image.rgb.shape == (10, 12, 3)
    assert (image.icc, image.iptc, image.xmp, image.texts) == (icc, RECORD, b"<x:xmpmeta/>", ())
    said = Pillow.Exif()
    said.load(image.exif)
    assert dict(said) == {0x0112: 1, 0x010F: "Maker"}


def test_long_texts_and_profiles_are_no_damage():
    text, icc = "a" * 2_000_000, bytes(range(256)) * 6000
    data = _png(
        RGB,
        (b"zTXt", b"parameters\0\0" + zlib.compress(text.encode())),
        (b"iCCP", b"big\0\0" + zlib.compress(icc)),
    )
    image = decode(data, "a")

    assert (image.texts, image.icc, image.notes) == ((("parameters", text),), icc, ())
    after = decode(encode(image, "png"), "a")
    assert (after.texts, after.icc) == (image.texts, icc)


def test_neither_are_they_of_an_animation(tmp_path):
    file = io.BytesIO()
    frames = [Pillow.fromarray(RGB // share) for share in (1, 2, 3)]
    frames[0].save(file, "PNG", save_all=True, append_images=frames[1:])
    head, rest = file.getvalue()[:33], file.getvalue()[33:]
    text = chunk(b"zTXt", b"parameters\0\0" + zlib.compress(b"a" * 2_000_000))
    (tmp_path / "a.png").write_bytes(head + text + rest)
    (tmp_path / "still.png").write_bytes(_png(RGB, (b"zTXt", b"long\0\0" + zlib.compress(b"a" * 2_000_000))))

    assert count_frames(tmp_path / "a.png", "png") == 3
    assert [image.rgb[0, 0].tolist() for image in read_frames(tmp_path / "a.png").images] == [
        (RGB[0, 0] // share).tolist() for share in (1, 2, 3)
    ]
    assert count_frames(tmp_path / "still.png", "png") == len(read_frames(tmp_path / "still.png").images) == 1


def test_broken_texts_and_profiles_cost_themselves_alone():
    bomb = zlib.compress(bytes(70_000_000))
    image = decode(
        _png(
            RGB,
            (b"zTXt", b"broken\0\0" + b"no zlib"),
            (b"tEXt", b"sound\0text"),
            (b"zTXt", b"bomb\0\0" + bomb),
            (b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n 3\nno digits\n")),
            (b"zTXt", b"Raw profile type iptc\0\0" + zlib.compress(b"\niptc\n")),
            (b"iCCP", b"icc\0\0broken"),
        ),
        "a",
    )

    assert np.array_equal(image.rgb, RGB)
    assert (image.texts, image.icc, image.exif, image.iptc) == ((("sound", "text"),), None, None, None)
    dropped = [note.partition(" dropped: ")[0] for note in image.notes]
    assert dropped == [
        *("the text 'broken'", "the text 'bomb'", "the text 'Raw profile type exif'"),
        *("the text 'Raw profile type iptc'", "the colour profile"),
    ]


def test_texts_behind_the_pixels_count_and_colours_there_do_not():
    plain = encode(Image(RGB), "png")
    data = (
        plain[:-12]
        + chunk(b"tEXt", b"Copyright\0me")
        + chunk(b"gAMA", LINEAR)
        + chunk(b"gAMA", bytes(26))
        + plain[-12:]
    )
    image = decode(data, "a")

    assert (image.texts, image.colours) == ((("Copyright", "me"),), ())


def test_pixels_that_are_not_square_are_told():
    """The standard counts pixels a unit: twice as many across as down are half as wide as high."""
    for across, down, notes in ((2, 1, ("the shape of its pixels dropped: 1 to 2",)), (1, 1, ())):
        image = decode(_png(RGB, (b"pHYs", struct.pack(">IIB", across, down, 0))), "a")
        assert (image.dpi, image.notes) == (None, notes)


def test_the_comment_of_a_gif_is_a_text():
    file = io.BytesIO()
    Pillow.fromarray(RGB).save(file, "gif", comment=b"roll 7")

    assert decode(file.getvalue(), "a").texts == (("Comment", "roll 7"),)


def test_a_header_that_no_png_has_is_damage():
    for depth, colour in ((3, 0), (8, 1), (16, 3), (4, 2)):
        header = struct.pack(">IIBBBBB", 10, 12, depth, colour, 0, 0, 0)
        with pytest.raises(Exception, match=r"^a: damaged png header: the header says what no PNG is$"):
            decode(SIGNATURE + chunk(b"IHDR", header) + encode(Image(RGB), "png")[33:], "a")


def test_a_malformed_animation_is_damage_of_its_first_frame_too():
    """OpenCV 5.0 dies of frame data without a frame."""
    file, info = io.BytesIO(), PngImagePlugin.PngInfo()
    first, second = Pillow.fromarray(RGB), Pillow.fromarray(P3)
    first.save(file, "png", save_all=True, append_images=[second, first.rotate(9)], pnginfo=info)
    data = file.getvalue()
    broken, at = bytearray(data), data.rindex(b"fcTL")
    broken[at - 4 : at + 34] = chunk(b"gAMA", data[at + 4 : at + 30])

    with pytest.raises(ImageError, match=r"^a: damaged png file: its animation has 2 frames of 3$"):
        decode(bytes(broken), "a")
