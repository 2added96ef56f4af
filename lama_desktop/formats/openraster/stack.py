"""stack.xml: the tree of layers and groups of an OpenRaster file as XML, and the attributes of both.

Reading takes nothing on trust: no document type (and so no entities), a limited size, number and depth of elements; an
attribute that makes no sense counts as absent. Attributes of other programs are left alone. Pure functions; any thread.

Source: OpenRaster 0.0.6, layer stack specification (openraster.org); `edit-locked` and `selected` as MyPaint and Krita
have them. What only this program knows is in a namespace of its own, which others pass over.
"""

import math
import re
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from lama_desktop.core.blend import NORMAL, blend_mode
from lama_desktop.core.group import MAX_DEPTH
from lama_desktop.core.node import Lock, Node
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import damaged

NAMESPACE = "urn:lama-desktop:openraster"
PREFIX = "lama"
VERSION = "0.0.5"
MAX_BYTES = 4 << 20
MAX_ELEMENTS = 4000
FARTHEST = 1 << 24
"""No layer is farther away than this; others are moved here."""
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What cannot stand in XML at all."""
_LOCKS = {"pixels": Lock.PIXELS, "alpha": Lock.ALPHA, "position": Lock.POSITION}


def parse(data: bytes, name: str) -> Element:
    """Return the `image` element of a stack.xml.

    Args:
        data: the file.
        name: what to call the archive in sentences.

    Raises:
        FileFormatError: it is damaged, or made to do harm.
    """
    parser = ElementTree.XMLParser(target=_Builder(name))
    try:
        parser.feed(data)
        root = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:  # LookupError: an encoding of a made-up name
        raise damaged(name, "its list of layers is damaged") from error
    if not isinstance(root, Element) or root.tag != "image":
        raise damaged(name, "its list of layers is damaged")
    return root


def own(name: str) -> str:
    """Return one of this program's own attributes as `parse` names it."""
    return f"{{{NAMESPACE}}}{name}"


def image(size: tuple[int, int], resolution: tuple[float, float] | None) -> Element:
    """Return the root of a stack.xml with an empty stack in it."""
    result = Element("image", {"version": VERSION, "w": str(size[0]), "h": str(size[1])})
    if resolution is not None:
        across, down = (str(max(1, round(each))) for each in resolution)
        result.attrib |= {"xres": across, "yres": down}
    result.set(f"xmlns:{PREFIX}", NAMESPACE)
    ElementTree.SubElement(result, "stack")
    return result


def written(root: Element) -> bytes:
    """Return the file of an element tree."""
    ElementTree.indent(root)
    return ElementTree.tostring(root, "utf-8", xml_declaration=True)


def attributes(node: Node) -> dict[str, str]:
    """Return what a layer or a group is, but for its place."""
    found = {
        "name": _UNWRITABLE.sub("\ufffd", node.name),
        "opacity": repr(float(node.opacity)),
        "visibility": "visible" if node.visible else "hidden",
        "composite-op": node.mode.name,
    }
    if Lock.PIXELS in node.lock:
        found["edit-locked"] = "true"
    if node.lock:
        found[f"{PREFIX}:lock"] = " ".join(name for name, lock in _LOCKS.items() if lock in node.lock)
    return found


def properties(element: Element, unknown: set[str]) -> dict[str, Any]:
    """Return the properties of a layer or a group, as arguments of its constructor.

    Args:
        element: `layer` or `stack`.
        unknown: gets the blend modes that are not known here, which count as normal.
    """
    op = element.get("composite-op", NORMAL.name)
    mode = blend_mode(op if ":" in op else f"svg:{op}")
    if mode is None:
        unknown.add(op)
    lock = Lock.PIXELS | Lock.POSITION if element.get("edit-locked") == "true" else Lock.NONE
    if (named := element.get(own("lock"))) is not None:
        lock = Lock.NONE
        for word in named.split():
            lock |= _LOCKS.get(word, Lock.NONE)
    return {
        "name": element.get("name", ""),
        "opacity": min(max(number(element, "opacity", 1.0), 0.0), 1.0),
        "mode": mode or NORMAL,
        "visible": element.get("visibility", "visible") != "hidden",
        "lock": lock,
    }


def number(element: Element, attribute: str, default: float) -> float:
    """Return an attribute as a number; the default where it is absent or none."""
    try:
        value = float(element.get(attribute, ""))
    except ValueError:
        return default
    return value if math.isfinite(value) else default


def origin(element: Element) -> tuple[int, int]:
    """Return where a layer lies."""
    x, y = (round(min(max(number(element, axis, 0), -FARTHEST), FARTHEST)) for axis in ("x", "y"))
    return x, y


def margins(element: Element) -> tuple[int, int, int, int]:
    """Return how much is transparent around a layer's picture and belongs to the layer: left, top, right, bottom."""
    words = element.get(own("margins"), "").split()
    if len(words) != 4 or not all(word.isascii() and word.isdecimal() and len(word) < 9 for word in words):
        return 0, 0, 0, 0
    left, top, right, bottom = (min(int(word), FARTHEST) for word in words)
    return left, top, right, bottom


def isolated(element: Element, version: tuple[int, ...]) -> bool:
    """Tell whether the layers of a stack see only each other.

    Where it says nothing, the texts disagree: up to 0.0.5 they do only if it is faded or blended; since 0.0.6 they do,
    which is also what programs mean that write no version.
    """
    said = element.get("isolation")
    if said is not None:
        return said != "auto"
    plain = element.get("composite-op", NORMAL.name) == NORMAL.name and number(element, "opacity", 1.0) == 1
    return not plain or not (0, 0, 0) < version < (0, 0, 6)


def version_of(root: Element) -> tuple[int, ...]:
    """Return the version of the specification that a file follows; () where it does not say."""
    found = re.fullmatch(r"\s*(\d{1,4})\.(\d{1,4})(?:\.(\d{1,4}))?\s*", root.get("version", ""))
    return tuple(int(each or 0) for each in found.groups()) if found else ()


class _Builder(ElementTree.TreeBuilder):
    """Builds the tree, and refuses what no list of layers is."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name
        self._depth = self._count = 0

    def start(self, tag: Any, attrs: Any) -> Element:
        self._depth += 1
        self._count += 1
        if self._depth > MAX_DEPTH + 3:  # image, stack, the groups, layer
            raise self._refused("its layers are nested too deeply")
        if self._count > MAX_ELEMENTS:
            raise self._refused("it has too many layers")
        return super().start(tag, attrs)

    def end(self, tag: Any) -> Element:
        self._depth -= 1
        return super().end(tag)

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        """Refuse: an OpenRaster file declares no document type, and entities only do harm."""
        raise self._refused("its list of layers declares a document type")

    def _refused(self, why: str) -> FileFormatError:
        return FileFormatError(f"{self._name} is not opened: {why}. Open it in another program and save a copy.")
