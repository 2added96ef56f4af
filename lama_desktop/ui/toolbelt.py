"""Toolbelt: the tools, and the one in hand. One instance of each serves all documents."""

from collections.abc import Sequence

from PySide6.QtCore import QObject, Signal

from lama_desktop.tools.tool import Tool
from lama_desktop.ui.actions import Action

NO_MASK = ("move", "hand", "zoom", "eraser")
"""Tools after whose gestures there is nothing more to remove."""


class Toolbelt(QObject):
    """Knows which tool is in hand.

    Args:
        tools: one instance each, in the order of the toolbox.

    Signals:
        taken: another tool is in hand: the tool.
        changed: the options of a tool are others: the tool.
    """

    taken = Signal(object)
    changed = Signal(object)

    def __init__(self, tools: Sequence[Tool]) -> None:
        super().__init__()
        self.tools = tuple(tools)
        self.in_hand = tools[0]

    def take(self, tool: Tool) -> None:
        """Take a tool in hand."""
        self.in_hand = tool
        self.taken.emit(tool)

    def suit(self, size: tuple[int, int]) -> None:
        """Let tools that are as they came choose options for a photo of this width and height."""
        for tool in self.tools:
            if tool.options == tool.Options():
                tool.suit(size)
                self.changed.emit(tool)

    def resize(self, steps: int) -> None:
        """Make the tool in hand larger or smaller."""
        if self.in_hand.resize(steps):
            self.changed.emit(self.in_hand)

    def harden(self, steps: int) -> None:
        """Make the edge of the tool in hand harder or softer."""
        if self.in_hand.harden(steps):
            self.changed.emit(self.in_hand)

    def actions(self) -> list[Action]:
        """Return a row for every tool, for the ActionSet; checking its action in the toolbox takes the tool."""
        return [_action(tool) for tool in self.tools]


def masks(tool: Tool) -> bool:
    """Tell whether a gesture of a tool leaves something to remove."""
    return tool.id not in NO_MASK


def _action(tool: Tool) -> Action:
    return Action(
        tool.id,
        tool.title,
        lambda window: window.toolbox.take(tool.id),
        (tool.shortcut,),
        icon=tool.icon,
        tip=tool.hint,
    )
