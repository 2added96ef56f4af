"""What the program finds on this machine, and what it misses."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lama_desktop import __version__
from lama_desktop.errors import ModelError

PACKAGES = ("torch", "PySide6-Essentials", "numpy", "pillow", "opencv-python-headless", "platformdirs", "safetensors")
EXTRAS = {"imagecodecs": "tiff", "rawpy": "raw", "pillow-heif": "heic", "psd-tools": "psd"}


@dataclass(frozen=True)
class Finding:
    """One line of the report; `remedy` is empty where nothing is wrong."""

    topic: str
    name: str
    value: str
    remedy: str = ""


def examine(models: Path) -> Iterator[Finding]:
    """Look at everything, one finding at a time.

    Args:
        models: the folder of installed models.
    """
    yield Finding("program", "LaMa Desktop", __version__)
    yield Finding("program", "Python", f"{platform.python_version()}, {platform.platform()}")
    yield from _packages()
    yield from _devices()
    yield from _models(models)
    yield _window()


def _packages() -> Iterator[Finding]:
    for name in PACKAGES:
        try:
            yield Finding("packages", name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding("packages", name, "missing", f"pip install {name}")
    for name, extra in EXTRAS.items():
        try:
            yield Finding("packages", name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Finding(
                "packages", name, f"not installed (optional: pip install '.[{extra}]' in the program's folder)"
            )


def _devices() -> Iterator[Finding]:
    import torch

    from lama_desktop.engine.device import Device, available_devices, free_memory

    for index, name in enumerate(available_devices()):
        free = free_memory(name)
        memory = "" if free is None else f", {free / 1e9:.1f} GB free"
        default = " (used by default)" if index == 0 else ""
        threads = f", {torch.get_num_threads()} threads of {os.cpu_count()}" if name == "cpu" else ""
        yield Finding("devices", name, f"{Device.choose(name, 'auto')}{threads}{memory}{default}")
    if torch.version.cuda and not torch.cuda.is_available():
        yield Finding("devices", "cuda", "torch is built for CUDA, but sees no device")


def _models(folder: Path) -> Iterator[Finding]:
    from lama_desktop.models.cards import MODELS
    from lama_desktop.models.store import ModelStore

    parent = next((each for each in (folder, *folder.parents) if each.exists()), folder)
    remedy = "" if os.access(parent, os.W_OK) else "make it writable, or point LAMA_DESKTOP_MODELS to another folder"
    yield Finding("models", "folder", str(folder), remedy)
    store = ModelStore(folder)
    try:
        installed, default = store.installed(), store.default()
    except ModelError as error:
        yield Finding("models", "installed", str(error), "mend that, or point LAMA_DESKTOP_MODELS to another folder")
        return
    for entry in installed:
        yield Finding("models", entry.id, f"{entry.size / 1e6:.0f} MB")
    for card in MODELS:
        if card.built_in:
            yield Finding("models", card.id, "built in")
    yield Finding("models", "used by default", default)


def _window() -> Finding:
    """Load Qt in a process of its own: a missing system library must not take this one down."""
    check = "from PySide6.QtGui import QGuiApplication; QGuiApplication([])"
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return Finding("window", "Qt", "starts")
    last = (done.stderr.strip().splitlines() or ["it stopped without a word"])[-1]
    return Finding("window", "Qt", last, "install the system libraries that packaging/quickstart.py names")
