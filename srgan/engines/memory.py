"""Memory that a process keeps for itself."""

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_MAX = -1, -4  # malloc.h of glibc


def keep_freed_memory() -> bool:
    """Tells glibc to reuse what is freed instead of returning it to the system, and whether it could be told.

    Tiles and training steps free and take the same tens of megabytes again and again, and every page taken anew from
    the system is a fault; on virtual machines that costs more than the convolutions. It holds for the whole process,
    so the commands and scripts call it, and the library never does.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:  # another C library, such as musl
        return False
    return bool(mallopt(_M_MMAP_MAX, 0)) and bool(mallopt(_M_TRIM_THRESHOLD, -1))
