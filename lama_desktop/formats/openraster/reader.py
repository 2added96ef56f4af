"""An OpenRaster file as a document, whoever wrote it.

The file is never trusted: its archive, its list of layers and every picture in it are checked before they are unpacked,
and there is a limit for all layers together. A layer that is damaged or not there leaves an empty place and a note; the
others are opened. Any thread.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import cv2
import numpy as np

from lama_desktop import formats
from lama_desktop.core.arrays import Coverage, Image
from lama_desktop.core.composite import composite, to_depth
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.exchange import Snapshot, layer_of
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Entry, Group, Tree
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Node
from lama_desktop.core.photo import ColorModel, Encoding, Photo
from lama_desktop.core.profiles import profile_of
from lama_desktop.core.stack import Stack
from lama_desktop.core.tree import node_of
from lama_desktop.errors import FileFormatError
from lama_desktop.formats.base import check_size, damaged, pixel_budget, shown
from lama_desktop.formats.layered import Layered
from lama_desktop.formats.openraster import picture, record, stack
from lama_desktop.formats.openraster.archive import Archive, plain
from lama_desktop.formats.openraster.kept import Kept, Key, Member
from lama_desktop.formats.openraster.writer import MERGED
from lama_desktop.progress import Progress

FULL_LAYERS = 2
"""All layers together have at most so many pixels as this many pictures of the largest size."""
_PER_PIXEL, _BESIDE = 9, 16 << 20
"""Bytes of a PNG file at most: for a pixel of four 16-bit values with its row's filter, and for profiles and texts. A
longer one is there to fill the memory."""


def read(path: Path, progress: Progress) -> Layered:
    """Read a document.

    Raises:
        FileFormatError: it is damaged, made to do harm, or another kind of archive.
        Cancelled: the user stopped it.
    """
    name = shown(path.name)
    with Archive(path.open("rb"), name) as archive:
        reader = Reader(archive, name)
        found = reader.document(progress)
        profile = picture.layer_profile(found.facts)
        return replace(found, kept=Kept(path, profile, reader.members) if reader.members else None)


class Reader:
    """Reads one archive, once.

    Args:
        archive: open.
        name: what to call it in sentences.
    """

    def __init__(self, archive: Archive, name: str) -> None:
        self._archive, self._name = archive, name
        self._notes: list[str] = []
        self._unknown: set[str] = set()
        self._lost = 0
        self._room = FULL_LAYERS * pixel_budget()
        self._facts: Photo | None = None
        self._record: record.Record | None = None
        self._dtype: np.dtype[Any] = np.dtype(np.uint8)
        self._recipes: dict[int, Recipe] = {}
        self._holes: dict[record.Picture, Mask] = {}
        self._layers: dict[tuple[str, tuple[int, ...]], Layer] = {}
        self._mask: Drawable | None = None
        self._active: Node | None = None
        self._progress, self._count, self._done = Progress(), 1, 0
        self.members: dict[Key, Member] = {}
        """What of the file can be copied as it is when the document is saved again."""

    def document(self, progress: Progress) -> Layered:
        """Return all of it."""
        self._progress = progress
        root = self._root()
        size = self._size(root)
        self._read_record(root)
        elements = list(root.iter("layer"))
        self._count = len(elements) + 1
        self._version = stack.version_of(root)
        depths = [picture.header_of(self._head(each)) for each in elements]
        if self._record is not None:
            self._facts, self._dtype = self._record.facts, self._record.facts.pixels.dtype
        elif any(each is not None and each.depth == 16 for each in depths):
            self._dtype = np.dtype(np.uint16)
        top = root.find("stack")
        tree = () if top is None else self._tree(top)
        if not tree and self._record is None:
            tree = (self._merged(),)
        facts = self._facts or _facts(None, self._dtype)
        if self._record is None:
            facts = replace(facts, resolution=_resolution(root))
        active = self._active if tree else None
        if tree and active is None:
            active = node_of(tree[-1])
        original, native = self._opened(tree, size)
        found = Stack(size, tree, active, self._mask_of(size), original, native, self._sampling())
        if self._unknown:
            self._note(f"Blend modes that are not known here count as normal: {', '.join(sorted(self._unknown))}")
        return Layered(facts, found, tuple(f"{note[:-1]} ({self._name})." for note in self._notes))

    def flat(self) -> Photo:
        """Return the merged picture, with what the record says of the photo; where there is none, merge the layers.

        Raises:
            FileFormatError: as `read`, or neither it nor any layer is there.
        """
        root = self._root()
        size = self._size(root)
        self._read_record(root)
        photo = self._picture(MERGED)
        if photo is None or photo.size != size:
            found = self.document(Progress())
            if found.stack.layers and self._lost == len(found.stack.layers):
                raise damaged(self._name, "none of its layers is there")
            photo = Snapshot(found.stack, found.facts).photo()
        said = self._record.facts if self._record is not None else photo
        return replace(
            photo,
            resolution=said.resolution or _resolution(root),
            metadata=said.metadata,
            encoding=Encoding(format="openraster"),
            notes=("The file has layers: what they look like together was opened.", *self._notes),
        )

    def _root(self) -> Element:
        """Return the list of layers, parsed."""
        if "stack.xml" not in self._archive:
            if self._archive.head("mimetype", 64).strip() == b"application/x-krita":
                raise FileFormatError(
                    f"{self._name} is a Krita document. Save it as OpenRaster in Krita and open that."
                )
            raise FileFormatError(f"{self._name} is an archive and no picture. Unpack it and open the pictures in it.")
        return stack.parse(self._archive.read("stack.xml", stack.MAX_BYTES), self._name)

    def _size(self, root: Element) -> tuple[int, int]:
        """Return width and height; those of the merged picture where the list does not say."""
        width, height = (int(stack.number(root, side, 0)) for side in ("w", "h"))
        merged = picture.header_of(self._archive.head(MERGED, picture.HEADER))
        if (width < 1 or height < 1) and merged is not None:
            width, height = merged.width, merged.height
        check_size(width, height, self._name)
        return width, height

    def _read_record(self, root: Element) -> None:
        member = root.get(stack.own("record"))
        if member is None or member not in self._archive:
            return
        try:
            self._record = record.parse(self._archive.read(member, record.MAX_BYTES))
        except ValueError:
            self._note("What the file says of the photo it came from is damaged and was left out")

    def _tree(self, parent: Element) -> Tree:
        """Return what is in a stack element, whose first child is the topmost."""
        entries: list[Entry] = []
        for element in reversed(parent):
            entry: Entry | None = None
            if element.tag == "layer":
                entry = self._layer(element)
            elif element.tag == "stack":
                entry = self._group(element)
            if entry is None:
                continue
            entries.append(entry)
            if element.get("selected") == "true":
                self._active = node_of(entry)
        return tuple(entries)

    def _group(self, element: Element) -> Branch:
        isolated = stack.isolated(element, self._version)
        group = Group(**stack.properties(element, self._unknown), isolated=isolated)
        return Branch(group, self._tree(element))

    def _layer(self, element: Element) -> Layer | None:
        """Return a layer; None for the one that is the mask."""
        self._progress(self._done / self._count)
        self._done += 1
        source, origin, margins = _source(element), stack.origin(element), stack.margins(element)
        if element.get(stack.own("role")) == "mask" and self._mask is None:
            coverage = self._coverage(source)
            if coverage is not None:
                self._mask = Drawable(coverage, origin)
                return None
        properties = stack.properties(element, self._unknown)
        properties["name"] = element.get("name", f"Layer {self._done}")
        place = record.Picture(source, *origin, margins)
        found = self._drawn(place, recipe=self._recipe(element), **properties)
        if found is None:
            self._note(f"The layer “{shown(properties['name'])}” is damaged or not there: its place is empty")
            self._lost += 1
            return Layer(np.zeros((1, 1, 4), self._dtype), origin, **properties, coverage=0)
        return found

    def _drawn(self, place: record.Picture, **properties: object) -> Layer | None:
        """Return pixels as a layer; those that come twice are one in memory. None where they are not there."""
        origin = place.x - place.margins[0], place.y - place.margins[1]
        key = place.source, place.margins
        if (known := self._layers.get(key)) is not None:
            return known.copy(**{"recipe": None} | properties, origin=origin)
        photo = self._picture(place.source)
        if photo is None:
            return None
        self._facts = self._facts or _facts(photo, self._dtype)
        pixels, same = self._colors(photo, self._facts)
        box = Rect(0, 0, *photo.size).moved(*place.margins[:2])
        layer = Layer(self._padded(pixels, place.margins), origin, **properties)  # type: ignore[arg-type]
        self._layers[key] = layer
        if same and self._record is not None:
            self._keep(layer, "colors", place.source, box)
        return layer

    def _colors(self, photo: Photo, facts: Photo) -> tuple[Image, bool]:
        """Return a picture as RGBA of the document, and whether its numbers are those of the document already."""
        if photo.model is not ColorModel.RGB or photo.profile != picture.layer_profile(facts):
            return layer_of(photo, facts).pixels, False
        pixels = to_depth(photo.pixels, self._dtype)
        same = pixels is photo.pixels
        return (pixels if photo.has_alpha else cv2.cvtColor(pixels, cv2.COLOR_RGB2RGBA)), same

    def _padded(self, pixels: Image, margins: tuple[int, int, int, int]) -> Image:
        """Return pixels with zeros around them."""
        if not any(margins):
            return pixels
        left, top, right, bottom = margins
        height, width = pixels.shape[0] + top + bottom, pixels.shape[1] + left + right
        self._claim(width, height)
        result = np.zeros((height, width, pixels.shape[2]), pixels.dtype)
        result[top : height - bottom, left : width - right] = pixels
        return result

    def _picture(self, source: str) -> Photo | None:
        """Decode a picture of the archive; None where it is not there or damaged."""
        header = picture.header_of(self._archive.head(source, picture.HEADER))
        if header is None:
            return None
        self._claim(header.width, header.height)
        most = _PER_PIXEL * header.width * header.height + _BESIDE
        try:
            return formats.decode(self._archive.read(source, most), Path(source))
        except FileFormatError:
            return None

    def _claim(self, width: int, height: int) -> None:
        """Take note that so many pixels are needed.

        Raises:
            FileFormatError: there are too many, in one layer or in all.
        """
        check_size(width, height, self._name)
        self._room -= width * height
        if self._room < 0:
            raise FileFormatError(
                f"The layers of {self._name} have more pixels than fit into the memory. Merge some in another program."
            )

    def _recipe(self, element: Element) -> Recipe | None:
        """Return how a layer was filled, as the record has it."""
        number = int(stack.number(element, stack.own("recipe"), -1))
        if self._record is None or not 0 <= number < len(self._record.recipes):
            return None
        if number not in self._recipes:
            found = self._made(self._record.recipes[number])
            if found is None:
                return None
            self._recipes[number] = found
        return self._recipes[number]

    def _made(self, found: record.Recipe) -> Recipe | None:
        """Return a recipe with its pixels and those of its alternatives; None where it is damaged."""
        mask = self._plane(found.mask)
        if mask is None:
            self._note("How a layer was filled is damaged and was left out")
            return None
        others, position = list[Layer](), found.position
        for index, (place, each) in enumerate(found.alternatives):
            recipe = self._made(each)
            layer = None if recipe is None else self._drawn(place, **Node().properties(), recipe=recipe)
            if layer is not None:
                others.append(layer)
                continue
            self._note("Another way in which a layer was filled is damaged and was left out")
            position -= index < found.position
        return Recipe(found.model, found.settings, mask, found.seen, found.seconds, tuple(others), position)

    def _sampling(self) -> Mask | None:
        """Return from where fills may copy texture."""
        place = None if self._record is None else self._record.sampling
        if place is None:
            return None
        coverage = self._coverage(place.source)
        if coverage is None:
            self._note("The area that fills may copy texture from is damaged: it is everywhere now")
            return None
        area = Mask(coverage, (place.x, place.y))
        self._keep(area, "mask", place.source, Rect.of_size((area.rect.width, area.rect.height)))
        return area

    def _coverage(self, source: str) -> Coverage | None:
        """Return the alpha of a picture, at 8 bit; None where it has none or is not there."""
        photo = self._picture(source)
        if photo is None or not photo.has_alpha:
            return None
        return np.ascontiguousarray(to_depth(photo.pixels[..., -1], np.uint8))

    def _plane(self, place: record.Picture) -> Mask | None:
        """Return a mask of a recipe, which several can have in common; None where it is not there."""
        if place not in self._holes:
            photo = self._picture(place.source)
            if photo is None or photo.pixels.shape[2] != 1 or photo.pixels.dtype != np.uint8:
                return None
            self._holes[place] = mask = Mask(photo.pixels[..., 0], (place.x, place.y))
            self._keep(mask, "plane", place.source, Rect.of_size(photo.size))
        return self._holes[place]

    def _mask_of(self, size: tuple[int, int]) -> Mask:
        """Return the mask, as large as the document."""
        if self._mask is None:
            return Mask.empty(size)
        area, coverage = Rect.of_size(size) & self._mask.rect, np.zeros(size[::-1], np.uint8)
        coverage[area.slices] = self._mask.pixels[area.slices_in(self._mask.rect)]
        return Mask(coverage)

    def _opened(self, tree: Tree, size: tuple[int, int]) -> tuple[Layer | None, Drawable | None]:
        """Return the photo as it was before anything was done; of a strange file that is what it looks like."""
        if self._record is None:
            return Layer(composite(tree, Rect.of_size(size), self._dtype), name="Merged"), None
        known, original = self._record, None
        if known.original is not None:
            original = self._drawn(known.original, name=known.original_name)
            if original is None:
                self._note("The photo as it was opened is damaged or not there: it cannot be compared with")
        return original, self._inks(known)

    def _inks(self, known: record.Record) -> Drawable | None:
        if known.inks is None or known.facts.model is not ColorModel.CMYK:
            return None
        parts = [self._picture(each.source) for each in (known.inks, known.ink_alpha) if each is not None]
        planes = [each.pixels for each in parts if each is not None and each.pixels.dtype == self._dtype]
        channels = [each.shape[2] for each in planes]
        if len(planes) < len(parts) or channels not in ([4], [4, 1]) or planes[0].shape[:2] != planes[-1].shape[:2]:
            self._note("The inks of the photo are damaged: it is exported in colours converted from sRGB")
            return None
        native = Drawable(planes[0] if len(planes) == 1 else np.dstack(planes), (known.inks.x, known.inks.y))
        box = Rect.of_size((planes[0].shape[1], planes[0].shape[0]))
        self._keep(native, "inks", known.inks.source, box)
        if known.ink_alpha is not None:
            self._keep(native, "ink alpha", known.ink_alpha.source, box)
        return native

    def _merged(self) -> Layer:
        """Return the merged picture as a layer, for a file without any."""
        layer = self._drawn(record.Picture(MERGED), name="Merged")
        if layer is None:
            raise damaged(self._name, "there is no layer in it")
        return layer

    def _head(self, element: Element) -> bytes:
        return self._archive.head(_source(element), picture.HEADER)

    def _keep(self, drawable: Drawable, kind: str, source: str, box: Rect) -> None:
        self.members[drawable.revision, kind] = Member(source, self._archive.checksum(source), box)

    def _note(self, text: str) -> None:
        """Say what was changed or left behind; `formats` and `document` add the name of the file."""
        self._notes.append(f"{text}.")


def _source(element: Element) -> str:
    """Return the name of the member that a layer's pixels are in, however it is written."""
    return plain(element.get("src", ""))


def _facts(photo: Photo | None, dtype: np.dtype[Any]) -> Photo:
    """Return the facts of a document whose lowest layer is this picture; None for none."""
    profile = photo.profile if photo is not None and photo.model is ColorModel.RGB else None
    return Photo(np.empty((0, 0, 3), dtype), profile=None if profile == profile_of("sRGB") else profile)


def _resolution(root: Element) -> tuple[float, float] | None:
    """Return pixels per inch, where the file says both."""
    across, down = stack.number(root, "xres", 0), stack.number(root, "yres", 0)
    return (across, down) if across > 0 and down > 0 else None
