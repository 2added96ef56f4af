"""Between a file's own colours and sRGB."""

from typing import Protocol

from lama_desktop.core.arrays import Colors, Image


class ColorSpace(Protocol):
    """Converts pixels of one file to sRGB and back."""

    def to_srgb(self, pixels: Image) -> Colors:
        """Return the sRGB colours, (H, W, 3) float32 0..1, of colour channels (H, W, C) without alpha."""
        ...

    def from_srgb(self, colors: Colors, like: Image) -> Image:
        """Return `colors` in the file's colours, with the channels and dtype of `like`."""
        ...
