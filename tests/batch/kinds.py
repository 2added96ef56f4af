"""A folder of photos of every kind that turns up, good and bad, and what has to become of each.

Made by the tests; `python tests/batch/kinds.py FOLDER COUNT` makes one to look at.
"""

import struct
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image as PillowImage
from PIL import ImageCms

from lama_desktop.batch.plan import State

SIZE = (96, 72)
SRGB_PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def picture(number: int, channels: int = 3, dtype=np.uint8) -> np.ndarray:
    random = np.random.default_rng(number)
    noise = cv2.GaussianBlur(random.random((SIZE[1], SIZE[0], channels)).astype(np.float32), (0, 0), 3)
    noise = noise.reshape(SIZE[1], SIZE[0], channels)
    return (np.clip(0.5 + 3 * (noise - 0.5), 0, 1) * np.iinfo(dtype).max).astype(dtype)


def hole(number: int, size=SIZE) -> np.ndarray:
    mask = np.zeros((size[1], size[0]), np.uint8)
    top, left = 20 + number % 20, 20 + number % 30
    mask[top : top + 12, left : left + 16] = 255
    return mask


def _save(path: Path, pixels: np.ndarray, mode: str | None = None, **settings) -> None:
    found = PillowImage.fromarray(pixels)
    (found.convert(mode) if mode else found).save(path, **settings)


def _animated(path: Path, number: int) -> None:
    first, second = (PillowImage.fromarray(picture(number + extra)) for extra in (0, 1))
    first.save(path, save_all=True, append_images=[second], duration=50)


def _huge_header(path: Path, number: int) -> None:
    body = b"IHDR" + struct.pack(">IIBBBBB", 200_000, 200_000, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + body + struct.pack(">I", zlib.crc32(body)))


def _cut(path: Path, number: int) -> None:
    _save(path, picture(number))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def _wrong_suffix(path: Path, number: int) -> None:
    PillowImage.fromarray(picture(number)).save(path, format="JPEG")


def _transparent(path: Path, number: int) -> None:
    pixels = picture(number, 4)
    pixels[..., 3] = 255
    pixels[:10, :, 3] = 0
    _save(path, pixels)


Maker = Callable[[Path, int], object]
KINDS: dict[str, tuple[str, Maker, State]] = {
    "plain": ("{}.jpg", lambda path, n: _save(path, picture(n), quality=88, comment=b"kept"), State.DONE),
    "profile": ("{}.jpeg", lambda path, n: _save(path, picture(n), icc_profile=SRGB_PROFILE), State.DONE),
    "png": ("{}.png", lambda path, n: _save(path, picture(n)), State.DONE),
    "unicode": ("{} – Übergröße 写真 🦙.PNG", lambda path, n: _save(path, picture(n)), State.DONE),
    "long": ("{}" + "x" * 230 + ".png", lambda path, n: _save(path, picture(n)), State.DONE),
    "deep": ("{}.png", lambda path, n: cv2.imwrite(str(path), picture(n, 3, np.uint16)), State.DONE),
    "deep tiff": ("{}.tif", lambda path, n: tifffile.imwrite(path, picture(n, 3, np.uint16)), State.DONE),
    "alpha": ("{}.png", _transparent, State.DONE),
    "ink": ("{}.jpg", lambda path, n: _save(path, picture(n), "CMYK"), State.DONE),
    "grey": ("{}.tif", lambda path, n: _save(path, picture(n)[..., 0]), State.DONE),
    "palette": ("{}.png", lambda path, n: _save(path, picture(n), "P"), State.DONE),
    "webp": ("{}.webp", lambda path, n: _save(path, picture(n)), State.DONE),
    "animated": ("{}.webp", _animated, State.DONE),
    "animated png": ("{}.png", _animated, State.DONE),
    "wrong suffix": ("{}.png", _wrong_suffix, State.DONE),
    "empty": ("{}.jpg", lambda path, n: path.touch(), State.UNREADABLE),
    "text": ("{}.png", lambda path, n: path.write_text("Not a picture."), State.UNREADABLE),
    "gif": ("{}.jpg", lambda path, n: PillowImage.fromarray(picture(n)).save(path, format="GIF"), State.UNREADABLE),
    "cut": ("{}.jpg", _cut, State.FAILED),
    "cut png": ("{}.png", _cut, State.FAILED),
    "huge header": ("{}.png", _huge_header, State.FAILED),
    "mask of another size": ("{}.png", lambda path, n: _save(path, picture(n)), State.FAILED),
    "black mask": ("{}.png", lambda path, n: _save(path, picture(n)), State.EMPTY),
    "no mask": ("{}.png", lambda path, n: _save(path, picture(n)), State.UNMASKED),
    "no folder": ("shut/{}.png", lambda path, n: _save(path, picture(n)), State.FAILED),
}
"""Of each kind the pattern of its name, what makes it, and what becomes of it. `shut` is a folder that the results
cannot have."""


def make(folder: Path, count: int) -> dict[Path, State]:
    """Make so many photos of all kinds in turn, with their masks; return what has to become of each."""
    wanted: dict[Path, State] = {}
    for number in range(count):
        kind, (pattern, maker, state) = list(KINDS.items())[number % len(KINDS)]
        path = folder / f"{kind.split()[0]} {number // 100}" / pattern.format(number)
        if "shut" in pattern:
            path = folder / pattern.format(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        maker(path, number)
        mask = path.with_name(f"{path.stem}_mask{'' if number % 3 else '001'}.{'png' if number % 2 else 'webp'}")
        if kind == "mask of another size":
            _save(mask, hole(number, (SIZE[0] + 1, SIZE[1])), lossless=True)
        elif kind != "no mask":
            _save(mask, hole(number) * (kind != "black mask"), lossless=True)
        wanted[path] = state
    return wanted


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2]))
