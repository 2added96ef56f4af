"""Conversion: a result in other colours or at another depth than its photo. Pure functions; any thread."""

from dataclasses import replace

import numpy as np

from lama_desktop.batch.order import BatchOptions, Depth
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.formats.fit import as_srgb, to_8_bit


def converted(photo: Photo, options: BatchOptions) -> Photo:
    """Return the photo in the colours and at the depth that were asked for; the photo itself where that is no change.

    Sixteen bits made of eight hold the same values: 255 becomes 65535. Grey stays grey in sRGB, too.
    """
    if options.to_srgb and (photo.profile is not None or photo.model is ColorModel.CMYK):
        photo = as_srgb(photo, (ColorModel.GREY, ColorModel.RGB))
    if options.depth is Depth.EIGHT and photo.depth != 8:
        photo = replace(photo, pixels=to_8_bit(photo.pixels))
    if options.depth is Depth.SIXTEEN and photo.depth != 16:
        photo = replace(photo, pixels=photo.pixels.astype(np.uint16) * np.uint16(257))
    return photo
