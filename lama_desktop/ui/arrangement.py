"""Arrangement: where bars and panels are, whether they are shown, and how the keyboard goes from one to the next."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QObject, QSize, Qt, QTimer
from PySide6.QtWidgets import QApplication, QScrollArea, QWidget

from lama_desktop.ui.panels.panel import WIDTH

if TYPE_CHECKING:
    from lama_desktop.ui.main_window import MainWindow

SIZE = QSize(1440, 900)
"""Of a new window, where the screen is large enough."""
FRAME = 40
"""What the system's title bar may take of the screen's height; how much it is, is known only when it is there."""
HEIGHTS = (380, 190)
"""Of the layers and history panels in a new window; the engine panel is as high as its options."""
LAYOUT, GEOMETRY, VERSION = "layout", "geometry", 1
_ALL, _PAGE = "all", "page"
"""Why what is around the photo is hidden: the user wants it so, or a page has no use for it."""


class Arrangement(QObject):
    """The layout of a window, remembered in its settings.

    Args:
        window: its bars and panels are made.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._reasons: frozenset[str] = frozenset()
        self._layout = QByteArray()
        """What comes back when nothing is hidden any more."""
        self._size, self._engine_height, self._given = QSize(), 0, 0
        window.installEventFilter(self)
        window.engine.installEventFilter(self)
        _application().focusChanged.connect(self._catch_focus)

    @property
    def hides_all(self) -> bool:
        """Whether everything around the photo was hidden at once."""
        return _ALL in self._reasons

    def reset(self) -> None:
        """Put everything where it is in a new window."""
        window, side = self._window, Qt.DockWidgetArea.RightDockWidgetArea
        self._reasons = frozenset()
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, window.tool_options)
        window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, window.toolbox)
        stacked = (window.engine, window.layers, window.history)
        for panel in (*stacked, window.navigator):
            panel.setFloating(False)
            window.addDockWidget(side, panel)
        for shown in (*stacked, window.toolbox, window.tool_options):
            shown.show()
        window.navigator.hide()
        whole = window.engine.sizeHint().height()
        window.resizeDocks(list(stacked), [whole, *HEIGHTS], Qt.Orientation.Vertical)
        window.resizeDocks([window.engine], [WIDTH], Qt.Orientation.Horizontal)
        self._engine_height = whole
        self._keep_engine()

    def restore(self) -> None:
        """Put everything where it was when the window was last closed, as far as the screen is large enough."""
        window = self._window
        geometry, state = window.settings.recall(GEOMETRY, ""), window.settings.recall(LAYOUT, "")
        if not geometry or not window.restoreGeometry(_bytes(geometry)):
            window.resize(SIZE.boundedTo(window.screen().availableSize() - QSize(0, FRAME)))
        elif not window.windowState() & (Qt.WindowState.WindowMaximized | Qt.WindowState.WindowFullScreen):
            window.resize(window.size().boundedTo(window.screen().availableSize()))
        self.reset()
        if state and window.restoreState(_bytes(state), VERSION):
            self._engine_height = 0  # as it will be shown

    def remember(self) -> None:
        """Remember where everything is, and what is hidden at once as if it were not."""
        settings, window = self._window.settings, self._window
        settings.remember(GEOMETRY, _text(window.saveGeometry()))
        settings.remember(LAYOUT, _text(self._layout if self._reasons else window.saveState(VERSION)))

    def toggle(self) -> None:
        """Hide everything around the photo, or show what was there."""
        self._hide(_ALL, not self.hides_all)

    def make_room(self, wanted: bool) -> None:
        """Put what is around photos away for a page that has no use for it, or bring it back."""
        self._hide(_PAGE, wanted)

    def disconnect_from_application(self) -> None:
        """Listen to the application no more; called before the window goes."""
        _application().focusChanged.disconnect(self._catch_focus)

    def _catch_focus(self, old: QWidget | None, now: QWidget | None) -> None:
        """Give the keyboard back to the photo when a field lets go of it."""
        canvas = self._window.canvas
        if now is None and self._window.isActiveWindow() and canvas is not None:
            QTimer.singleShot(0, canvas, canvas.setFocus)

    def _hide(self, reason: str, wanted: bool) -> None:
        """Hide what is around the photo as long as there is a reason, then put it back to the pixel."""
        window, before = self._window, self._reasons
        self._reasons = before | {reason} if wanted else before - {reason}
        if self._reasons and not before:
            self._layout = window.saveState(VERSION)
            for widget in (*window.panels, window.toolbox, window.tool_options):
                widget.hide()
        elif before and not self._reasons:
            window.restoreState(self._layout, VERSION)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Keep the engine panel as high as it is when the window becomes lower: lists scroll better than forms."""
        window, engine = self._window, self._window.engine
        if watched is window and event.type() == QEvent.Type.Show:
            QTimer.singleShot(0, window, self._raise_floating)
        if not engine.isVisible() or engine.isFloating():
            return False
        if watched is window and event.type() in (QEvent.Type.Resize, QEvent.Type.Show):
            self._size = window.size()  # its layout has done its part already
            self._engine_height = self._engine_height or engine.height()
            self._keep_engine()
        elif event.type() == QEvent.Type.Resize and window.size() == self._size and engine.height() != self._given:
            self._engine_height = engine.height()  # by hand, or because of its neighbours
        return False

    def _raise_floating(self) -> None:
        """Bring panels that float before the window, as they were: restored, they were shown before it was."""
        for panel in self._window.panels:
            if panel.isFloating() and panel.isVisible():
                area = panel.screen().availableGeometry()
                corner, room = panel.pos(), area.size() - panel.frameGeometry().size()
                left = min(max(corner.x(), area.left()), area.left() + max(0, room.width()))
                top = min(max(corner.y(), area.top()), area.top() + max(0, room.height()))
                panel.move(left, top)
                panel.raise_()

    def _keep_engine(self) -> None:
        """Give the engine panel its height, as far as those above and below it can be so low."""
        window, engine = self._window, self._window.engine
        left, tabs = engine.geometry().left(), window.tabifiedDockWidgets(engine)
        others = [
            each
            for each in window.panels
            if each is not engine
            and each.isVisible()
            and not each.isFloating()
            and each not in tabs
            and each.geometry().left() == left
        ]
        least = [each.minimumSizeHint().height() for each in others]
        spare = [max(each.height() - low, 1) for each, low in zip(others, least, strict=True)]
        total = engine.height() + sum(each.height() for each in others)
        height = min(self._engine_height, total - sum(least))
        self._given = height
        if others and height != engine.height():
            left_over = total - height - sum(least)
            heights = [low + round(left_over * part / sum(spare)) for low, part in zip(least, spare, strict=True)]
            window.resizeDocks([engine, *others], [height, *heights], Qt.Orientation.Vertical)

    def toggle_full_screen(self) -> None:
        """Take the whole screen, or go back to a window."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def step(self, steps: int) -> None:
        """Give the keyboard to the next part of the window: photo, tools, options, panels."""
        window = self._window
        over = window.variations  # lies over the photo, and so stands before what it lies in
        every: tuple[QWidget, ...] = (over, window.workspace, window.toolbox, window.tool_options, *window.panels)
        parts = [each for each in every if each.isVisible()]
        focus = QApplication.focusWidget()
        now = next((i for i, part in enumerate(parts) if focus is not None and part.isAncestorOf(focus)), 0)
        for offset in range(1, len(parts) + 1):
            part = parts[(now + steps * offset) % len(parts)]
            first = window.canvas if part is window.workspace and window.canvas is not None else _first_focus(part)
            if first is not None:
                first.setFocus(Qt.FocusReason.TabFocusReason)
                _bring_into_view(first)
                return


def _application() -> QApplication:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    return application


def _first_focus(part: QWidget) -> QWidget | None:
    """Return the first widget in a part of the window that takes the keyboard, in the order of the Tab key."""
    each = part.nextInFocusChain()
    while each is not None and each is not part:
        takes_keys = each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.isVisible() and each.isEnabled()
        if takes_keys and part.isAncestorOf(each):
            return each
        each = each.nextInFocusChain()
    return None


def _bring_into_view(widget: QWidget) -> None:
    """Scroll what scrolls around a widget, as Qt does for the Tab key only."""
    around = widget.parentWidget()
    while around is not None:
        if isinstance(around, QScrollArea):
            around.ensureWidgetVisible(widget)
        around = around.parentWidget()


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "replace"))


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
