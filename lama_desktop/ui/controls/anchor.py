"""AnchorField: which part of a picture stays where it is when its frame changes."""

from enum import StrEnum

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QToolButton, QWidget

from lama_desktop.ui.text import sentence, tr
from lama_desktop.ui.theme import FIELD_RADIUS, UNIT

CELL = 24
ARROWS = ("↖↑↗", "←•→", "↙↓↘")


class Anchor(StrEnum):
    """One of nine places, in the order of reading."""

    TOP_LEFT = "top left"
    TOP = "top"
    TOP_RIGHT = "top right"
    LEFT = "left"
    MIDDLE = "middle"
    RIGHT = "right"
    BOTTOM_LEFT = "bottom left"
    BOTTOM = "bottom"
    BOTTOM_RIGHT = "bottom right"

    @property
    def place(self) -> tuple[int, int]:
        """Its column and row, 0 to 2."""
        row, column = divmod(list(Anchor).index(self), 3)
        return column, row


class AnchorField(QWidget):
    """Nine buttons; arrows show to which sides the frame grows.

    Signals:
        changed: the place that was chosen.
    """

    changed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._group = QButtonGroup(self)
        grid = QGridLayout(self)
        grid.setContentsMargins(1, UNIT, 1, UNIT)
        grid.setSpacing(0)
        for index, anchor in enumerate(Anchor):
            button = QToolButton()
            button.setCheckable(True)
            button.setFixedSize(CELL, CELL)
            button.setProperty("kind", "segment")
            button.setAccessibleName(tr(anchor.value))
            button.setToolTip(sentence(tr("keep the {place} in place", place=tr(anchor.value))))
            self._group.addButton(button, index)
            column, row = anchor.place
            grid.addWidget(button, row, column)
        self._group.idClicked.connect(lambda index: self._choose(list(Anchor)[index]))
        self.setFixedSize(3 * CELL + 2, 3 * CELL + 2 * UNIT)
        self.value = Anchor.MIDDLE

    @property
    def value(self) -> Anchor:
        """What is chosen."""
        return list(Anchor)[self._group.checkedId()]

    @value.setter
    def value(self, chosen: Anchor) -> None:
        """Show a choice without a signal."""
        button = self._group.button(list(Anchor).index(chosen))
        button.setChecked(True)
        self.setFocusProxy(button)
        for index, anchor in enumerate(Anchor):
            right, down = anchor.place[0] - chosen.place[0] + 1, anchor.place[1] - chosen.place[1] + 1
            near = 0 <= right <= 2 and 0 <= down <= 2
            self._group.button(index).setText(ARROWS[down][right] if near else "")

    def _choose(self, chosen: Anchor) -> None:
        self.value = chosen
        self.changed.emit(chosen)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the frame around the buttons."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(self.palette().color(QPalette.ColorRole.Mid), 1))
        frame = QRectF(self.rect()).adjusted(0.5, UNIT - 0.5, -0.5, -UNIT + 0.5)
        painter.drawRoundedRect(frame, FIELD_RADIUS, FIELD_RADIUS)
