"""Ranks: several processes, one per device, that share a piece of work; started by torchrun, or a single one.

Nothing is computed together, so there is no process group; a few words pass through torchrun's store, and whoever waits
for one can be stopped.
"""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from lama_desktop.errors import LamaDesktopError, SettingsError
from lama_desktop.progress import Progress

TICK = 0.2
"""Seconds between two looks for a word."""
T = TypeVar("T")


class Store(Protocol):
    """What is needed of torch's stores; faked in tests by its HashStore."""

    def set(self, key: str, value: str) -> None:
        """Keep a value."""
        ...

    def get(self, key: str) -> bytes:
        """Return a value, when there is one."""
        ...

    def check(self, keys: list[str]) -> bool:
        """Tell whether all of these are there."""
        ...


@dataclass(frozen=True)
class Ranks:
    """Which process this is, of how many, and which of this machine's."""

    rank: int = 0
    world: int = 1
    local: int = 0
    store: Store | None = None

    @property
    def first(self) -> bool:
        """Whether this is the process that plans, reports and talks."""
        return self.rank == 0

    def share(self, items: Sequence[T]) -> Sequence[T]:
        """Return this process's part; all processes must have the same items."""
        return items[self.rank :: self.world]

    def say(self, word: str, text: str = "") -> None:
        """Let the others hear a word of this process."""
        if self.store is not None:
            self.store.set(f"{word}/{self.rank}", text)

    def hear(self, word: str, rank: int, progress: Progress) -> str:
        """Wait for a word of another process and return what it said.

        Raises:
            Cancelled: the user stopped it.
            LamaDesktopError: the processes have lost each other.
        """
        assert self.store is not None, "a single process hears nothing"
        try:
            while not self.store.check([f"{word}/{rank}"]):
                progress(0, "waiting for the other processes")
                time.sleep(TICK)
            return self.store.get(f"{word}/{rank}").decode()
        except dist.DistError as error:
            raise LamaDesktopError("The processes of the run have lost each other; --resume goes on.") from error

    def meet(self, word: str, progress: Progress, text: str = "") -> list[str]:
        """Say a word, return when every process has said it, and what each said with it."""
        if self.store is None:
            return [text]
        self.say(word, text)
        return [self.hear(word, rank, progress) for rank in range(self.world)]


def join() -> Ranks:
    """Find the other processes of this run, and take the device that is this one's.

    Raises:
        SettingsError: this machine has fewer CUDA devices than processes.
        LamaDesktopError: the others cannot be found.
    """
    rank, world, local = (
        int(os.environ.get(name, default)) for name, default in (("RANK", 0), ("WORLD_SIZE", 1), ("LOCAL_RANK", 0))
    )
    if world == 1:
        return Ranks()
    if devices := torch.cuda.device_count():
        if local >= devices:
            raise SettingsError(f"This machine has {devices} CUDA devices: start as many processes.")
        torch.cuda.set_device(local)
    try:
        store, _, _ = next(rendezvous("env://", rank, world, timeout=timedelta(minutes=5)))
    except (dist.DistError, RuntimeError, ValueError) as error:
        raise LamaDesktopError("The other processes of the run cannot be found: start it with torchrun.") from error
    return Ranks(rank, world, local, store)
