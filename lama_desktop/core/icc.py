"""ICC profiles as far as arithmetic needs them: matrix and tone curves of RGB and grey profiles, versions 2 and 4.

Source: ICC.1:2022, sections 7 (layout), 10.6 (curv), 10.18 (para), 10.31 (XYZ). Tables (A2B0, B2A0) are only noticed
here; `core/color.py` lets LittleCMS evaluate them. Pure functions; the bytes are never trusted.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Curve = Callable[[Floats], Floats]

_PARAMETERS = (1, 3, 4, 5, 7)
_MAX_SAMPLES = 1 << 16
_CLASSES = (b"mntr", b"scnr", b"prtr", b"spac")


@dataclass(frozen=True)
class Profile:
    """What a profile says about its device.

    `matrix` is (3, 3) float64, linear device RGB to XYZ under D50, None where there is none. `curves` go from device
    values 0..1 to linear light 0..1 (for a grey profile with Lab connection space: to L* / 100): three, one or none.
    """

    space: str
    connection: str
    matrix: Floats | None
    curves: tuple[Curve, ...]
    has_table: bool


def parse(data: bytes) -> Profile:
    """Read a profile.

    Raises:
        ValueError: it is damaged, or of a kind that describes no picture (device links, named colours).
    """
    if len(data) < 132 or data[36:40] != b"acsp":
        raise ValueError("not an ICC profile")
    if data[12:16] not in _CLASSES:
        raise ValueError(f"an ICC profile of class {data[12:16]!r} describes no picture")
    tags = _tags(data)
    space, connection = data[16:20].decode("latin-1").strip(), data[20:24].decode("latin-1").strip()
    matrix: Floats | None = None
    curves: tuple[Curve, ...] = ()
    if space == "RGB" and all(name in tags for name in (b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC")):
        matrix = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        if not np.isfinite(matrix).all() or abs(float(np.linalg.det(matrix))) < 1e-6:
            raise ValueError("the primaries of the ICC profile span no colours")
        curves = tuple(_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    elif space == "GRAY" and b"kTRC" in tags:
        curves = (_curve(tags[b"kTRC"]),)
    return Profile(space, connection, matrix, curves, b"A2B0" in tags)


def _tags(data: bytes) -> dict[bytes, memoryview]:
    (count,) = struct.unpack_from(">I", data, 128)
    if count > 200 or 132 + 12 * count > len(data):
        raise ValueError("the tag table of the ICC profile is damaged")
    tags, view = {}, memoryview(data)
    for index in range(count):
        name, offset, length = struct.unpack_from(">4sII", data, 132 + 12 * index)
        if offset + length > len(data):
            raise ValueError("a tag of the ICC profile lies outside of it")
        tags[name] = view[offset : offset + length]
    return tags


def _xyz(tag: memoryview) -> Floats:
    if bytes(tag[:4]) != b"XYZ " or len(tag) < 20:
        raise ValueError("a primary of the ICC profile is damaged")
    return np.array(struct.unpack_from(">3i", tag, 8), np.float64) / 65536


def _curve(tag: memoryview) -> Curve:
    """Return the function of a curv or para tag; values outside 0..1 are clipped on both sides."""
    if bytes(tag[:4]) == b"curv" and len(tag) >= 12:
        return _sampled(tag)
    if bytes(tag[:4]) == b"para" and len(tag) >= 12:
        return _parametric(tag)
    raise ValueError("a tone curve of the ICC profile is damaged")


def _sampled(tag: memoryview) -> Curve:
    (count,) = struct.unpack_from(">I", tag, 8)
    if len(tag) < 12 + 2 * count or count > _MAX_SAMPLES:
        raise ValueError("a tone curve of the ICC profile is damaged")
    values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
    if count == 0:
        return lambda x: np.clip(x, 0, 1)
    if count == 1:
        gamma = float(values[0]) / 256
        return lambda x: np.clip(x, 0, 1) ** gamma
    positions = np.linspace(0, 1, count)
    return lambda x: np.interp(x, positions, values / 65535)


def _parametric(tag: memoryview) -> Curve:
    (kind,) = struct.unpack_from(">H", tag, 8)
    if kind >= len(_PARAMETERS) or len(tag) < 12 + 4 * _PARAMETERS[kind]:
        raise ValueError("a tone curve of the ICC profile is of an unknown kind")
    found = [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)]
    gamma, a, b, c, d, e, f = 1.0, 1.0, 0.0, 0.0, -1.0, 0.0, 0.0
    if kind == 0:
        (gamma,) = found
    elif kind == 1:
        gamma, a, b = found
        d = -b / a if a else 2.0
    elif kind == 2:
        gamma, a, b, e = found
        d, f = (-b / a if a else 2.0), e
    elif kind == 3:
        gamma, a, b, c, d = found
    else:
        gamma, a, b, c, d, e, f = found

    def curve(x: Floats) -> Floats:
        x = np.clip(x, 0, 1)
        with np.errstate(all="ignore"):  # a made-up exponent leads to infinity, which is clipped
            power = np.maximum(a * x + b, 0) ** gamma + e
        return np.clip(np.where(x >= d, power, c * x + f), 0, 1)

    return curve
