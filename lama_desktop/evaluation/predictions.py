"""Predictions: fills that lie in folders, matched with the holes of an evaluation, with nothing passed over in silence.

A prediction is called like its mask, with any ending that is read: for `sub/a_mask000.png` it is `sub/a_mask000.png` in
the folder of the predictions, as the published tools write it. Another program may add something to the name, which is
then given as `suffix`: `a_mask000_inpainted.jpg` has the suffix `_inpainted`.

Any thread. No torch.
"""

import difflib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lama_desktop import formats
from lama_desktop.core.arrays import Image
from lama_desktop.errors import FileFormatError
from lama_desktop.evaluation.cases import srgb_pixels
from lama_desktop.evaluation.dataset import listed
from lama_desktop.formats.base import shown
from lama_desktop.masks.prepared import pictures_in


@dataclass(frozen=True)
class Found:
    """The predictions of a folder by the name of their hole, and what is wrong with the folder.

    `missing` are holes without a prediction; `twice` those with several, which differ in their endings; `others` are
    files, as paths in the folder, that belong to no hole: harmless where nothing is missing.
    """

    folder: Path
    files: Mapping[str, Path]
    missing: tuple[str, ...]
    twice: tuple[str, ...]
    others: tuple[str, ...]

    def among(self, holes: Collection[str]) -> "Found":
        """Return the same with nothing missing, or there twice, but for these holes."""
        missing, twice = (tuple(name for name in names if name in holes) for names in (self.missing, self.twice))
        return replace(self, missing=missing, twice=twice)

    def problems(self) -> list[str]:
        """Return a sentence about each reason why not every hole can be judged, with names; empty where all is well."""
        where, said = shown(self.folder), []
        if self.missing:
            near = self._near()
            said.append(f"In {where} there is no prediction for {listed(self.missing)}{near}.")
        if self.twice:
            said.append(f"In {where} there are several predictions for {listed(self.twice)}, with other endings.")
        return said

    def notes(self) -> list[str]:
        """Return a sentence about files that belong to no hole, if there are any."""
        return [f"In {shown(self.folder)} no hole belongs to {listed(self.others)}."] if self.others else []

    def _near(self) -> str:
        """Return what the first missing one may be called by mistake."""
        names = {str(Path(each).with_suffix("")): each for each in self.others}
        found = difflib.get_close_matches(self.missing[0], names, n=1)
        which = "it" if len(self.missing) == 1 else "the first of them"
        return f" (is {shown(names[found[0]])} {which} under another name?)" if found else ""


def find_predictions(folder: Path, names: Sequence[str], suffix: str = "", known: Collection[str] = ()) -> Found:
    """Look for a prediction of every hole; sub-folders count.

    Args:
        folder: of one contender.
        names: of the holes.
        suffix: what every file has after the name of its hole, before its ending; an ending in it is left out.
        known: names of further holes, which nobody asks for now: their predictions are not strange.

    Raises:
        FileFormatError: there is no such folder, or no picture in it.
    """
    wanted = set(names)
    suffix = suffix.removesuffix(Path(suffix).suffix) if suffix else ""
    files: dict[str, Path] = {}
    twice, others = [], []
    for path in pictures_in(folder):
        inside = path.relative_to(folder)
        name = inside.with_suffix("").as_posix()
        name = name.removesuffix(suffix) if name.endswith(suffix) else ""
        if name in known and name not in wanted:
            continue
        if name not in wanted:
            others.append(inside.as_posix())
        elif name in files:
            twice.append(name)
        else:
            files[name] = path
    missing = tuple(name for name in names if name not in files)
    unclear = tuple(dict.fromkeys(twice))
    clear = {name: path for name, path in files.items() if name not in unclear}
    return Found(folder, clear, missing, unclear, tuple(others))


def read_prediction(path: Path, truth: Image) -> Image:
    """Return a prediction as it is judged, (H, W, 3) uint8 sRGB.

    Args:
        path: a picture of any format; grey ones count as colour, transparent ones are refused.
        truth: whose size it must have.

    Raises:
        FileFormatError: it cannot be read, is partly transparent, or has another size.
    """
    photo = formats.read(path)
    height, width = truth.shape[:2]
    if photo.size != (width, height):
        raise FileFormatError(
            f"{shown(path.name)} has {photo.size[0]} × {photo.size[1]} pixels, and its truth {width} × {height}: a "
            "prediction has the size of the picture."
        )
    return srgb_pixels(photo, path)
