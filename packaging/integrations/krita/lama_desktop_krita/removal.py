"""From a Krita document with a selection to a paint layer with the fill. No dialog; Krita's own thread.

Pixels are exchanged as 8 or 16 bit RGBA. A document of another kind (grey, CMYK, float, another profile than sRGB) is
converted on a copy, and the new layer back, so the document itself stays as it is.
"""

import tempfile
from pathlib import Path

from lama_desktop_krita import lama_exchange as exchange
from lama_desktop_krita import lama_program as program_calls

LAYER = "Removed with LaMa Desktop"
_SRGB = "sRGB-elle-V2-srgbtrc.icc"


def remove_selection(document, program, model, tick):
    """Fill what is selected.

    Args:
        document: a `krita.Document` with a selection.
        program: path of lama-desktop.
        model: its id; empty for the best.
        tick: see `lama_program.inpaint`.

    Returns:
        The new layer (`krita.Node`), which is in the document; None where nothing has changed.

    Raises:
        lama_program.Failed: says why.
        lama_program.Stopped: the person stopped it.
    """
    selection = document.selection()
    if selection is None or not selection.width() or not selection.height():
        raise program_calls.Failed("Nothing is selected. Select what should go first.")
    width, height = document.width(), document.height()
    depth = 8 if document.colorDepth() == "U8" else 16
    document.waitForDone()
    before = _picture(document, depth)
    part = exchange.Pixels(
        selection.width(),
        selection.height(),
        1,
        8,
        bytes(selection.pixelData(selection.x(), selection.y(), selection.width(), selection.height())),
    )
    mask = exchange.placed(part, selection.x(), selection.y(), width, height)
    with tempfile.TemporaryDirectory(prefix="lama-desktop-") as name:
        folder = Path(name)
        exchange.write(folder / "photo.tif", before)
        exchange.write(folder / "mask.tif", mask)
        program_calls.inpaint(program, folder / "photo.tif", folder / "mask.tif", folder / "result.tif", model, tick)
        fill = exchange.fill_of(before, exchange.read(folder / "result.tif"))
    return None if fill is None else _new_layer(document, fill, depth)


def _picture(document, depth):
    """Return what the document looks like, as RGBA in sRGB."""
    width, height = document.width(), document.height()
    if _is_srgb(document):
        data = document.pixelData(0, 0, width, height)
    else:
        copy = document.clone()
        copy.setBatchmode(True)
        copy.setColorSpace("RGBA", f"U{depth}", _SRGB)
        copy.waitForDone()
        data = copy.pixelData(0, 0, width, height)
        copy.close()
    return exchange.with_red_first(exchange.Pixels(width, height, 4, depth, bytes(data)))


def _new_layer(document, fill, depth):
    """Put a paint layer with the fill above the active one, or on top; a clipped one outside of groups.

    A group need not have in it all that is seen, and would hide what of the fill goes beyond.
    """
    layer = document.createNode(LAYER, "paintlayer")
    if not _is_srgb(document):
        layer.setColorSpace("RGBA", f"U{depth}", _SRGB)
    pixels = exchange.with_red_first(fill.pixels)
    layer.setPixelData(pixels.data, fill.x, fill.y, pixels.width, pixels.height)
    if not _is_srgb(document):
        layer.setColorSpace(document.colorModel(), document.colorDepth(), document.colorProfile())
    layer.setInheritAlpha(fill.clipped)  # after the colour space, whose channels it is about
    below = document.activeNode() or document.topLevelNodes()[-1]
    while fill.clipped and below.parentNode().parentNode() is not None:
        below = below.parentNode()
    below.parentNode().addChildNode(layer, below)
    document.refreshProjection()
    return layer


def _is_srgb(document):
    """Tell whether the document's own pixels are what is exchanged."""
    plain = document.colorModel() == "RGBA" and document.colorDepth() in ("U8", "U16")
    return plain and "srgb" in document.colorProfile().lower() and "g10" not in document.colorProfile().lower()
