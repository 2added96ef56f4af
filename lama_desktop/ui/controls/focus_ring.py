"""FocusRing: shows where the keyboard is, to those who use it."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QAbstractSpinBox, QApplication, QLineEdit, QMenuBar, QWidget
from shiboken6 import isValid

MARGIN, WIDTH, RADIUS = 3, 2, 8
_OWN = (QAbstractScrollArea, QAbstractSpinBox, QLineEdit, QMenuBar)
"""What shows in its own way where the keyboard is."""
_PLACED = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide)


class FocusRing(QWidget):
    """A ring of the accent colour around the widget that the keyboard has reached.

    It appears when the focus moves by Tab, a shortcut or the arrow keys, not when it follows a click or comes back from
    another window. It lies over the window, so that nothing moves when it comes or goes. Widgets that show the focus
    themselves (fields, lists, the canvas) have none; a widget says so by the property `ownFocus`.
    """

    def __init__(self, application: QApplication) -> None:
        super().__init__()
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._target: QWidget | None = None
        self._watched: list[QWidget] = []
        application.focusChanged.connect(self.follow)

    def follow(self, old: QWidget | None, now: QWidget | None) -> None:
        """Go to the widget that has the keyboard now."""
        for each in self._watched:
            if isValid(each):
                each.removeEventFilter(self)
        self._watched, self._target = [], None
        clicked = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        returned = old is None  # from another window, or at the start
        if now is None or clicked or returned or now.isWindow() or isinstance(now, _OWN):
            shown = False
        else:
            shown = not now.property("ownFocus")
        if not shown or now is None:
            self.hide()
            self.setParent(None)
            return
        self._target = now
        holder: QWidget | None = now
        while holder is not None and not holder.isWindow():  # it moves with whatever it lies in
            holder.installEventFilter(self)
            self._watched.append(holder)
            holder = holder.parentWidget()
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay around the widget while it moves, and go when it goes."""
        if event.type() in _PLACED:
            self._place()
        return False

    def _place(self) -> None:
        if self._target is None or not isValid(self._target) or not self._target.isVisible():
            self.hide()
            return
        window = self._target.window()
        if self.parentWidget() is not window:
            self.setParent(window)
        corner = self._target.mapTo(window, self._target.rect().topLeft())
        rect = self._target.rect().translated(corner).adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)
        self.setGeometry(rect)
        self.raise_()
        self.show()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the ring."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Accent), WIDTH))
        inset = WIDTH / 2
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(inset, inset, -inset, -inset), RADIUS, RADIUS)
