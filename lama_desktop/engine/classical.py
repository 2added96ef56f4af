"""The fills of OpenCV behind the face of a model: they need no weights, continue edges and smear the rest.

Telea, "An Image Inpainting Technique Based on the Fast Marching Method", 2004; Bertalmio, Bertozzi, Sapiro,
"Navier-Stokes, Fluid Dynamics, and Image and Video Inpainting", CVPR 2001.
"""

import cv2
import numpy as np

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.progress import Progress

METHODS = {"telea": cv2.INPAINT_TELEA, "navier-stokes": cv2.INPAINT_NS}
RADIUS = 3
LARGEST = 1024
"""Side of the largest window: a call of OpenCV cannot be stopped, and one channel of this size takes half a second."""


class ClassicalModel:
    """One of OpenCV's two fills, in float32, so that 16-bit pictures keep their depth."""

    smallest = 48
    copies = False
    device = "cpu, float32"

    def __init__(self, method: str) -> None:
        self._method = METHODS[method]

    def largest(self, side: int) -> int:
        """Return what the preset asks for, at most LARGEST."""
        return min(side, LARGEST)

    def retreat(self) -> bool:
        """Tell that there is nowhere else to run."""
        return False

    def fill(self, image: Colors, hole: Hole, progress: Progress, allowed: Hole | None = None) -> Colors:
        """Fill one window; see Model."""
        result = image.copy()
        for channel in range(3):
            progress(channel / 3)
            # OpenCV's Telea weighs differences of neighbours as 8-bit values; on 0..1 it diverges.
            plane = np.ascontiguousarray(image[..., channel]) * 255
            result[..., channel] = cv2.inpaint(plane, hole.astype(np.uint8), RADIUS, self._method) / 255
        return np.clip(result, 0, 1)
