"""JPEG of every legal kind is read, and says nothing afterwards of what is no longer in its file."""

import io
import itertools
import struct

import numpy as np
import pytest
from PIL import Image as Pillow

from srgan.errors import UnsupportedImageError
from srgan.images.image import Image
from srgan.images.reader import decode, probe, read
from srgan.images.writer import encode
from srgan.images.xmp import EXTENDED, GAIN_MAP, VIDEO

RGB = np.full((16, 24, 3), (200, 60, 90), np.uint8)
XMP = b"http://ns.adobe.com/xap/1.0/\0"
NAMESPACES = {
    "GCamera": "http://ns.google.com/photos/1.0/camera/",
    "Container": "http://ns.google.com/photos/1.0/container/",
    "Item": "http://ns.google.com/photos/1.0/container/item/",
    "hdrgm": "http://ns.adobe.com/hdr-gain-map/1.0/",
    "HDRGainMap": "http://ns.apple.com/HDRGainMap/1.0/",
    "xmpNote": "http://ns.adobe.com/xmp/note/",
    "GDepth": "http://ns.google.com/photos/1.0/depthmap/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "dc": "http://purl.org/dc/elements/1.1/",
}


def _jpeg(*segments, **options):
    file = io.BytesIO()
    Pillow.fromarray(RGB).save(file, "jpeg", quality=95, **options)
    data = file.getvalue()
    inserted = b"".join(struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body for marker, body in segments)
    return data[:2] + inserted + data[2:]


def _packet(attributes="", elements="", names=NAMESPACES):
    declared = " ".join(f'xmlns:{name}="{uri}"' for name, uri in names.items())
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF><rdf:Description {declared}{attributes} dc:source="kept">'
        f"{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"
    ).encode()


def _coded(number, table):
    """The bits of a DC difference (ITU-T T.81, F.1.2.1), by the table of its category's codes."""
    size = abs(number).bit_length()
    return table[size] + (format(number if number > 0 else number + (1 << size) - 1, f"0{size}b") if size else "")


def _tables(data):
    """The Huffman codes of a file that Pillow wrote, by class and number: symbol to bits (ITU-T T.81, annex C)."""
    found, at = {}, data.index(b"\xff\xc4")
    while data[at : at + 2] == b"\xff\xc4":
        key, counts = data[at + 4], data[at + 5 : at + 21]
        symbols, code, table = iter(data[at + 21 :]), 0, {}
        for length, count in enumerate(counts, 1):
            for _ in range(count):
                table[next(symbols)] = format(code, f"0{length}b")
                code += 1
            code <<= 1
        found[key] = table
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return found, data[data.index(b"\xff\xc4") : at]


def _plain_colour(levels, factors, width=48, height=32):
    """A JPEG of one colour, its components sampled by these factors (across, down)."""
    tables, packed = _tables(_jpeg())
    widest, highest = (max(factor[axis] for factor in factors) for axis in (0, 1))
    bits = ""
    for number in range(-(-width // (8 * widest)) * -(-height // (8 * highest))):
        for index, (level, (across, down)) in enumerate(zip(levels, factors, strict=True)):
            for block in range(across * down):
                first = number == 0 and block == 0
                bits += _coded((level - 128) * 8 if first else 0, tables[min(index, 1)])
                bits += tables[0x10 + min(index, 1)][0]
    bits += "1" * (-len(bits) % 8)
    scan = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")
    parts = [struct.pack(">BBB", number, 16 * across + down, 0) for number, (across, down) in enumerate(factors, 1)]
    frame = struct.pack(">BHHB", 8, height, width, len(factors)) + b"".join(parts)
    order = b"".join(bytes([number, 0x11 * min(number - 1, 1)]) for number in range(1, len(factors) + 1))
    return b"".join(
        [
            b"\xff\xd8\xff\xdb\0\x43\0" + bytes([1]) * 64,
            b"\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame + packed,
            b"\xff\xda" + struct.pack(">HB", 6 + len(order), len(factors)) + order + b"\0\x3f\0" + scan + b"\xff\xd9",
        ]
    )


LEGAL = [  # at most ten blocks in a unit (ITU-T T.81, B.2.3)
    (luma, chroma, chroma)
    for luma, chroma in itertools.product(itertools.product((1, 2, 4), (1, 2, 4)), itertools.product((1, 2), (1, 2)))
    if luma[0] * luma[1] + 2 * chroma[0] * chroma[1] <= 10
]


@pytest.mark.parametrize("factors", LEGAL, ids=str)
def test_colours_sampled_in_any_legal_way_are_read(factors):
    image = decode(_plain_colour((110, 90, 200), factors), "a")

    expected = np.asarray(Pillow.fromarray(np.uint8([[[110, 90, 200]]]), "YCbCr").convert("RGB"))
    assert image.rgb.shape == (32, 48, 3)
    assert np.abs(image.rgb.astype(int) - expected).max() <= 2
    assert image.notes == ()


def test_what_no_decoder_here_knows_is_unsupported_and_not_damaged(tmp_path):
    data = bytearray(_jpeg())
    frame = data.index(b"\xff\xc0")
    for at, byte, words in (
        (frame + 4, 12, "JPEG of 12 bits; convert it to a 16-bit PNG"),
        (frame + 1, 0xC5, "hierarchical JPEG; convert it to PNG"),
    ):
        changed = bytearray(data)
        changed[at] = byte
        (tmp_path / "a.jpg").write_bytes(changed)
        for function in (probe, lambda path: decode(path.read_bytes(), str(path))):
            with pytest.raises(UnsupportedImageError) as caught:
                function(tmp_path / "a.jpg")
            assert str(caught.value) == f"{tmp_path}/a.jpg: {words}"


def test_comments_of_any_age_and_captions_in_several_segments_are_read():
    record = b"\x1c\x02\x78" + struct.pack(">H", 900) + b"c" * 900
    photoshop = b"8BIM\x03\xed\0\0\0\0\0\x03abc\0" + b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + record
    image = decode(
        _jpeg(
            (0xFE, "Häfen".encode()),
            (0xED, b"Photoshop 3.0\0" + photoshop[:100]),
            (0xFE, "Häfen".encode("latin-1") + b"\0"),
            (0xED, b"Photoshop 3.0\0" + photoshop[100:]),
            (0xED, b"Adobe_CM\0"),
        ),
        "a",
    )

    assert (image.texts, image.iptc) == ((("Comment", "Häfen"),) * 2, record)
    assert decode(encode(image, "jpeg"), "a").texts == image.texts


CLAIMS = [
    (' GCamera:MotionPhoto="1" GCamera:MotionPhotoVersion="1" GCamera:MicroVideoOffset="2028"', "", (VIDEO,)),
    ("", "<GCamera:MotionPhoto>1</GCamera:MotionPhoto>", (VIDEO,)),
    (
        " GCamera:MotionPhoto='1'",
        '<Container:Directory><rdf:Seq><rdf:li><Container:Item Item:Semantic="MotionPhoto" Item:Length="9"/></rdf:li>'
        "</rdf:Seq></Container:Directory>",
        (VIDEO,),
    ),
    (' hdrgm:Version="1.0"', "<hdrgm:GainMapMax><rdf:Seq/></hdrgm:GainMapMax>", (GAIN_MAP,)),
    (' HDRGainMap:HDRGainMapVersion="65536"', "<HDRGainMap:Odd/>", (GAIN_MAP,)),
    (' xmpNote:HasExtendedXMP="252DBD0D" GDepth:Format="RangeInverse" GDepth:Near="1"', "", (EXTENDED,)),
]


@pytest.mark.parametrize(("attributes", "elements", "notes"), CLAIMS)
def test_xmp_does_not_claim_what_is_gone(attributes, elements, notes):
    names = {name: uri for name, uri in NAMESPACES.items() if name == "dc" or f"{name}:" in attributes + elements}
    image = decode(_jpeg((0xE1, XMP + _packet(attributes, elements, names))), "a")

    assert (image.xmp, image.notes) == (_packet(names=names), notes)
    after = decode(encode(image, "jpeg"), "a")
    assert (after.xmp, after.notes) == (image.xmp, ())


def test_xmp_under_another_prefix_is_the_same_xmp():
    names = {"camera": NAMESPACES["GCamera"], "dc": NAMESPACES["dc"]}
    image = decode(_jpeg((0xE1, XMP + _packet(' camera:MicroVideo="1"', names=names))), "a")

    assert (image.xmp, image.notes) == (_packet(names=names), (VIDEO,))


def test_xmp_that_is_broken_stays_as_it_is():
    for packet in (b"<GCamera:MotionPhoto>1", _packet(elements="<Container:Directory><rdf:Seq>"), b"\0\xff"):
        assert decode(_jpeg((0xE1, XMP + packet)), "a").xmp == packet


def test_xmp_says_how_the_new_picture_lies_and_how_large_it_is():
    sizes = ' tiff:Orientation="{}" tiff:ImageWidth="{}" exif:PixelXDimension="{}"'
    more = "<tiff:ImageLength>{}</tiff:ImageLength><exif:PixelYDimension> {} </exif:PixelYDimension>"
    image = decode(_jpeg((0xE1, XMP + _packet(sizes.format(6, 24, 24), more.format(16, 16)))), "a")

    larger = Image(RGB.repeat(2, axis=0).repeat(2, axis=1), xmp=image.xmp)
    after = decode(encode(larger, "jpeg"), "a").xmp

    assert after == _packet(sizes.format(1, 48, 48), more.format(32, 32))


def _index(*kinds):
    """The list of further pictures (CIPA DC-007): the first is the one that is shown."""
    entries = b"".join(struct.pack("<IIIHH", kind, 1000, 0, 0, 0) for kind in kinds)
    fields = struct.pack("<HHI4s", 0xB000, 7, 4, b"0100") + struct.pack("<HHII", 0xB001, 4, 1, len(kinds))
    fields += struct.pack("<HHII", 0xB002, 7, len(entries), 8 + 2 + 36 + 4)
    return b"MPF\0II*\0" + struct.pack("<IH", 8, 3) + fields + bytes(4) + entries


@pytest.mark.parametrize(
    ("segments", "notes"),
    [
        ([(0xE2, _index(0x030000, 0x010001, 0x010002))], ()),
        ([(0xE2, _index(0x030000, 0x020002, 0x020002))], ("dropped: further pictures in the file (2)",)),
        ([(0xE2, _index(0x030000, 0)), (0xE1, XMP + _packet(' hdrgm:Version="1.0"'))], (GAIN_MAP,)),
        ([(0xE2, _index(0x030000, 0)), (0xE2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0")], (GAIN_MAP,)),
        ([(0xE2, b"MPF\0broken")], ()),
        ([(0xE2, b"ICC_PROFILE\0\1\3one"), (0xE2, b"ICC_PROFILE\0\3\3three")], ("damaged colour profile dropped",)),
        ([(0xE1, b"http://ns.adobe.com/xmp/extension/\0" + b"0" * 40 + b"<x/>")], (EXTENDED,)),
    ],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_what_is_lost_of_a_file_is_told_but_for_previews(segments, notes):
    image = decode(_jpeg(*segments), "a")

    assert image.notes == notes
    assert b"MPF" not in encode(image, "jpeg")


def test_a_video_behind_the_picture_is_told():
    assert decode(_jpeg() + b"MotionPhoto_Data" + bytes(99), "a").notes == (VIDEO,)


@pytest.mark.parametrize("quality", [25, 50, 75, 92, 98])
def test_the_quality_of_a_file_is_told_by_its_tables(tmp_path, quality):
    Pillow.fromarray(np.zeros((8, 8, 3), np.uint8)).save(tmp_path / "a.jpg", quality=quality)

    assert read(tmp_path / "a.jpg").jpeg_quality == quality
