"""Filling: the model of an order, loaded, as the function that a batch fills with.

In a batch torch comes in here only.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from lama_desktop.batch.order import Order
from lama_desktop.batch.removal import inpaint_photo
from lama_desktop.batch.work import Fill, Filled
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.photo import Photo
from lama_desktop.engine.engine import Engine, EngineCache
from lama_desktop.engine.pool import EnginePool
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress


class Filling(NamedTuple):
    """The function that fills, how many threads do well with it, and how many of them fill at once."""

    fill: Fill
    threads: int
    at_once: int


def load(order: Order, store: ModelStore) -> Engine:
    """Return an engine with the model and the options of an order.

    Raises:
        ModelError: the model is unknown, not installed, or damaged.
        SettingsError: the device or the precision is not there.
    """
    return EngineCache(store).engine(order.model, order.engine_options)


@contextmanager
def filling(loaded: Engine, at_once: int = 0) -> Iterator[Filling]:
    """Share an engine between threads as long as this is open; see EnginePool."""
    with EnginePool(loaded, at_once) as pool:

        def fill(photo: Photo, mask: Coverage, progress: Progress) -> Filled:
            with pool.engine(progress) as engine:
                start = time.perf_counter()
                filled = inpaint_photo(photo, mask, engine, progress)
                return Filled(filled, time.perf_counter() - start, tuple(engine.notes))

        yield Filling(fill, pool.threads, pool.at_once)
