"""Arrangement: where bars and panels are, whether they are shown, and how the keyboard goes from one to the next."""

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, Qt
from PySide6.QtWidgets import QApplication, QWidget

from lama_desktop.ui.panels.panel import WIDTH

if TYPE_CHECKING:
    from lama_desktop.ui.main_window import MainWindow

HEIGHTS = (312, 380, 190)
"""Of the engine, layers and history panels in a new window."""
LAYOUT, GEOMETRY, VERSION = "layout", "geometry", 1


class Arrangement(QObject):
    """The layout of a window, remembered in its settings.

    Args:
        window: its bars and panels are made.
    """

    def __init__(self, window: "MainWindow") -> None:
        super().__init__(window)
        self._window = window
        self._hidden: list[QWidget] = []
        self._aside: list[QWidget] = []

    @property
    def hides_all(self) -> bool:
        """Whether everything around the photo was hidden at once."""
        return bool(self._hidden)

    def reset(self) -> None:
        """Put everything where it is in a new window."""
        window, side = self._window, Qt.DockWidgetArea.RightDockWidgetArea
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, window.tool_options)
        window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, window.toolbox)
        stacked = (window.engine, window.layers, window.history)
        for panel in (*stacked, window.navigator):
            panel.setFloating(False)
            window.addDockWidget(side, panel)
        for shown in (*stacked, window.toolbox, window.tool_options):
            shown.show()
        window.navigator.hide()
        self._hidden, self._aside = [], []
        window.resizeDocks(list(stacked), list(HEIGHTS), Qt.Orientation.Vertical)
        window.resizeDocks([window.engine], [WIDTH], Qt.Orientation.Horizontal)

    def restore(self) -> None:
        """Put everything where it was when the window was last closed."""
        self.reset()
        settings = self._window.settings
        if geometry := settings.recall(GEOMETRY, ""):
            self._window.restoreGeometry(_bytes(geometry))
        state = settings.recall(LAYOUT, "")
        if state and not self._window.restoreState(_bytes(state), VERSION):
            self.reset()

    def remember(self) -> None:
        """Remember where everything is; called when the window has been closed for good."""
        self.make_room(False)
        if self._hidden:
            self.toggle()
        settings, window = self._window.settings, self._window
        settings.remember(GEOMETRY, _text(window.saveGeometry()))
        settings.remember(LAYOUT, _text(window.saveState(VERSION)))

    def toggle(self) -> None:
        """Hide everything around the photo, or show what was there."""
        if self._hidden:
            for widget in self._hidden:
                widget.show()
            self._hidden = []
        else:
            self._hidden = self._put_away()

    def make_room(self, wanted: bool) -> None:
        """Put what is around photos away for a page that has no use for it, or bring it back."""
        if wanted and not self._aside:
            self._aside = self._put_away()
        elif not wanted:
            for widget in self._aside:
                widget.show()
            self._aside = []

    def _put_away(self) -> list[QWidget]:
        """Hide what is shown around the photo; return it."""
        window = self._window
        around: tuple[QWidget, ...] = (*window.panels, window.toolbox, window.tool_options)
        shown = [widget for widget in around if not widget.isHidden()]
        for widget in shown:
            widget.hide()
        return shown

    def toggle_full_screen(self) -> None:
        """Take the whole screen, or go back to a window."""
        self._window.setWindowState(self._window.windowState() ^ Qt.WindowState.WindowFullScreen)

    def step(self, steps: int) -> None:
        """Give the keyboard to the next part of the window: photo, tools, options, panels."""
        window = self._window
        every: tuple[QWidget, ...] = (window.workspace, window.toolbox, window.tool_options, *window.panels)
        parts = [each for each in every if each.isVisible()]
        focus = QApplication.focusWidget()
        now = next((i for i, part in enumerate(parts) if focus is not None and part.isAncestorOf(focus)), 0)
        for offset in range(1, len(parts) + 1):
            part = parts[(now + steps * offset) % len(parts)]
            first = window.canvas if part is window.workspace and window.canvas is not None else _first_focus(part)
            if first is not None:
                first.setFocus(Qt.FocusReason.TabFocusReason)
                return


def _first_focus(part: QWidget) -> QWidget | None:
    """Return the first widget in a part of the window that takes the keyboard."""
    return next(
        (
            each
            for each in part.findChildren(QWidget)
            if each.focusPolicy() & Qt.FocusPolicy.TabFocus and each.isVisible() and each.isEnabled()
        ),
        None,
    )


def _bytes(text: str) -> QByteArray:
    return QByteArray.fromBase64(text.encode("ascii", "replace"))


def _text(data: QByteArray) -> str:
    return bytes(data.toBase64().data()).decode()
