"""ICC profiles of well-known colour spaces, made from their primaries: for pixels whose file only names the space.

Display profiles of three primaries and one curve, version 4.3, always the same bytes. `core/icc.py` is the way back.

Source: ICC.1:2010; primaries and curves by IEC 61966-2-1 (sRGB), SMPTE EG 432-1 (P3) and ITU-R BT.2020; Bradford
adaptation by the ICC, annex E.
"""

import struct
from functools import lru_cache

import numpy as np

from lama_desktop.core.icc import Floats

_WHITE = (0.3127, 0.3290)
"""D65, the white of all of them."""
_PRIMARIES = {
    "sRGB": ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06)),
    "Display P3": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
    "BT.2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
}
_SRGB_TONE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_VIDEO_TONE = (1 / 0.45, 1 / 1.0993, 0.0993 / 1.0993, 1 / 4.5, 0.0812)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


@lru_cache(maxsize=8)
def profile_of(space: str, *, video_tone: bool = False) -> bytes:
    """Return the ICC profile of a colour space.

    Args:
        space: "sRGB", "Display P3" or "BT.2020".
        video_tone: the curve of BT.709 and BT.2020 instead of sRGB's.
    """
    tone = _VIDEO_TONE if video_tone else _SRGB_TONE
    return _profile(space, b"para" + bytes(4) + struct.pack(">HH", 3, 0) + _fixed(tone))


@lru_cache(maxsize=8)
def neutral_profile(light: bytes) -> bytes:
    """Return a profile of RGB pixels with a curve of their own, and the primaries of sRGB.

    Three equal channels look in it as one channel does in a grey profile with this curve.

    Args:
        light: linear light at equal steps from 0 to 1, as uint16 big-endian; 1024 are enough.
    """
    return _profile("Grey as RGB", b"curv" + bytes(4) + struct.pack(">I", len(light) // 2) + light)


def _profile(space: str, tone: bytes) -> bytes:
    """Return the profile of a space with this tag as its three curves; of sRGB's primaries where it has none."""
    white = _xyz_of(_WHITE)
    primaries = np.stack([_xyz_of(each) for each in _PRIMARIES.get(space, _PRIMARIES["sRGB"])], axis=1)
    primaries *= np.linalg.solve(primaries, white)
    adaptation = np.linalg.inv(_BRADFORD) @ np.diag((_BRADFORD @ _D50) / (_BRADFORD @ white)) @ _BRADFORD
    columns = (adaptation @ primaries).T
    tags = {
        b"desc": _text(space),
        b"cprt": _text("No copyright, use freely"),
        b"wtpt": _xyz(_D50),
        b"chad": b"sf32" + bytes(4) + _fixed(adaptation.ravel()),
        **{name: _xyz(each) for name, each in zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)},
        **dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), tone),
    }
    start = 128 + 4 + 12 * len(tags)
    body, table, places = b"", b"", dict[bytes, int]()
    for name, value in tags.items():
        if value not in places:  # the three curves are one
            places[value] = start + len(body)
            body += value + bytes(-len(value) % 4)
        table += struct.pack(">4sII", name, places[value], len(value))
    header = struct.pack(">I4xI4s4s4s", start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ")
    header += struct.pack(">6H4s", 2026, 1, 1, 0, 0, 0, b"acsp") + bytes(28) + _fixed(_D50)
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def _xyz_of(chromaticity: tuple[float, float]) -> Floats:
    x, y = chromaticity
    return np.array([x / y, 1.0, (1 - x - y) / y])


def _fixed(values: Floats | tuple[float, ...]) -> bytes:
    """Return numbers as s15Fixed16."""
    return struct.pack(f">{len(values)}i", *(round(float(value) * 65536) for value in values))


def _xyz(values: Floats) -> bytes:
    return b"XYZ " + bytes(4) + _fixed(values)


def _text(text: str) -> bytes:
    encoded = text.encode("utf-16-be")
    return b"mluc" + bytes(4) + struct.pack(">II2s2sII", 1, 12, b"en", b"US", len(encoded), 28) + encoded
