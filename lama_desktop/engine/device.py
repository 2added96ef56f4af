"""Where a network runs and in which precision; what memory is left; how an out-of-memory error looks."""

import contextlib
import sys
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch

from lama_desktop.errors import SettingsError

CGROUP = Path("/sys/fs/cgroup")
OUT_OF_MEMORY = ("out of memory", "can't allocate memory", "not enough memory", "insufficient memory", "alloc_failed")
"""What the allocators of PyTorch, cuFFT, cuBLAS and OpenCV say, in lower case."""


@dataclass(frozen=True)
class Device:
    """A place to compute: torch's name of it and the dtype of convolutions there."""

    name: str
    dtype: torch.dtype

    def __str__(self) -> str:
        """Return it in words for people: "cpu, bfloat16"."""
        title = torch.cuda.get_device_name() if self.name == "cuda" else self.name
        return f"{title}, {str(self.dtype).removeprefix('torch.')}"

    @staticmethod
    def choose(name: str, precision: str) -> "Device":
        """Return the device and the precision that `auto` stands for, or what was asked for.

        `auto` precision is bfloat16 where the hardware computes it (AVX512-BF16 or AMX, CUDA from Ampere on), else
        float32. The Apple GPU has float32 only, as its Fourier transforms have.

        Raises:
            SettingsError: the device is not there, or cannot compute in that precision.
        """
        name, precision = str(name), str(precision)
        available = available_devices()
        if name == "auto":
            name = available[0]
        if name not in available:
            raise SettingsError(f"There is no device {name!r} here: choose {' or '.join(available)}.")
        if precision == "auto":
            precision = "bfloat16" if has_bfloat16(name) else "float32"
        if precision == "float16" and name != "cuda":
            raise SettingsError(f"float16 needs a CUDA device, and this is {name}: choose float32 or bfloat16.")
        if precision == "bfloat16" and name == "mps":
            raise SettingsError("The Apple GPU computes in float32 only: choose float32.")
        return Device(name, getattr(torch, precision))

    def free(self) -> None:
        """Give cached memory back to the system."""
        if self.name == "cuda":
            torch.cuda.empty_cache()
        elif self.name == "mps":
            torch.mps.empty_cache()


def available_devices() -> list[str]:
    """Return the devices of this machine, fastest first; "cpu" always ends the list."""
    found = ["cuda"] if torch.cuda.is_available() else []
    if torch.backends.mps.is_available():
        found.append("mps")
    return [*found, "cpu"]


def has_bfloat16(name: str) -> bool:
    """Tell whether a device computes bfloat16 convolutions in hardware."""
    if name == "cuda":
        return torch.cuda.get_device_capability() >= (8, 0)
    if name != "cpu":
        return False
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def free_memory(name: str) -> int | None:
    """Return the bytes that can still be taken on a device; None where the system does not tell."""
    if name == "cuda":
        return torch.cuda.mem_get_info()[0]
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    with contextlib.suppress(OSError, ValueError):  # a container's own limit; "max" where there is none
        limit, used = (int((CGROUP / name).read_text()) for name in ("memory.max", "memory.current"))
        free = min(free, max(0, limit - used))
    return free


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether an error means that memory ran out, on any device."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    text = str(error).lower()
    return isinstance(error, RuntimeError | cv2.error) and any(sign in text for sign in OUT_OF_MEMORY)


def is_unsupported(error: BaseException) -> bool:
    """Tell whether an error means that a device lacks an operation, as the Apple GPU does on older systems."""
    return isinstance(error, NotImplementedError) or (isinstance(error, RuntimeError) and "mps" in str(error).lower())


def peak_memory_mb() -> int | None:
    """Return the most memory this process has held, in MB; None where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)
