"""StatusBar: zoom, the picture's facts, memory and device, where the pointer is and on what, and what is being done."""

import time
from collections.abc import Sequence
from functools import lru_cache
from io import BytesIO

from PIL import ImageCms
from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QProgressBar, QPushButton, QStatusBar, QWidget

from lama_desktop.core.document import Document
from lama_desktop.core.geometry import Rect
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.ui.jobs import Job, JobRunner
from lama_desktop.ui.text import in_bytes, tr
from lama_desktop.ui.theme import GAP, PADDING, tabular

BAR_WIDTH, WIDEST, SPACE = 160, 240, 20
"""Widths: of the progress; of a fact, whose end is cut where it is longer; between facts."""
ROUNDING = 2
"""A text is drawn at fractions of pixels; without them its end would be cut."""
TICK_MS, POINTER_MS = 200, 30
HASTE_S = 0.3
"""What is done sooner than this is not worth a progress bar."""


class StatusBar(QStatusBar):
    """One line of facts, each at a place that stays; on the right the work that is being done, and Cancel.

    Args:
        runner: what is being done.

    Signals:
        zoom_entered: a zoom was typed: 1 is 100 %.
    """

    zoom_entered = Signal(float)

    def __init__(self, runner: JobRunner) -> None:
        super().__init__()
        self.setSizeGripEnabled(False)
        self._runner = runner
        self._document: Document | None = None
        self.zoom = ZoomField()
        self.zoom.entered.connect(self.zoom_entered)
        self.size_text, self.depth_text, self.memory, self.device = Fact(), Fact(), Fact(), Fact()
        self.position, self.color = Fact(), Fact()
        # What comes and goes with the pointer is last: beside it nothing is left empty.
        line = (self.size_text, self.depth_text, self.memory, self.device, self.position, self.color)
        spared = (self.device, self.memory, self.depth_text, self.color, self.size_text, self.position)
        self._facts = Facts(self.zoom, line, spared)
        self.addWidget(self._facts, 1)
        self.work = WorkIndicator()
        self.addPermanentWidget(self.work)
        self._tick = QTimer(self)
        self._tick.setInterval(TICK_MS)
        self._tick.timeout.connect(self._show_work)
        self._pointer: tuple[float, float] | None = None
        self._point_soon = QTimer(self)
        self._point_soon.setSingleShot(True)
        self._point_soon.setInterval(POINTER_MS)
        self._point_soon.timeout.connect(lambda: self.show_pointer(self._pointer))
        runner.changed.connect(self._follow_runner)
        self.show_document(None)

    def show_document(self, document: Document | None) -> None:
        """Show the facts of another document."""
        self._document = document
        self.zoom.setVisible(document is not None)
        self.show_pointer(None)
        self.refresh()
        self._facts.arrange()

    def refresh(self) -> None:
        """Show size, depth and memory as they are."""
        document = self._document
        if document is None:
            for fact in (self.size_text, self.depth_text, self.memory):
                fact.show_text("")
            for fact in (self.memory, self.position, self.color):
                fact.reserve("")
            return
        width, height = document.size
        full = 255 if document.depth == 8 else 65535
        self.position.reserve(f"-{width}, -{height}")
        self.color.reserve(f"R {full} G {full} B {full} A {full}")
        self.memory.reserve(tr("Memory {size}", size="888 MB"))
        self.size_text.show_text(f"{width} × {height} px")
        self.depth_text.show_text(f"{tr('{bits} bit', bits=document.depth)} · {profile_name(document.facts)}")
        layers, steps = sum(document.stack.storage().values()), document.history.nbytes
        self.memory.show_text(tr("Memory {size}", size=in_bytes(layers + steps)))
        self.memory.setToolTip(
            tr("This photo: layers {layers}, history {steps}", layers=in_bytes(layers), steps=in_bytes(steps))
        )

    def show_device(self, text: str) -> None:
        """Show what removals run on."""
        self.device.show_text(text.replace(", ", " · "))
        self.device.setToolTip(tr("What removals run on"))

    def point(self, point: tuple[float, float] | None) -> None:
        """Show a little later where the pointer is, however fast it moves."""
        self._pointer = point
        if not self._point_soon.isActive():
            self._point_soon.start()

    def show_pointer(self, point: tuple[float, float] | None) -> None:
        """Show where the pointer is in the document, and the colour there; None when it is outside."""
        document = self._document
        if document is None or point is None:
            self.position.show_text("")
            self.color.show_text("")
            return
        x, y = int(point[0] // 1), int(point[1] // 1)
        self.position.show_text(f"{x}, {y}")
        pixel = Rect(x, y, x + 1, y + 1)
        if pixel not in document.rect:
            self.color.show_text("")
            return
        red, green, blue, alpha = (int(value) for value in document.flatten(pixel)[0, 0])
        full = 255 if document.depth == 8 else 65535
        self.color.show_text(f"R {red} G {green} B {blue}" + (f" A {alpha}" if alpha < full else ""))

    def show_zoom(self, zoom: float) -> None:
        """Show the zoom; 1 is 100 %."""
        self.zoom.show_zoom(zoom)

    def _follow_runner(self) -> None:
        if any(job.shown for job in self._runner.jobs):
            self._tick.start()
        else:
            self._tick.stop()
            self.work.show_job(None)

    def _show_work(self) -> None:
        shown = [job for job in self._runner.jobs if job.shown and job.started is not None]
        late = [job for job in shown if time.monotonic() - (job.started or 0) > HASTE_S]
        self.work.show_job(late[0] if late else None)


class Fact(QLabel):
    """A text whose width does not depend on the digits in it.

    Signals:
        resized: it has another width.
    """

    resized = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFont(tabular(self.font()))
        self._reserved, self._text = "", ""

    def text(self) -> str:
        """Return the whole text, though its end may not be seen."""
        return self._text

    def reserve(self, widest: str) -> None:
        """Keep the room of a text, whatever is shown."""
        self._reserved = widest
        self._fit()

    def show_text(self, text: str) -> None:
        """Show a text."""
        if text != self._text:
            self._text = text
            self._fit()

    @property
    def room(self) -> int:
        """The width that it takes; 0 where there is nothing to be shown."""
        widest = max(self.fontMetrics().horizontalAdvance(each) for each in (self._reserved, self._text))
        return min(widest + ROUNDING, WIDEST) if widest else 0

    def _fit(self) -> None:
        self.setText(self.fontMetrics().elidedText(self._text, Qt.TextElideMode.ElideRight, self.room))
        if self.room != self.width():
            self.resized.emit()


class Facts(QWidget):
    """Facts side by side, at places that depend on their room only; those that do not fit are left out.

    Args:
        first: what is never left out.
        facts: the others, from left to right.
        spared: the same, the first to be left out first.
    """

    def __init__(self, first: QWidget, facts: Sequence[Fact], spared: Sequence[Fact]) -> None:
        super().__init__()
        self._first, self._facts, self._spared = first, facts, spared
        for widget in (first, *facts):
            widget.setParent(self)
        for fact in facts:
            fact.resized.connect(self.arrange)

    def minimumSizeHint(self) -> QSize:
        """Return the room of what is never left out."""
        return QSize(GAP + self._first.sizeHint().width(), self._first.sizeHint().height())

    def sizeHint(self) -> QSize:
        """Return the same: the rest takes what there is."""
        return self.minimumSizeHint()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave out more, or less."""
        self.arrange()

    def arrange(self) -> None:
        """Put every fact at its place; called by itself but for a first one that was hidden or shown."""
        shown = [each for each in self._facts if each.room]
        left = PADDING if self._first.isHidden() else GAP + self._first.width() + SPACE
        for fact in self._spared:
            if left + sum(each.room + SPACE for each in shown) <= self.width():
                break
            if fact in shown:
                shown.remove(fact)
        size = self._first.sizeHint()
        self._first.setGeometry(GAP, (self.height() - size.height()) // 2, self._first.width(), size.height())
        for fact in self._facts:
            fact.setVisible(fact in shown)
            if fact in shown:
                fact.setGeometry(left, 0, fact.room, self.height())
                left += fact.room + SPACE


class WorkIndicator(QWidget):
    """What is being done, for how long, how far it is, and Cancel."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.bar = QLabel(), QProgressBar()
        self.text.setFont(tabular(self.font()))
        self.text.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.bar.setRange(0, 1000)
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(BAR_WIDTH)
        self.bar.setAccessibleName(tr("Progress"))
        self.cancel = QPushButton(tr("Cancel"))
        self.cancel.setToolTip(tr("Stop this"))
        self.cancel.clicked.connect(self._stop)
        self._job: Job | None = None
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, PADDING - GAP, 0)
        row.setSpacing(GAP)
        for widget in (self.text, self.bar, self.cancel):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self.show_job(None)

    def show_job(self, job: Job | None) -> None:
        """Show a job that runs, and stop it on Cancel; None when nothing does."""
        self._job = job
        for widget in (self.text, self.bar, self.cancel):
            widget.setVisible(job is not None)
        if job is None:
            self.text.setMinimumWidth(0)
            return
        seconds = time.monotonic() - (job.started or time.monotonic())
        state = tr("stopping") if job.stopping else f"{seconds:.1f} s"
        self.text.setText(f"{job.title}… {state}")
        self.text.setMinimumWidth(max(self.text.minimumWidth(), self.text.sizeHint().width()))
        self.text.setToolTip(job.text)
        self.bar.setRange(0, 1000 if job.fraction > 0 else 0)
        self.bar.setValue(round(1000 * job.fraction))
        self.cancel.setEnabled(not job.stopping)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.cancel()


class ZoomField(QLineEdit):
    """The zoom, to read and to type: "38 %".

    Signals:
        entered: what was typed, where 1 is 100 %.
    """

    entered = Signal(float)

    def __init__(self) -> None:
        super().__init__()
        self._zoom = 1.0
        self.setProperty("kind", "quiet")
        self.setFont(tabular(self.font()))
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setFixedWidth(self.fontMetrics().horizontalAdvance("6400.0 %") + 2 * GAP)
        self.setAccessibleName(tr("Zoom"))
        self.setToolTip(tr("Zoom, in per cent of the photo's pixels"))

    def show_zoom(self, zoom: float) -> None:
        """Show a zoom, unless one is being typed."""
        self._zoom = zoom
        if not self.hasFocus():
            percent = 100 * zoom
            self.setText(f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Take what was typed on Enter; leave on Escape."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            try:
                percent = float(self.text().replace("%", "").replace(",", ".").strip())
            except ValueError:
                percent = 0.0
            self.clearFocus()
            if percent > 0:
                self.entered.emit(percent / 100)
            self.show_zoom(self._zoom)
        elif event.key() == Qt.Key.Key_Escape:
            self.clearFocus()
            self.show_zoom(self._zoom)
        else:
            super().keyPressEvent(event)


def profile_name(facts: Photo) -> str:
    """Return what the colours of a photo are called."""
    if facts.profile is None:
        return {ColorModel.GREY: tr("grey"), ColorModel.CMYK: "CMYK"}.get(facts.model, "sRGB")
    return _described(facts.profile) or tr("own profile")


@lru_cache(maxsize=16)
def _described(profile: bytes) -> str:
    try:
        name = ImageCms.getProfileDescription(ImageCms.ImageCmsProfile(BytesIO(profile)))
    except (ImageCms.PyCMSError, OSError, ValueError):
        return ""
    return " ".join(name.split())[:40]
