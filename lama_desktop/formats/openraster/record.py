"""The record: what this program knows of a document and OpenRaster has no place for, as JSON in the archive.

It holds what the photo's file said (colour model, profile, metadata, encoding) and the recipes of fills, so that a
document comes back as it was. Other programs pass over it. Whatever in it makes no sense raises a ValueError. Pure
functions; any thread.
"""

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np

from lama_desktop.core.photo import ColorModel, Encoding, Metadata, Photo

MEMBER = "data/lama-desktop.json"
MAX_BYTES = 256 << 20
"""Pictures of depth that telephones put into XMP take megabytes."""
MAX_VALUES = 4_000_000
"""Of lists, objects and what is in them: each takes a byte or two here, and fifty in memory."""
_VERSION = 1
_DENSITY = 1e-3, 1e6
"""Pixels per inch at least and at most that count; others no format could hold."""
_SEEN = ("visible", "original", "below")
_COLOR_CHUNKS = ("sRGB", "gAMA", "cHRM", "cICP")

Values = dict[str, Any]


@dataclass(frozen=True)
class Picture:
    """Where in the archive pixels are, and where in the document they lie."""

    source: str
    x: int = 0
    y: int = 0
    margins: tuple[int, int, int, int] = (0, 0, 0, 0)
    """Rows and columns of zeros around them: left, top, right, bottom."""


@dataclass(frozen=True)
class Recipe:
    """A `core.layer.Recipe`, but for the pixels of its mask and of its alternatives."""

    model: str
    settings: Mapping[str, Any]
    seen: str
    """What the model saw."""
    mask: Picture
    seconds: float = 0.0
    alternatives: tuple[tuple[Picture, "Recipe"], ...] = ()
    """Each with its pixels; those have none of their own."""
    position: int = 0


@dataclass(frozen=True)
class Record:
    """All of it."""

    facts: Photo
    recipes: tuple[Recipe, ...] = ()
    original: Picture | None = None
    original_name: str = ""
    inks: Picture | None = None
    """The four channels of a CMYK photo, as it was opened."""
    ink_alpha: Picture | None = None
    """And its alpha."""
    sampling: Picture | None = None
    """From where fills may copy texture."""


def written(record: Record) -> bytes:
    """Return the file of a record."""
    values: Values = {
        "version": _VERSION,
        "photo": _photo_values(record.facts),
        "recipes": [_recipe_values(each) for each in record.recipes],
        "original": _place(record.original),
        "original_name": record.original_name,
        "inks": _place(record.inks),
        "ink_alpha": _place(record.ink_alpha),
        "sampling": _place(record.sampling),
    }
    return json.dumps(values, indent=1, default=str).encode()


def parse(data: bytes) -> Record:
    """Read a record.

    Raises:
        ValueError: it is damaged.
    """
    try:
        if sum(data.count(each) for each in (b"[", b"{", b",")) > MAX_VALUES:
            raise ValueError("more values than there can be")
        values = json.loads(data)
        if values["version"] != _VERSION:
            raise ValueError("a record of another version")
        return Record(
            _photo(values["photo"]),
            tuple(_recipe(each) for each in values["recipes"]),
            _picture(values["original"]),
            _text(values["original_name"]),
            _picture(values["inks"]),
            _picture(values["ink_alpha"]),
            _picture(values.get("sampling")),  # older files have none
        )
    except (KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise ValueError("a damaged record") from error


def _photo_values(facts: Photo) -> Values:
    said = facts.metadata
    return {
        "depth": facts.depth,
        "model": facts.model.value,
        "has_alpha": facts.has_alpha,
        "profile": _base64(facts.profile),
        "resolution": facts.resolution,
        "notes": facts.notes,
        "encoding": asdict(facts.encoding),
        "exif": _base64(said.exif),
        "xmp": _base64(said.xmp),
        "iptc": _base64(said.iptc),
        "comment": _base64(said.comment),
        "texts": said.texts,
        "xmp_extension": [_base64(each) for each in said.xmp_extension],
        "color_chunks": [(name, _base64(content)) for name, content in said.color_chunks],
    }


def _photo(values: Values) -> Photo:
    model, dtype = ColorModel(values["model"]), {8: np.uint8, 16: np.uint16}[values["depth"]]
    has_alpha = _flag(values["has_alpha"])
    resolution: tuple[float, float] | None = None
    if values["resolution"] is not None:
        across, down = (float(each) for each in values["resolution"])
        if all(_DENSITY[0] <= each <= _DENSITY[1] for each in (across, down)):
            resolution = across, down
    metadata = Metadata(
        exif=_bytes(values["exif"]),
        xmp=_bytes(values["xmp"]),
        iptc=_bytes(values["iptc"]),
        comment=_bytes(values["comment"]),
        texts=tuple((_text(key), _text(text)) for key, text in values["texts"] if _fits(_text(key), _text(text))),
        xmp_extension=tuple(_bytes(each) or b"" for each in values["xmp_extension"]),
        color_chunks=tuple((_text(key), _bytes(each) or b"") for key, each in values["color_chunks"]),
    )
    if any(key not in _COLOR_CHUNKS for key, _ in metadata.color_chunks):
        raise ValueError("a chunk that tells no colours")
    return Photo(
        pixels=np.empty((0, 0, model.channels + has_alpha), dtype),
        model=model,
        has_alpha=has_alpha,
        profile=_bytes(values["profile"]),
        resolution=resolution,
        metadata=metadata,
        encoding=_encoding(values["encoding"]),
        notes=tuple(_text(each) for each in values["notes"]),
    )


def _encoding(values: Values) -> Encoding:
    """Return how the photo's file was written; what a later version has added is passed over."""
    found: Values = {}
    for each in fields(Encoding):
        value = values.get(each.name, each.default)
        if each.name == "quantization":
            value = tuple(tuple(_whole(number, 1, 65535) for number in table) for table in value)
            if len(value) > 4 or any(len(table) != 64 for table in value):
                raise ValueError("quantization tables that are none")
        elif type(value) is not type(each.default):
            raise ValueError(f"{each.name} is of another kind")
        found[each.name] = value
    return Encoding(**found)


def _recipe_values(recipe: Recipe) -> Values:
    found: Values = {
        "model": recipe.model,
        "settings": dict(recipe.settings),
        "source": recipe.seen,
        "mask": _place(recipe.mask),
        "seconds": recipe.seconds,
    }
    if recipe.alternatives:
        others = [_recipe_values(each) | {"pixels": _place(pixels)} for pixels, each in recipe.alternatives]
        found |= {"alternatives": others, "position": recipe.position}
    return found


def _recipe(values: Values, *, is_alternative: bool = False) -> Recipe:
    """Return a recipe; files of versions before there were alternatives have none."""
    mask, settings, seconds = _picture(values["mask"]), values["settings"], float(values.get("seconds", 0))
    if mask is None or not isinstance(settings, dict) or values["source"] not in _SEEN:
        raise ValueError("half a recipe")
    if not (math.isfinite(seconds) and seconds >= 0):
        raise ValueError("seconds that are none")
    others = [] if is_alternative else values.get("alternatives", [])
    alternatives = tuple((_there(each["pixels"]), _recipe(each, is_alternative=True)) for each in others)
    position = _whole(values.get("position", 0), 0, len(alternatives))
    return Recipe(_text(values["model"]), settings, _text(values["source"]), mask, seconds, alternatives, position)


def _there(values: Values | None) -> Picture:
    picture = _picture(values)
    if picture is None:
        raise ValueError("pixels that are nowhere")
    return picture


def _place(picture: Picture | None) -> Values | None:
    return None if picture is None else asdict(picture)


def _picture(values: Values | None) -> Picture | None:
    if values is None:
        return None
    left, top, right, bottom = (_whole(each, 0, 1 << 24) for each in values["margins"])
    x, y = (_whole(values[axis], -(1 << 24), 1 << 24) for axis in ("x", "y"))
    return Picture(_text(values["source"]), x, y, (left, top, right, bottom))


def _base64(data: bytes | None) -> str | None:
    return None if data is None else base64.b64encode(data).decode()


def _bytes(value: object) -> bytes | None:
    return None if value is None else base64.b64decode(_text(value), validate=True)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("no text where there should be one")
    return value


def _fits(key: str, text: str) -> bool:
    """Tell whether PNG, which is where texts come from, can hold one."""
    encodable = not any("\ud800" <= each <= "\udfff" for each in text)
    return 1 <= len(key) <= 79 and key.isprintable() and max(key) <= "\xff" and encodable


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("neither true nor false")
    return value


def _whole(value: object, low: int, high: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise ValueError("no whole number where there should be one")
    return value
