"""EnginePool: one loaded model that fills on several threads.

A CPU fills several pictures at once, each on its part of the cores: a network does not become twice as fast with twice
the threads, two pictures do. An accelerator, and a model that is asked for one at a time, fills one after the other
while the other threads wait. Sharing a model is safe because on the CPU nothing of it changes while it fills, and
elsewhere nobody else is inside.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import torch

from lama_desktop.engine.device import free_memory
from lama_desktop.engine.engine import Engine
from lama_desktop.engine.model import BYTES_PER_PIXEL, SHARE, Model, NetworkModel
from lama_desktop.engine.refined_model import BYTES_PER_PIXEL as BYTES_REFINED
from lama_desktop.engine.refined_model import RefinedModel
from lama_desktop.engine.textured_model import TexturedModel
from lama_desktop.progress import Progress

MOST = 4
"""Fills at once that the pool chooses by itself: more gain little, and each takes the memory of a window."""
AHEAD, MOST_AHEAD = 2, 8
"""Threads that read and write while the others fill."""
BYTES_WITHOUT_WEIGHTS = 250
"""What a pixel of a window takes where no network fills it: patch completion, measured; OpenCV takes less."""
TICK = 0.2
"""Seconds after which a thread that waits looks whether its work was cancelled."""


class EnginePool:
    """Lends engines to threads.

    While the pool is open (it is a context manager), the fills at once share the threads that torch computes with.
    `threads` is how many threads keep it busy, if they read and write, too.

    Args:
        engine: the model and the options; nobody else may use it meanwhile.
        at_once: fills at once; 0 decides by the device, its cores and its memory.
    """

    def __init__(self, engine: Engine, at_once: int = 0) -> None:
        self._model, self._options = engine.model, engine.options
        on_cpu = self._model.device.startswith("cpu")
        self._cuda = torch.cuda.current_device() if not on_cpu and torch.cuda.is_available() else None
        self._threads = torch.get_num_threads()
        self.at_once = (at_once or self._sensible()) if on_cpu else 1
        self._slots = threading.Semaphore(self.at_once)
        # Beside a CPU that fills, more than a few only take time from it; an accelerator is fed by all cores.
        self.threads = self.at_once + (AHEAD if on_cpu else max(AHEAD, min(MOST_AHEAD, os.cpu_count() or 1)))

    def __enter__(self) -> "EnginePool":
        """Divide the cores; the threads that fill have to be started after this."""
        torch.set_num_threads(max(1, self._threads // self.at_once))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Give the cores back."""
        torch.set_num_threads(self._threads)

    @contextmanager
    def engine(self, progress: Progress) -> Iterator[Engine]:
        """Lend an engine to the calling thread, as soon as it is its turn.

        Raises:
            Cancelled: the user stopped the work meanwhile.
        """
        while not self._slots.acquire(timeout=TICK):
            progress(0, "waiting for the device")
        try:
            if self._cuda is not None:  # which device is meant is a property of the thread
                torch.cuda.set_device(self._cuda)
            yield Engine(self._model, self._options)
        finally:
            self._slots.release()

    def _sensible(self) -> int:
        """Return how many windows the cores are good for and the memory holds."""
        free = free_memory("cpu")
        fit = MOST if free is None else int(free * SHARE / _bytes(self._model, self._options.preset.side))
        return max(1, min(self._threads, MOST, fit))


def _bytes(model: Model, side: int) -> int:
    """Return what the largest window takes where a preset asks for `side`."""
    per_pixel = BYTES_WITHOUT_WEIGHTS
    if isinstance(model, NetworkModel | RefinedModel):
        per_pixel = BYTES_PER_PIXEL if isinstance(model, NetworkModel) else BYTES_REFINED
    most = per_pixel * model.largest(side) ** 2
    # Texture comes after the network, when that has given its memory back.
    return max(most, _bytes(model.plain, max(model.sides))) if isinstance(model, TexturedModel) else most
