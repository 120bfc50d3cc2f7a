"""A file and an Image, and the way between them: read, write, and plan which file becomes which.

Planning must not wait for decoders: what needs them is fetched at first use. No module here may have the name of a
function, which it would take the place of once it is imported.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from srgan.images.files import OF_RUNS, find
from srgan.images.folder import Job, beside, plan
from srgan.images.formats import SEVERAL, SUFFIXES, check_size, format_of, is_picture, printable

if TYPE_CHECKING:
    from srgan.images.bands import Bands, Window, as_bands, read_bands
    from srgan.images.decoders import FIRST_OF
    from srgan.images.fitting import told
    from srgan.images.frames import Frames, count_frames, encode_frames, frames_told, read_frames
    from srgan.images.image import LARGEST_FLOAT, Image, as_samples, eight_bits, white_of
    from srgan.images.reader import Header, check_pixels, decode, probe, read
    from srgan.images.whole import Before, is_partial, partial_name, take_after, write_bytes
    from srgan.images.writer import STREAMED, encode, write, write_bands

__all__ = [
    "FIRST_OF",
    "LARGEST_FLOAT",
    "OF_RUNS",
    "SEVERAL",
    "STREAMED",
    "SUFFIXES",
    "Bands",
    "Before",
    "Frames",
    "Header",
    "Image",
    "Job",
    "Window",
    "as_bands",
    "as_samples",
    "beside",
    "check_pixels",
    "check_size",
    "count_frames",
    "decode",
    "eight_bits",
    "encode",
    "encode_frames",
    "find",
    "format_of",
    "frames_told",
    "is_partial",
    "is_picture",
    "partial_name",
    "plan",
    "printable",
    "probe",
    "read",
    "read_bands",
    "read_frames",
    "take_after",
    "told",
    "white_of",
    "write",
    "write_bands",
    "write_bytes",
]

_HOMES = {
    **dict.fromkeys(("Bands", "Window", "as_bands", "read_bands"), "bands"),
    "FIRST_OF": "decoders",
    "told": "fitting",
    **dict.fromkeys(("Frames", "count_frames", "encode_frames", "frames_told", "read_frames"), "frames"),
    **dict.fromkeys(("LARGEST_FLOAT", "Image", "as_samples", "eight_bits", "white_of"), "image"),
    **dict.fromkeys(("Header", "check_pixels", "decode", "probe", "read"), "reader"),
    **dict.fromkeys(("STREAMED", "encode", "write", "write_bands"), "writer"),
    **dict.fromkeys(("Before", "is_partial", "partial_name", "take_after", "write_bytes"), "whole"),
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'srgan.images' has no attribute {name!r}")
    globals()[name] = getattr(import_module(f"srgan.images.{_HOMES[name]}"), name)
    return globals()[name]
