"""Kinds of masks by name: every published one, and what else networks are asked to fill.

The published ones hold the numbers of the published configurations (Suvorov et al. 2022) and give the published masks,
bit for bit. `borders`, `square` and `grid` have the published ranges and a stream of their own. `frame` covers a fifth
of each length, as the published outpainting sets do; the numbers of `squares_256` are ours, since no published
configuration has any.

To add a kind: a generator, and its line in `MASK_PRESETS`.
"""

from dataclasses import dataclass, replace

from numpy.random import RandomState

from lama_desktop.core.arrays import Hole
from lama_desktop.masks.generators import Borders, Boxes, Brush, Grid, MaskGenerator, Mixture, Square, Strokes


@dataclass(frozen=True)
class MaskPreset:
    """A kind of masks under a name; draws them itself.

    `side` is the side of the pictures that its numbers are meant for, in pixels; `summary` says in a line what it
    looks like.
    """

    side: int
    summary: str
    generator: MaskGenerator

    def draw(self, size: tuple[int, int], random: RandomState) -> Hole:
        """Return a mask of this kind; see MaskGenerator."""
        return self.generator.draw(size, random)


def _mixed(strokes: Strokes, boxes: Boxes | None = None, weight: float = 0.3) -> Mixture:
    return Mixture((strokes,), (1.0,)) if boxes is None else Mixture((strokes, boxes), (1.0, weight))


MASK_PRESETS: dict[str, MaskPreset] = {
    "thin_256": MaskPreset(256, "many thin strokes", _mixed(Strokes(4, 50, width=10, length=40))),
    "thin_512": MaskPreset(512, "many thin strokes", _mixed(Strokes(4, 70, width=20, length=100))),
    "medium_256": MaskPreset(
        256,
        "a few strokes of middle width, or small boxes",
        _mixed(Strokes(4, 5, width=50, length=100), Boxes(1, 5, 10, 50, margin=0)),
    ),
    "medium_512": MaskPreset(
        512,
        "a few strokes of middle width, or small boxes",
        _mixed(Strokes(4, 10, width=100, length=200), Boxes(1, 5, 30, 150, margin=0)),
    ),
    "thick_256": MaskPreset(
        256,
        "few wide strokes, or boxes: what the paper calls wide masks",
        _mixed(Strokes(1, 5, width=100, length=200), Boxes(1, 3, 30, 150, margin=10)),
    ),
    "thick_512": MaskPreset(
        512,
        "few wide strokes, or boxes: what the paper calls wide masks",
        _mixed(Strokes(1, 5, width=250, length=450), Boxes(1, 4, 30, 300, margin=10)),
    ),
    "train_wide": MaskPreset(
        256,
        "wide strokes or boxes: the training of the paper",
        _mixed(Strokes(1, 5, width=100, length=200), Boxes(1, 4, 30, 150, margin=10), 1.0),
    ),
    "train_big_lama": MaskPreset(
        256,
        "wide strokes or boxes: the training of the released Big-LaMa",
        _mixed(Strokes(1, 5, width=100, length=200), Boxes(1, 3, 30, 150, margin=10), 1.0),
    ),
    "train_thin": MaskPreset(
        256,
        "narrower strokes or one box: the paper's ablation with small masks",
        _mixed(Strokes(4, 12, width=40, length=80), Boxes(1, 1, 30, 128, margin=0), 1.0),
    ),
    "squares_256": MaskPreset(256, "chains of small squares", Strokes(4, 12, width=40, length=80, brush=Brush.SQUARE)),
    "square": MaskPreset(512, "one square of 10% to 35% of the picture", Square(0.1, 0.35)),
    "borders": MaskPreset(512, "bands of 4% to 25% along some sides: outpainting", Borders(0.04, 0.25)),
    "frame": MaskPreset(512, "a band of 10% along every side: outpainting", Borders(0.1, 0.1, chance=1.0)),
    "grid": MaskPreset(512, "lines that leave a lattice of pixels: super-resolution", Grid()),
}
"""In the order in which they are listed. `train_wide` is `abl-04-256-mh-dist`, `train_thin` is `abl-02-thin-bb`."""


def scaled(generator: MaskGenerator, factor: float) -> MaskGenerator:
    """Return the generator for pictures whose sides are `factor` times those that its numbers are meant for.

    Kinds that go by parts of the picture stay as they are, and so do the fixed parts of a segment's length and width.
    """
    if isinstance(generator, MaskPreset):
        return scaled(generator.generator, factor)
    if isinstance(generator, Mixture):
        return replace(generator, generators=tuple(scaled(each, factor) for each in generator.generators))
    if isinstance(generator, Strokes):
        width, length = (max(1, round(each * factor)) for each in (generator.width, generator.length))
        return replace(generator, width=width, length=length)
    if isinstance(generator, Boxes):
        smallest, largest = (max(1, round(each * factor)) for each in (generator.smallest, generator.largest))
        return replace(generator, smallest=smallest, largest=largest, margin=round(generator.margin * factor))
    return generator
