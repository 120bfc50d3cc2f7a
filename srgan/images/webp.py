"""WebP as a row of chunks (RIFF): whether its pixels are packed without loss, which no decoder tells."""

from collections.abc import Iterator

_LOSSLESS, _LOSSY, _FRAME = b"VP8L", b"VP8 ", b"ANMF"


def is_lossless(data: bytes) -> bool:
    """Whether no frame of the file has lost anything."""
    kinds = [kind for kind, _ in _pictures(data)]
    return bool(kinds) and _LOSSY not in kinds


def _pictures(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    for kind, body in _chunks(data, 12):
        within = _chunks(body, 16) if kind == _FRAME else [(kind, body)]
        yield from ((kind, body) for kind, body in within if kind in (_LOSSLESS, _LOSSY))


def _chunks(data: bytes, at: int) -> Iterator[tuple[bytes, bytes]]:
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        yield data[at : at + 4], data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
