"""The processes of a run: one per device, started by torchrun, or a single one.

Rank and world come from the environment that torchrun sets. Everything here does nothing in a single process, so that
the trainer has one path. The work itself is torch's own DistributedDataParallel; the backend is NCCL on CUDA and gloo
on CPUs.
"""

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist
from torch.distributed.distributed_c10d import PrefixStore
from torch.distributed.rendezvous import rendezvous

from lama_desktop.errors import LamaDesktopError, SettingsError

TIMEOUT = timedelta(minutes=10)


@contextlib.contextmanager
def together() -> Iterator[None]:
    """Do something that all processes take part in; a block or a function.

    Raises:
        LamaDesktopError: one of them has ended. torch's backends speak of a socket then.
    """
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error, dist.DistError) and "gloo" not in str(error).lower():
            raise
        raise LamaDesktopError(
            "Another process of this run has ended, and this one ends with it: what the other one said tells why."
        ) from error


@dataclass(frozen=True)
class Processes:
    """Which process this is, of how many, and where it computes."""

    rank: int
    world: int
    device: torch.device

    @property
    def first(self) -> bool:
        """Whether this is the process that writes files and talks."""
        return self.rank == 0

    def any(self, flag: bool) -> bool:
        """Tell all processes whether one of them says yes."""
        return self.sum([float(flag)])[0] > 0

    @together()
    def sum(self, numbers: list[float]) -> list[float]:
        """Return the sums of each number over all processes."""
        if self.world == 1:
            return numbers
        total = torch.tensor(numbers, dtype=torch.float64, device=self.device)
        dist.all_reduce(total)
        return total.tolist()

    def mean(self, values: Mapping[str, float]) -> dict[str, float]:
        """Return the mean of each value over all processes."""
        sums = self.sum([values[name] for name in values])
        return {name: total / self.world for name, total in zip(values, sums, strict=True)}

    @together()
    def gather(self, names: list[str]) -> list[str]:
        """Return the texts of all processes, in the order of the ranks."""
        if self.world == 1:
            return names
        every: list[list[str]] = [[] for _ in range(self.world)]
        dist.all_gather_object(every, names)
        return [name for each in every for name in each]

    @together()
    def average(self, tensors: list[torch.Tensor]) -> None:
        """Replace floating-point tensors by their means over all processes, in place."""
        if self.world > 1:
            for tensor in tensors:
                dist.all_reduce(tensor)
                tensor /= self.world

    @together()
    def wait(self) -> None:
        """Return when all processes have come here."""
        if self.world > 1:
            dist.barrier()


@contextlib.contextmanager
def processes(device: str = "auto") -> Iterator[Processes]:
    """Join the other processes of the run, and leave them at the end whatever happens.

    Args:
        device: auto, cpu or cuda.

    Raises:
        SettingsError: the device is not there.
    """
    rank, world = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
    chosen = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if world == 1:
        yield Processes(0, 1, chosen)
        return
    # torchrun keeps its store when it starts the processes again, and the dead ones' addresses are still in it.
    store, _, _ = next(rendezvous("env://", timeout=TIMEOUT))
    store = PrefixStore(f"start {os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
    backend, device_id = ("nccl", chosen) if chosen.type == "cuda" else ("gloo", None)
    dist.init_process_group(backend, store=store, rank=rank, world_size=world, timeout=TIMEOUT, device_id=device_id)
    try:
        yield Processes(rank, world, chosen)
    finally:
        dist.destroy_process_group()


def _device(name: str, local_rank: int) -> torch.device:
    if name not in {"auto", "cpu", "cuda"}:
        raise SettingsError(f"compute.device cannot be {name!r}: choose auto, cpu or cuda.")
    found = torch.cuda.device_count()
    if name == "cuda" and not found:
        raise SettingsError("There is no CUDA device here: choose compute.device=cpu, or install its driver.")
    if name == "cpu" or not found:
        return torch.device("cpu")
    if local_rank >= found:
        raise SettingsError(
            f"This machine has {found} CUDA devices: start as many processes (--nproc-per-node {found})."
        )
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)
