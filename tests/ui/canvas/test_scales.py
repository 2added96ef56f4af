"""The canvas on desktops of every scale: sharp, in place, and only what changed. A scale is a process of its own."""

import os
import subprocess
import sys

import pytest

SCRIPT = '''
import numpy as np
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from lama_desktop.core.document import Document
from lama_desktop.core.photo import Photo
from lama_desktop.tools.brush import BrushTool
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.canvas.qimage import to_array
from lama_desktop.ui.jobs import JobRunner

application = QApplication(["test"])
pixels = np.random.default_rng(0).integers(0, 256, (700, 900, 3)).astype(np.uint8)
document, brush = Document(Photo(pixels)), BrushTool()
canvas = Canvas(document, brush, JobRunner())
canvas.resize(400, 300)
canvas.show()
canvas.viewport.zoom_to(1.0)


def settle():
    for _ in range(5):
        application.processEvents()


def screen():
    """What the window really shows, not what it would paint."""
    return to_array(canvas.backingStore().paintDevice())[..., :3]


def seen():
    left, top = (int(each) for each in canvas.viewport.to_document(0, 0))
    shown = document.photo().pixels[top : top + height, left : left + width].astype(float)
    weight = document.mask.coverage[top : top + height, left : left + width, None] / 255 * 0.5
    return shown * (1 - weight) + np.array([255, 64, 96]) * weight


settle()
QApplication.sendEvent(canvas, QEvent(QEvent.Type.Leave))
settle()
scale = canvas.scale
width, height = round(400 * scale), round(300 * scale)
assert scale == SCALE, scale
assert screen().shape == (height, width, 3), screen().shape
np.testing.assert_array_equal(screen(), seen(), "at 100 % every pixel is one of the screen")

canvas.outline_shown = False
brush.options = type(brush.options)(size=30, hardness=1.0)
at = QPoint(123, 87)
QTest.mouseMove(canvas, at)
QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, at)
x, y = canvas.viewport.to_document(at.x() * scale, at.y() * scale)
rows, columns = np.nonzero(document.mask.coverage > 127)
assert abs((columns.min() + columns.max() + 1) / 2 - x) <= 0.5, (columns.min(), columns.max(), x)
assert abs((rows.min() + rows.max() + 1) / 2 - y) <= 0.5, (rows.min(), rows.max(), y)
for point in (QPoint(300, 200), QPoint(350, 250), QPoint(20, 280)):
    QTest.mouseMove(canvas, point)
    settle()
difference = np.abs(screen() - seen()).max(2)
difference[-60:, :80] = 0  # where the outline is now
assert difference.max() <= 2, ("what was painted in parts is as if painted at once", np.argwhere(difference > 2)[:5])
canvas.outline_shown = True
settle()
QTest.mouseClick(canvas, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier, QPoint(133, 92))
canvas.viewport.pan(13, 7)
canvas.viewport.pan(-40, 20)
settle()
np.testing.assert_array_equal(screen(), to_array(canvas.grab().toImage())[..., :3])
canvas.close()
'''


@pytest.mark.slow
@pytest.mark.parametrize("scale", [1.0, 1.25, 1.5, 2.0])
def test_it_is_sharp_and_in_place_at_every_scale(scale):
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": str(scale)}
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT.replace("SCALE", repr(scale))],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-2000:]
