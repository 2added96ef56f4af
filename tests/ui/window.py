"""A window for tests: a fake model, answers instead of questions, photos made here, a hand."""

import threading

import numpy as np
from PIL import Image as PillowImage
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from lama_desktop.engine.engine import Engine
from lama_desktop.ui.prompts import Unsaved

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier


class MeanModel:
    """Fills with the mean of what it sees, once the gate is open."""

    smallest, copies, device = 64, False, "test"

    def __init__(self, gate):
        self._gate = gate

    def largest(self, side):
        return side

    def retreat(self):
        return False

    def fill(self, image, hole, progress, allowed=None):
        progress(0.5, "filling")
        while not self._gate.wait(0.002):
            progress(0.5)
        result = image.copy()
        result[hole] = image[~hole].mean(axis=0)
        return result


class MeanEngines:
    """Hands out engines with that model; remembers what it was asked for."""

    def __init__(self):
        self.asked, self.gate = [], threading.Event()
        self.gate.set()

    def engine(self, name, options):
        self.asked.append((name, options))
        return Engine(MeanModel(self.gate), options)


class Answers:
    """Answers every question of the window without asking."""

    def __init__(self):
        self.files, self.target, self.leave = [], None, Unsaved.DISCARD
        self.drop, self.yes, self.asked = (None, False), True, []
        self.drop_folders = (None, False)

    def open_files(self, title=""):
        self.asked.append("open")
        return self.files

    def open_file(self, title, purpose):
        self.asked.append(purpose)
        return next(iter(self.files), None)

    def save_file(self, title, suggested, known=()):
        self.asked.append(("save", suggested))
        return self.target

    def unsaved(self, name, export=True):
        self.asked.append(("unsaved", name))
        return self.leave

    def dropped(self, paths):
        self.asked.append(("drop", len(paths)))
        return self.drop

    def dropped_folders(self, paths):
        self.asked.append(("folders", len(paths)))
        return self.drop_folders

    def open_folder(self, title, purpose):
        self.asked.append(purpose)
        return next(iter(self.files), None)

    def confirm(self, question, yes, detail="", danger=False):
        self.asked.append(("confirm", yes))
        return self.yes


class Hand:
    """Works on the canvas in front, in document coordinates."""

    def __init__(self, window):
        self._window = window

    def at(self, x, y):
        canvas = self._window.canvas
        across, down = canvas.viewport.to_screen(x, y)
        return QPoint(round(across / canvas.scale), round(down / canvas.scale))

    def drag(self, *points, keys=NONE, button=LEFT):
        canvas = self._window.canvas
        first, *rest = [self.at(*point) for point in points]
        QTest.mousePress(canvas, button, keys, first)
        for point in rest:
            QTest.mouseMove(canvas, point)
        QTest.mouseRelease(canvas, button, keys, rest[-1] if rest else first)

    def key(self, key, keys=NONE):
        QApplication.processEvents()
        QTest.keyClick(self._window.canvas, key, keys)


def noise(width=320, height=200, seed=1, channels=3, dtype=np.uint8):
    """Return a picture of soft blocks."""
    blocks = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (height // 20, width // 20, channels))
    return np.kron(blocks, np.ones((20, 20, 1))).astype(dtype)


def write_photo(path, **how):
    """Write such a picture; return its path."""
    PillowImage.fromarray(noise(**how)).save(path)
    return path
