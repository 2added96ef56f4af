"""The endless order of training pictures, and their way through worker processes.

Positions 0, 1, 2, ... number everything a run ever sees. Epoch e is a permutation of the source that depends on the
seed and e only; epochs follow each other without a gap, so that a batch may span two. Step k takes the positions
[k G, (k + 1) G), G the global batch; a rank takes an equal slice of them, and cuts it into micro-batches. A picture,
its variation and its mask are functions of the seed and the position. So

* each picture comes exactly once in an epoch, over all ranks together, whatever their number;
* one process with two micro-batches sees what two processes see;
* neither the number of workers nor which of them does what changes anything, and no two share random numbers;
* to resume, the number of the step is all that is needed.

The published code shuffled every rank on its own and seeded nothing.
"""

import itertools
import logging
import multiprocessing
import os
import signal
import threading
import warnings
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from numpy.random import RandomState
from numpy.typing import NDArray
from torch.utils.data import DataLoader, Dataset

from lama_desktop.core.arrays import Hole, Image
from lama_desktop.errors import FileFormatError, LamaDesktopError, SettingsError
from lama_desktop.masks.generators import MaskGenerator
from lama_desktop.training.sources import Source

logger = logging.getLogger(__name__)

TRIES = 32
"""So many broken pictures in a row are an error."""
_ORDER, _SAMPLE = 1, 2

Augment = Callable[[Image, int, RandomState], Image]
"""Makes a patch; see augment.Augmentation."""


class Sample(NamedTuple):
    """A patch (S, S, 3) uint8 RGB, its mask (S, S), and the names of broken pictures that it takes the place of."""

    image: Image
    mask: Hole
    broken: tuple[str, ...]


class Batch(NamedTuple):
    """Samples for a network.

    `images` is (B, 3, S, S) uint8 RGB, channels last in memory; `masks` is (B, 1, S, S) uint8, 1 where the picture is
    to be invented; `broken` are the names of pictures that could not be read, others took their places.
    """

    images: torch.Tensor
    masks: torch.Tensor
    broken: tuple[str, ...]


class PatchDataset(Dataset[Sample]):
    """The samples of all positions.

    Pickles, and keeps no state: an item is the same in every process, at every time. Its length is that of an epoch.

    Args:
        source: the pictures.
        augment: makes patches of them.
        masks: draws a mask for each.
        size: side of the patches in pixels.
        seed: chooses everything that is random.
    """

    def __init__(self, source: Source, augment: Augment, masks: MaskGenerator, size: int, seed: int) -> None:
        self.source = source
        self.augment = augment
        self.masks = masks
        self.size = size
        self.seed = seed

    def __len__(self) -> int:
        return len(self.source)

    def index(self, position: int) -> int:
        """Return which picture comes at a position."""
        epoch, offset = divmod(position, len(self.source))
        return int(_permutation(self.seed, epoch, len(self.source))[offset])

    def __getitem__(self, position: int) -> Sample:
        """Return the sample of a position; another picture takes the place of one that is broken.

        Raises:
            FileFormatError: `TRIES` pictures in a row are broken.
            SettingsError: the masks do not suit the size.
        """
        random = random_for(self.seed, _SAMPLE, position)
        index, broken = self.index(position), []
        while True:
            try:
                image = self.source.read(index)
                break
            except FileFormatError as error:
                broken.append(self.source.name(index))
                logger.debug("%s: %s", broken[-1], error)
                if len(broken) == TRIES:
                    raise FileFormatError(
                        f"{TRIES} training pictures in a row cannot be read: check the disk. The last one: {error}"
                    ) from error
                index = random.randint(len(self.source))
        patch = self.augment(image, self.size, random)
        return Sample(patch, self.masks.draw((self.size, self.size), random), tuple(broken))


def random_for(seed: int, purpose: int, number: int) -> RandomState:
    """Return random numbers that depend on all three, each 0 or more and below 2^64."""
    low = (1 << 32) - 1
    return RandomState([purpose, seed & low, seed >> 32, number & low, number >> 32])


def batches(
    dataset: PatchDataset,
    *,
    global_batch: int,
    accumulate: int = 1,
    start: int = 0,
    stop: int | None = None,
    rank: int = 0,
    world: int = 1,
    workers: int = 0,
    pin: bool = False,
    start_method: str | None = None,
) -> Generator[list[Batch], None, None]:
    """Return the micro-batches of each step for one rank, as an iterator; close it to end the workers early.

    Args:
        dataset: the samples.
        global_batch: positions per step, over all ranks.
        accumulate: micro-batches per step and rank.
        start: the first step.
        stop: the step before which it ends; None never ends.
        rank: of this process, out of `world`.
        world: how many processes share a step.
        workers: how many processes prepare batches; 0 does it in this one.
        pin: put the batches into page-locked memory, from where CUDA copies them beside other work.
        start_method: of the workers, as in multiprocessing; None takes the platform's.

    Raises:
        SettingsError: the batch cannot be shared equally; at once. While iterating, as `PatchDataset`.
        FileFormatError: while iterating, as `PatchDataset`.
        LamaDesktopError: while iterating, a worker died.
    """
    if global_batch % (world * accumulate):
        shares = f"{world} processes" if accumulate == 1 else f"{world} processes with {accumulate} parts each"
        raise SettingsError(
            f"A batch of {global_batch} cannot be shared equally by {shares}: make it a multiple of "
            f"{world * accumulate}."
        )
    steps = itertools.count(start) if stop is None else range(start, stop)
    part = global_batch // (world * accumulate)
    with _as_many_as_asked_for():
        loader = DataLoader(
            _Collated(dataset),
            batch_size=None,
            sampler=_slices(steps, global_batch, rank * accumulate * part, part, accumulate),
            num_workers=workers,
            collate_fn=_as_it_is,
            pin_memory=pin,
            worker_init_fn=_begin_work if workers else None,
            multiprocessing_context=start_method if workers else None,
            generator=torch.Generator(),  # else it would draw from the global one, and a resumed run differ
        )
    return _steps(loader, accumulate)


class _Collated(Dataset["Batch | LamaDesktopError"]):
    """The batch of several positions. What is wrong comes as a value: torch would wrap its sentence in a traceback."""

    def __init__(self, samples: PatchDataset) -> None:
        self._samples = samples

    def __getitem__(self, positions: range) -> Batch | LamaDesktopError:
        try:
            samples = [self._samples[position] for position in positions]
        except LamaDesktopError as error:
            return error
        images = torch.from_numpy(np.stack([sample.image for sample in samples])).permute(0, 3, 1, 2)
        masks = torch.from_numpy(np.stack([sample.mask for sample in samples]).astype(np.uint8)[:, None])
        return Batch(images, masks, tuple(broken for sample in samples for broken in sample.broken))


@lru_cache(maxsize=2)
def _permutation(seed: int, epoch: int, length: int) -> NDArray[np.int64]:
    """Return the order of an epoch; two are kept, for batches that span them."""
    return random_for(seed, _ORDER, epoch).permutation(length)


def _slices(steps: Iterable[int], global_batch: int, first: int, part: int, accumulate: int) -> Iterator[range]:
    """Yield the positions of each micro-batch of a rank whose slices begin `first` positions into each step."""
    for step in steps:
        start = step * global_batch + first
        for begin in range(start, start + accumulate * part, part):
            yield range(begin, begin + part)


def _steps(loader: "DataLoader[Batch | LamaDesktopError]", accumulate: int) -> Generator[list[Batch], None, None]:
    """Yield the micro-batches of each step, and raise what came instead of one."""
    with _death_is_found_later(), _as_many_as_asked_for():
        parts = iter(loader)
    try:
        while found := list(itertools.islice(parts, accumulate)):
            yield [_checked(each) for each in found]
        return
    except (RuntimeError, OSError, EOFError) as error:
        if loader.num_workers == 0 or not _tells_of_death(error):
            raise
        logger.debug("A worker is gone", exc_info=True)
    finally:
        # Now, and not when the last traceback that leads here is forgotten: the workers end with their iterator.
        del parts
    raise LamaDesktopError(
        "A process that prepares pictures was killed, mostly for lack of memory. Use fewer data.workers (0 works, "
        "too), or give a container more shared memory (/dev/shm)."
    )


def _tells_of_death(error: Exception) -> bool:
    """Tell whether torch means the end of a worker, or of the connection to it, and not an error in a living one."""
    lost = isinstance(error, ConnectionError | FileNotFoundError | EOFError) and not str(error).startswith("Caught")
    return lost or str(error).startswith("DataLoader worker")


def _checked(batch: Batch | LamaDesktopError) -> Batch:
    if isinstance(batch, LamaDesktopError):
        raise batch
    return batch


@contextmanager
def _as_many_as_asked_for() -> Iterator[None]:
    """Keep torch from warning of more workers than cores: the recipe says how many."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "This DataLoader will create")
        yield


@contextmanager
def _death_is_found_later() -> Iterator[None]:
    """Keep torch from handling SIGCHLD.

    Its handler raises in the midst of whatever runs when a worker dies, an update of the weights for example. Without
    it the death is found where a batch is waited for, within five seconds.
    """
    number = getattr(signal, "SIGCHLD", None)
    if number is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(number)
    yield
    signal.signal(number, before)


def _as_it_is(batch: Any) -> Any:
    return batch


def _begin_work(worker: int) -> None:
    """Prepare a worker process: it ends when its parent wants it, and computes on one core."""
    # A terminal and a scheduler signal all processes of a group: the parent decides, saves, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "sigwaitinfo"):
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
        threading.Thread(target=_end_when_parent_asks, daemon=True).start()
    # Not 1: in a forked process that waits for the threads of the parent's pool, for ever.
    cv2.setNumThreads(0)


def _end_when_parent_asks() -> None:
    parent = multiprocessing.parent_process()
    while True:
        sender = signal.sigwaitinfo({signal.SIGTERM}).si_pid
        if parent is None or sender == parent.pid:
            os._exit(0)
