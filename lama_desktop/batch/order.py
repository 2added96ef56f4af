"""Order: what a person asks for, as plain data; declared once for the command line and the window. No torch here."""

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from lama_desktop import formats
from lama_desktop.batch.naming import Template
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.errors import SettingsError
from lama_desktop.formats import WriteOptions
from lama_desktop.options import from_dict, option, to_dict

KEEP = "keep"
JOURNAL = "lama-desktop-batch"
"""The folder of a run's journal and report, where none is named."""
PLAN = "plan.jsonl"
"""In it, the order and what was planned for it."""
HERE_ONLY = ("device", "precision", "at_once")
"""Options that change where a run computes and not what, so that they may differ when it is taken up again."""
_FORMATS = tuple(each.name for each in formats.FORMATS)


class MaskRule(StrEnum):
    """Where masks come from."""

    BESIDE = "beside"
    ALPHA = "alpha"
    COLOR = "color"
    FOLDER = "folder"
    FILE = "file"


_WORDS = (MaskRule.BESIDE, MaskRule.ALPHA, MaskRule.COLOR)


class MaskSize(StrEnum):
    """What happens where a mask has another size than its photo."""

    REFUSE = "refuse"
    SCALE = "scale"


class Existing(StrEnum):
    """What happens where a result's name is taken."""

    SKIP = "skip"
    OVERWRITE = "overwrite"
    RENAME = "rename"


class Depth(StrEnum):
    """Bits per channel of the results."""

    KEEP = "keep"
    EIGHT = "8"
    SIXTEEN = "16"


@dataclass(frozen=True)
class BatchOptions:
    """The photos, their masks and the results."""

    recursive: bool = option(True, "Sub-folders", "Look into the folders in the folders, too.")
    masks: str = option(
        "beside",
        "Masks",
        "beside: a_mask.png, a_mask001.png ... beside a.jpg; a folder that mirrors the photos'; a file: one mask for "
        "all; alpha: what is transparent; color: what has the key colour.",
    )
    mask_size: MaskSize = option(
        MaskSize.REFUSE, "Other sizes", "What happens where a mask has another size than its photo."
    )
    mask_color: str = option("#ff00ff", "Key colour", "The colour that --masks color removes.")
    mask_tolerance: int = option(
        32, "Tolerance", "How far each channel may be from the key colour, of 255.", low=0, high=255
    )
    soft_mask: bool = option(False, "Soft masks", "Blend by the greys of a mask instead of cutting at 128.")
    per_mask: bool = option(
        False, "A result per mask", "Use several masks of a photo one by one; else all are removed at once."
    )
    in_place: bool = option(False, "Replace the photos", "Write each result over its photo.")
    existing: Existing = option(Existing.SKIP, "Existing results", "What happens where a result's name is taken.")
    name: str = option(
        "",
        "Name",
        "Names of the results, of {name}, {mask}, {suffix}, {folder}, {number:04}; empty: {name}, or {mask} where each "
        "mask has a result; with -clean after it beside the photos.",
    )
    format: str = option(KEEP, "Format", f"Format of the results: {KEEP}, {', '.join(_FORMATS)}.")
    depth: Depth = option(Depth.KEEP, "Depth", "Bits per channel of the results.")
    to_srgb: bool = option(False, "Convert to sRGB", "Convert the colours to sRGB instead of keeping the profile.")
    at_once: int = option(0, "At once", "Photos that are filled at once; 0 decides by the device.", low=0, high=64)


class MaskSource(NamedTuple):
    """A rule, and the folder or file that it needs."""

    rule: MaskRule
    path: Path | None = None


@dataclass(frozen=True)
class Order:
    """A batch as it was asked for.

    `inputs` are folders and files, `output` a folder; None writes beside the photos. `model` is an id or the path of
    a weight file.
    """

    inputs: tuple[Path, ...]
    output: Path | None
    model: str
    batch: BatchOptions = field(default_factory=BatchOptions)
    engine: EngineOptions = field(default_factory=EngineOptions)
    write: WriteOptions = field(default_factory=WriteOptions)

    def settled(self) -> "Order":
        """Return the order with absolute paths, so that it means the same wherever it is taken up again.

        Raises:
            SettingsError: it contradicts itself, or names what is not there.
        """
        self._check()
        if self.output is not None and self.output.expanduser().is_file():
            raise SettingsError(f"{self.output} is a file: name a folder for the results.")
        masks = self.batch.masks
        if masks not in _WORDS:
            path = Path(masks).expanduser().absolute()
            if not path.exists():
                raise SettingsError(f"There are no masks at {path}: name a folder or a file, or {', '.join(_WORDS)}.")
            masks = str(path)
        return dataclasses.replace(
            self,
            inputs=tuple(each.expanduser().absolute() for each in self.inputs),
            output=None if self.output is None else self.output.expanduser().absolute(),
            batch=dataclasses.replace(self.batch, masks=masks),
        )

    @cached_property
    def mask_source(self) -> MaskSource:
        """Where the masks come from; as the disk was when that was first asked for."""
        if self.batch.masks in _WORDS:
            return MaskSource(MaskRule(self.batch.masks))
        path = Path(self.batch.masks)
        if not path.is_dir():
            return MaskSource(MaskRule.FILE, path)
        beside = path.resolve() in {each.resolve() for each in self.inputs if each.is_dir()}
        return MaskSource(MaskRule.BESIDE) if beside else MaskSource(MaskRule.FOLDER, path)

    @property
    def journal(self) -> Path:
        """The folder of the journal, where none is named: among the results, or with the first of the inputs.

        Raises:
            SettingsError: the order names neither.
        """
        if self.output is None and not self.inputs:
            raise SettingsError("Name the photos, or the --output or --journal of the run to resume.")
        first = self.output or self.inputs[0]
        return (first if self.output or first.is_dir() else first.parent) / JOURNAL

    @property
    def template(self) -> Template:
        """How the results are called."""
        beside = self.output is None and not self.batch.in_place
        return Template(
            self.batch.name or ("{mask}" if self.batch.per_mask else "{name}-clean" if beside else "{name}")
        )

    @property
    def key_color(self) -> tuple[int, int, int]:
        """The colour that marks what is to be removed: 8-bit sRGB.

        Raises:
            SettingsError: it is not written like #ff00ff.
        """
        digits = self.batch.mask_color.removeprefix("#")
        try:
            if len(digits) != 6:
                raise ValueError
            red, green, blue = bytes.fromhex(digits)
        except ValueError as error:
            raise SettingsError(
                f"The key colour cannot be {self.batch.mask_color!r}: write it like #ff00ff, red first."
            ) from error
        return red, green, blue

    @property
    def engine_options(self) -> EngineOptions:
        """How to fill: where transparency is the mask, it has to be filled, too."""
        if self.mask_source.rule is MaskRule.ALPHA:
            return dataclasses.replace(self.engine, alpha=AlphaChoice.FILL)
        return self.engine

    def differences(self, asked: "Order", names: Collection[str]) -> list[str]:
        """Return what was asked for now and differs from this order, which was planned before.

        Args:
            asked: the new order.
            names: options, and "model", that were named now; the rest of `asked` does not count, nor does HERE_ONLY.
        """
        before, now = (_flat(each) for each in (self, asked))
        counted = [name for name in now if name in names and name not in HERE_ONLY]
        counted += ["inputs", "output"] if asked.inputs else []
        return [name for name in counted if before[name] != now[name]]

    def here(self, asked: "Order", names: Collection[str]) -> "Order":
        """Return this order with those of HERE_ONLY that were named in another one."""
        given = {name: value for name, value in _flat(asked).items() if name in names and name in HERE_ONLY}
        at_once = given.pop("at_once", self.batch.at_once)
        return dataclasses.replace(
            self,
            batch=dataclasses.replace(self.batch, at_once=at_once),
            engine=dataclasses.replace(self.engine, **given),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the order as plain JSON values."""
        return {
            "inputs": [str(each) for each in self.inputs],
            "output": None if self.output is None else str(self.output),
            "model": self.model,
            "batch": to_dict(self.batch),
            "engine": to_dict(self.engine),
            "write": to_dict(self.write),
        }

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> "Order":
        """Return the order of plain values.

        Raises:
            SettingsError: an option has a name or a value that does not exist.
        """
        output = values["output"]
        return Order(
            tuple(Path(each) for each in values["inputs"]),
            None if output is None else Path(output),
            values["model"],
            from_dict(BatchOptions, values["batch"]),
            from_dict(EngineOptions, values["engine"]),
            from_dict(WriteOptions, values["write"]),
        )

    def _check(self) -> None:
        batch = self.batch
        if batch.format not in (KEEP, *_FORMATS):
            raise SettingsError(f"The format cannot be {batch.format!r}: choose {KEEP} or {' or '.join(_FORMATS)}.")
        if batch.in_place and (self.output is not None or batch.format != KEEP or batch.name or batch.per_mask):
            raise SettingsError(
                "--in-place writes each result over its photo: leave --output, --format, --name and --per-mask out."
            )
        if batch.per_mask and self.output is None:
            raise SettingsError("--per-mask needs --output: beside the photos its results would look like masks.")
        _ = self.template, self.key_color


def _flat(order: Order) -> dict[str, Any]:
    """Return every value of an order by its name; no two sections share one."""
    return {
        "inputs": order.inputs,
        "output": order.output,
        "model": order.model,
        **{name: getattr(part, name) for part in (order.batch, order.engine, order.write) for name in to_dict(part)},
    }
