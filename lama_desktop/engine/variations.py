"""Variations: the same hole filled in up to four ways, to choose from.

What can differ: where texture is searched first, whether the photo's own texture is drawn at all, how far around the
hole the model looks, and the model. The first one is always what was chosen. Each has its model and options, which is
all that a recipe needs. Runs on the thread that owns the engines; no torch at import.
"""

import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from lama_desktop.core.arrays import Coverage, Hole, Image
from lama_desktop.core.color import SRGB, ColorSpace
from lama_desktop.engine.interface import Engines
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import LamaDesktopError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress

logger = logging.getLogger(__name__)

MOST = 4
WIDER = 2.0
WIDEST = 4.0


class Difference(StrEnum):
    """What is different from what was chosen."""

    NOTHING = "as chosen"
    DRAW = "another draw"
    TEXTURE = "with texture"
    PLAIN = "without texture"
    VIEW = "wider view"
    MODEL = "another model"


@dataclass(frozen=True)
class Variation:
    """One way to fill: what differs, the model, the options."""

    difference: Difference
    model: str
    options: EngineOptions


@dataclass(frozen=True, eq=False)
class Filled:
    """One variation as it came out: a picture like the one that was given, seconds, and what has to be said."""

    variation: Variation
    image: Image
    seconds: float
    notes: tuple[str, ...]


def plan_variations(store: ModelStore, model: str, options: EngineOptions) -> tuple[Variation, ...]:
    """Return up to four different ways to fill, the chosen one first.

    Args:
        store: tells which other networks are on this disk.
        model: the id of the chosen model, or the path of a weight file.
        options: the chosen options.

    Raises:
        ModelError: the model is unknown or not on this disk.
    """
    card, path = store.resolve(model)
    network = path is not None
    copies = card.id == "patches" or (network and options.texture)
    found = [Variation(Difference.NOTHING, model, options)]
    if copies:
        found.append(Variation(Difference.DRAW, model, replace(options, seed=options.seed + 1)))
    if network and options.texture:
        found.append(Variation(Difference.PLAIN, model, replace(options, texture=False)))
    elif network:
        found.append(Variation(Difference.TEXTURE, model, replace(options, texture=True)))
    found += [Variation(Difference.MODEL, other, replace(options, refine=False)) for other in _others(store, card.id)]
    wider = replace(options, context=min(WIDEST, options.context * WIDER))
    found.insert(MOST - 1, Variation(Difference.VIEW, model, wider))
    return tuple(dict.fromkeys(found))[:MOST]


def fill_variations(
    engines: Engines,
    variations: Sequence[Variation],
    image: Image,
    mask: Coverage,
    progress: Progress | None = None,
    *,
    space: ColorSpace = SRGB,
    has_alpha: bool = False,
    allowed: Hole | None = None,
) -> Iterator[Filled]:
    """Fill in every way, one after the other, and yield each as soon as it is there.

    A way that fails, for want of memory perhaps, is left out with a warning in the log; where all fail, the error of
    the first is raised. The other arguments are those of Engine.inpaint.

    Raises:
        Cancelled: the user stopped it; what was yielded before stays good.
        LamaDesktopError: nothing could be filled.
    """
    progress = progress or Progress()
    first: LamaDesktopError | None = None
    done = 0
    for index, variation in enumerate(variations):
        stage = progress.stage(index / len(variations), (index + 1) / len(variations))
        stage(0, f"{variation.difference}, {variation.model}")
        start = time.perf_counter()
        try:
            engine = engines.engine(variation.model, variation.options)
            filled = engine.inpaint(image, mask, stage, space=space, has_alpha=has_alpha, allowed=allowed)
        except LamaDesktopError as error:
            logger.warning("No variation with %s, %s: %s", variation.model, variation.difference, error)
            first = first or error
            continue
        done += 1
        yield Filled(variation, filled, time.perf_counter() - start, tuple(engine.notes))
    if first is not None and not done:
        raise first


def _others(store: ModelStore, model: str) -> list[str]:
    """Return models to compare with: the networks of this disk, the program's own fills without weights after them."""
    return [name for name in dict.fromkeys([*(each.id for each in store.installed()), "patches"]) if name != model][:2]
