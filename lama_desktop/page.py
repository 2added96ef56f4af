"""Pages: reports as one HTML file that needs nothing but itself, light and dark, and the numbers and pictures in them.

Styles, script and pictures are inside, and the page is forbidden to ask any server for anything. Pure functions.
"""

import base64
import html
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from lama_desktop import __version__
from lama_desktop.paths import resource

_FOLDER = "report"


@dataclass(frozen=True)
class Embedded:
    """A picture as an address that holds it, with its width and height in pixels."""

    uri: str
    width: int
    height: int


def page(
    title: str, content: str, footer: str, styles: Sequence[str], script: str = "", *, head: str = "", body: str = ""
) -> str:
    """Return a whole page.

    Args:
        title: a text; everything else is HTML.
        content: what is shown.
        footer: what is shown below, before the version of the program.
        styles, script: names of files in `resources/report`.
        head: further elements of the head.
        body: attributes of the body.
    """
    style = "".join(_resource(name) for name in styles)
    code = f"<script>\n{_resource(script)}</script>\n" if script else ""
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" \
content="default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'">
{head}
<title>{html.escape(title)}</title>
<style>
{style}</style>
</head>
<body{" " + body if body else ""}>
<main>
{content}
<footer>{footer} · LaMa Desktop {__version__}</footer>
</main>
{code}</body>
</html>
"""


def section(title: str, note: str, content: str) -> str:
    """Return a part of a page under a heading; nothing where there is no content. `note` is HTML, as `content` is."""
    return f"<h2>{html.escape(title)} <small>{note}</small></h2>{content}" if content else ""


def embedded(picture: NDArray[np.uint8], width: int, height: int, quality: int) -> Embedded:
    """Return a picture, (H, W, 3) uint8 RGB, as a JPEG that is scaled down to fit a width and a height."""
    high, wide = picture.shape[:2]
    scale = min(1.0, width / wide, height / high)
    if scale < 1:
        wide, high = max(1, round(wide * scale)), max(1, round(high * scale))
        picture = cv2.resize(picture, (wide, high), interpolation=cv2.INTER_AREA).astype(np.uint8)
    _, data = cv2.imencode(".jpg", picture[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return Embedded(f"data:image/jpeg;base64,{base64.b64encode(data.tobytes()).decode()}", wide, high)


def compact(value: float) -> str:
    """Return a number in few characters: 0.0123, 15.2, 12.3k, 1.2M, 3e-5."""
    size = abs(value)
    if not math.isfinite(value):
        return "–"
    if size >= 9.995e5:
        return f"{value / 1e6:.3g}M"
    if size >= 9995:
        return f"{value / 1e3:.3g}k"
    if size >= 999.5:
        return f"{value:.0f}"
    if size and size < 1e-3:
        return f"{value:.2g}".replace("e-0", "e-")
    return f"{value:.3g}"


def figure(value: float) -> str:
    """Return a number with four digits, so that figures of one kind are of one length: 15.00, 0.4320, 12.3k."""
    return f"{value:#.4g}" if 1e-3 <= abs(value) < 999.5 else compact(value)


def _resource(name: str) -> str:
    return resource(_FOLDER, name).read_text(encoding="utf-8")
