"""What a file said of its picture, made to fit a format: what that cannot hold is converted or dropped, and told."""

import dataclasses
import io
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageCms

from srgan.images import exif, exif_parts, profile, xmp
from srgan.images.damage import Damaged, foreign
from srgan.images.image import COMMENT, Image, eight_bits

_HOLDS: dict[str, tuple[str, ...]] = {
    "png": ("icc", "exif", "xmp", "iptc", "texts", "colours"),
    "tiff": ("icc", "exif", "xmp", "iptc"),
    "jpeg": ("icc", "exif", "xmp", "iptc", "texts"),
    "webp": ("icc", "exif", "xmp"),
    "avif": ("icc", "exif", "xmp"),
    "apng": ("icc", "exif", "xmp", "iptc", "texts", "colours"),
    "bmp": (),
}
_NAMES = {"icc": "colour profile", "exif": "EXIF", "xmp": "XMP", "iptc": "IPTC"}
_EXIF_TEXTS = {"Title": 269, "Description": 270, "Software": 305, "Author": 315, "Copyright": 33432}
_GREY, _GREYS = slice(16, 20), b"GRAY"  # where a profile says what it is of (ICC.1, sec. 7.2)
_MOST_DPI = 65_535  # as JPEG has it; the others hold more, of which none makes sense
_JPEG_SEGMENT, _JPEG_PROFILE = 65_000, 255  # bytes; each must fit into one segment, and profiles into so many


def fitted(
    image: Image, format: str, width: int | None = None, height: int | None = None, *, strip_metadata: bool = False
) -> Image:
    """The picture with what a file of this format can say of it; its further notes tell what that costs.

    An animated PNG counts as a format of its own, "apng".

    Its pixels are the same, unless they are grey, their profile is one of greys, and the format has colours alone.

    Args:
        width, height: of the whole, where the picture is a part of it.
        strip_metadata: leave out all but what the colours mean.
    """
    if strip_metadata:
        image = dataclasses.replace(image, exif=None, xmp=None, iptc=None, texts=())
    image = _sized(image, width or image.width, height or image.height)
    image = _coloured(_said_in_exif(image, format), format)
    changes: dict[str, Any] = {}
    notes = list(_roughened(image, format))
    for field, name in _NAMES.items():
        if data := getattr(image, field):
            if field not in _HOLDS[format]:
                changes[field] = None
                notes.append(f"{name} dropped: {format} holds none")
            elif format == "jpeg" and len(data) > _JPEG_SEGMENT * (_JPEG_PROFILE if field == "icc" else 1):
                changes[field] = None
                notes.append(f"{name} dropped: {len(data)} bytes are more than JPEG can hold")
    if image.dpi and not all(1 / _MOST_DPI <= side <= _MOST_DPI for side in image.dpi):
        changes["dpi"] = None
        notes.append(f"resolution dropped: {image.dpi[0]:g} x {image.dpi[1]:g} pixels an inch")
    elif image.dpi and format in ("webp", "avif"):
        changes["exif"] = exif_parts.with_resolution(image.exif, image.dpi)
    kept = tuple(text for text in image.texts if _holds_text(format, *text))
    if lost := [keyword for keyword, text in image.texts if (keyword, text) not in kept]:
        notes.append(f"texts dropped, which {format} cannot hold: {', '.join(dict.fromkeys(lost))}")
    return dataclasses.replace(image, **changes, texts=kept, notes=(*image.notes, *notes))


def _roughened(image: Image, format: str) -> list[str]:
    """What is lost of the pixels."""
    notes = []
    if image.rgb.dtype.kind == "f" and format != "tiff":
        bits = 16 if format == "png" else 8
        notes.append(
            f"{format} holds no floats: rounded to {bits} bits, and clipped where darker than black or over white"
        )
    elif image.depth > 8 and format not in ("png", "tiff"):
        notes.append(f"{format} holds 8 bits: finer levels are rounded")
    if image.alpha is not None and format in ("jpeg", "bmp"):
        notes.append(f"{format} holds no transparency: transparent parts become white")
    return notes


def _holds_text(format: str, keyword: str, text: str) -> bool:
    if format == "jpeg":
        return keyword == COMMENT and len(text.encode()) <= _JPEG_SEGMENT
    return "texts" in _HOLDS[format]


def _said_in_exif(image: Image, format: str) -> Image:
    """The picture whose EXIF says what its texts do, where the format holds EXIF, but no such texts."""
    texts = {_EXIF_TEXTS[keyword]: text for keyword, text in reversed(image.texts) if keyword in _EXIF_TEXTS}
    if not texts or "exif" not in _HOLDS[format] or _HOLDS[format] == _HOLDS["png"]:
        return image
    others = tuple(one for one in image.texts if one[0] not in _EXIF_TEXTS)
    return dataclasses.replace(image, exif=exif_parts.with_texts(image.exif, texts), texts=others)


def _sized(image: Image, width: int, height: int) -> Image:
    """The picture whose EXIF and XMP say how large it is."""
    packet = xmp.resized(image.xmp, width, height) if image.xmp else None
    try:
        block = exif.resized(image.exif, width, height) if image.exif else None
    except exif.DamagedExif:
        return dataclasses.replace(image, exif=None, xmp=packet, notes=(*image.notes, "damaged EXIF dropped"))
    return dataclasses.replace(image, exif=block, xmp=packet)


def _coloured(image: Image, format: str) -> Image:
    """The picture whose profile is one that its file may have, and says what PNG says by other means."""
    if image.colours and "colours" not in _HOLDS[format]:
        icc, notes = image.icc, image.notes
        if icc is None:
            icc, further = profile.of(image.colours, grey=image.grey and format in ("jpeg", "tiff"))
            notes += further
        image = dataclasses.replace(image, icc=icc, colours=(), notes=notes)
    of_greys = image.icc is not None and image.icc[_GREY] == _GREYS
    if of_greys and not image.grey:
        return dataclasses.replace(image, icc=None, notes=(*image.notes, "colour profile dropped: it is one of greys"))
    return _without_grey_profile(image) if of_greys and format in ("webp", "avif", "apng") else image


def _without_grey_profile(image: Image) -> Image:
    """The same greys as sRGB has them; 8 bits."""
    greys = Pillow.fromarray(np.ascontiguousarray(eight_bits(image.rgb)[..., 0]))
    try:
        with foreign():
            source = ImageCms.ImageCmsProfile(io.BytesIO(image.icc or b""))
            srgb = ImageCms.profileToProfile(greys, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except Damaged as error:
        return dataclasses.replace(image, icc=None, notes=(*image.notes, f"colour profile dropped: {error}"))
    alpha = None if image.alpha is None else eight_bits(image.alpha)
    notes = (*image.notes, "greys converted to sRGB")
    return dataclasses.replace(image, rgb=np.asarray(srgb).copy(), alpha=alpha, icc=None, notes=notes)
