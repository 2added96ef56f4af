"""Photos enter and leave a document: every colour model as RGBA layers, and back to what the file was.

RGB pixels enter as they are. Grey ones become three equal channels, and leave as one. CMYK ones are converted to sRGB;
the inks are kept beside the layers (`Stack.native`), and a pixel that still looks as it came leaves with the inks it
came with. So a photo that was not touched leaves bit for bit as it entered, whatever it is. Pure functions; any thread.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from lama_desktop.core.arrays import Image, full_value
from lama_desktop.core.color import SRGB, color_space, rgb_space
from lama_desktop.core.composite import composite, to_depth
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.stack import Stack

_ROWS = 128


def facts_of(photo: Photo) -> Photo:
    """Return everything that a photo says of itself but its pixels, of which none are left."""
    return replace(photo, pixels=photo.pixels[:0, :0].copy())


def opened(photo: Photo, name: str = "") -> Stack:
    """Return a document's first stack: the photo as its only layer, an empty mask.

    The photo may be given away: nothing of the result is its memory, except a CMYK photo's inks.

    Args:
        photo: any.
        name: of the layer.
    """
    full = full_value(photo.pixels)
    coverage = None if photo.has_alpha else full
    layer = Layer(_rgba(photo), name=name, coverage=coverage)
    native = Drawable(photo.pixels) if photo.model is ColorModel.CMYK else None
    return Stack(photo.size, (layer,), layer, Mask.empty(photo.size), layer.copy(), native)


def layer_of(photo: Photo, facts: Photo, origin: tuple[int, int] = (0, 0), name: str = "") -> Layer:
    """Return a photo as a layer for a document, in the document's colours and depth.

    Args:
        photo: any; where its colours are the document's, its values are kept.
        facts: of the document.
        origin: where it goes.
        name: of the layer.
    """
    dtype, coverage = facts.pixels.dtype, None if photo.has_alpha else full_value(facts.pixels)
    pixels = to_depth(_rgba(photo), dtype)
    ours, theirs = rgb_space(facts.model, facts.profile), rgb_space(photo.model, photo.profile)
    if ours is not theirs and (photo.model, photo.profile) != (facts.model, facts.profile):
        for top in range(0, len(pixels), _ROWS):
            band = np.ascontiguousarray(pixels[top : top + _ROWS, :, :3])
            pixels[top : top + _ROWS, :, :3] = ours.from_srgb(theirs.to_srgb(band), band)
    return Layer(pixels, origin, name=name, coverage=coverage)


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A document at one moment, for another thread: it never changes."""

    stack: Stack
    facts: Photo
    state: int = 0
    """`History.state` at that moment, for `mark_saved`."""

    def photo(self) -> Photo:
        """Return the flattened picture in the file's own colours, depth and colour model, with all it says of itself.

        It has alpha where the photo had, or where something became transparent.
        """
        stack, facts = self.stack, self.facts
        flat = composite(stack.tree, stack.rect, facts.pixels.dtype)
        has_alpha = facts.has_alpha or bool(flat[..., 3].min() < full_value(flat))
        if facts.model is ColorModel.RGB:
            pixels = flat if has_alpha else np.ascontiguousarray(flat[..., :3])
        elif facts.model is ColorModel.GREY:
            pixels = np.ascontiguousarray(flat[..., 2 : 4 if has_alpha else 3])
        else:
            pixels = self._inks(flat, has_alpha)
        return replace(facts, pixels=pixels, has_alpha=has_alpha)

    def _inks(self, flat: Image, has_alpha: bool) -> Image:
        """Return an sRGB picture as CMYK; what looks as the original does has the original's inks."""
        stack, space = self.stack, color_space(ColorModel.CMYK, self.facts.profile)
        result = np.empty((*flat.shape[:2], 4 + has_alpha), flat.dtype)
        for band in Rect.of_size((flat.shape[1], flat.shape[0])).tiles(flat.shape[1], _ROWS):
            colors, inks = flat[band.slices], result[band.slices]
            same = np.zeros(colors.shape[:2], bool)
            native, original = stack.native, stack.original
            if native is not None and original is not None and not (area := native.rect & band).is_empty:
                part = area.slices_in(band)
                same[part] = (composite((original,), area, flat.dtype) == colors[part]).all(axis=2)
                inks[part][..., :4] = native.pixels[area.slices_in(native.rect)][..., :4]
            if not same.all():
                changed = colors[~same][None, :, :3]
                inks[~same, :4] = space.from_srgb(SRGB.to_srgb(changed), np.empty((1, 1, 4), flat.dtype))[0]
            if has_alpha:
                inks[..., 4] = colors[..., 3]
        return result


def _rgba(photo: Photo) -> Image:
    """Return the pixels of a photo as (H, W, 4), a new array: its RGB, its grey three times, its inks in sRGB."""
    pixels, channels = photo.pixels, photo.model.channels
    if photo.model is ColorModel.CMYK:
        space, result = color_space(photo.model, photo.profile), np.empty((*pixels.shape[:2], 4), pixels.dtype)
        for top in range(0, len(pixels), _ROWS):
            band = np.ascontiguousarray(pixels[top : top + _ROWS, :, :4])
            quick = pixels.dtype == np.uint8
            colors = space.to_screen(band) if quick else SRGB.from_srgb(space.to_srgb(band), band[..., :3])
            result[top : top + _ROWS, :, :3] = colors
        result[..., 3] = pixels[..., 4] if photo.has_alpha else full_value(pixels)
        return result
    if photo.has_alpha:
        return pixels.copy() if channels == 3 else cv2.merge([*[pixels[..., 0]] * 3, pixels[..., 1]])
    return cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA if channels == 3 else cv2.COLOR_GRAY2RGBA)
