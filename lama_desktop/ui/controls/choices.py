"""Things to choose from: Switch (on or off), Segments (a few, side by side), Choice (a list that drops down)."""

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QWheelEvent
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QComboBox, QHBoxLayout, QSizePolicy, QToolButton, QWidget

_ROLE = QPalette.ColorRole
ARROW = 42
"""Room for the arrow and the margins of a list that drops down."""


class Switch(QAbstractButton):
    """On or off, by a click or the space bar.

    Signals:
        changed: whether it is on.
    """

    changed = Signal(object)
    WIDTH, HEIGHT = 30, 16

    def __init__(self, on: bool = False) -> None:
        super().__init__()
        self.setCheckable(True)
        self.setChecked(on)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda: self.changed.emit(self.isChecked()))

    @property
    def value(self) -> bool:
        """Whether it is on."""
        return self.isChecked()

    @value.setter
    def value(self, on: bool) -> None:
        """Show a state without a signal."""
        self.setChecked(on)

    def sizeHint(self) -> QSize:
        """Return its one size."""
        return QSize(self.WIDTH, self.HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track and the knob."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        palette, on = self.palette(), self.isChecked()
        if not self.isEnabled():
            painter.setOpacity(0.5)
        track = palette.color(_ROLE.Accent if on else _ROLE.Mid)
        if self.underMouse() and self.isEnabled():
            track = track.lighter(112)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(track)
        painter.drawRoundedRect(QRectF(0, 0, self.WIDTH, self.HEIGHT), self.HEIGHT / 2, self.HEIGHT / 2)
        radius = self.HEIGHT / 2 - 2.5
        painter.setBrush(Qt.GlobalColor.white if on else palette.color(_ROLE.PlaceholderText))
        x = self.WIDTH - self.HEIGHT / 2 if on else self.HEIGHT / 2
        painter.drawEllipse(QPointF(x, self.HEIGHT / 2), radius, radius)


class Segments(QWidget):
    """A few choices side by side; arrow keys move between them.

    Args:
        choices: a value and its title each.

    Signals:
        changed: the value that was chosen.
    """

    changed = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]]) -> None:
        super().__init__()
        self._values = [value for value, _ in choices]
        self._group = QButtonGroup(self)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        for index, (_, title) in enumerate(choices):
            button = QToolButton()
            button.setText(title)
            button.setCheckable(True)
            button.setProperty("kind", "segment")
            button.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
            button.setAccessibleName(title)
            button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            button.toggled.connect(lambda on, button=button: self.setFocusProxy(button) if on else None)
            self._group.addButton(button, index)
            layout.addWidget(button)
        self._group.button(0).setChecked(True)
        self._group.idClicked.connect(lambda index: self.changed.emit(self._values[index]))

    @property
    def value(self) -> object:
        """What is chosen."""
        return self._values[self._group.checkedId()]

    @value.setter
    def value(self, value: object) -> None:
        """Show a choice without a signal."""
        self._group.button(self._values.index(value)).setChecked(True)

    def set_title(self, value: object, title: str) -> None:
        """Call a choice something else."""
        button = self._group.button(self._values.index(value))
        button.setText(title)
        button.setAccessibleName(f"{self.accessibleName()}: {title}" if self.accessibleName() else title)

    def setAccessibleName(self, name: str) -> None:
        """Name the row and each of its buttons for screen readers."""
        super().setAccessibleName(name)
        for button in self._group.buttons():
            button.setAccessibleName(f"{name}: {button.text()}")

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame around the buttons."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(_ROLE.Mid), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)


class Choice(QComboBox):
    """A list that drops down; the wheel turns it only while it has the focus.

    Args:
        choices: a value and its title each.
        flat: without a frame, and as wide as what is chosen.

    Signals:
        changed: the value that was chosen.
    """

    changed = Signal(object)

    def __init__(self, choices: Sequence[tuple[object, str]] = (), flat: bool = False) -> None:
        super().__init__()
        self._flat = flat
        if flat:
            self.setProperty("kind", "flat")
            self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
            self.currentIndexChanged.connect(self.updateGeometry)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(4)
        self._values: list[object] = []  # beside the items: Qt would keep an enumeration as a plain text
        self.offer(choices)
        self.activated.connect(lambda _: self.changed.emit(self.value))

    def offer(self, choices: Sequence[tuple[object, str]]) -> None:
        """Replace the choices, a line where one has no title; what was chosen stays where it is among them."""
        before = self.value
        blocked = self.blockSignals(True)
        self.clear()
        for _, title in choices:
            if title:
                self.addItem(title)
            else:
                self.insertSeparator(self.count())
        self._values = [value for value, _ in choices]
        self.value = before
        self.blockSignals(blocked)

    @property
    def value(self) -> object:
        """What is chosen; None where there is nothing."""
        index = self.currentIndex()
        return self._values[index] if 0 <= index < len(self._values) else None

    @value.setter
    def value(self, value: object) -> None:
        """Show a choice without a signal; one that is not offered changes nothing."""
        if value in self._values:
            self.setCurrentIndex(self._values.index(value))

    def sizeHint(self) -> QSize:
        """Return the size of a field, or of what is chosen and the arrow."""
        size = super().sizeHint()
        if self._flat:
            size.setWidth(self.fontMetrics().horizontalAdvance(self.currentText()) + ARROW)
        return size

    def showPopup(self) -> None:
        """Drop down a list that is as wide as its longest title."""
        bar = self.view().verticalScrollBar().sizeHint().width()
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0) + bar + ARROW // 2)
        super().showPopup()

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Leave the wheel to the panel unless this is in use."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the arrow in the colour of secondary text, which no style sheet can."""
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        color = self.palette().color(_ROLE.PlaceholderText)
        painter.setPen(QPen(color, 1.6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
        x, y = self.width() - 14.0, self.height() / 2
        painter.drawPolyline(QPolygonF([QPointF(x - 4, y - 2), QPointF(x, y + 2), QPointF(x + 4, y - 2)]))
