"""Guide: what a network says of a hole, and how far that can be believed, learned beside the hole.

The network looks more than once, from afar to near. Each look is made twice: at the hole, and at the hole widened by a
ring of pixels that are known but hidden from it. How well it redraws the ring tells, for every band of detail, which
part of what it says is worth taking over what was believed before: the factor t of least squared error over the ring,

    belief + t (look - belief),   t = <truth - belief, look - belief> / |look - belief|², within 0..1.

The first belief is a membrane spanned over the hole. So a network that knows the place is taken at its word, up to its
finest details; one that guesses is shrunk towards what the surroundings say by themselves; and a far look, that sees
the whole at once, is overruled by a near one only in the details that the near one gets right. Ours; the shrinkage is
that of James and Stein, band by band as wavelet denoisers do it.

Deterministic; runs on the thread that owns the network.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from lama_desktop.core.arrays import Colors, Hole
from lama_desktop.engine.bands import Floats, count_bands, joined, smoothed, split
from lama_desktop.engine.looks import limits_of, look, scale_of
from lama_desktop.engine.membrane import membrane
from lama_desktop.engine.model import Model
from lama_desktop.engine.scaled import enlarged, shrunk
from lama_desktop.engine.windows import WindowLimits
from lama_desktop.progress import Progress

RING = 0.5
"""Width of the hidden ring, as a part of the hole's reach."""
NARROWEST = 4
"""The same in pixels, at least, as far as they are there."""
FEWEST_KNOWN = 0.15
"""The part of a window that stays known beside hole and ring; the ring is narrower where there is less."""
NEARER = 1.3
"""A look is worth its time when it sees the hole so many times larger than the one before."""
TOLD = 0.04
"""The next look is taken where this one told so much of the finest bands it is the first to see."""
FEWEST_LOOKS = 2
"""Looks that are taken anyway: they are small."""
COARSE = 3
"""The bands, next to the smoothed rest, that decide how far the guide as a whole is followed."""


@dataclass(frozen=True)
class Guide:
    """A believable fill.

    `colors` (H, W, 3) float32 0..1 has the size of the nearest look; `scale`, at most 1, is that size as a part of the
    window's. `explained` tells for every band, the finest first and without the smoothed rest, which part of the
    ring's detail the guide redrew, 0 to 1.
    """

    colors: Colors
    scale: float
    explained: tuple[float, ...]

    @property
    def trust(self) -> float:
        """How far its structure is to be followed, 0 to 1."""
        return float(np.mean(self.explained[-COARSE:])) if self.explained else 0.0


@dataclass
class _Belief:
    """A fill of the hole, and one of the widened hole, by the same looks."""

    fill: Floats
    probe: Floats


def learn(
    model: Model,
    image: Colors,
    missing: Hole,
    sides: Sequence[int],
    context: float,
    progress: Progress,
    judge: Model | None = None,
) -> Guide:
    """Look at a hole, and learn what the looks are worth.

    Args:
        model: what looks.
        image: (H, W, 3) float32 0..1; what lies in the hole does not matter; not modified.
        missing: (H, W) bool, True in at least one pixel and False in at least one.
        sides: of the windows of every look, in pixels that the model sees, ascending.
        context: surroundings that the model sees; see WindowLimits.
        progress: reports and stops.
        judge: what looks at the ring, where the model itself takes too long; less able, if anything.

    Raises:
        Cancelled: the user stopped it.
        DeviceMemoryError: not even the smallest window fitted.
    """
    plans = _plans(model, missing, sides, context)
    work = [scale**2 for _, scale in plans]
    belief: _Belief | None = None
    explained: list[float] = []
    previous, done = plans[0][1] / 4, 0.0
    for looks, ((limits, scale), share) in enumerate(zip(plans, work, strict=True), 1):
        stage = progress.stage(done / sum(work), (done + share) / sum(work))
        stage(0, f"looking at {scale:.0%}")
        size = (max(1, round(missing.shape[1] * scale)), max(1, round(missing.shape[0] * scale)))
        seen, hole = (image, missing) if scale == 1 else shrunk(image, missing, size)
        ring = ring_of(hole)
        stage(0)
        belief = _spanned(seen, hole, ring) if belief is None else _nearer(belief, seen, hole, ring)
        fill = look(model, seen, hole, limits, stage.stage(0, 0.5))
        if not ring.any():  # nothing can be hidden: there is nothing but its word
            belief, explained = _Belief(fill, fill), [0.0] * (count_bands(*hole.shape) - 1)
        else:
            probe = look(judge or model, seen, hole | ring, limits, stage.stage(0.5, 1))
            stage(1)
            belief, explained = _learned(belief, _Belief(fill, probe), seen, hole, ring)
            stage(1)
        new = max(1, round(math.log2(scale / previous)))
        previous, done = scale, done + share
        if looks >= FEWEST_LOOKS and max(explained[:new], default=0.0) < TOLD:
            break
    assert belief is not None
    return Guide(np.clip(belief.fill, 0, 1).astype(np.float32), previous, tuple(explained))


def _plans(model: Model, missing: Hole, sides: Sequence[int], context: float) -> list[tuple[WindowLimits, float]]:
    """Return the limits and the scale of every look, from afar to near; those that differ little are left out."""
    plans: list[tuple[WindowLimits, float]] = []
    for side in reversed(sides):
        limits = limits_of(model, side, context)
        scale = scale_of(missing, limits)
        if not plans or scale * NEARER < plans[0][1]:
            plans.insert(0, (limits, scale))
    return plans


def ring_of(hole: Hole) -> Hole:
    """Return the known pixels around a hole that are to be hidden; none where they cannot be spared."""
    inner = cv2.copyMakeBorder(hole.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    reach = float(cv2.distanceTransform(inner, cv2.DIST_L2, cv2.DIST_MASK_PRECISE).max())
    beyond = cv2.distanceTransform((~hole).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    width = max(RING * reach, NARROWEST)
    while (beyond > width).mean() < FEWEST_KNOWN:
        width *= 0.7
        if width < 1:
            return np.zeros_like(hole)
    ring: Hole = (beyond > 0) & (beyond <= width)
    return ring


def _spanned(seen: Colors, hole: Hole, ring: Hole) -> _Belief:
    """Return what is believed before the first look."""

    def over(where: Hole) -> Floats:
        edge = cv2.dilate(where.astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool) & ~where
        return np.where(where[..., None], membrane(seen, edge, where), seen)

    return _Belief(over(hole), over(hole | ring))


def _nearer(belief: _Belief, seen: Colors, hole: Hole, ring: Hole) -> _Belief:
    """Return a belief at the larger size of what is seen."""
    size = (hole.shape[1], hole.shape[0])
    return _Belief(
        np.where(hole[..., None], enlarged(belief.fill, size), seen),
        np.where((hole | ring)[..., None], enlarged(belief.probe, size), seen),
    )


def _learned(before: _Belief, now: _Belief, seen: Colors, hole: Hole, ring: Hole) -> tuple[_Belief, list[float]]:
    """Return the better belief, and what it explains of every band of the ring, the smoothed rest left out.

    The deeper a pixel of the ring lies in what was hidden, the more it counts: there it is like the hole.
    """
    count = count_bands(*hole.shape)
    depth = cv2.distanceTransform((hole | ring).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    depth = np.where(ring, depth, np.float32(0))
    weights = smoothed((depth / max(float(depth.max()), 1e-6)).astype(np.float32), count)
    # In the hole itself the truth is not known: there, nothing says anything for or against a change.
    inside = hole[..., None]
    truth, tried = np.where(inside, before.probe, seen), np.where(inside, before.probe, now.probe)
    pictures = (before.fill, before.probe, now.fill, now.probe, truth, tried)
    bands = zip(*(split(each, count) for each in pictures), strict=True)
    fills, probes, explained = [], [], []
    for weight, (old_fill, old_probe, new_fill, new_probe, wanted, new) in zip(weights, bands, strict=True):
        change = new - old_probe
        gain = float((weight * change * (wanted - old_probe)).sum())
        part = np.float32(np.clip(gain / max(float((weight * change * change).sum()), 1e-9), 0, 1))
        fills.append(old_fill + part * (new_fill - old_fill))
        probes.append(old_probe + part * (new_probe - old_probe))
        left = float((weight * np.square(wanted - old_probe - part * change)).sum())
        explained.append(max(0.0, 1 - left / max(float((weight * np.square(wanted)).sum()), 1e-9)))
    result = _Belief(
        *(np.where(where[..., None], joined(each), seen) for each, where in ((fills, hole), (probes, hole | ring)))
    )
    return result, explained[:-1]
