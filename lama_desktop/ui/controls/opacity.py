"""OpacityButton: shows an opacity; drag on it, turn the wheel over it, or click and type."""

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QMenu, QToolButton, QWidgetAction

from lama_desktop.options import Option
from lama_desktop.ui.controls.numbers import STEPS, SliderField
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, PADDING

OPACITY = Option("opacity", float, 1.0, "Opacity", "how strongly the layer covers what is below", 0.0, 1.0, "")
REACH = 200
"""Pixels from nothing to all, where it is dragged."""
NOTCH = 0.05
"""What a notch of the wheel changes."""


class OpacityButton(QToolButton):
    """A number with a slider behind it. `field.changed` tells of every change, as that of the slider does.

    While it is dragged, so is the slider: `field.slider` tells of the beginning and the end.
    """

    def __init__(self) -> None:
        super().__init__()
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setCursor(Qt.CursorShape.SizeHorCursor)
        self._pressed: tuple[float, int] | None = None
        self.field = SliderField(OPACITY)
        self.field.setAccessibleName(tr("Opacity"))
        self.field.setContentsMargins(PADDING, GAP, PADDING, GAP)
        self.field.setMinimumWidth(220)
        self.popup, holder = QMenu(self), QWidgetAction(self)
        holder.setDefaultWidget(self.field)
        self.popup.addAction(holder)
        self.popup.aboutToShow.connect(lambda: QTimer.singleShot(0, self.field.field, self.field.field.setFocus))
        self.clicked.connect(self._open)
        self.setMinimumWidth(self.fontMetrics().horizontalAdvance("100 %") + 2 * GAP)
        self.show_value(1.0)

    @property
    def is_held(self) -> bool:
        """Whether the slider is held."""
        return self.field.slider.isSliderDown()

    def show_value(self, value: float) -> None:
        """Show an opacity, 0 to 1, without a signal."""
        self.field.value = value
        self.setText(f"{round(value * 100)} %")

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold."""
        super().mousePressEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed = event.position().x(), self.field.slider.value()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Change it by how far the pointer went to the side."""
        if self._pressed is None:
            return
        start, before = self._pressed
        way, slider = event.position().x() - start, self.field.slider
        if not slider.isSliderDown() and abs(way) >= QApplication.startDragDistance():
            self.setDown(False)  # so it is no click
            slider.setSliderDown(True)
        if slider.isSliderDown():
            slider.setSliderPosition(before + round(way / REACH * STEPS))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go; a press that did not move opens the slider."""
        self._pressed = None
        if self.field.slider.isSliderDown():
            self.field.slider.setSliderDown(False)
        else:
            super().mouseReleaseEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Change it a little."""
        slider = self.field.slider
        slider.setSliderPosition(slider.value() + round(event.angleDelta().y() / 120 * NOTCH * STEPS))
        event.accept()

    def _open(self) -> None:
        """Show the slider above, where it does not cover the rows that it is about."""
        size = self.popup.sizeHint()
        self.popup.popup(self.mapToGlobal(QPoint(self.width() - size.width(), -size.height())))
