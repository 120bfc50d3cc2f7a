"""A file and an Image, and the way between them: read, write, and plan which file becomes which."""

from srgan.images.folder import Job, find, plan
from srgan.images.formats import SUFFIXES, check_size, format_of, is_picture, printable
from srgan.images.frames import Frames, encode_frames, read_frames
from srgan.images.image import Image
from srgan.images.read import Header, decode, probe, read
from srgan.images.write import STREAMED, encode, partial_of, write, write_bytes, write_strips

__all__ = [
    "STREAMED",
    "SUFFIXES",
    "Frames",
    "Header",
    "Image",
    "Job",
    "check_size",
    "decode",
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
    "read_frames",
    "write",
    "write_bytes",
    "write_strips",
]
