"""Pairing: which masks belong to which photo, by names only.

A mask is named like its photo, with `_mask` and anything after it where it lies beside the photo: `a.jpg` and
`a_mask.png`, `a_mask001.png`, as the published sets have them (`masks/prepared.py`). In a folder of masks that mirrors
the photos' `_mask` may be missing. Where photos differ in their suffix only, the whole name tells them apart:
`a.jpg_mask.png`. How accents are stored does not matter.
"""

import contextlib
import unicodedata
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lama_desktop import formats
from lama_desktop.batch.order import MaskRule, MaskSource
from lama_desktop.batch.sources import Found, Source, find_sources
from lama_desktop.formats.base import shown
from lama_desktop.masks.prepared import picture_of


@dataclass(frozen=True)
class Match:
    """A photo and its masks; none may be needed by the rule, or missing. `unclear` says why they cannot be told."""

    source: Source
    masks: tuple[Path, ...] = ()
    unclear: str = ""


@dataclass(frozen=True)
class Pairing:
    """The photos with their masks, masks that belong to none, and what else was found that is no photo."""

    matches: tuple[Match, ...]
    masks_alone: tuple[Path, ...]
    others: frozenset[Path]


def photos_among(paths: Iterable[Path]) -> list[Path]:
    """Return those of some pictures that are no masks of others of them, by their names."""
    paths = list(paths)
    names = {name for each in paths for name in (each, each.with_suffix(""))}
    return [each for each in paths if picture_of(each) not in names]


def pair(found: Found, masks: MaskSource) -> Pairing:
    """Match photos and masks.

    Args:
        found: the pictures. By its name a picture may be a mask of another one; then it is no photo, whatever the rule.
        masks: where the masks are.

    Raises:
        FileFormatError: the folder of masks is gone.
    """
    matches, alone = _paired(found, masks)
    photos = {each.source.path for each in matches}
    return Pairing(matches, alone, frozenset(each.path for each in found.pictures).union(alone) - photos)


def _paired(found: Found, masks: MaskSource) -> tuple[tuple[Match, ...], tuple[Path, ...]]:
    """Return the photos with their masks, and masks that belong to none."""
    index = _Index((each.path, each) for each in found.pictures)
    owned = {path: index.owners(path) for path in [*(each.path for each in found.pictures), *_siblings(found)]}
    used = {owner.path for owners in owned.values() for owner in owners}
    photos = [each for each in found.pictures if each.path in used or not owned[each.path]]
    if masks.rule is MaskRule.BESIDE:
        alone = {each.path for each in photos if picture_of(each.path) is not None} - used
        matches = _matched([each for each in photos if each.path not in alone], owned)
        return matches, tuple(each.path for each in photos if each.path in alone)
    if masks.path is None:
        return tuple(Match(each) for each in photos), ()
    photos = [each for each in photos if each.path != masks.path]
    if masks.rule is MaskRule.FILE:
        return tuple(Match(each, (masks.path,)) for each in photos), ()
    taken = {each.path for each in photos}
    there = [each for each in find_sources([masks.path]).pictures if each.path not in taken]
    index = _Index((each.within, each) for each in photos)
    owned = {each.path: index.namesakes(each.within) or index.owners(each.within) for each in there}
    return _matched(photos, owned), tuple(mask for mask, owners in owned.items() if not owners)


class _Index:
    """Photos by their places: paths that are compared with those of masks."""

    def __init__(self, places: Iterable[tuple[Path, Source]]) -> None:
        self._whole: dict[str, Source] = {}
        self._stem: defaultdict[str, list[Source]] = defaultdict(list)
        for place, source in places:
            self._whole[_key(place)] = source
            self._stem[_key(place.with_suffix(""))].append(source)

    def owners(self, mask: Path) -> list[Source]:
        """Return the photos that a mask may belong to by its `_mask`."""
        owner = picture_of(mask)
        return [] if owner is None else self._called(owner)

    def namesakes(self, mask: Path) -> list[Source]:
        """Return the photos that a mask may belong to because it is called the same."""
        whole = self._whole.get(_key(mask))
        return [whole] if whole is not None else self._called(mask.with_suffix(""))

    def _called(self, name: Path) -> list[Source]:
        whole = self._whole.get(_key(name))
        return [whole] if whole is not None else self._stem.get(_key(name), [])


def _matched(photos: list[Source], owned: dict[Path, list[Source]]) -> tuple[Match, ...]:
    """Return every photo with the masks that are its alone."""
    certain: defaultdict[Source, list[Path]] = defaultdict(list)
    unclear: dict[Source, str] = {}
    for mask, owners in owned.items():
        if len(owners) == 1:
            certain[owners[0]].append(mask)
        for owner in owners if len(owners) > 1 else ():
            unclear[owner] = (
                f"{shown(mask.name)} could belong to {' or '.join(shown(each.path.name) for each in owners)}: "
                f"name it {shown(owner.path.name)}_mask{shown(mask.suffix)}."
            )
    return tuple(
        Match(each, tuple(sorted(certain[each]))) if each in certain else Match(each, (), unclear.get(each, ""))
        for each in photos
    )


def _siblings(found: Found) -> list[Path]:
    """Return masks, by their names, that lie beside pictures which were named one by one."""
    known = {each.path for each in found.pictures}
    siblings: list[Path] = []
    for folder in found.beside:
        with contextlib.suppress(OSError):
            siblings += [
                path
                for path in sorted(folder.iterdir())
                if path not in known and formats.is_readable(path) and picture_of(path) is not None
            ]
    return siblings


def _key(place: Path) -> str:
    return unicodedata.normalize("NFC", place.as_posix())
