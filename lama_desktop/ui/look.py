"""Look: how every canvas shows its document: the mask and its colour, the grid, the wheel, the comparison."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QColor

from lama_desktop.options import Section
from lama_desktop.settings import Settings
from lama_desktop.tools.tool import Tool
from lama_desktop.ui.canvas.canvas import Canvas
from lama_desktop.ui.sections import Appearance
from lama_desktop.ui.theme import DARK
from lama_desktop.ui.toolbelt import masks

COLORS = (DARK.mask, "#3ddc84", "#4c9ffe", "#ffd54a", "#ffffff")
"""What "Next mask colour" goes through: there is one for every photo."""


class Look(QObject):
    """Keeps the canvases alike.

    Args:
        settings: the section Appearance.
        canvases: returns those that are open.

    Signals:
        changed: something looks different.
    """

    changed = Signal()

    def __init__(self, settings: Settings, canvases: Callable[[], Sequence[Canvas]]) -> None:
        super().__init__()
        self._settings, self._canvases = settings, canvases
        self.mask_shown: bool = True
        settings.tell(self._follow)

    @property
    def appearance(self) -> Appearance:
        """What was chosen."""
        return self._settings[Appearance]

    def dress(self, canvas: Canvas) -> None:
        """Make a canvas look as was chosen."""
        chosen = self.appearance
        color = QColor(chosen.mask_color)
        if not color.isValid():
            color = QColor(DARK.mask)
        color.setAlphaF(chosen.mask_opacity)
        canvas.mask_color, canvas.mask_shown, canvas.grid_shown = color, self.mask_shown, chosen.pixel_grid
        canvas.outline_shown = chosen.mask_outline
        canvas.navigation.wheel_zooms = chosen.wheel_zooms

    def refresh(self) -> None:
        """Make every canvas look as was chosen."""
        for canvas in self._canvases():
            self.dress(canvas)
        self.changed.emit()

    def toggle_mask(self) -> None:
        """Show the masks, or hide them."""
        self.mask_shown = not self.mask_shown
        self.refresh()

    def follow_gesture(self, tool: Tool) -> None:
        """Show the masks again where one begins to paint at them unseen."""
        if masks(tool) and not self.mask_shown:
            self.toggle_mask()

    def toggle_grid(self) -> None:
        """Show lines between pixels at a high zoom, or do not."""
        self._settings.put(replace(self.appearance, pixel_grid=not self.appearance.pixel_grid))

    def cycle_mask_color(self) -> None:
        """Show the masks in the next colour."""
        now = self.appearance.mask_color
        following = COLORS[(COLORS.index(now) + 1) % len(COLORS)] if now in COLORS else COLORS[0]
        self._settings.put(replace(self.appearance, mask_color=following))

    def toggle_split(self, canvas: Canvas) -> None:
        """Show the original beside the present, or the present only."""
        canvas.split = 0.5 if canvas.split is None else None
        self.changed.emit()

    def _follow(self, section: Section) -> None:
        if isinstance(section, Appearance):
            self.refresh()
