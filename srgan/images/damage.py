"""The one seam between our code and the decoders and encoders of others.

Files can make them raise anything, and no list of it is ever whole: inside `foreign` whatever they raise is the fault
of the file. Our own code stays outside: it says `Damaged` where it finds damage; what else it raises is a bug of ours.
"""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
from PIL import Image as Pillow

_SEEKS = (None, errno.EINVAL)  # what the decoders' own OSErrors have, and those of seeking to where no file can reach


class Refused(ValueError):
    """A picture cannot be read or written; the reason does not say yet in which file it is."""


class Damaged(Refused):
    """A file is not what it says it is, or code of others stumbles over it."""


@contextmanager
def foreign() -> Iterator[None]:
    """Whatever is raised here is Damaged, but for what the machine is to blame for: its memory and its disks.

    For calls of decoders and encoders, and of what they return, alone.
    """
    try:
        yield
    except (Refused, MemoryError):
        raise
    except Pillow.DecompressionBombError as error:
        raise Refused("more pixels than Pillow opens in this format; convert it to PNG or TIFF") from error
    except Exception as error:
        if isinstance(error, OSError) and error.errno not in _SEEKS:
            raise
        if isinstance(error, cv2.error) and error.code == cv2.Error.StsNoMem:
            raise MemoryError from error
        raise Damaged(_reason(error)) from error


def _reason(error: BaseException) -> str:
    """What an error says, in one line."""
    return " ".join(str(error).split()) or repr(error)
