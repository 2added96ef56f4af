"""Toolbox: a column of tools, one of which is in hand."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QToolBar, QToolButton

from lama_desktop.tools.tool import Tool
from lama_desktop.ui.icons import themed_icon
from lama_desktop.ui.text import tr
from lama_desktop.ui.theme import TOOL_BUTTON, TOOL_ICON, Theme

GROUPS = ("lasso", "move")
"""Tools that begin a new group."""


class Toolbox(QToolBar):
    """The tools, in their order.

    Args:
        tools: every tool, one instance each.
        actions: by tool, in the same order; checking one takes that tool.
        theme: for the arrow under which tools are found that a low window has no room for.

    Signals:
        chosen: a tool was taken in hand.
    """

    chosen = Signal(object)

    def __init__(self, tools: Sequence[Tool], actions: Sequence[QAction], theme: Theme) -> None:
        super().__init__(tr("Toolbox"))
        self.setObjectName("toolbox")
        self.setOrientation(Qt.Orientation.Vertical)
        self.setMovable(False)
        self.setIconSize(QSize(TOOL_ICON, TOOL_ICON))
        self._actions = {tool.id: action for tool, action in zip(tools, actions, strict=True)}
        group = QActionGroup(self)
        for rest in self.findChildren(QToolButton, "qt_toolbar_ext_button"):
            rest.setIcon(themed_icon(theme, "chevron-down"))
            rest.setAccessibleName(tr("More tools"))
        for tool, action in zip(tools, actions, strict=True):
            if tool.id in GROUPS:
                self.addSeparator()
            action.setCheckable(True)
            group.addAction(action)
            self.addAction(action)
            button = self.widgetForAction(action)
            assert isinstance(button, QToolButton)
            button.setFixedSize(TOOL_BUTTON, TOOL_BUTTON)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setAccessibleName(tr(tool.title))
            button.setAccessibleDescription(tr(tool.hint))
            action.toggled.connect(lambda on, tool=tool: self.chosen.emit(tool) if on else None)

    def take(self, id: str) -> None:
        """Take a tool in hand."""
        self._actions[id].setChecked(True)
