"""FocusRing: shows where the keyboard is, to those who use it."""

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractScrollArea, QApplication, QLineEdit, QWidget

MARGIN, WIDTH, RADIUS = 3, 2, 8


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
        application.focusChanged.connect(self.follow)

    def follow(self, old: QWidget | None, now: QWidget | None) -> None:
        """Go to the widget that has the keyboard now."""
        if self._target is not None:
            self._target.removeEventFilter(self)
            self._target = None
        clicked = QGuiApplication.mouseButtons() != Qt.MouseButton.NoButton
        returned = old is None  # from another window, or at the start
        if now is None or clicked or returned or now.isWindow() or isinstance(now, QAbstractScrollArea | QLineEdit):
            shown = False
        else:
            shown = not now.property("ownFocus")
        if not shown or now is None:
            self.hide()
            self.setParent(None)
            return
        self._target = now
        now.installEventFilter(self)
        self._place()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay around the widget while it moves, and go when it goes."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show):
            self._place()
        elif event.type() in (QEvent.Type.Hide, QEvent.Type.Destroy):
            self.hide()
        return False

    def _place(self) -> None:
        assert self._target is not None
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
