"""Icons: the drawings of `resources/icons`, tinted by the theme and by what a widget is doing, sharp at every scale.

A drawing is an SVG on a 24 grid whose lines are `currentColor`. It is drawn when a widget asks for it, at the pixels of
the screen it is on, so nothing is scaled and a change of theme needs a repaint only. UI thread.
"""

from functools import lru_cache

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QImage, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from lama_desktop.paths import resource
from lama_desktop.ui.theme import Theme, Tokens

FADED = 0.35
"""Opacity of the icon of something that cannot be used now."""


def themed_icon(theme: Theme, name: str, token: str = "secondary", checked: str = "on_action") -> QIcon:
    """Return an icon in the colours of the theme, now and after every switch.

    It is drawn in `token`, in the text's colour under the pointer or on a selection, in `checked` where a button is
    checked, and faded where it is disabled.

    Args:
        theme: read whenever the icon is drawn.
        name: a file of `resources/icons`, without its suffix.
        token: a colour of the theme.
        checked: another one, for buttons that are down; that of text on the accent, if nothing is said.
    """
    return QIcon(_ThemedEngine(theme, name, token, checked))


def program_icon() -> QIcon:
    """Return the icon of the program, in its own colours."""
    return QIcon(str(resource("icons", "lama-desktop.svg")))


def drawing(name: str, color: str, side: int, scale: float, opacity: float = 1.0) -> QPixmap:
    """Return an icon as a pixmap.

    Args:
        name: a file of `resources/icons`, without its suffix.
        color: of its lines.
        side: width and height, in widget pixels.
        scale: device pixels per widget pixel.
        opacity: 0 to 1.
    """
    pixels = max(1, round(side * scale))
    picture = QImage(pixels, pixels, QImage.Format.Format_ARGB32_Premultiplied)
    picture.fill(Qt.GlobalColor.transparent)
    painter = QPainter(picture)
    painter.setOpacity(opacity)
    _renderer(name, color).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    picture.setDevicePixelRatio(scale)
    return QPixmap.fromImage(picture)


class _ThemedEngine(QIconEngine):
    """Draws one icon."""

    def __init__(self, theme: Theme, name: str, token: str, checked: str) -> None:
        super().__init__()
        self._theme, self._name, self._token, self._checked = theme, name, token, checked

    def clone(self) -> QIconEngine:
        """Return another engine for the same icon."""
        return _ThemedEngine(self._theme, self._name, self._token, self._checked)

    def scaledPixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State, scale: float) -> QPixmap:
        """Return it for a screen of some scale; `size` is in widget pixels."""
        faded = FADED if mode is QIcon.Mode.Disabled else 1.0
        return drawing(self._name, self._color(mode, state), min(size.width(), size.height()), scale, faded)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return it at a scale of 1."""
        return self.scaledPixmap(size, mode, state, 1.0)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Draw it with a painter, at the scale of what that draws on."""
        scale = painter.device().devicePixelRatioF()
        picture = self.scaledPixmap(rect.size(), mode, state, scale)
        side = min(rect.width(), rect.height())
        painter.drawPixmap(rect.x() + (rect.width() - side) // 2, rect.y() + (rect.height() - side) // 2, picture)

    def _color(self, mode: QIcon.Mode, state: QIcon.State) -> str:
        tokens: Tokens = self._theme.tokens
        if state is QIcon.State.On:
            return str(getattr(tokens, self._checked))
        token = "text" if mode in (QIcon.Mode.Active, QIcon.Mode.Selected) else self._token
        return QColor(getattr(tokens, token)).name()


@lru_cache(maxsize=512)
def _renderer(name: str, color: str) -> QSvgRenderer:
    data = resource("icons", f"{name}.svg").read_bytes()
    return QSvgRenderer(data.replace(b"currentColor", color.encode()))
