"""Blend modes: how a layer meets what lies below it, by the formulas of W3C Compositing and Blending Level 1.

The modes and their names are those of OpenRaster. All arithmetic is float32 on planes, in the document's own encoded
colours, as the painting programs do it. Colour is straight, not premultiplied, so where a layer is transparent or
absent the backdrop comes through bit for bit, and where it is opaque so does the layer. Pure functions; any thread.

To add a mode: a `BlendMode` in `BLEND_MODES`.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Planes = NDArray[np.float32]
"""(3, H, W) float32, red first, or (H, W) for one channel; 0..1."""
Mix = Callable[[Planes, Planes], Planes]
"""B(Cb, Cs) of the specification: backdrop colour, source colour -> mixed colour. A new array."""
LUMINOSITY = (0.299, 0.587, 0.114)
"""Weights of red, green, blue: those of ITU-R BT.601, as Krita has them. The specification rounds them to two digits,
which makes up to 4 steps of 255 between a picture here and there."""


@dataclass(frozen=True)
class Operator:
    """A Porter-Duff operator: the parts of source and backdrop that remain (Compositing 1, section 9.1)."""

    source: Callable[[Planes, Planes], Planes | float]
    """Fa of source alpha and backdrop alpha."""
    backdrop: Callable[[Planes, Planes], Planes | float]
    """Fb of source alpha and backdrop alpha."""
    bounded: bool = True
    """Whether nothing changes where the source is transparent; else a layer acts on the whole picture."""
    keeps_opaque: bool = True
    """Whether an opaque backdrop stays opaque."""
    shows_alone: bool = True
    """Whether the source is seen where there is no backdrop."""


_SRC_OVER = Operator(lambda source, below: 1.0, lambda source, below: 1 - source)
_SRC_ATOP = Operator(lambda source, below: below, lambda source, below: 1 - source, shows_alone=False)
_DST_IN = Operator(
    lambda source, below: 0.0, lambda source, below: source, bounded=False, keeps_opaque=False, shows_alone=False
)
_DST_OUT = Operator(lambda source, below: 0.0, lambda source, below: 1 - source, keeps_opaque=False, shows_alone=False)
_DST_ATOP = Operator(lambda source, below: 1 - below, lambda source, below: source, bounded=False, keeps_opaque=False)
_LIGHTER = Operator(lambda source, below: 1.0, lambda source, below: 1.0)


@dataclass(frozen=True, eq=False)
class BlendMode:
    """One way to lay a layer over what is below it; compared by identity."""

    name: str
    """OpenRaster's composite-op."""
    title: str
    mix: Mix | None = None
    """None takes the source colour."""
    operator: Operator = _SRC_OVER

    @property
    def bounded(self) -> bool:
        """Whether nothing changes outside of the layer's rectangle."""
        return self.operator.bounded

    @property
    def keeps_opaque(self) -> bool:
        """Whether an opaque backdrop stays opaque."""
        return self.operator.keeps_opaque

    @property
    def shows_alone(self) -> bool:
        """Whether the layer is seen where there is nothing below it."""
        return self.operator.shows_alone

    def lay(self, color: Planes, alpha: Planes, source: Planes, coverage: Planes, opaque: bool = False) -> None:
        """Lay a source over a backdrop, in place.

        Args:
            color: (3, H, W) colour of the backdrop; written.
            alpha: (H, W) its alpha; written.
            source: (3, H, W) colour of the source; may be written.
            coverage: (H, W) alpha of the source times the layer's opacity.
            opaque: the caller knows that the backdrop's alpha is 1 everywhere, which is faster.
        """
        if self.mix is not None:
            mixed = self.mix(color, source)
            source = mixed if opaque else source + (mixed - source) * alpha
        if opaque and self.operator in (_SRC_OVER, _SRC_ATOP):
            source -= color
            source *= coverage
            color += source
            return
        part = self.operator.source(coverage, alpha) * coverage
        result = part + self.operator.backdrop(coverage, alpha) * alpha
        if self.operator is _LIGHTER:  # the only one whose sums leave the range: clipped while premultiplied
            total = np.minimum(source * coverage + color * alpha, 1)
            np.minimum(result, 1, out=alpha)
            color[...] = np.where(alpha > 0, total / np.maximum(alpha, 1e-9), color)
            return
        share = np.divide(part, result, out=np.zeros_like(alpha), where=result > 0)
        source -= color
        source *= share
        color += source
        alpha[...] = result


def _multiply(below: Planes, above: Planes) -> Planes:
    return below * above


def _screen(below: Planes, above: Planes) -> Planes:
    return below + above - below * above


def _hard_light(below: Planes, above: Planes) -> Planes:
    double = 2 * above
    return np.where(above <= 0.5, _multiply(below, double), _screen(below, double - 1))


def _overlay(below: Planes, above: Planes) -> Planes:
    return _hard_light(above, below)


def _color_dodge(below: Planes, above: Planes) -> Planes:
    ratio = np.minimum(1, below / np.maximum(1 - above, 1e-9))
    return np.where(below == 0, 0, np.where(above >= 1, 1, ratio)).astype(np.float32)


def _color_burn(below: Planes, above: Planes) -> Planes:
    ratio = 1 - np.minimum(1, (1 - below) / np.maximum(above, 1e-9))
    return np.where(below >= 1, 1, np.where(above <= 0, 0, ratio)).astype(np.float32)


def _soft_light(below: Planes, above: Planes) -> Planes:
    dark = below - (1 - 2 * above) * below * (1 - below)
    curve = np.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, np.sqrt(below))
    return np.where(above <= 0.5, dark, below + (2 * above - 1) * (curve - below))


def _difference(below: Planes, above: Planes) -> Planes:
    return np.abs(below - above)


def _luminosity_of(color: Planes) -> Planes:
    red, green, blue = LUMINOSITY
    return np.float32(red) * color[0] + np.float32(green) * color[1] + np.float32(blue) * color[2]


def _saturation_of(color: Planes) -> Planes:
    return color.max(axis=0) - color.min(axis=0)


def _with_luminosity(color: Planes, luminosity: Planes) -> Planes:
    """Return SetLum of the specification: `color` shifted to a luminosity and pulled back into range."""
    color = color + (luminosity - _luminosity_of(color))
    middle, low, high = _luminosity_of(color), color.min(axis=0), color.max(axis=0)
    tiny = np.float32(1e-9)
    up = np.where(low < 0, middle / np.maximum(middle - low, tiny), 1)
    color = middle + (color - middle) * up
    high = middle + (high - middle) * up
    down = np.where(high > 1, (1 - middle) / np.maximum(high - middle, tiny), 1)
    return np.clip(middle + (color - middle) * down, 0, 1).astype(np.float32)


def _with_saturation(color: Planes, saturation: Planes) -> Planes:
    """Return SetSat of the specification: least channel 0, greatest `saturation`, the middle one in proportion."""
    low = color.min(axis=0)
    span = color.max(axis=0) - low
    return (color - low) * np.divide(saturation, span, out=np.zeros_like(span), where=span > 0)


def _hue(below: Planes, above: Planes) -> Planes:
    return _with_luminosity(_with_saturation(above, _saturation_of(below)), _luminosity_of(below))


def _saturation(below: Planes, above: Planes) -> Planes:
    return _with_luminosity(_with_saturation(below, _saturation_of(above)), _luminosity_of(below))


def _color(below: Planes, above: Planes) -> Planes:
    return _with_luminosity(above, _luminosity_of(below))


def _luminosity(below: Planes, above: Planes) -> Planes:
    return _with_luminosity(below, _luminosity_of(above))


NORMAL = BlendMode("svg:src-over", "Normal")

BLEND_MODES: tuple[BlendMode, ...] = (
    NORMAL,
    BlendMode("svg:darken", "Darken", np.minimum),
    BlendMode("svg:multiply", "Multiply", _multiply),
    BlendMode("svg:color-burn", "Color burn", _color_burn),
    BlendMode("svg:lighten", "Lighten", np.maximum),
    BlendMode("svg:screen", "Screen", _screen),
    BlendMode("svg:color-dodge", "Color dodge", _color_dodge),
    BlendMode("svg:plus", "Addition", operator=_LIGHTER),
    BlendMode("svg:overlay", "Overlay", _overlay),
    BlendMode("svg:soft-light", "Soft light", _soft_light),
    BlendMode("svg:hard-light", "Hard light", _hard_light),
    BlendMode("svg:difference", "Difference", _difference),
    BlendMode("svg:hue", "Hue", _hue),
    BlendMode("svg:saturation", "Saturation", _saturation),
    BlendMode("svg:color", "Color", _color),
    BlendMode("svg:luminosity", "Luminosity", _luminosity),
    BlendMode("svg:src-atop", "Only on what is below", operator=_SRC_ATOP),
    BlendMode("svg:dst-in", "Keep what is below", operator=_DST_IN),
    BlendMode("svg:dst-out", "Erase what is below", operator=_DST_OUT),
    BlendMode("svg:dst-atop", "Put behind, inside", operator=_DST_ATOP),
)
"""All modes, in the order of a menu."""


def blend_mode(name: str) -> BlendMode | None:
    """Return the mode with this OpenRaster name; None when there is none of that name."""
    return next((mode for mode in BLEND_MODES if mode.name == name), None)
