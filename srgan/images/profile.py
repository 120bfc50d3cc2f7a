"""A colour profile that says what PNG says in chunks of its own: primaries, white, and the curve from levels to light.

It is of the simplest kind that ICC.1:2022 knows (sec. 8.3.3): three primaries, and one curve that all channels share.
"""

import struct
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np

_D65 = (0.3127, 0.3290)
_D50 = np.array([0.9642, 1.0, 0.8249])  # what profiles are relative to, XYZ
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
_SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
_PRIMARIES: Mapping[int, tuple[float, ...]] = {  # x and y of red, green, blue and white (ITU-T H.273, table 2)
    1: (*_SRGB, *_D65),
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}
_UNSPECIFIED = 2
_CURVE_POINTS = 4096


class _Colours(NamedTuple):
    primaries: tuple[float, ...]
    curve: bytes  # a tag of type curv or para
    codes: bytes | None  # the body of a cICP chunk


def of(colours: tuple[tuple[bytes, bytes], ...], *, grey: bool = False) -> tuple[bytes | None, tuple[str, ...]]:
    """The profile of these chunks of a PNG, and notes; none where the colours are sRGB, as without any.

    Args:
        grey: of a picture of one channel.
    """
    said = dict(colours)
    if codes := said.get(b"cICP"):
        return _of_codes(codes, grey)
    if b"sRGB" in said:
        return None, ()
    exponent = int.from_bytes(said.get(b"gAMA", b""), "big") / 100_000 or 1 / 2.2
    primaries = _PRIMARIES[1]
    if b"cHRM" in said:
        white, *three = np.frombuffer(said[b"cHRM"], ">u4").reshape(4, 2) / 100_000
        primaries = tuple(float(number) for number in np.concatenate([*three, white]))
    if np.allclose(primaries, _PRIMARIES[1], atol=0.002) and abs(exponent - 1 / 2.2) < 0.005:
        return None, ()  # what programs write that mean sRGB
    if not 0.1 <= exponent <= 10 or not _sound(primaries):
        return None, ("what its colours mean dropped: no such colours exist",)
    return _profile(_Colours(primaries, _power(1 / exponent), None), grey), ()


def _of_codes(codes: bytes, grey: bool) -> tuple[bytes | None, tuple[str, ...]]:
    primaries, transfer = codes[:2]
    if _UNSPECIFIED in (primaries, transfer) or (primaries, transfer) == (1, 13):
        return None, ()
    curve = _TRANSFERS.get(transfer)
    if curve is None or primaries not in _PRIMARIES:
        return None, (f"what its colours mean dropped: colours {primaries}, curve {transfer} of H.273",)
    notes = ("HDR colours, kept as a profile that few programs show right",) if transfer in _HDR else ()
    return _profile(_Colours(_PRIMARIES[primaries], curve(), codes), grey), notes


def _sound(primaries: tuple[float, ...]) -> bool:
    x, y = np.array(primaries[::2]), np.array(primaries[1::2])
    inside = bool(((y > 0.0001) & (x + y <= 1.0001)).all())
    return inside and abs(float(np.linalg.det([x[:3], y[:3], 1 - x[:3] - y[:3]]))) > 0.001


def _xyz(x: float, y: float) -> np.ndarray:
    return np.array([x / y, 1, (1 - x - y) / y])


def _matrix(primaries: tuple[float, ...]) -> np.ndarray:
    """From linear RGB to XYZ relative to D50: columns scaled so that white is white, then adapted (Bradford)."""
    red, green, blue, white = (_xyz(*primaries[at : at + 2]) for at in (0, 2, 4, 6))
    columns = np.stack([red, green, blue], axis=1)
    scaled: np.ndarray = columns * np.linalg.solve(columns, white)
    cones = _BRADFORD @ _D50 / (_BRADFORD @ white)
    adapted: np.ndarray = np.linalg.inv(_BRADFORD) @ np.diag(cones) @ _BRADFORD @ scaled
    return adapted


def _fixed(*numbers: float) -> bytes:
    return struct.pack(f">{len(numbers)}i", *(round(number * 65536) for number in numbers))


def _power(exponent: float) -> bytes:
    return b"para" + bytes(4) + struct.pack(">HH", 0, 0) + _fixed(exponent)


def _piecewise(exponent: float, offset: float, slope: float, start: float) -> bytes:
    """A power with a straight beginning: ((level + offset) / (1 + offset)) ** exponent, or level / slope."""
    numbers = (exponent, 1 / (1 + offset), offset / (1 + offset), 1 / slope, start)
    return b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(*numbers)


def _table(light: Callable[[np.ndarray], np.ndarray]) -> bytes:
    values = np.rint(65535 * light(np.linspace(0, 1, _CURVE_POINTS))).astype(">u2")
    return b"".join([b"curv", bytes(4), struct.pack(">I", _CURVE_POINTS), values.tobytes()])


def _pq(levels: np.ndarray) -> np.ndarray:
    """Light of 10,000 nits at most (SMPTE ST 2084)."""
    root = levels ** (32 / 2523)
    light: np.ndarray = (np.maximum(root - 107 / 128, 0) / (2413 / 128 - 2392 / 128 * root)) ** (8192 / 1305)
    return light


def _hlg(levels: np.ndarray) -> np.ndarray:
    """Light of the scene (ARIB STD-B67)."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(levels <= 0.5, levels**2 / 3, (np.exp((levels - c) / a) + b) / 12)


_HDR = (16, 18)
_TRANSFERS: Mapping[int, Callable[[], bytes]] = {  # by number (ITU-T H.273, table 3)
    **dict.fromkeys((1, 6, 14, 15), lambda: _piecewise(1 / 0.45, 0.099, 4.5, 0.081)),
    4: lambda: _power(2.2),
    5: lambda: _power(2.8),
    8: lambda: _power(1.0),
    13: lambda: _piecewise(2.4, 0.055, 12.92, 0.04045),
    16: lambda: _table(_pq),
    17: lambda: _power(2.6),
    18: lambda: _table(_hlg),
}


def _profile(colours: _Colours, grey: bool) -> bytes:
    """The file: a header of 128 bytes, a list of tags, and their data."""
    matrix = _matrix(colours.primaries)
    tags = {b"desc": _text("as its PNG said"), b"cprt": _text("none"), b"wtpt": b"XYZ " + bytes(4) + _fixed(*_D50)}
    if grey:
        tags[b"kTRC"] = colours.curve
    else:
        for column, name in enumerate((b"r", b"g", b"b")):
            tags[name + b"XYZ"] = b"XYZ " + bytes(4) + _fixed(*matrix[:, column])
            tags[name + b"TRC"] = colours.curve
    if colours.codes:
        tags[b"cicp"] = b"cicp" + bytes(4) + colours.codes
    place, listed, data, seen = 128 + 4 + 12 * len(tags), b"", b"", dict[bytes, int]()
    for name, body in tags.items():
        if body not in seen:  # three channels have one curve
            seen[body] = place + len(data)
            data += body + bytes(-len(body) % 4)
        listed += struct.pack(">4sII", name, seen[body], len(body))
    kind = b"GRAY" if grey else b"RGB "
    head = struct.pack(">I4sI4s4s4s", place + len(data), bytes(4), 0x04400000, b"mntr", kind, b"XYZ ")
    head += struct.pack(">6H4s", 2024, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _fixed(*_D50)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + listed + data


def _text(words: str) -> bytes:
    packed = words.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(packed), 28) + packed
