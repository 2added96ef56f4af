"""Warm-up: what the first removal needs, made ready on a worker while the window is already in use."""

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

from lama_desktop.progress import Progress


def ready_engine(progress: Progress) -> tuple[list[str], str]:
    """Import the engine, and with it torch; return the devices of this machine and what "auto" stands for."""
    _load_libraries()
    import lama_desktop.engine.engine  # noqa: F401 (so that the first removal does not have to)
    from lama_desktop.engine.device import Device, available_devices

    return available_devices(), str(Device.choose("auto", "auto"))


def _load_libraries() -> None:
    """Let the system load torch's shared libraries before Python does.

    Python keeps its lock while it loads an extension module, and the window stands still with it: 0.13 to 0.22 s for
    torch. A foreign function runs without the lock; what it has loaded Python only has to look up, and no moment of
    the import is longer than 0.07 s. Builds for CUDA choose among several folders for each of their libraries and are
    left to do so; Windows and macOS load in other ways.
    """
    found = importlib.util.find_spec("torch")
    if found is None or found.origin is None or not sys.platform.startswith("linux"):
        return
    folder = Path(found.origin).parent / "lib"
    if (folder / "libtorch_cuda.so").exists():
        return
    load = ctypes.CDLL(None).dlopen
    load.argtypes, load.restype = (ctypes.c_char_p, ctypes.c_int), ctypes.c_void_p
    # In torch's own order and scope. What fails here is loaded, or reported, by the import.
    for name, scope in (("libtorch_global_deps.so", os.RTLD_GLOBAL), ("libtorch_python.so", os.RTLD_LOCAL)):
        load(os.fsencode(folder / name), os.RTLD_LAZY | scope)
