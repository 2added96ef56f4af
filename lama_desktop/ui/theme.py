"""Theme: the colours and measures of the window, once; light and dark, following the system.

`LIGHT` and `DARK` are the only places where a colour of the window is written. They reach the widgets as a QPalette,
which hand-painted controls read, and as the style sheet `resources/style.qss`, where `@name` stands for a token.
"""

import dataclasses
import re
from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QPalette
from PySide6.QtWidgets import QApplication

from lama_desktop.paths import resource

UNIT = 4
"""All distances are multiples of this many pixels."""
GAP, PADDING = 8, 12
RADIUS, FIELD_RADIUS, THUMBNAIL_RADIUS = 8, 6, 4
PANEL_ROW, LAYER_ROW, SMALL_ROW = 34, 52, 28
TOOL_BUTTON, TOOL_ICON = 36, 20

_ROLE = QPalette.ColorRole


class ThemeChoice(StrEnum):
    """Which colours the window has."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True)
class Tokens:
    """The colours of one theme, as "#rrggbb".

    `accent` draws lines, rings and handles; `action` is the same blue as deep as white text on it needs.
    """

    window: str
    panel: str
    raised: str
    hover: str
    field: str
    line: str
    text: str
    secondary: str
    disabled: str
    accent: str
    action: str
    action_hover: str
    action_pressed: str
    on_action: str
    selection: str
    surround: str
    danger: str
    warning: str
    mask: str = "#ff4060"


DARK = Tokens(
    window="#1f2124",
    panel="#26282c",
    raised="#2f3237",
    hover="#34373d",
    field="#1a1c1f",
    line="#36393f",
    text="#e4e6ea",
    secondary="#9aa0a8",
    disabled="#797e85",
    accent="#4c9ffe",
    action="#2273e6",
    action_hover="#2e6ddb",
    action_pressed="#1f5fc4",
    on_action="#ffffff",
    selection="#34435a",
    surround="#17181a",
    danger="#ff6b6b",
    warning="#f0b44c",
)
LIGHT = Tokens(
    window="#eceef1",
    panel="#f6f7f9",
    raised="#ffffff",
    hover="#e3e6ea",
    field="#ffffff",
    line="#d4d8de",
    text="#1d2025",
    secondary="#656c76",
    disabled="#7f868f",
    accent="#1f6fe0",
    action="#1f6fe0",
    action_hover="#1862cb",
    action_pressed="#1355b3",
    on_action="#ffffff",
    selection="#d8e6fb",
    surround="#c9ccd1",
    danger="#c62f2f",
    warning="#8f5a00",
)


class Theme(QObject):
    """The theme in use. Lives on the UI thread; `changed` follows every switch, after the widgets have it.

    Args:
        application: what is dressed.
        choice: whether to follow the system.
    """

    changed = Signal()

    def __init__(self, application: QApplication, choice: ThemeChoice = ThemeChoice.SYSTEM) -> None:
        super().__init__()
        self._application = application
        self._hints = application.styleHints()
        self._choice: ThemeChoice | None = None
        self.tokens = DARK
        application.setStyle("Fusion")
        self._hints.colorSchemeChanged.connect(self._dress)
        self.choose(choice)

    def choose(self, choice: ThemeChoice) -> None:
        """Take the light, the dark, or the system's colours."""
        if choice is self._choice:  # to dress every widget anew takes long
            return
        self._choice = choice
        schemes = {ThemeChoice.LIGHT: Qt.ColorScheme.Light, ThemeChoice.DARK: Qt.ColorScheme.Dark}
        self._hints.setColorScheme(schemes.get(choice, Qt.ColorScheme.Unknown))
        self._dress()

    def _dress(self) -> None:
        scheme = self._hints.colorScheme()
        # A system that does not tell gets the dark window: next to it, photos are judged best.
        system = self._choice is ThemeChoice.SYSTEM
        light = scheme == Qt.ColorScheme.Light if system else self._choice is ThemeChoice.LIGHT
        self.tokens = LIGHT if light else DARK
        self._application.setPalette(palette(self.tokens))
        self._application.setStyleSheet(style_sheet(self.tokens))
        self.changed.emit()


def palette(tokens: Tokens) -> QPalette:
    """Return the palette of a theme; PlaceholderText is the secondary text, Mid the hairline, Accent the accent."""
    roles = {
        _ROLE.Window: tokens.panel,
        _ROLE.WindowText: tokens.text,
        _ROLE.Base: tokens.field,
        _ROLE.AlternateBase: tokens.panel,
        _ROLE.Text: tokens.text,
        _ROLE.PlaceholderText: tokens.secondary,
        _ROLE.Button: tokens.raised,
        _ROLE.ButtonText: tokens.text,
        _ROLE.BrightText: tokens.danger,
        _ROLE.Light: tokens.raised,
        _ROLE.Midlight: tokens.hover,
        _ROLE.Mid: tokens.line,
        _ROLE.Dark: tokens.window,
        _ROLE.Shadow: tokens.surround,
        _ROLE.Highlight: tokens.selection,
        _ROLE.HighlightedText: tokens.text,
        _ROLE.Accent: tokens.accent,
        _ROLE.Link: tokens.accent,
        _ROLE.LinkVisited: tokens.accent,
        _ROLE.ToolTipBase: tokens.raised,
        _ROLE.ToolTipText: tokens.text,
    }
    result = QPalette()
    for role, color in roles.items():
        result.setColor(role, QColor(color))
    for role in (_ROLE.WindowText, _ROLE.Text, _ROLE.ButtonText, _ROLE.PlaceholderText):
        result.setColor(QPalette.ColorGroup.Disabled, role, QColor(tokens.disabled))
    return result


def style_sheet(tokens: Tokens) -> str:
    """Return `resources/style.qss` with the tokens in it."""
    words = dataclasses.asdict(tokens) | {
        "radius": f"{RADIUS}px",
        "field_radius": f"{FIELD_RADIUS}px",
        "icons": resource("icons").as_posix(),
    }
    text = resource("style.qss").read_text(encoding="utf-8")
    return re.sub(r"@([a-z_]+)", lambda match: words[match[1]], text)


def contrast(first: str, second: str) -> float:
    """Return the contrast of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    high, low = sorted((_luminance(first), _luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def mixed(first: str, second: str, share: float) -> QColor:
    """Return the colour that is `share` of the way from the first to the second."""
    a, b = QColor(first), QColor(second)
    pairs = ((a.red(), b.red()), (a.green(), b.green()), (a.blue(), b.blue()))
    return QColor(*(round(x + (y - x) * share) for x, y in pairs))


def tabular(font: QFont) -> QFont:
    """Return a font whose digits are all equally wide."""
    font = QFont(font)
    font.setFeature(QFont.Tag("tnum"), 1)
    return font


def scaled(font: QFont, factor: float) -> QFont:
    """Return a font of another size, whatever its own is given in."""
    font = QFont(font)
    if font.pointSizeF() > 0:
        font.setPointSizeF(font.pointSizeF() * factor)
    else:
        font.setPixelSize(round(font.pixelSize() * factor))
    return font


def small(font: QFont) -> QFont:
    """Return a font one step smaller, for secondary lines."""
    return scaled(font, 12 / 13)


def weighted(font: QFont, weight: QFont.Weight) -> QFont:
    """Return a font of another weight: Medium for names, DemiBold for titles."""
    font = QFont(font)
    font.setWeight(weight)
    return font


def _luminance(color: str) -> float:
    parts = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
