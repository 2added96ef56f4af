"""A canvas on a small document, and a hand for it."""

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from lama_desktop.core.document import Document
from lama_desktop.core.photo import Photo
from lama_desktop.tools import TOOLS
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.jobs import JobRunner

SIZE = (300, 200)
LEFT, RIGHT, MIDDLE = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton, Qt.MouseButton.MiddleButton
NONE = Qt.KeyboardModifier.NoModifier


def photo(size=SIZE, depth=8, alpha=False):
    """A lively photo: every pixel is another one."""
    random = np.random.default_rng(3)
    pixels = random.integers(0, 256, (size[1], size[0], 4 if alpha else 3))
    return Photo((pixels * 257).astype(np.uint16) if depth == 16 else pixels.astype(np.uint8), has_alpha=alpha)


class Hand:
    """Real events for a canvas, at document points."""

    def __init__(self, canvas, application):
        self.canvas, self._application = canvas, application

    def at(self, x, y):
        """Where a document point is in the widget, to the nearest of its pixels."""
        left, top = self.canvas.viewport.to_screen(x, y)
        return QPoint(round(left / self.canvas.scale), round(top / self.canvas.scale))

    def settle(self):
        for _ in range(3):
            self._application.processEvents()

    def move(self, x, y):
        # The free pointer is moved by the cursor, which says nothing where it has been before.
        QTest.mouseMove(self.canvas, self.at(x, y) + QPoint(1, 0))
        QTest.mouseMove(self.canvas, self.at(x, y))
        self.settle()

    def press(self, x, y, button=LEFT, keys=NONE):
        QTest.mousePress(self.canvas, button, keys, self.at(x, y))

    def release(self, x, y, button=LEFT, keys=NONE):
        QTest.mouseRelease(self.canvas, button, keys, self.at(x, y))
        self.settle()

    def drag(self, *points, button=LEFT, keys=NONE):
        self.press(*points[0], button, keys)
        for point in points[1:]:
            QTest.mouseMove(self.canvas, self.at(*point))
        self.release(*points[-1], button, keys)

    def click(self, x, y, button=LEFT, keys=NONE):
        self.move(x, y)
        self.drag((x, y), button=button, keys=keys)

    def key(self, key, keys=NONE):
        QTest.keyClick(self.canvas, key, keys)
        self.settle()


@pytest.fixture
def jobs():
    runner = JobRunner()
    yield runner
    assert runner.shutdown()


@pytest.fixture
def tools():
    """One instance of each, by id."""
    return {tool.id: tool() for tool in TOOLS}


@pytest.fixture
def document(application):
    return Document(photo())


@pytest.fixture
def canvas(application, document, tools, jobs):
    """A canvas that shows the document at 200 %, with a bit of surround."""
    widget = Canvas(document, tools["brush"], jobs)
    widget.resize(660, 440)
    widget.show()
    application.processEvents()
    widget.viewport.zoom_to(2.0)
    application.processEvents()
    yield widget
    widget.drop_gesture()
    widget.close()


@pytest.fixture
def hand(canvas, application):
    return Hand(canvas, application)
