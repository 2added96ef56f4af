"""What the canvas does on this machine: real events on large documents, from the event to the finished paint.

Everything runs offscreen on the UI thread of a process of its own, as `lama-desktop benchmark canvas` starts it.
"""

import gc
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QPaintEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from lama_desktop.core import masking
from lama_desktop.core.commands import StackEdit
from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer
from lama_desktop.core.photo import Photo
from lama_desktop.core.shapes import ellipse
from lama_desktop.engine.options import EngineOptions
from lama_desktop.models.store import ModelStore
from lama_desktop.paths import models_folder
from lama_desktop.progress import Progress
from lama_desktop.tools.brush import BrushTool
from lama_desktop.ui.app import LazyEngines
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.remove import Remover
from lama_desktop.ui.warm_up import ready_engine

SCREEN = (1920, 1080)
SIZES = {24: (6000, 4000), 100: (12000, 8400)}
"""Width and height by megapixels."""
LAYERS = 5
BRUSH_PX = 64
"""Diameter of the brush on the screen."""
MOVES, FRAMES, REPEATS = 120, 40, 5
GROW = 50
QUIET_S, PATIENCE_S = 0.3, 5.0
"""When nothing is painted for so long, everything is; for how long a paint is waited for."""
PAUSE_S = 0.004
"""Between two events of the hand while the worker fills."""
HOLE = (700, 500)
"""Width and height of what is removed while the UI thread is watched."""
MODEL = "patches"


@dataclass(frozen=True)
class Figure:
    """One thing that was measured; milliseconds, or what `unit` says.

    `own` is the 95th percentile of the processor time of the UI thread alone: what is left when a machine is not busy
    with other things. `limit` is what the canvas is meant to keep to, in 95 of 100 cases.
    """

    megapixels: int
    name: str
    median: float
    p95: float
    worst: float
    own: float
    limit: float | None
    unit: str = "ms"


class Timing(NamedTuple):
    """Milliseconds on the clock, and of the UI thread's processor time."""

    clock: float
    own: float


class TimedCanvas(Canvas):
    """Notes when a paint is finished."""

    painted = False

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint."""
        super().paintEvent(event)
        self.painted = True


def benchmark_canvas(megapixels: int, progress: Progress) -> list[Figure]:
    """Measure everything on a document with five layers, each as large as the picture.

    Args:
        megapixels: one of `SIZES`.
        progress: reports and stops.

    Returns:
        The figures, in the order in which they were measured.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    _application = QApplication.instance() or QApplication(["lama-desktop"])
    jobs = JobRunner()
    before = _memory_with_nothing(jobs)
    progress(0.0, f"{megapixels} megapixels")
    canvas = _shown(_document(SIZES[megapixels]), jobs)
    bench = Bench(canvas, megapixels)
    try:
        bench.settle()
        for part, text, measure in (
            (0.1, "painting", bench.strokes),
            (0.4, "panning and zooming", bench.views),
            (0.6, "mask and history", bench.edits),
        ):
            progress(part, text)
            measure()
        bench.memory(before)
        progress(0.8, "painting while the worker fills")
        bench.filling(jobs)
    finally:
        canvas.close()
        jobs.shutdown()
    return bench.figures


class Bench:
    """Drives one canvas and keeps the figures."""

    def __init__(self, canvas: TimedCanvas, megapixels: int) -> None:
        self._canvas, self._megapixels = canvas, megapixels
        self._document, self._view = canvas.document, canvas.viewport
        self.figures: list[Figure] = []

    def settle(self) -> None:
        """Wait until everything is composited and painted."""
        quiet = time.perf_counter() + QUIET_S
        while time.perf_counter() < quiet:
            self._canvas.painted = False
            QApplication.processEvents()
            if self._canvas.painted:
                quiet = time.perf_counter() + QUIET_S

    def strokes(self) -> None:
        """Brush, at fit and at 100 %."""
        for name, look in (("fit", self._view.fit), ("100 %", lambda: self._view.zoom_to(1.0))):
            look()
            self.settle()
            tool = self._canvas.tool
            tool.options = replace(tool.options, size=max(1, round(BRUSH_PX / self._view.zoom)))
            moves: list[Timing] = []
            releases: list[Timing] = []
            for _ in range(REPEATS):
                points = list(_spiral(MOVES // REPEATS))
                self._timed(partial(self._mouse, QEvent.Type.MouseButtonPress, points[0]))
                moves += [self._timed(partial(self._mouse, QEvent.Type.MouseMove, at)) for at in points]
                releases.append(self._timed(partial(self._mouse, QEvent.Type.MouseButtonRelease, points[-1])))
            self._note(f"brush at {name}", moves, 16)
            self._note(f"mouse up at {name}", releases, 16)

    def views(self) -> None:
        """Pan and zoom, with a mask on a sixth of the picture."""
        width, height = self._document.size
        shape = ellipse(0.25 * width, 0.25 * height, 0.75 * width, 0.65 * height, self._document.rect)
        masking.replace(self._document, "Mask", shape.rect, shape.coverage)
        looks: tuple[tuple[str, Callable[[], None], float], ...] = (
            ("fit", self._view.fit, 33.3),
            ("50 %", lambda: self._view.zoom_to(0.5), 16.7),
            ("75 %", lambda: self._view.zoom_to(0.75), 16.7),
            ("100 %", lambda: self._view.zoom_to(1.0), 16.7),
            ("300 %", lambda: self._view.zoom_to(3.0), 16.7),
        )
        for name, look, limit in looks:
            look()
            self.settle()
            times = []
            for index in range(FRAMES):
                dx, dy = 7 if index % 20 < 10 else -7, 5 if index % 10 < 5 else -5
                times.append(self._timed(partial(self._view.pan, dx, dy)))
            self._note(f"pan at {name}", times, limit)
        for name, look, limit in (looks[0], looks[3]):
            look()
            self.settle()
            times = [self._timed(partial(self._wheel, index % 6 < 3)) for index in range(FRAMES)]
            self._note(f"zoom around {name}", times, limit)

    def edits(self) -> None:
        """Grow the mask; undo and redo that, and a fill with its layer."""
        self._view.fit()
        self.settle()
        document, times = self._document, []
        for _ in range(REPEATS):
            times.append(self._timed(lambda: masking.grow(document, GROW)))
            document.undo()
            self.settle()
        self._note(f"grow by {GROW} px", times, 150 if self._megapixels == 24 else None)
        masking.grow(document, GROW)
        self._undo_redo("grow")
        self._stroke()
        self._undo_redo("stroke")
        width, height = document.size
        fill = Layer(np.full((600, 800, 4), 255, document.dtype), (width // 2, height // 2), name="Fill")
        document.do(StackEdit("Fill", document.stack.with_entry(fill)))
        self._undo_redo("fill")

    def filling(self, jobs: JobRunner) -> None:
        """Paint while the worker fills, and tell for how long the UI thread did not answer."""
        engines = LazyEngines(ModelStore(models_folder()))
        ready = Job("Getting ready", ready_engine, Lane.ENGINE)
        self._watch(jobs, jobs.submit(ready), "UI blocked while torch loads", None)
        loading = Job("Loading", lambda progress: engines.engine(MODEL, EngineOptions()), Lane.ENGINE)
        self._watch(jobs, jobs.submit(loading), "UI blocked while the model loads", None)
        width, height = self._document.size
        masking.clear(self._document)
        hole = np.full((HOLE[1], HOLE[0]), 255, np.uint8)
        rect = Rect.of_size(HOLE).moved(width // 3, height // 3)
        masking.replace(self._document, "Mask", rect, hole)
        self._view.zoom_to(1.0)
        self.settle()
        self._watch(
            jobs, Remover(jobs, engines).start(self._document, MODEL, EngineOptions()), "UI blocked in a fill", 50
        )

    def _watch(self, jobs: JobRunner, job: Job, name: str, limit: float | None) -> None:
        """Send moves of a stroke until a job has ended; the figures are the gaps between two answers."""
        points, gaps = list(_spiral(MOVES)), [Timing(0.0, 0.0)]
        errors: list[Exception] = []
        job.failed.connect(errors.append)
        self._mouse(QEvent.Type.MouseButtonPress, points[0])
        clock = _Clock()
        while job in jobs.jobs:
            self._mouse(QEvent.Type.MouseMove, points[len(gaps) % MOVES])
            QApplication.processEvents()
            gaps.append(clock.lap())
            time.sleep(PAUSE_S)  # as an event loop that waits, it lets the worker go on
        self._mouse(QEvent.Type.MouseButtonRelease, points[-1])
        if errors:
            raise errors[0]
        self._note(name, gaps, limit)

    def memory(self, before: int | None) -> None:
        """Tell what the document takes, in bytes per pixel."""
        gc.collect()
        after = _memory()
        if before is None or after is None:
            return
        width, height = self._document.size
        taken = (after - before - self._document.history.nbytes) / (width * height)
        limit = 4.0 * (LAYERS + 2)
        self.figures.append(Figure(self._megapixels, "memory", taken, taken, taken, taken, limit, "bytes/pixel"))

    def _undo_redo(self, name: str) -> None:
        self.settle()
        times = []
        for _ in range(REPEATS):
            times += [self._timed(self._document.undo), self._timed(self._document.redo)]
        self._note(f"undo and redo of a {name}", times, 50)

    def _stroke(self) -> None:
        points = list(_spiral(MOVES // REPEATS))
        self._mouse(QEvent.Type.MouseButtonPress, points[0])
        for at in points:
            self._mouse(QEvent.Type.MouseMove, at)
        self._mouse(QEvent.Type.MouseButtonRelease, points[-1])

    def _timed(self, act: Callable[[], object]) -> Timing:
        """Do something and return how long it took until its paint was finished."""
        clock = _Clock()
        act()
        self._canvas.painted = False
        end = time.perf_counter() + PATIENCE_S
        while not self._canvas.painted and time.perf_counter() < end:
            QApplication.processEvents()
        return clock.lap()

    def _mouse(self, kind: QEvent.Type, at: QPointF) -> None:
        left, none = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton
        button = none if kind == QEvent.Type.MouseMove else left
        held = none if kind == QEvent.Type.MouseButtonRelease else left
        QApplication.sendEvent(
            self._canvas,
            QMouseEvent(kind, at, self._canvas.mapToGlobal(at), button, held, Qt.KeyboardModifier.NoModifier),
        )

    def _wheel(self, up: bool) -> None:
        at, none = QPointF(SCREEN[0] / 3, SCREEN[1] / 3), Qt.MouseButton.NoButton
        angle, keys, phase = QPoint(0, 30 if up else -30), Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase
        event = QWheelEvent(at, self._canvas.mapToGlobal(at), QPoint(), angle, none, keys, phase, False)
        QApplication.sendEvent(self._canvas, event)

    def _note(self, name: str, times: list[Timing], limit: float | None) -> None:
        clock, own = np.array(times).T
        p95, own_p95 = float(np.percentile(clock, 95)), float(np.percentile(own, 95))
        self.figures.append(
            Figure(self._megapixels, name, float(np.median(clock)), p95, float(clock.max()), own_p95, limit)
        )


class _Clock:
    """Tells how long ago it was asked before."""

    def __init__(self) -> None:
        self._clock, self._own = time.perf_counter(), time.thread_time()

    def lap(self) -> Timing:
        """Return the time since the last lap."""
        clock, own = time.perf_counter(), time.thread_time()
        lap = Timing(1000 * (clock - self._clock), 1000 * (own - self._own))
        self._clock, self._own = clock, own
        return lap


def _shown(document: Document, jobs: JobRunner) -> TimedCanvas:
    canvas = TimedCanvas(document, BrushTool(), jobs)
    canvas.resize(*SCREEN)
    canvas.show()
    return canvas


def _memory_with_nothing(jobs: JobRunner) -> int | None:
    """Return the memory of the process when it has shown a canvas of almost nothing: what is not the document's."""
    canvas = _shown(_document((64, 64)), jobs)
    Bench(canvas, 0).settle()
    canvas.close()
    gc.collect()
    return _memory()


def _document(size: tuple[int, int]) -> Document:
    """Return a photo under four layers of its size, which cover a part of it each."""
    width, height = size
    small = np.random.default_rng(0).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    pixels = cv2.resize(small, size, interpolation=cv2.INTER_CUBIC).astype(np.uint8, copy=False)
    document = Document(Photo(pixels))
    stack = document.stack
    for index in range(1, LAYERS):
        layer = np.empty((height, width, 4), np.uint8)
        layer[...] = 0  # written, so that its memory is counted
        left, top = index * width // 8, index * height // 8
        layer[top : top + height // 4, left : left + width // 4] = (40 * index, 200 - 40 * index, 90, 200)
        stack = stack.with_entry(Layer(layer, name=f"Layer {index}", opacity=0.8))
    document.do(StackEdit("Layers", stack))
    return document


def _spiral(count: int) -> Iterator[QPointF]:
    """Yield points around the middle of the screen, as far from each other as those of a quick hand."""
    for index in range(count):
        radius, angle = 100 + 250 * index / count, 0.12 * index
        yield QPointF(SCREEN[0] / 2 + radius * np.cos(angle), SCREEN[1] / 2 + radius * np.sin(angle))


def _memory() -> int | None:
    """Return the memory that the process uses, in bytes; None where the system does not tell."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return None
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:")), None)
