"""TIFF of every kind that programs write: what unpacks, what its samples mean, which page is the picture."""

import io
import lzma
import struct
import tracemalloc
import zlib

import imagecodecs
import numpy as np
import pytest
import simplejpeg
import skimage.data
import tifffile
from PIL import Image as Pillow

from srgan.errors import ImageError, UnsupportedImageError
from srgan.images.frames import read_frames
from srgan.images.iptc import wrapped
from srgan.images.reader import decode
from srgan.images.writer import encode

PHOTO = np.ascontiguousarray(skimage.data.astronaut()[:64, 100:196])
DEEP = PHOTO.astype(np.uint16) * 257 + np.arange(96, dtype=np.uint16)[None, :, None]


def _tiff(array, **options):
    file = io.BytesIO()
    tifffile.imwrite(file, array, **{"photometric": "rgb", "metadata": None, **options})
    return file.getvalue()


def _by_hand(fields, chunks):
    """A TIFF of these fields (tag: type and values) and these strips, all of whose places are filled in."""
    fields = {**fields, 273: ("I", [0] * len(chunks)), 279: ("I", [len(chunk) for chunk in chunks])}
    at = 8 + 2 + 12 * len(fields) + 4
    size = sum(len(values) * struct.calcsize(kind) for kind, values in fields.values()) + at
    fields[273] = ("I", [size + sum(map(len, chunks[:number])) for number in range(len(chunks))])
    head, behind = struct.pack("<2sHIH", b"II", 42, 8, len(fields)), b""
    for tag, (kind, values) in sorted(fields.items()):
        packed = struct.pack(f"<{len(values)}{kind}", *values)
        inline = packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack("<I", at + len(behind))
        head += struct.pack("<HHI", tag, {"B": 1, "H": 3, "I": 4}[kind], len(values)) + inline
        behind += packed if len(packed) > 4 else b""
    return (head + bytes(4) + behind).ljust(size, b"\0") + b"".join(chunks)


def _plain(width, height, **fields):
    usual = {256: ("I", [width]), 257: ("I", [height]), 258: ("H", [8]), 259: ("H", [1]), 262: ("H", [1])}
    return {**usual, 277: ("H", [1]), 278: ("I", [height]), **{int(tag[1:]): value for tag, value in fields.items()}}


@pytest.mark.parametrize("compression", ["lzw", "zstd", "lzma", "packbits", "adobe_deflate"])
@pytest.mark.parametrize("array", [PHOTO, DEEP, PHOTO.astype(np.float32) / 255], ids=["8", "16", "float"])
def test_what_is_packed_without_loss_is_unpacked_exactly(compression, array):
    predictor = {"u": 2, "f": 3}[array.dtype.kind] if compression != "packbits" else 1
    for layout in ({"rowsperstrip": 20}, {"tile": (16, 32)}, {"byteorder": ">"}):
        image = decode(_tiff(array, compression=compression, predictor=predictor, **layout), "a")

        assert image.rgb.dtype == array.dtype
        assert np.array_equal(image.rgb, array)


@pytest.mark.parametrize(
    "pack", [zlib.compress, imagecodecs.zstd_encode, lzma.compress, bytes], ids=["deflate", "zstd", "lzma", "none"]
)
def test_a_last_strip_may_be_as_long_as_the_others(pack):
    compression = {zlib.compress: 8, imagecodecs.zstd_encode: 50000, lzma.compress: 34925, bytes: 1}[pack]
    padded = np.vstack([PHOTO[:20, :, 0], np.zeros((4, 96), np.uint8)])
    strips = [pack(padded[top : top + 8].tobytes()) for top in (0, 8, 16)]

    image = decode(_by_hand(_plain(96, 20, t259=("H", [compression]), t278=("I", [8])), strips), "a")

    assert np.array_equal(image.rgb[..., 0], PHOTO[:20, :, 0])


@pytest.mark.parametrize("compression", ["lzma", "zstd", "lzw", "adobe_deflate"])
def test_a_damaged_strip_is_an_error_of_that_file(compression):
    data = bytearray(_tiff(PHOTO, compression=compression))
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        (place,) = opened.pages[0].dataoffsets
    data[place : place + 60] = bytes(60)

    with pytest.raises(ImageError, match=r"^a: damaged tiff file: "):
        decode(bytes(data), "a")


@pytest.mark.parametrize("compression", [60_000, 60_001, 34_712])
def test_a_compression_whose_decoder_is_unknown_or_may_die_is_named(compression):
    with pytest.raises(UnsupportedImageError) as caught:
        decode(_by_hand(_plain(4, 4, t259=("H", [compression])), [bytes(16)]), "a")

    assert str(caught.value) == (
        f"a: no decoder here for its compression ({compression}); save it as none, RLE, fax, LZW, old JPEG, JPEG, "
        "deflate, PackBits, LERC, LZMA, ZSTD, WebP"
    )


@pytest.mark.parametrize("levels", [256, 1], ids=["of 16 bits", "of 8 bits, which are too few"])
@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_palette_means_its_colours(bits, levels):
    palette = np.random.default_rng(0).integers(0, 256, (2**bits, 3))
    palette[0] = 255
    numbers = np.random.default_rng(1).integers(0, 2**bits, (16, 24), np.uint8)
    rows = np.packbits(np.unpackbits(numbers[..., None], axis=2)[..., 8 - bits :].reshape(16, -1), axis=1)
    fields = _plain(24, 16, t262=("H", [3]), t258=("H", [bits]), t320=("H", (palette * levels).T.ravel().tolist()))

    image = decode(_by_hand(fields, [rows.tobytes()]), "a")

    assert np.array_equal(image.rgb, palette[numbers])


def test_a_palette_that_is_missing_or_short_is_damage():
    for fields in ({}, {"t320": ("H", [0] * 300)}):
        with pytest.raises(ImageError, match=r"^a: damaged tiff file: it has no palette, or one of another size$"):
            decode(_by_hand(_plain(24, 16, t262=("H", [3]), **fields), [bytes(24 * 16)]), "a")


@pytest.mark.parametrize("bits", [1, 2, 3, 4, 6, 8, 10, 12, 14, 16])
def test_greys_of_any_number_of_bits_become_8_or_16(bits):
    numbers = np.arange(16 * 24).reshape(16, 24) * (2**bits - 1) // (16 * 24 - 1)
    planes = [(numbers >> (bits - 1 - bit)) & 1 for bit in range(bits)]
    packed = np.packbits(np.stack(planes, axis=2).reshape(16, -1).astype(np.uint8), axis=1).tobytes()
    packed = numbers.astype("<u2").tobytes() if bits == 16 else packed

    image = decode(_by_hand(_plain(24, 16, t258=("H", [bits])), [packed]), "a")

    most = 255 if bits <= 8 else 65_535
    assert image.depth == (8 if bits <= 8 else 16)
    assert np.abs(image.rgb[..., 0] - numbers / (2**bits - 1) * most).max() <= 0.5


@pytest.mark.parametrize("grey", [True, False])
def test_old_style_jpeg_is_read(grey):
    """As TIFF 6.0 had it: the strip is a JPEG file of its own, and a tag of the directory says where it begins."""
    photo = PHOTO[..., :1] if grey else PHOTO
    jpeg = simplejpeg.encode_jpeg(np.ascontiguousarray(photo), 95, "GRAY" if grey else "RGB", colorsubsampling="444")
    said = {"t259": ("H", [6]), "t512": ("H", [1]), "t513": ("I", [0]), "t514": ("I", [len(jpeg)])}
    if not grey:
        said |= {"t258": ("H", [8] * 3), "t277": ("H", [3]), "t262": ("H", [6]), "t530": ("H", [1, 1])}
    fields = _plain(96, 64, **said)
    place = len(_by_hand(fields, [b""]))
    fields[513] = ("I", [place])

    image = decode(_by_hand(fields, [jpeg]), "a")

    assert image.grey == grey
    assert np.abs(image.rgb.astype(int) - photo).mean() < 2


@pytest.mark.parametrize("mode", ["RGB", "YCbCr", "CMYK", "L"])
def test_jpeg_in_a_tiff_is_read_as_libtiff_reads_it(mode):
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).convert(mode).save(file, "tiff", compression="jpeg", quality=95)

    image = decode(file.getvalue(), "a")

    expected = np.asarray(Pillow.open(file).convert("RGB"))
    assert np.abs(image.rgb.astype(int) - expected).mean() < 0.01


@pytest.mark.parametrize("with_tables", [True, False])
def test_jpeg_in_a_tiff_that_is_cut_off_is_damaged(with_tables):
    if with_tables:
        file = io.BytesIO()
        Pillow.fromarray(PHOTO).save(file, "tiff", compression="jpeg", quality=95)
        data = bytearray(file.getvalue())
    else:
        data = bytearray(_tiff(PHOTO, compression="jpeg", rowsperstrip=64))
    with tifffile.TiffFile(io.BytesIO(data)) as opened:
        page = opened.pages[0]
        assert (page.jpegtables is not None) == with_tables
        at, size = page.dataoffsets[0], page.databytecounts[0]
    data[at + size // 2 : at + size] = bytes(size - size // 2)

    with pytest.raises(ImageError, match=r"(?i)^a: damaged tiff file: .*premature end"):
        decode(bytes(data), "a")


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_colours_as_video_has_them_become_rgb(compression):
    file = io.BytesIO()
    Pillow.fromarray(PHOTO).convert("YCbCr").save(file, "tiff", compression=compression)

    assert np.abs(decode(file.getvalue(), "a").rgb.astype(int) - PHOTO).mean() < 2


def test_a_fourth_channel_of_which_nothing_is_said_is_alpha():
    rgba = np.dstack([PHOTO, PHOTO[..., 0]])
    fields = _plain(96, 64, t262=("H", [2]), t258=("H", [8] * 4), t277=("H", [4]))

    image = decode(_by_hand(fields, [rgba.tobytes()]), "a")

    assert np.array_equal(np.dstack([image.rgb, image.alpha]), rgba)
    assert decode(_tiff(rgba, extrasamples=["unspecified"]), "a").notes == ("further channels dropped",)


def test_greys_with_further_channels_of_which_nothing_is_said_are_greys():
    channels = np.dstack([PHOTO, PHOTO[..., 0]])
    fields = _plain(96, 64, t258=("H", [8] * 4), t277=("H", [4]))

    image = decode(_by_hand(fields, [channels.tobytes()]), "a")

    assert image.grey and image.alpha is None and image.notes == ("further channels dropped",)
    assert np.array_equal(image.rgb[..., 0], PHOTO[..., 0])


@pytest.mark.parametrize("deep", [False, True])
def test_alpha_beside_inks_is_kept_and_other_channels_are_told(deep):
    alpha, most = np.arange(64 * 96).reshape(64, 96) % 256, 257 if deep else 1
    inks = np.asarray(Pillow.fromarray(PHOTO).convert("CMYK")).astype(int)
    premultiplied = np.rint(inks * most * (alpha[..., None] / 255))
    told = ("CMYK converted to sRGB",) + ("CMYK is read with 8 bits: finer levels are rounded",) * deep

    def read(colours, meaning):
        samples = np.dstack([colours, alpha * most]).astype(np.uint16 if deep else np.uint8)
        return decode(_tiff(samples, photometric="separated", planarconfig="contig", extrasamples=[meaning]), "a")

    straight, associated, other = read(inks * most, "unassalpha"), read(premultiplied, "assocalpha"), read(inks, 0)

    assert np.array_equal(straight.rgb, PHOTO) and np.array_equal(straight.alpha, alpha) and straight.notes == told
    assert np.abs(associated.rgb.astype(int) - PHOTO)[alpha > 100].max() <= 3
    assert np.array_equal(associated.alpha, alpha)
    assert other.alpha is None and other.notes == ("further channels dropped", *told)


def test_where_the_first_page_is_a_thumbnail_the_picture_lies_within_it(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        options = {"photometric": "rgb", "metadata": None}
        maker = [(271, "s", 0, "a camera", True), (274, "H", 1, 6, True)]
        writer.write(PHOTO[::8, ::8], subifds=2, subfiletype=1, extratags=maker, **options)
        writer.write(PHOTO, **options)
        writer.write(PHOTO[::4, ::4], subfiletype=1, **options)
    data = (tmp_path / "a.tif").read_bytes()

    image = decode(data, "a")

    assert np.array_equal(image.rgb, np.rot90(PHOTO, -1))
    assert b"a camera" in image.exif
    (page,) = read_frames(tmp_path / "a.tif").images
    assert np.array_equal(page.rgb, image.rgb)


def test_raw_data_of_a_camera_are_not_taken_for_a_picture(tmp_path):
    """As in DNG: a thumbnail first, and within it what the sensor saw."""
    with tifffile.TiffWriter(tmp_path / "a.dng") as writer:
        writer.write(PHOTO[::8, ::8], photometric="rgb", metadata=None, subifds=1, subfiletype=1)
        writer.write(DEEP[..., 0], photometric="cfa", metadata=None)

    with pytest.raises(UnsupportedImageError, match=r"^a: 16-bit TIFF of the kind CFA; convert it to RGB$"):
        decode((tmp_path / "a.dng").read_bytes(), "a")


def test_smaller_copies_within_a_page_are_none_of_its_pages(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(PHOTO, photometric="rgb", metadata=None, subifds=1)
        writer.write(PHOTO[::2, ::2], photometric="rgb", metadata=None, subfiletype=1)

    assert np.array_equal(decode((tmp_path / "a.tif").read_bytes(), "a").rgb, PHOTO)


@pytest.mark.parametrize("kind", ["B", "s", 7])
def test_xmp_of_any_type_is_kept(kind):
    packet = b"<x:xmpmeta>dc:creator</x:xmpmeta>"

    image = decode(_tiff(PHOTO, extratags=[(700, kind, len(packet), packet, True)]), "a")

    assert image.xmp == packet


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("kind", ["B", 7, "I"])
def test_iptc_of_any_type_is_kept(kind, order):
    record = b"\x1c\x02\x78\x00\x07Caption"
    value = np.frombuffer(record, f"{order}u4").tolist() if kind == "I" else record
    count = len(record) // 4 if kind == "I" else len(record)

    image = decode(_tiff(PHOTO, byteorder=order, extratags=[(33723, kind, count, value, True)]), "a")

    assert image.iptc == record
    assert decode(encode(image, "tiff"), "a").iptc == record


def test_iptc_in_photoshops_list_is_kept():
    record = b"\x1c\x02\x78\x00\x07Caption"

    image = decode(_tiff(PHOTO, extratags=[(34377, "B", len(wrapped(record)), wrapped(record), True)]), "a")

    assert image.iptc == record


def test_where_on_earth_the_corners_are_is_dropped_and_told():
    image = decode(_tiff(PHOTO, extratags=[(33550, "d", 3, (0.5, 0.5, 0.0), True)]), "a")

    assert image.notes == ("GeoTIFF tags dropped",)


def test_all_pages_of_a_tiff_are_read_from_one_copy_of_it(tmp_path):
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        for page in range(40):
            writer.write(np.full((64, 64, 3), page, np.uint8), photometric="rgb", metadata=None)
    size = (tmp_path / "a.tif").stat().st_size
    tracemalloc.start()

    frames = read_frames(tmp_path / "a.tif")

    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [int(image.rgb[0, 0, 0]) for image in frames.images] == list(range(40))
    assert most < 4 * size  # the file, its pages, and what is in passing
