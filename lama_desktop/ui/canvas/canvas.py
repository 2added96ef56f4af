"""Canvas: the widget in which a document is edited by the tool in hand.

Mouse, pen and keys become events of a gesture; what the gesture shows is drawn over the view. The document, the tools
and the jobs are given to it. UI thread only.
"""

from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QEnterEvent, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QTabletEvent, QWheelEvent
from PySide6.QtWidgets import QGestureEvent

from lama_desktop.core.document import Document
from lama_desktop.errors import LamaDesktopError
from lama_desktop.tools.tool import Button, Kind, Overlay, Pointer, PointerEvent, Tool
from lama_desktop.ui.canvas.cursors import cursor_of
from lama_desktop.ui.canvas.events import Pressure, button_of, pointer_event
from lama_desktop.ui.canvas.gestures import GestureRunner
from lama_desktop.ui.canvas.navigation import PAN_STEP
from lama_desktop.ui.canvas.overlay import OverlayView
from lama_desktop.ui.canvas.view import View
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.text import tr
from lama_desktop.ui.toolbelt import masks

STEP, STRIDE = 1, 10
"""Pixels by which an arrow key nudges, alone and with Shift."""
COMPARE_KEY = Qt.Key.Key_Backslash
"""Shows the original as long as it is held."""

_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}
_MODIFIERS = (Qt.Key.Key_Shift, Qt.Key.Key_Alt, Qt.Key.Key_Control, Qt.Key.Key_Meta)
_OF_GESTURES: dict[int, Kind] = {
    Qt.Key.Key_Return: Kind.CONFIRM,
    Qt.Key.Key_Enter: Kind.CONFIRM,
    Qt.Key.Key_Backspace: Kind.BACK,
    Qt.Key.Key_Delete: Kind.BACK,
}


class Canvas(View):
    """Shows one document and lets the hand work on it.

    Args:
        document: what is seen.
        tool: what is in hand at first.
        jobs: does what tools ask for.

    Signals:
        pointed: the pointer is at a document point: (x, y); None when it has left.
        options_changed: a gesture or the wheel has changed the options of a tool: the tool.
        gesture_begun: a gesture begins: its tool.
        gesture_ended: a gesture has ended: its tool, and whether it left a step in the history.
        refused: a tool could not do what was asked: a sentence for the user.
    """

    pointed = Signal(object)
    options_changed = Signal(object)
    gesture_begun = Signal(object)
    gesture_ended = Signal(object, object)
    refused = Signal(str)

    def __init__(self, document: Document, tool: Tool, jobs: JobRunner) -> None:
        super().__init__(document)
        self._tool = tool
        self._options = tool.options
        self._overlay = OverlayView(self.viewport)
        self._runner = GestureRunner(document, self.viewport, jobs)
        self._runner.shown.connect(self._show_overlay)
        self._runner.ended.connect(self._end_gesture)
        self._runner.refused.connect(self.refused)
        self._runner.working_changed.connect(self._show_cursor)
        self._pointer = Pointer.ARROW
        self._cursor: tuple[Pointer, Qt.CursorShape | None] = Pointer.ARROW, None
        self._position: QPointF | None = None
        self._pressure = Pressure()
        self._button, self._keys = Button.PRIMARY, Qt.KeyboardModifier.NoModifier
        self._space = self._takes_line = False
        self._pan_button = Qt.MouseButton.NoButton
        document.resized.connect(self._runner.drop)
        self.viewport.changed.connect(self._follow_view)
        self.setMouseTracking(True)
        self.setTabletTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setProperty("ownFocus", True)
        self.setAccessibleName(tr("Photo"))
        self.setAccessibleDescription(tr("The photo and its mask, to be worked on with the tool in hand."))

    @property
    def tool(self) -> Tool:
        """What is in hand; taking another one drops the gesture that lasts."""
        return self._tool

    @tool.setter
    def tool(self, tool: Tool) -> None:
        if tool is not self._tool:
            self._runner.drop()
        self._tool, self._options = tool, tool.options
        self.refresh_pointer()

    @property
    def is_busy(self) -> bool:
        """Whether a gesture lasts, or waits for what it asked to be computed."""
        return self._runner.lasts

    def drop_gesture(self) -> None:
        """End the gesture without a trace, as Escape does."""
        self._runner.drop()

    def refresh_pointer(self) -> None:
        """Show the tool at the pointer as its options are now."""
        if self._position is None or self._runner.lasts:
            return
        event = self._event(Kind.MOVE, self._position, self._keys)
        self._pointer, overlay = self._tool.hover(self.document, event)
        self._show_overlay(overlay)
        self._show_cursor()

    def draw_over(self, painter: QPainter) -> None:
        """Draw what the tool shows."""
        self._overlay.draw(painter)

    def follow_scale(self) -> None:
        """Take the size and the scale of the screen."""
        self._overlay.scale = self.scale
        super().follow_scale()

    # The pointer

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a gesture, or drag the view."""
        self._press(event, Kind.PRESS)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Tell of the second press."""
        self._press(event, Kind.DOUBLE)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the gesture, or show the tool."""
        self._move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End what the press began."""
        self._release(event)

    def tabletEvent(self, event: QTabletEvent) -> None:
        """Take a pen like a mouse, with its pressure, every point of it."""
        if event.type() == QEvent.Type.TabletPress:
            self._press(event, Kind.PRESS)
        elif event.type() == QEvent.Type.TabletRelease:
            self._release(event)
        else:
            self._move(event)
        event.accept()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Show the tool."""
        self._position = event.position()
        self.refresh_pointer()

    def leaveEvent(self, event: QEvent) -> None:
        """Show no tool."""
        self._position = None
        if not self._runner.lasts:
            self._show_overlay(())
        self.pointed.emit(None)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """With Alt, size the tool; else zoom or pan."""
        delta = event.angleDelta()
        if event.modifiers() & Qt.KeyboardModifier.AltModifier and (turned := delta.y() or delta.x()):
            # Qt hands Alt and a wheel on as a sideways wheel.
            self._tool.resize(1 if turned > 0 else -1)
            self._tell_options()
            event.accept()
            return
        super().wheelEvent(event)

    def _press(self, event: QMouseEvent | QTabletEvent, kind: Kind) -> None:
        position = self._position = event.position()
        if event.button() == Qt.MouseButton.MiddleButton or (
            self._space and event.button() == Qt.MouseButton.LeftButton
        ):
            self._pan_button = event.button()
            self.navigation.begin_pan(position)
        elif self._near_line and not self._runner.lasts:
            self._takes_line = True
        elif (button := button_of(event)) is not None and not self.navigation.pans:
            if self._runner.lasts:
                self._runner.send(self._event(kind, position, event.modifiers(), self._pressure.of(event)))
            else:
                if masks(self._tool) and self.split is not None and position.x() < self.split * self.width():
                    self.split = None  # nobody works on the original: what is drawn there would not be seen
                self._button = button
                self.gesture_begun.emit(self._tool)
                self._runner.begin(
                    self._tool, self._event(Kind.PRESS, position, event.modifiers(), self._pressure.of(event))
                )
        self._show_cursor()

    def _move(self, event: QMouseEvent | QTabletEvent) -> None:
        self._position = event.position()
        if self.navigation.pans:
            self.navigation.pan_to(event.position())
        elif self._takes_line:
            self.split = event.position().x() / max(1, self.width())
        elif self._runner.lasts:
            self._runner.send(self._event(Kind.MOVE, event.position(), event.modifiers(), self._pressure.of(event)))
            self._tell_options()
        else:
            self._keys = event.modifiers()
            self.refresh_pointer()
        at = event.position() * self.scale
        self.pointed.emit(self.viewport.to_document(at.x(), at.y()))

    def _release(self, event: QMouseEvent | QTabletEvent) -> None:
        self._position = event.position()
        if self.navigation.pans and event.button() == self._pan_button:
            self.navigation.end_pan()
        elif self._takes_line:
            self._takes_line = False
        elif self._runner.lasts and button_of(event) in (self._button, Button.ERASER):
            self._runner.send(self._event(Kind.RELEASE, event.position(), event.modifiers(), self._pressure.of(event)))
            self._tell_options()
        if not self._runner.lasts:
            self._button = Button.PRIMARY
        self.refresh_pointer()
        self._show_cursor()

    # Keys

    def event(self, event: QEvent) -> bool:
        """Keep the keys of a gesture from being shortcuts of the window; a second finger is no stroke."""
        if isinstance(event, QGestureEvent):
            self._runner.drop()
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and self._wants(event):
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape drops the gesture, Enter and Backspace go to it; space pans, arrows nudge, `COMPARE_KEY` compares."""
        key = event.key()
        if key in _MODIFIERS:
            self._change_keys(event.modifiers())
        elif not self._wants(event):
            event.ignore()
        elif key == Qt.Key.Key_Escape:
            self._runner.drop()
        elif key in _OF_GESTURES:
            at = self._position or QPointF(self.rect().center())
            self._runner.send(self._event(_OF_GESTURES[key], at, event.modifiers()))
        elif key in _ARROWS:
            self._nudge(*_ARROWS[key], bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
        elif key == Qt.Key.Key_Space:
            self._space = True
            self._show_cursor()
        elif not event.isAutoRepeat():
            self.comparing = True

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        """End what the key was held for."""
        key = event.key()
        if event.isAutoRepeat():
            return
        if key in _MODIFIERS:
            self._change_keys(event.modifiers())
        elif key == Qt.Key.Key_Space:
            self._space = False
            self._show_cursor()
        elif key == COMPARE_KEY:
            self.comparing = False
        else:
            event.ignore()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Let go of every key: their release will be told to somebody else."""
        self._space = self.comparing = False
        if not self._runner.lasts:
            self._change_keys(Qt.KeyboardModifier.NoModifier)
        self._show_cursor()
        super().focusOutEvent(event)

    def _wants(self, event: QKeyEvent) -> bool:
        """Tell whether a key is for the canvas at this moment."""
        key, plain = event.key(), not event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Escape or key in _OF_GESTURES:
            return self._runner.lasts
        keypad = event.modifiers() & ~Qt.KeyboardModifier.ShiftModifier & ~Qt.KeyboardModifier.KeypadModifier
        return (key in _ARROWS and not keypad) or (plain and key in (Qt.Key.Key_Space, COMPARE_KEY))

    def _nudge(self, dx: int, dy: int, far: bool) -> None:
        step = STRIDE if far else STEP
        try:
            if not self._runner.lasts and not self._tool.nudge(self.document, dx * step, dy * step):
                self.viewport.pan(-dx * PAN_STEP * self.scale, -dy * PAN_STEP * self.scale)
        except LamaDesktopError as error:
            self.refused.emit(str(error))

    def _change_keys(self, modifiers: Qt.KeyboardModifier) -> None:
        """Tell the gesture, or the hovering tool, that other modifiers are held."""
        if self._position is None:
            return
        event = self._event(Kind.CHANGE, self._position, modifiers)
        if self._runner.lasts:
            self._runner.change(event)
        else:
            self._pointer, overlay = self._tool.hover(self.document, event)
            self._show_overlay(overlay)
            self._show_cursor()

    # What follows

    def _event(self, kind: Kind, position: QPointF, keys: Qt.KeyboardModifier, pressure: float = 1.0) -> PointerEvent:
        self._keys = keys
        return pointer_event(kind, position, keys, self.viewport, self.scale, pressure, self._button)

    def _show_overlay(self, overlay: Overlay) -> None:
        for rect in self._overlay.show(overlay):
            self.update_screen(rect)

    def _show_cursor(self) -> None:
        """Show the system's pointer that fits what would happen now."""
        pointer, shape = self._pointer, None
        if self.navigation.pans or (self._runner.lasts and pointer is Pointer.OPEN_HAND):
            pointer = Pointer.CLOSED_HAND
        elif self._space:
            pointer = Pointer.OPEN_HAND
        elif self._runner.works:
            shape = Qt.CursorShape.BusyCursor
        elif self._takes_line or (self._near_line and not self._runner.lasts):
            shape = Qt.CursorShape.SplitHCursor
        if (pointer, shape) != self._cursor:
            self._cursor = pointer, shape
            self.setCursor(cursor_of(pointer, self.scale) if shape is None else shape)

    @property
    def _near_line(self) -> bool:
        """Whether the pointer is at the line of the split."""
        return self._position is not None and self._compare.takes(
            self._position.x() * self.scale, round(self.width() * self.scale)
        )

    def _follow_view(self) -> None:
        self._overlay.moved()
        self.refresh_pointer()

    def _end_gesture(self, tool: Tool, left_a_step: bool) -> None:
        self._tell_options()
        self.refresh_pointer()
        self.gesture_ended.emit(tool, left_a_step)

    def _tell_options(self) -> None:
        """Tell when the options of the tool are others than before, and show it so."""
        if self._tool.options is not self._options:
            self._options = self._tool.options
            self.refresh_pointer()
            self.options_changed.emit(self._tool)
