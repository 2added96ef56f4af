"""A document as an OpenRaster file.

Pictures that the last file has are copied from it as they are; the others are encoded, two at a time. The file replaces
the old one in one step. Any thread; the snapshot never changes.

Source: OpenRaster, file layout and layer stack specification (openraster.org).
"""

from collections import deque
from collections.abc import Callable, Collection, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from xml.etree.ElementTree import Element, SubElement
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from lama_desktop.core.color import rgb_space
from lama_desktop.core.composite import composite
from lama_desktop.core.drawable import Drawable
from lama_desktop.core.exchange import Snapshot
from lama_desktop.core.group import Branch, Tree
from lama_desktop.core.layer import Recipe
from lama_desktop.core.tree import node_of
from lama_desktop.formats import atomic
from lama_desktop.formats.openraster import picture, record, stack
from lama_desktop.formats.openraster.kept import Kept, KeptFile, Key, Member
from lama_desktop.formats.openraster.picture import Buffer, Picture, layer_profile
from lama_desktop.progress import Progress

MIMETYPE = "image/openraster"
MERGED, THUMBNAIL = "mergedimage.png", "Thumbnails/thumbnail.png"
WORKERS = 2
"""Encoders; more of them would only wait for the disk, and keep the window waiting for a core."""
ABANDONED_S = 3600.0
"""A temporary file of this document that nobody has written to for so long is one of a program that was killed."""
_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Of all members: equal documents become equal files."""


class _Task(NamedTuple):
    """One picture to come."""

    member: str
    key: Key | None
    make: Callable[[], Picture]


def write(snapshot: Snapshot, path: Path, progress: Progress, kept: Kept | None = None) -> Kept:
    """Write a document; the old file stays whole until the new one is.

    Args:
        snapshot: what to write.
        path: where.
        progress: told after every picture; the last moment to stop is before the file takes its place.
        kept: what this returned for the last file of the same document, or reading did.

    Raises:
        FileFormatError: the disk refuses.
        Cancelled: the user stopped it; nothing was changed.
    """
    return _Writer(snapshot).write(path, progress, kept)


class _Writer:
    """Writes one document."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._stack, self._facts = snapshot.stack, snapshot.facts
        self._profile = layer_profile(snapshot.facts)
        self._tasks: dict[Key, _Task] = {}
        self._members: dict[Key, Member] = {}
        self._recipes: dict[Recipe, record.Recipe] = {}
        self._thumbnail: Picture | None = None
        """Made together with the merged picture, which is the first task and never taken from the last file."""

    def write(self, path: Path, progress: Progress, kept: Kept | None) -> Kept:
        self._collect()
        with atomic.replacing(path) as file, ZipFile(file, "w") as archive:
            _store(archive, "mimetype", (MIMETYPE.encode(),))
            tasks = [_Task(MERGED, None, self._merged), *self._tasks.values()]
            with KeptFile(kept, self._profile) as old, closing(_made(tasks, old)) as pictures:
                for done, (task, made) in enumerate(pictures):
                    checksum = _store(archive, task.member, made.parts)
                    if task.key is not None:
                        self._members[task.key] = Member(task.member, checksum, made.box)
                    progress((done + 1) / (len(tasks) + 1))
            assert self._thumbnail is not None
            _store(archive, THUMBNAIL, self._thumbnail.parts)
            root = self._image()
            _store(archive, record.MEMBER, (record.written(self._record()),), packed=True)
            _store(archive, "stack.xml", (stack.written(root),), packed=True)
        atomic.sweep(path, ABANDONED_S)
        return Kept(path, self._profile, self._members)

    def _collect(self) -> None:
        """Note every picture that the file will have, each once."""
        for number, layer in enumerate(self._stack.layers):
            self._add(f"data/layer{number:03}.png", layer, "colors")
            if layer.recipe is not None:
                self._add(f"data/recipe{number:03}.png", layer.recipe.mask, "plane")
                for index, other in enumerate(layer.recipe.alternatives):
                    assert other.recipe is not None
                    self._add(f"data/way{number:03}-{index}.png", other, "colors")
                    self._add(f"data/recipe{number:03}-{index}.png", other.recipe.mask, "plane")
        if not self._stack.mask.is_empty:
            self._add("data/mask.png", self._stack.mask, "mask")
        if self._stack.original is not None:
            self._add("data/original.png", self._stack.original, "colors")
        if (sampling := self._stack.sampling) is not None and not sampling.is_empty:
            self._add("data/sampling.png", sampling, "mask")
        if (native := self._stack.native) is not None:
            self._add("data/inks.png", native, "inks")
            if native.pixels.shape[2] > 4:
                self._add("data/inks-alpha.png", native, "ink alpha")

    def _add(self, member: str, drawable: Drawable, kind: str) -> None:
        pixels, key = drawable.pixels, (drawable.revision, kind)
        make: dict[str, Callable[[], Picture]] = {
            "colors": lambda: picture.of_colors(pixels, self._profile),
            "plane": lambda: picture.of_plane(pixels),
            "mask": lambda: picture.of_mask(pixels),
            "inks": lambda: picture.of_plane(pixels[..., :4]),
            "ink alpha": lambda: picture.of_plane(pixels[..., 4]),
        }
        self._tasks.setdefault(key, _Task(member, key, make[kind]))

    def _merged(self) -> Picture:
        """Return what the document looks like, and make the small picture on the way."""
        flat = composite(self._stack.tree, self._stack.rect, self._facts.pixels.dtype)
        space = rgb_space(self._facts.model, self._facts.profile)
        opaque = bool(flat[..., 3].min() == np.iinfo(flat.dtype).max)
        if opaque:
            flat = np.ascontiguousarray(flat[..., :3])
        self._thumbnail = picture.thumbnail(flat, space)
        return picture.of_colors(flat, self._profile, cut=False)

    def _image(self) -> Element:
        """Return the tree of stack.xml; all pictures are written."""
        root = stack.image(self._stack.size, self._facts.resolution)
        root.set(f"{stack.PREFIX}:record", record.MEMBER)
        top = root[0]
        if not self._stack.mask.is_empty:
            place = self._place(self._stack.mask, "mask")
            shown = {"name": "Mask", "opacity": "1.0", "visibility": "hidden", "composite-op": "svg:src-over"}
            mask = SubElement(top, "layer", shown | _placed(place))
            mask.set(f"{stack.PREFIX}:role", "mask")
        self._fill(top, self._stack.tree)
        return root

    def _fill(self, parent: Element, tree: Tree) -> None:
        """Add what is in a group; the first child is the topmost."""
        for entry in reversed(tree):
            if isinstance(entry, Branch):
                element = SubElement(parent, "stack", stack.attributes(entry.group))
                element.set("isolation", "isolate" if entry.group.isolated else "auto")
                self._fill(element, entry.entries)
            else:
                element = SubElement(parent, "layer", stack.attributes(entry) | _placed(self._place(entry, "colors")))
                if entry.recipe is not None:
                    element.set(f"{stack.PREFIX}:recipe", str(self._recipe(entry.recipe)))
            if node_of(entry) is self._stack.active:
                element.set("selected", "true")

    def _recipe(self, made: Recipe) -> int:
        """Note how a layer was filled; return the number under which the record has it."""
        self._recipes.setdefault(made, self._noted(made))
        return list(self._recipes).index(made)

    def _noted(self, made: Recipe) -> record.Recipe:
        """Return a recipe as the record has it, with its alternatives."""
        others = tuple(
            (self._place(each, "colors"), self._noted(each.recipe))
            for each in made.alternatives
            if each.recipe is not None
        )
        place = self._place(made.mask, "plane")
        return record.Recipe(made.model, made.settings, made.source, place, made.seconds, others, made.position)

    def _record(self) -> record.Record:
        original, native, sampling = self._stack.original, self._stack.native, self._stack.sampling
        has_alpha = native is not None and native.pixels.shape[2] > 4
        return record.Record(
            self._facts,
            tuple(self._recipes.values()),
            None if original is None else self._place(original, "colors"),
            "" if original is None else original.name,
            None if native is None else self._place(native, "inks"),
            None if native is None or not has_alpha else self._place(native, "ink alpha"),
            None if sampling is None or sampling.is_empty else self._place(sampling, "mask"),
        )

    def _place(self, drawable: Drawable, kind: str) -> record.Picture:
        """Return where in the archive, and in the document, the pixels of a drawable are."""
        member, rect = self._members[drawable.revision, kind], drawable.rect
        box = member.box
        margins = (box.left, box.top, rect.width - box.right, rect.height - box.bottom)
        return record.Picture(member.name, rect.left + box.left, rect.top + box.top, margins)


def _placed(place: record.Picture) -> dict[str, str]:
    """Return the attributes of a layer that say where its pixels are."""
    found = {"src": place.source, "x": str(place.x), "y": str(place.y)}
    if any(place.margins):
        found[f"{stack.PREFIX}:margins"] = " ".join(str(each) for each in place.margins)
    return found


def _made(tasks: list[_Task], old: KeptFile) -> Generator[tuple[_Task, Picture]]:
    """Yield every task with its picture, in order; closing it stops those that have not begun.

    No more pictures are held than the workers need to go on.
    """
    pool, begun = ThreadPoolExecutor(WORKERS, "encode"), deque[tuple[_Task, Future[Picture]]]()
    try:
        for task in tasks:
            begun.append((task, pool.submit(_make, old, task)))
            if len(begun) > WORKERS:
                first, future = begun.popleft()
                yield first, future.result()
        for last, future in begun:
            yield last, future.result()
    finally:
        pool.shutdown(cancel_futures=True)


def _make(old: KeptFile, task: _Task) -> Picture:
    return (None if task.key is None else old.picture(task.key)) or task.make()


def _store(archive: ZipFile, member: str, parts: Collection[Buffer], *, packed: bool = False) -> int:
    """Add a member to the archive; return its checksum."""
    info = ZipInfo(member, _EPOCH)
    info.compress_type = ZIP_DEFLATED if packed else ZIP_STORED
    info.external_attr = 0o644 << 16
    info.file_size = sum(len(part) for part in parts)
    with archive.open(info, "w") as file:
        for part in parts:
            file.write(part)
    return info.CRC
