"""How well a fill continues what repeats: its phase, its strength and its spectrum, against a pattern that is known.

PSNR cannot tell a fence whose boards are in the wrong place from no fence at all. Here a pattern's phase is known
at every pixel, in perspective, too, so a fill can be taken apart by it: the local amplitude and shift of every wave
(the demodulation of a lock-in amplifier). Ours. Pure functions; any thread.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.evaluation.metrics import Better
from lama_desktop.evaluation.patterns import Drawn

Map = NDArray[np.float32]
Numbers = NDArray[np.float64]

FAINT = 0.05
"""Part of the truth's amplitude below which a wave counts as absent."""
SMOOTH = 3.0
"""Amplitude, in steps of 1/255, below which a spectrum is not compared."""
FINEST = 8.0
"""Standard deviation to which a wide window is brought by looking at fewer pixels, for speed."""
REACH = 0.75
"""Standard deviation of the window over which a wave is looked at, in periods."""
RINGS, DIRECTIONS = 2, 8
"""Parts of an octave, and of half a turn, that the spectrum is told apart by."""
LOWEST = 2.0
"""Periods in the hole from which on a frequency counts."""


@dataclass(frozen=True)
class Continuation:
    """How a fill continues a pattern.

    `continued` is 1 where the pattern goes on as if nothing had been there, 0 where there is none or its phase is
    random, -1 where black is white. `phase` is the mean shift in degrees: 0 is in step; 90 is chance, and counts where
    there is nothing to be shifted. Both are not a number where nothing repeats. `spectrum` is how far the energy is
    from the truth's, by frequency and direction, wherever in the hole it lies: 0 is equal, 1 is a flat fill; not a
    number where the truth is too smooth to have any.
    """

    continued: float
    phase: float
    spectrum: float


@dataclass(frozen=True)
class Told:
    """How a number of Continuation is called, in which unit, and what is better."""

    title: str
    better: Better
    unit: str = ""


NUMBERS: dict[str, Told] = {
    "continued": Told("Pattern continued", Better.HIGHER),
    "phase": Told("Phase error", Better.LOWER, "°"),
    "spectrum": Told("Spectrum error", Better.LOWER),
}


def continuation(fill: Image, drawn: Drawn) -> Continuation:
    """Take a fill apart.

    Args:
        fill: (S, S, 3) uint8 sRGB.
        drawn: the truth.
    """
    rows, columns = (slice(int(each.min()), int(each.max()) + 1) for each in np.nonzero(drawn.hole))
    truth_grey, fill_grey = (_grey(each[rows, columns]) for each in (drawn.picture, fill))
    hole = drawn.hole[rows, columns]
    spectrum = _spectrum_error(fill_grey, truth_grey)
    if not drawn.phases:
        return Continuation(math.nan, math.nan, spectrum)
    sigma = max(1.0, REACH * drawn.period)
    strengths, shifts = [], []
    for phase in drawn.phases:
        wave = np.exp(-2j * np.pi * phase[rows, columns].astype(np.float64))
        truth, filled = (_demodulated(each, wave, hole, sigma) for each in (truth_grey, fill_grey))
        energy = max(1e-9, float(np.square(np.abs(truth)).sum()))
        strengths.append(float((filled * truth.conj()).real.sum()) / energy)
        absent = np.abs(filled) < FAINT * np.abs(truth)
        shift = np.where(absent, np.pi / 2, np.abs(np.angle(filled * truth.conj())))
        shifts.append(float(np.average(shift, weights=np.abs(truth) + 1e-9)))
    return Continuation(float(np.mean(strengths)), math.degrees(float(np.mean(shifts))), spectrum)


def _grey(picture: Image) -> Map:
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def _demodulated(values: Map, wave: NDArray[np.complex128], hole: Hole, sigma: float) -> NDArray[np.complex128]:
    """Return the local amplitude and phase of a wave in the hole, seen through a Gaussian window, on a coarse grid."""
    weight = hole.astype(np.float32)
    coarse = max(1, int(sigma / FINEST))
    share = np.maximum(_blurred(weight, sigma, coarse), 1e-6)
    mean = _blurred(values * weight, sigma, coarse) / share
    varied = (values - cv2.resize(mean, values.shape[::-1], interpolation=cv2.INTER_LINEAR)) * weight
    product = varied * wave
    real, imaginary = (
        _blurred(part.astype(np.float32), sigma, coarse) / share for part in (product.real, product.imag)
    )
    inside = cv2.resize(weight, share.shape[::-1], interpolation=cv2.INTER_AREA) > 0.5
    return np.asarray((real + 1j * imaginary)[inside], np.complex128)


def _blurred(values: Map, sigma: float, coarse: int) -> Map:
    """Return a blurred map at 1/coarse of its size."""
    height, width = values.shape
    size = (max(1, width // coarse), max(1, height // coarse))
    small = cv2.resize(values, size, interpolation=cv2.INTER_AREA) if coarse > 1 else values
    return cv2.GaussianBlur(small, (0, 0), sigma / coarse, borderType=cv2.BORDER_CONSTANT).astype(np.float32)


def _spectrum_error(fill: Map, truth: Map) -> float:
    """Return the difference of two power spectra, binned by frequency and direction, as a part of the truth's."""
    found, wanted = _spectrum(fill), _spectrum(truth)
    if wanted.sum() < SMOOTH**2:
        return math.nan
    return float(np.abs(found - wanted).sum() / wanted.sum())


def _spectrum(values: Map) -> Numbers:
    """Return the variance in every bin of frequency and direction, in squared steps of 1/255."""
    height, width = values.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    varied = values - np.average(values, weights=window)
    power = np.square(np.abs(np.fft.fft2(varied * window))) / (values.size * np.square(window).sum())
    down, across = np.meshgrid(np.fft.fftfreq(height), np.fft.fftfreq(width), indexing="ij")
    radius = np.hypot(down, across) * min(height, width)
    with np.errstate(divide="ignore"):
        ring = np.floor(RINGS * np.log2(radius / LOWEST))
    direction = np.floor((np.arctan2(down, across) % np.pi) / np.pi * DIRECTIONS).clip(0, DIRECTIONS - 1)
    counted = ring >= 0
    number = (ring[counted] * DIRECTIONS + direction[counted]).astype(int)
    return np.asarray(np.bincount(number, power[counted]), np.float64)
