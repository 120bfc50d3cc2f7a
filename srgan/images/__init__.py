"""A file and an Image, and the way between them: read, write, and plan which file becomes which."""

from srgan.images.bands import Bands, Window, as_bands, read_bands
from srgan.images.decoders import FIRST_OF
from srgan.images.folder import Job, find, plan
from srgan.images.formats import SUFFIXES, check_size, format_of, is_picture, printable
from srgan.images.frames import Frames, encode_frames, read_frames
from srgan.images.image import LARGEST_FLOAT, Image, as_samples, eight_bits, white_of
from srgan.images.read import Header, decode, probe, read
from srgan.images.write import STREAMED, Before, encode, partial_of, write, write_bands, write_bytes

__all__ = [
    "FIRST_OF",
    "LARGEST_FLOAT",
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
    "check_size",
    "decode",
    "eight_bits",
    "encode",
    "encode_frames",
    "find",
    "format_of",
    "is_picture",
    "partial_of",
    "plan",
    "printable",
    "probe",
    "read",
    "read_bands",
    "read_frames",
    "white_of",
    "write",
    "write_bands",
    "write_bytes",
]
