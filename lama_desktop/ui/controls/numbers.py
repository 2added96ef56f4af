"""Numbers to drag and to type: Slider, NumberField, and the two of them in a row."""

import math
from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPalette, QPen
from PySide6.QtWidgets import QAbstractSpinBox, QDialog, QDoubleSpinBox, QHBoxLayout, QSizePolicy, QSlider, QWidget

from lama_desktop.options import Option
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import GAP, UNIT, tabular

STEPS = 1000
"""Positions of a slider."""
WIDE = 100
"""A range of more than so many whole numbers is bent, so that its small numbers get most of the slider."""
BEND = 2.5
MOST = 999_999.0
"""The largest number of a field whose option has no bounds."""
HANDLE, TRACK = 12, 4
NARROWEST = 64
"""Width of a field: they stand in a column."""


class Scale:
    """Between the values of an option, the positions of its slider, and the numbers that are shown.

    A float of at most 1 without a unit is shown as a percentage. An option without bounds is bounded here by the digits
    of its field.
    """

    def __init__(self, option: Option) -> None:
        self.low = -MOST if option.low is None else float(option.low)
        self.high = MOST if option.high is None else float(option.high)
        self.default: float | int = option.default
        self.whole = option.kind is int
        self._bend = BEND if self.whole and self.high - self.low > WIDE else 1.0
        percent = not self.whole and not option.unit and 0 <= self.low < self.high <= 1
        self.factor = 100 if percent else 1
        self.unit = "%" if percent else option.unit or ("" if self.whole else "×")
        self.decimals = 0 if self.whole or percent else 1
        self.least = tr(option.least)

    def position(self, value: float) -> int:
        """Return where a value is on the slider."""
        share = (value - self.low) / (self.high - self.low)
        return round(STEPS * math.pow(share, 1 / self._bend))

    def value(self, position: int) -> float | int:
        """Return the value at a position of the slider, as round as it is shown."""
        value = self.low + (self.high - self.low) * math.pow(position / STEPS, self._bend)
        return round(value) if self.whole else round(value * self.factor, self.decimals) / self.factor


class Slider(QSlider):
    """A horizontal slider: drag, wheel, arrow keys; a click jumps there, a double click resets.

    Args:
        position: where it starts, 0 to STEPS.
        reset: called by a double click.
    """

    def __init__(self, position: int, reset: Callable[[], None]) -> None:
        super().__init__(Qt.Orientation.Horizontal)
        self._reset = reset
        self.setRange(0, STEPS)
        self.setPageStep(STEPS // 10)
        self.setSingleStep(STEPS // 100)
        self.setValue(position)
        self.setMinimumWidth(80)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """Return the size of a short one."""
        return QSize(120, HANDLE + 2 * UNIT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the handle where the pointer is."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(True)
            self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the pointer."""
        if self.isSliderDown():
            self._drag(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of the handle."""
        self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Go back to the default."""
        self.setSliderDown(False)
        self._reset()

    def _drag(self, event: QMouseEvent) -> None:
        span = max(1, self.width() - HANDLE)
        self.setSliderPosition(round(STEPS * (event.position().x() - HANDLE / 2) / span))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the track, its filled part, and the handle."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        roles, palette = QPalette.ColorRole, self.palette()
        accent = palette.color(roles.Accent if self.isEnabled() else roles.Mid)
        middle, span = self.height() / 2, self.width() - HANDLE
        x = HANDLE / 2 + span * self.sliderPosition() / STEPS
        painter.setPen(Qt.PenStyle.NoPen)
        for end, color in ((self.width(), palette.color(roles.Mid)), (x, accent)):
            painter.setBrush(color)
            painter.drawRoundedRect(QRectF(0, middle - TRACK / 2, end, TRACK), TRACK / 2, TRACK / 2)
        painter.setBrush(accent if self.isSliderDown() else palette.color(roles.Window))
        painter.setPen(QPen(accent, 2))
        painter.drawEllipse(QPointF(x, middle), HANDLE / 2 - 1, HANDLE / 2 - 1)


class NumberField(QDoubleSpinBox):
    """A number to type, with its unit; arrow keys and the wheel step it, Enter and Escape leave it.

    In a dialog that waits for an answer, Enter and Escape are the answer, with what was typed and without it.

    Signals:
        changed: the value, after every step and when a typed number is complete.
    """

    changed = Signal(object)

    def __init__(self, scale: Scale) -> None:
        super().__init__()
        self._scale = scale
        self.setButtonSymbols(QAbstractSpinBox.ButtonSymbols.NoButtons)
        self.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.setFont(tabular(self.font()))
        self.setKeyboardTracking(False)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setDecimals(scale.decimals)
        self.setRange(scale.low * scale.factor, scale.high * scale.factor)
        self.setSingleStep(1 if scale.decimals == 0 else 0.1)
        self.setSuffix(f" {scale.unit}" if scale.unit else "")
        self.setSpecialValueText(scale.least)
        texts = (self._text(scale.low), self._text(scale.high), scale.least)
        widest = max(self.fontMetrics().horizontalAdvance(each) for each in texts)
        self.setFixedWidth(max(NARROWEST, widest + 4 * UNIT + 4))
        self.show_value(scale.default)
        self.valueChanged.connect(lambda _: self.changed.emit(self.number))

    @property
    def number(self) -> float | int:
        """The value as the option has it."""
        return round(super().value()) if self._scale.whole else super().value() / self._scale.factor

    def show_value(self, value: float) -> None:
        """Show a value without a signal."""
        blocked = self.blockSignals(True)
        self.setValue(value * self._scale.factor)
        self.blockSignals(blocked)

    def _text(self, value: float) -> str:
        return self.textFromValue(value * self._scale.factor) + self.suffix()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Leave on Enter with the typed number, on Escape without it; a dialog has the key after that."""
        accepts = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not accepts and event.key() != Qt.Key.Key_Escape:
            super().keyPressEvent(event)
            return
        dialog, corrected = self.window(), self.lineEdit().text() != self.textFromValue(super().value()) + self.suffix()
        if accepts:
            self.interpretText()
        else:
            self.setValue(super().value())
        if dialog.windowType() == Qt.WindowType.Popup:
            dialog.close()
        elif not isinstance(dialog, QDialog):
            self.clearFocus()
        elif corrected and not dialog.isModal():
            self.selectAll()
        else:
            event.ignore()

    def event(self, event: QEvent) -> bool:
        """Take the keys that type a number before a shortcut of the window does."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
            if plain and event.key() not in (Qt.Key.Key_Tab, Qt.Key.Key_Backtab) and event.key() < Qt.Key.Key_F1:
                event.accept()
                return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Select the number, so that typing replaces it; a click places the cursor first, which would end that."""
        super().focusInEvent(event)
        QTimer.singleShot(0, self, self.selectAll)


class SliderField(QWidget):
    """A slider and a field that show the same number.

    Signals:
        changed: the new value, on every step of a drag.
    """

    changed = Signal(object)

    def __init__(self, option: Option) -> None:
        super().__init__()
        self._scale = Scale(option)
        self._value = self._scale.default
        self.slider = Slider(self._scale.position(self._value), lambda: self._set(self._scale.default))
        self.field = NumberField(self._scale)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(GAP)
        layout.addWidget(self.slider, 1)
        layout.addWidget(self.field)
        self.setFocusProxy(self.field)
        self.slider.valueChanged.connect(lambda position: self._set(self._scale.value(position)))
        self.field.changed.connect(self._set)

    @property
    def value(self) -> float | int:
        """The number."""
        return self._value

    @value.setter
    def value(self, value: float) -> None:
        """Show a number without a signal."""
        self._value = round(value) if self._scale.whole else value
        blocked = self.slider.blockSignals(True)
        if not self.slider.isSliderDown():
            self.slider.setValue(self._scale.position(value))
        self.slider.blockSignals(blocked)
        self.field.show_value(value)

    def _set(self, value: float) -> None:
        if not math.isclose(value, self._value):
            self.value = value
            self.changed.emit(self._value)

    def setAccessibleName(self, name: str) -> None:
        """Name both halves for screen readers."""
        super().setAccessibleName(name)
        self.slider.setAccessibleName(name)
        self.field.setAccessibleName(name)
