"""Navigator panel: the whole photo, small, and the part of it that is seen; drag there to look elsewhere."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen, QPixmap, QPolygonF
from PySide6.QtWidgets import QWidget

from lama_desktop.core.arrays import Image
from lama_desktop.core.document import Document
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.panels.panel import WIDTH, Panel
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import PADDING
from lama_desktop.ui.thumbnails import rounded, small_picture

HEIGHT = 180
SETTLE_MS = 300
"""The picture is drawn again when the document has been still for so long."""


class NavigatorPanel(Panel):
    """Shows where one is.

    Args:
        runner: makes the small picture.
    """

    def __init__(self, runner: JobRunner) -> None:
        super().__init__("navigator", tr("Navigator"))
        self._runner = runner
        self._job: Job | None = None
        self.map = _Map()
        self.body.addWidget(self.map, 1)
        self._document: Document | None = None
        self._settle = QTimer(self)
        self._settle.setSingleShot(True)
        self._settle.setInterval(SETTLE_MS)
        self._settle.timeout.connect(self._draw)
        self.visibilityChanged.connect(lambda _: self._settle.start())

    def show_canvas(self, canvas: Canvas | None) -> None:
        """Follow another canvas."""
        if self._document is not None:
            self._document.changed.disconnect(self._later)
            self._document.resized.disconnect(self._later)
        self._document = None if canvas is None else canvas.document
        if self._document is not None:
            self._document.changed.connect(self._later)
            self._document.resized.connect(self._later)
        self.map.show_canvas(canvas)
        self._draw()

    def sizeHint(self) -> QSize:
        """Return the width of a new window's docks."""
        return QSize(WIDTH, HEIGHT)

    def _later(self, rect: object = None) -> None:
        self._settle.start()

    def _draw(self) -> None:
        """Have the small picture made, unless nobody sees it."""
        document = self._document
        if self._job is not None:
            self._job.cancel()
        if document is None or not self.isVisible():
            self.map.show_picture(QPixmap())
            return
        scale, room = self.devicePixelRatioF(), self.map.room
        fit = min(room.width() * scale / document.size[0], room.height() * scale / document.size[1], 1.0)
        snapshot = document.snapshot()
        job = Job("", lambda progress: small_picture(snapshot, fit, progress), Lane.TOOLS, shown=False)
        job.succeeded.connect(self._take)
        self._job = job
        self._runner.submit(job)

    def _take(self, picture: Image) -> None:
        self._job = None
        self.map.show_picture(rounded(picture, self.devicePixelRatioF()))


class _Map(QWidget):
    """The small photo and the frame."""

    def __init__(self) -> None:
        super().__init__()
        self._canvas: Canvas | None = None
        self._picture = QPixmap()
        self.setMinimumHeight(HEIGHT - 40)
        self.setAccessibleName(tr("Navigator"))

    def show_canvas(self, canvas: Canvas | None) -> None:
        """Follow another canvas."""
        if self._canvas is not None:
            self._canvas.viewport.changed.disconnect(self.update)
        self._canvas = canvas
        if canvas is not None:
            canvas.viewport.changed.connect(self.update)
        self.update()

    @property
    def room(self) -> QSize:
        """How large the picture may be."""
        return QSize(max(1, self.width() - 2 * PADDING), max(1, self.height() - PADDING))

    def show_picture(self, picture: QPixmap) -> None:
        """Show a picture of the document."""
        self._picture = picture
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the photo and the frame."""
        if self._canvas is None or self._picture.isNull():
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        place = self._place()
        painter.drawPixmap(place.topLeft(), self._picture)
        viewport, canvas = self._canvas.viewport, self._canvas
        scale = place.width() / canvas.document.size[0]
        width, height = canvas.width() * canvas.scale, canvas.height() * canvas.scale
        corners = [viewport.to_document(x, y) for x, y in ((0, 0), (width, 0), (width, height), (0, height))]
        frame = QPolygonF([QPointF(place.left() + x * scale, place.top() + y * scale) for x, y in corners])
        painter.setClipRect(place.adjusted(-1, -1, 1, 1))
        for color, line in ((QColor(0, 0, 0, 120), 4), (self.palette().color(QPalette.ColorRole.Accent), 2)):
            painter.setPen(QPen(color, line))
            painter.drawPolygon(frame)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        self._look(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Look there."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._look(event)

    def _place(self) -> QRectF:
        size = self._picture.deviceIndependentSize()
        return QRectF((self.width() - size.width()) / 2, 0, size.width(), size.height())

    def _look(self, event: QMouseEvent) -> None:
        canvas, place = self._canvas, self._place()
        if canvas is not None and place.width() > 0:
            scale = canvas.document.size[0] / place.width()
            x, y = (event.position().x() - place.left()) * scale, (event.position().y() - place.top()) * scale
            canvas.viewport.bring(x, y, (canvas.width() * canvas.scale / 2, canvas.height() * canvas.scale / 2))
