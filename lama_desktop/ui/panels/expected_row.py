"""ExpectedRow: under the presets, how many seconds each would take."""

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QWidget

from lama_desktop.engine.estimate import Estimate
from lama_desktop.engine.options import Preset
from lama_desktop.ui.text import in_seconds, tr
from lama_desktop.ui.theme import UNIT, small, tabular


class ExpectedRow(QWidget):
    """Three small numbers, each in the middle of its third; always as high, with or without them."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: tuple[str, ...] = ()
        """What is shown, a preset each."""
        self.setFont(tabular(small(self.font())))
        self.setAccessibleName(tr("Expected time"))

    def show_estimates(self, estimates: dict[Preset, Estimate]) -> None:
        """Show what is expected; {} is nothing."""
        self.texts = tuple(self._text(each) for each in estimates.values())
        said = [
            (tr("{preset}: {time}") if each.measured else tr("{preset}: about {time}")).format(
                preset=tr(preset[:1].upper() + preset[1:]), time=in_seconds(each.seconds)
            )
            for preset, each in estimates.items()
        ]
        guess = not all(each.measured for each in estimates.values())
        hint = [tr("Rough as long as nothing was filled so on this machine.")] if guess else []
        self.setToolTip("\n".join([tr("To remove what is masked now:"), *said, *hint]) if said else "")
        self.setAccessibleDescription(", ".join(said))
        self.update()

    def sizeHint(self) -> QSize:
        """Return the height of a line."""
        return QSize(0, self.fontMetrics().height() + UNIT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the numbers."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
        for index, text in enumerate(self.texts):
            third = self.rect()
            third.setLeft(self.width() * index // len(self.texts))
            third.setRight(self.width() * (index + 1) // len(self.texts) - 1)
            painter.drawText(third, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop, text)

    @staticmethod
    def _text(estimate: Estimate) -> str:
        time = in_seconds(max(estimate.seconds, 0.1))
        return time if estimate.measured else f"≈ {time}"
