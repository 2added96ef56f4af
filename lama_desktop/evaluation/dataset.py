"""Samples: the holes of an evaluation, wherever they come from, each with its name, its picture and its kind.

A prepared set is taken as it is; truths and masks in two folders are matched by name; photographs get drawn holes,
either in their scaled centres or in windows of their full resolution. What cannot be matched is refused by name. Only
names are looked at here; `Sample.read` decodes. Any thread. No torch.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lama_desktop.errors import FileFormatError, SettingsError
from lama_desktop.evaluation.cases import Case, DrawnCase, PreparedCase, WindowCase, drawn_cases
from lama_desktop.formats.base import shown
from lama_desktop.masks.generators import seed_of
from lama_desktop.masks.prepared import MARK, Pairing, find_pairs, names_apart, owners_of, pictures_in, read_pairs
from lama_desktop.masks.presets import MASK_PRESETS
from lama_desktop.masks.sets import RECORD

KINDS = {"narrow": "thin", "medium": "medium", "wide": "thick"}
"""What the paper calls the published masks, and what their configurations do."""
SMALL = 256
"""Longest side of a picture for which the masks of 256 pixels are meant."""
NAMED = 5
"""So many files are named in a sentence about more of them."""
AS_GIVEN = "as given"
"""The kind of masks of which nobody has said what they are."""
_TRUTH, _MASKS = ("truth", "truths"), ("masks", "mask")


@dataclass(frozen=True)
class Sample:
    """One hole: what it is called, unlike any other; which picture it is in; which kind of hole it is."""

    name: str
    picture: str
    kind: str
    case: DrawnCase | PreparedCase | WindowCase

    @property
    def is_drawn(self) -> bool:
        """Whether nobody has prepared it: then a photograph that does not suit is left out, and no hole is missing."""
        return not isinstance(self.case, PreparedCase)

    def read(self) -> Case:
        """Return the pixels; errors as the case's own."""
        return self.case.read()


def find_samples(
    data: Path, kinds: Sequence[str], *, size: int, windows: int = 0, count: int | None = None, seed: int = 0
) -> list[Sample]:
    """Return the holes of a folder: those that are prepared in it, or drawn ones in its photographs.

    Prepared is a folder with pictures and masks in it (`a.png`, `a_mask000.png`, as the published tools name them), or
    one with the folders `truth` and `masks`. With `windows`, masks beside photographs only say what not to look at.

    Args:
        data: the folder.
        kinds: of the holes that are drawn: narrow, medium, wide, or names of MASK_PRESETS; for a prepared set, which
            of its kinds are taken, or none for all.
        size: side of the squares in which holes are drawn, in pixels.
        windows: so many windows of every photograph, in full resolution; 0 takes its scaled centre.
        count: at most so many pictures, chosen by the seed.
        seed: draws and chooses.

    Raises:
        FileFormatError: there is no such folder, or something in it cannot be matched.
        SettingsError: there is no such kind of masks, or no photographs for windows.
    """
    if not data.is_dir():
        raise FileFormatError(f"There is no folder {shown(data)}. Name one with photos whose content is known.")
    truth, masks = (next((data / name for name in names if (data / name).is_dir()), None) for names in (_TRUTH, _MASKS))
    if windows and truth is not None and masks is not None:
        raise SettingsError(
            f"--windows needs photos with their masks beside them, and {shown(data)} has folders for both: name "
            f"{shown(truth)} instead."
        )
    if windows:
        found = list(_windows(data, kinds or tuple(KINDS), size, windows, seed))
    elif truth is not None and masks is not None:
        found = of_kinds(matched(truth, masks), kinds, data)
    elif (pairing := find_pairs(data)).pairs:
        found = of_kinds(_prepared(pairing), kinds, data)
    else:
        presets = {_preset(kind, size): kind for kind in kinds or tuple(KINDS)}
        names = names_apart(pictures_in(data), data)
        drawn = drawn_cases(names, list(presets), size, seed)
        found = [Sample(case.name, names[case.picture], presets[case.preset], case) for case in drawn]
    return found if count is None else limited(found, count, seed)


def basis(samples: Sequence[Sample], folder: Path) -> str:
    """Return a sentence that tells what the holes of a folder are, and so what fills are judged against."""
    first = samples[0].case
    if isinstance(first, DrawnCase):
        return f"Holes were drawn in the scaled centres of the photos in {shown(folder)}."
    if isinstance(first, WindowCase):
        return f"Holes were drawn in windows of the photos in {shown(folder)}, clear of the masks beside them."
    text = f"{shown(folder)} was taken as a set with fixed masks: fills are judged against what is under them."
    if first.picture.parent != first.mask.parent:
        return text
    return f"{text} If that is what is to be removed, --windows N draws holes beside it."


def limited(samples: Sequence[Sample], count: int, seed: int = 0) -> list[Sample]:
    """Return the holes of at most so many pictures, chosen by the seed."""
    names = sorted({each.picture for each in samples}, key=lambda name: (seed_of(seed, name), name))[:count]
    return [each for each in samples if each.picture in set(names)]


def matched(truth: Path, masks: Path) -> list[Sample]:
    """Return the holes of two folders that mirror each other; sub-folders count.

    A mask is called like its truth, or as the published tools have it: `a_mask000.png` for `a.png`. A hole has the name
    of its mask.

    Raises:
        FileFormatError: a mask without a truth, a truth without a mask, or two files of one name.
    """
    truths, holes = by_name(truth), by_name(masks)
    samples, alone, used = [], [], set()
    for name, path in holes.items():
        found = next((owner for owner in owners_of(path, masks) if owner in truths), None)
        if found is None:
            alone.append(name)
            continue
        used.add(found)
        samples.append(Sample(name, found, _kind_of(name), PreparedCase(name, truths[found], path)))
    unused = [name for name in truths if name not in used]
    for names, other, where in ((alone, "truth", masks), (unused, "mask", truth)):
        if names:
            raise FileFormatError(
                f"In {shown(where)} there is no {other} for {listed(names)}: files that belong together have one name, "
                f"or a.png and a{MARK}000.png."
            )
    return samples


def of_kinds(samples: Sequence[Sample], kinds: Sequence[str], folder: Path) -> list[Sample]:
    """Return the holes of these kinds, of all where none is named.

    Args:
        samples: the holes.
        kinds: the names.
        folder: where the holes are from, for the sentence of an error.

    Raises:
        SettingsError: there are none of a kind.
    """
    known = list(dict.fromkeys(each.kind for each in samples))
    for kind in kinds:
        if kind not in known:
            has = f"it has {', '.join(known)}."
            if known == [AS_GIVEN]:
                has = f"nothing tells of which kind they are. Leave --kinds out. {basis(samples, folder)}"
            raise SettingsError(f"There are no {kind} masks in {shown(folder)}: {has}")
    return [each for each in samples if not kinds or each.kind in kinds]


def by_name(folder: Path) -> dict[str, Path]:
    """Return the pictures of a folder, and of the folders in it, by their path in it without the suffix.

    Raises:
        FileFormatError: there is no picture, or there are two of one name.
    """
    found = pictures_in(folder)
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in found]
    twice = [name for name, number in Counter(names).items() if number > 1]
    if twice:
        raise FileFormatError(
            f"In {shown(folder)} there are several files called {listed(twice)}, which differ in their endings only: "
            "leave one of each."
        )
    return dict(zip(names, found, strict=True))


def listed(names: Sequence[str]) -> str:
    """Return names as a part of a sentence, the first few of many."""
    first = ", ".join(shown(name) for name in names[:NAMED])
    return first + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")


def _prepared(pairing: Pairing) -> list[Sample]:
    try:
        pairs = read_pairs(pairing.folder)
    except FileFormatError as error:
        raise FileFormatError(
            f"{error} For drawn holes in all photos, beside the masks that there are, use --windows N."
        ) from error
    kinds: dict[Path, str] = {}
    samples = []
    for pair in pairs:
        folder = pair.mask.parent
        if folder not in kinds:
            kinds[folder] = _recorded(folder, pairing.folder) or _kind_of(pair.name)
        picture = pair.picture.relative_to(pairing.folder).with_suffix("").as_posix()
        samples.append(Sample(pair.name, picture, kinds[folder], PreparedCase(pair.name, pair.picture, pair.mask)))
    return samples


def _recorded(folder: Path, top: Path) -> str:
    """Return the kind of masks that the record of a set names, in this folder or the nearest above it; else nothing."""
    for each in (folder, *folder.parents):
        try:
            preset = str(json.loads((each / RECORD).read_text(encoding="utf-8"))["options"]["preset"])
        except (OSError, ValueError, KeyError, TypeError):
            preset = ""
        if preset:
            return _called(preset)
        if each == top:
            break
    return ""


def _called(preset: str) -> str:
    """Return the paper's word for a kind of masks, where it has one."""
    words = {published: word for word, published in KINDS.items()} | {"objects": "segmentation"}
    return words.get(preset.rpartition("_")[0], words.get(preset, preset))


def _kind_of(name: str) -> str:
    """Return the first folder of a name; sets of several kinds often lie side by side."""
    return _called(name.split("/")[0]) if "/" in name else AS_GIVEN


def _preset(kind: str, size: int) -> str:
    name = f"{KINDS[kind]}_{256 if size <= SMALL else 512}" if kind in KINDS else kind
    if name not in MASK_PRESETS:
        raise SettingsError(f"There are no masks called {kind!r}: choose {', '.join([*KINDS, *MASK_PRESETS])}.")
    return name


def _windows(folder: Path, kinds: Sequence[str], size: int, windows: int, seed: int) -> Iterator[Sample]:
    found = find_pairs(folder)
    masks: defaultdict[Path, tuple[Path, ...]] = defaultdict(tuple)
    for pair in found.pairs:
        masks[pair.picture] += (pair.mask,)
    photos = [path for path in pictures_in(folder) if path in masks or path in found.pictures_alone]
    for path, picture in names_apart(photos, folder).items():
        for number in range(windows):
            for kind in kinds:
                name = f"{picture}-{number}-{kind}"
                case = WindowCase(name, path, masks[path], _preset(kind, size), size, number, seed)
                yield Sample(name, picture, kind, case)
