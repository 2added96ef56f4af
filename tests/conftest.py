"""Fixtures and rules for all tests: no network weights, no user folders, no thread left running."""

import os
import threading
from pathlib import Path

import krita as krita_itself
import pytest

# As in the program: on a shared machine, threads that spin while they wait make small steps ten times slower.
os.environ.setdefault("GOMP_SPINCOUNT", "2000")

SHARED = Path(__file__).parents[1].parent / "shared"


@pytest.fixture(autouse=True)
def fresh_user_folders(tmp_path_factory, monkeypatch):
    """Point every user folder into a temporary one, so that no test sees or leaves anything."""
    monkeypatch.setenv("LAMA_DESKTOP_MODELS", str(tmp_path_factory.mktemp("models")))
    monkeypatch.setenv("LAMA_DESKTOP_SETTINGS", str(tmp_path_factory.mktemp("settings")))
    monkeypatch.delenv("LAMA_DESKTOP_OFFLINE", raising=False)


@pytest.fixture(autouse=True)
def no_thread_left():
    """Fail a test that leaves a thread of ours running."""
    before = set(threading.enumerate())
    yield
    for thread in set(threading.enumerate()) - before:
        if not thread.daemon:
            thread.join(5)
            assert not thread.is_alive(), f"left running: {thread.name}"


@pytest.fixture
def golden() -> Path:
    """The folder of published numbers; skips where it is absent."""
    folder = SHARED / "reference" / "golden"
    if not folder.is_dir():
        pytest.skip("the published numbers are not beside this checkout")
    return folder


@pytest.fixture
def shared_photo() -> Path:
    """A photograph of the size that cameras make; skips where there is none."""
    path = SHARED / "photos" / "market.jpg"
    if not path.is_file():
        pytest.skip("the photographs are not beside this checkout")
    return path


@pytest.fixture(scope="module")
def krita(tmp_path_factory):
    """Krita itself; skips where it is not installed."""
    found = krita_itself.start(tmp_path_factory.mktemp("krita"))
    yield found
    found.close()
