"""TrainConfig: everything that decides what a run learns, as sections of options.

A recipe is a TOML file whose tables are the sections; what it leaves out is as published for LaMa-Fourier (Suvorov et
al., WACV 2022, and the published configurations). `--set losses.perceptual.weight=0` overrides one value by its dotted
name. The resolved configuration is saved with the run, and is a recipe itself.
"""

import json
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lama_desktop import options
from lama_desktop.errors import SettingsError
from lama_desktop.masks.options import MaskOptions
from lama_desktop.networks.ffc import split_channels
from lama_desktop.networks.generators import DilatedConfig, FourierConfig, GeneratorConfig, RegularConfig
from lama_desktop.networks.perceptual import BatchNormMode, Encoder
from lama_desktop.options import option, section
from lama_desktop.paths import resource
from lama_desktop.training.losses import MaskScaling

RECIPES = "recipes"


class Family(StrEnum):
    """The generators of the paper."""

    FOURIER = "fourier"
    REGULAR = "regular"
    DILATED = "dilated"


class Schedule(StrEnum):
    """How the learning rates change over a run."""

    CONSTANT = "constant"
    COSINE = "cosine"


class Precision(StrEnum):
    """In what the networks compute; weights, transforms and losses are float32 always."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


@dataclass(frozen=True)
class RunOptions:
    """The run."""

    name: str = option("lama", "Name", "Names the exported model.")
    description: str = option("", "Description", "What the model is good for, for its card.")
    licence: str = option("Not stated.", "Licence", "The terms of the weights, for their card.")
    steps: int = option(1_000_000, "Steps", "How many times both networks are updated.", low=1)
    seed: int = option(
        0, "Seed", "Decides the initial weights, the order, the crops and the masks.", low=0, high=2**63 - 1
    )


@dataclass(frozen=True)
class GeneratorOptions:
    """The network that fills."""

    family: Family = option(Family.FOURIER, "Family", "Which of the paper's generators.")
    width: int = option(64, "Width", "Channels of the first layer; they double with every halving.", low=4, high=256)
    blocks: int = option(9, "Blocks", "Residual blocks.", low=1, high=64)
    downsamplings: int = option(3, "Halvings", "How often the picture is halved before the blocks.", low=1, high=5)
    global_ratio: float = option(0.75, "Global part", "Part of the channels that see everything.", low=0.1, high=0.95)
    dilations: int = option(4, "Dilations", "Parallel dilations of the dilated family.", low=1, high=5)
    weights: str = option("", "Start from", "A weight file of any published layout to fine-tune.")
    rate: float = option(1e-3, "Learning rate", "Of Adam.", low=0.0, high=1.0)


@dataclass(frozen=True)
class DiscriminatorOptions:
    """The network that tells pictures from fills."""

    width: int = option(64, "Width", "Channels of the first layer; they double up to 512.", low=4, high=256)
    layers: int = option(4, "Layers", "Feature layers after the first.", low=1, high=6)
    weights: str = option("", "Start from", "A checkpoint with a discriminator; often that of the generator.")
    rate: float = option(1e-4, "Learning rate", "Of Adam.", low=0.0, high=1.0)


@dataclass(frozen=True)
class L1Options:
    """Absolute difference."""

    known: float = option(10.0, "Known", "Weight outside the hole.", low=0)
    missing: float = option(0.0, "Missing", "Weight inside the hole.", low=0)


@dataclass(frozen=True)
class AdversarialOptions:
    """The game of the two networks."""

    weight: float = option(10.0, "Weight", "In the generator's loss; the discriminator's has 1.", low=0)
    penalty: float = option(0.001, "R1", "Weight of the squared gradient of the scores of photographs.", low=0)
    penalty_every: int = option(1, "R1 every", "Steps between penalties; each then counts for all of them.", low=1)
    masked_fake: bool = option(True, "Only holes are fake", "Generated patches outside the hole count as real.")
    mask_scaling: MaskScaling = option(MaskScaling.NEAREST, "Mask scaling", "From the picture to the map of scores.")
    extra: float = option(0.0, "Extra on the hole", "What scores on the hole weigh more for the generator.", low=0)
    generator_everywhere: bool = option(True, "Outside, generator", "Scores outside the hole count for it.")
    discriminator_everywhere: bool = option(True, "Outside, discriminator", "Generated patches outside count for it.")


@dataclass(frozen=True)
class FeatureMatchingOptions:
    """Likeness of the discriminator's features."""

    weight: float = option(100.0, "Weight", "In the generator's loss.", low=0)
    known_only: bool = option(False, "Known only", "Count only what lies outside the hole.")


@dataclass(frozen=True)
class PerceptualOptions:
    """Likeness of the features of a network that sees."""

    kind: Encoder = option(Encoder.NONE, "Encoder", "Whose features; the published recipes take resnet50-dilated.")
    weight: float = option(30.0, "Weight", "In the generator's loss.", low=0)
    weights: str = option("", "Weights", "The encoder's weight file.")
    batchnorm: BatchNormMode = option(BatchNormMode.BATCH, "BatchNorm", "By the batch, as published, or as learnt.")


@dataclass(frozen=True)
class LossOptions:
    """What the generator minimises."""

    blended: bool = option(
        False, "Blended", "The discriminator and the encoder see the fill in the photograph, not all that is redrawn."
    )
    l1: L1Options = section(L1Options)
    adversarial: AdversarialOptions = section(AdversarialOptions)
    feature_matching: FeatureMatchingOptions = section(FeatureMatchingOptions)
    perceptual: PerceptualOptions = section(PerceptualOptions)


@dataclass(frozen=True)
class OptimizerOptions:
    """How weights are updated."""

    clip: float = option(1.0, "Clip", "Largest norm of a network's gradient; 0 clips nothing.", low=0)
    accumulate: int = option(1, "Accumulate", "Parts in which a step's pictures pass, to save memory.", low=1)
    second_forward: bool = option(
        True, "Second forward", "Fill again after the generator's update for the discriminator's step, as published."
    )
    schedule: Schedule = option(Schedule.CONSTANT, "Schedule", "Constant as published, or falling to a tenth.")
    warmup: int = option(0, "Warm-up", "Steps over which the rates rise from zero.", low=0)


@dataclass(frozen=True)
class AverageOptions:
    """A running average of the generator; validated and exported in its place."""

    on: bool = option(False, "Average", "Keep one.")
    decay: float = option(0.999, "Decay", "Part that stays at each update.", low=0, high=1)
    start: int = option(30_000, "Start", "First step that counts.", low=0)
    every: int = option(10, "Every", "Steps between updates.", low=1)


@dataclass(frozen=True)
class DataOptions:
    """The pictures."""

    images: tuple[str, ...] = option((), "Images", "Folders, files, lists (.txt) and tar shards.")
    augmentation: str = option(
        "distortions",
        "Augmentation",
        "How pictures are varied: none, default, distortions, distortions_light, distortions_scale05_1, "
        "distortions_scale03_12, distortions_scale03_07 or non_space_transform.",
    )
    shortest: int = option(
        0, "Shrink to", "Longer short sides of pictures are shrunk to it; 0 keeps.", low=0, unit="px"
    )
    size: int = option(256, "Size", "Side of a crop in pixels.", low=16, high=2048)
    batch: int = option(30, "Batch", "Pictures per step, over all processes together.", low=1)
    workers: int = option(3, "Workers", "Processes that prepare pictures, per training process.", low=0, high=64)


@dataclass(frozen=True)
class ValidationOptions:
    """A look at pictures held back."""

    images: str = option("", "Images", "A folder with pictures, or with pictures and masks; empty for none.")
    masks: str = option("thick_512", "Masks", "The kind of masks where the folder has none.")
    size: int = option(512, "Size", "Side of the squares in pixels.", low=32, high=4096)
    limit: int = option(100, "Limit", "At most so many pictures; 0 takes all.", low=0)
    every: int = option(25_000, "Every", "Steps between validations.", low=1)
    monitor: str = option(
        "swd", "Monitor", "The figure by which checkpoints are the best: psnr, ssim, l1, energy or swd."
    )


@dataclass(frozen=True)
class CheckpointOptions:
    """What is kept on disk."""

    every: int = option(1000, "Every", "Steps between saves of the whole state.", low=1)
    best: int = option(5, "Best", "How many of the best generators are kept.", low=0)
    half: bool = option(False, "Half precision", "Write generators as float16: half the size.")


@dataclass(frozen=True)
class ComputeOptions:
    """How the numbers are computed; does not change what is learned, but for rounding."""

    device: str = option("auto", "Device", "auto, cpu or cuda.")
    precision: Precision = option(Precision.FLOAT32, "Precision", "Of convolutions.")
    channels_last: bool = option(True, "Channels last", "The memory layout that convolutions are fastest in.")
    compile: bool = option(False, "Compile", "Compile both networks with torch.compile.")
    sync_batchnorm: bool = option(False, "Synchronise BatchNorm", "Over all processes; needs CUDA.")
    deterministic: bool = option(False, "Deterministic", "Only operations that always give the same numbers.")
    log_every: int = option(50, "Log every", "Steps between log lines.", low=1)
    tensorboard: bool = option(False, "TensorBoard", "Write its files, too.")


@dataclass(frozen=True)
class TrainConfig:
    """A training run."""

    run: RunOptions = section(RunOptions)
    generator: GeneratorOptions = section(GeneratorOptions)
    discriminator: DiscriminatorOptions = section(DiscriminatorOptions)
    losses: LossOptions = section(LossOptions)
    optimizer: OptimizerOptions = section(OptimizerOptions)
    average: AverageOptions = section(AverageOptions)
    data: DataOptions = section(DataOptions)
    masks: MaskOptions = section(MaskOptions)
    validation: ValidationOptions = section(ValidationOptions)
    checkpoints: CheckpointOptions = section(CheckpointOptions)
    compute: ComputeOptions = section(ComputeOptions)


def generator_config(options: GeneratorOptions) -> GeneratorConfig:
    """Return the configuration that a recipe's options describe.

    Raises:
        SettingsError: there is no such network, since its channels cannot be split like that.
    """
    width, blocks, steps = options.width, options.blocks, options.downsamplings
    deepest = width * 2**steps
    match options.family:
        case Family.FOURIER:
            if split_channels(deepest, options.global_ratio)[1] < 2:  # the spectral transform works on half of them
                raise SettingsError(
                    f"generator.global_ratio={options.global_ratio} leaves fewer than 2 of {deepest} channels to see "
                    "everything: raise it or generator.width."
                )
            return FourierConfig(width, blocks, steps, options.global_ratio)
        case Family.REGULAR:
            return RegularConfig(width, blocks, steps)
        case Family.DILATED:
            if deepest % options.dilations:
                raise SettingsError(
                    f"generator.dilations={options.dilations} cannot share {deepest} channels equally: choose 1, 2 or "
                    "4, or another generator.width."
                )
            return DilatedConfig(width, blocks, steps, options.dilations)


def find_recipe(name: str) -> Path:
    """Return the file of a recipe: a path, or the name of one that travels with the program.

    Raises:
        SettingsError: there is none.
    """
    path = Path(name)
    if path.suffix == ".toml" or path.is_file():
        if not path.is_file():
            raise SettingsError(f"There is no recipe {path}: check the name.")
        return path
    known = recipes()
    if name not in known:
        raise SettingsError(f"There is no recipe {name!r}: choose {', '.join(known)}, or name a .toml file.")
    return known[name]


def recipes() -> dict[str, Path]:
    """Return the recipes that travel with the program, by name."""
    return {path.stem: path for path in sorted(resource(RECIPES).glob("*.toml"))}


def load_config(path: Path, overrides: Iterable[str] = (), values: Mapping[str, Any] | None = None) -> TrainConfig:
    """Read a recipe.

    Args:
        path: a TOML file; its `base`, if any, names the recipe that it changes.
        overrides: `dotted.name=value` each, as given on a command line; they win over the file.
        values: by dotted name; they win over both.

    Raises:
        SettingsError: the file cannot be read, or a name or value in it does not exist.
    """
    merged = _read(path, ())
    for each in overrides:
        name, equals, text = each.partition("=")
        if not equals:
            raise SettingsError(f"--set takes NAME=VALUE, and {each!r} has no equals sign.")
        merged[name.strip()] = _parsed(name.strip(), text.strip())
    return options.unflatten(TrainConfig, merged | dict(values or {}))


def to_toml(config: TrainConfig) -> str:
    """Return a configuration as a recipe, complete, with every option's meaning beside it."""
    described = options.tree_options(TrainConfig)
    lines: list[str] = []
    table = None
    for name, value in options.flatten(config).items():
        head, _, key = name.rpartition(".")
        if head != table:
            table = head
            lines += ["", f"[{table}]"]
        choices = described[name].choices
        meaning = described[name].help + (f" One of {', '.join(choices)}." if choices else "")
        lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}  # {meaning}")
    return "\n".join(lines[1:]) + "\n"


def _read(path: Path, seen: tuple[Path, ...]) -> dict[str, Any]:
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise SettingsError(f"The recipe {path} cannot be read: {reason}.") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"The recipe {path} is no valid TOML: {error}.") from error
    base = document.pop("base", None)
    merged: dict[str, Any] = {}
    if base is not None:
        beside = path.with_name(f"{base}.toml")
        parent = beside if beside.is_file() else find_recipe(str(base))
        if parent in (*seen, path):
            raise SettingsError(f"The recipe {path} is its own base: remove that line.")
        merged = _read(parent, (*seen, path))
    return merged | _dotted(document, "")


def _dotted(table: Mapping[str, Any], prefix: str) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in table.items():
        values |= _dotted(value, f"{prefix}{key}.") if isinstance(value, dict) else {f"{prefix}{key}": value}
    return values


def _parsed(name: str, text: str) -> Any:
    """Return the value that a text on the command line means for an option: TOML where it must be, else the text."""
    known = options.tree_options(TrainConfig).get(name)
    if known is not None and (known.kind is str or known.choices):
        return text.strip("\"'")
    if known is not None and known.kind is tuple and not text.startswith("["):
        return [text]
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
