"""Krita sees in our files what we see, and we in its.

Krita 5.1 composites OpenRaster files at 8 bit and keeps opacities in steps of 1/255, so colours and opacities here are
such steps. One of its modes is another by definition: Addition blends a sum, clipped, by alpha, where the
specification (W3C, lighter) adds premultiplied colours and alphas: the same only on an opaque picture where no sum is
clipped.
"""

import numpy as np
import pytest
import stacks

from lama_desktop import formats
from lama_desktop.core.blend import BLEND_MODES, blend_mode
from lama_desktop.core.composite import composite, to_depth
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.formats.layered import read_layers
from lama_desktop.formats.openraster import writer
from lama_desktop.progress import Progress

pytestmark = pytest.mark.slow

NEAR = 2.0
"""Levels of 255 between two pictures that look the same; colours weighted by their alpha."""
ROUNDING = 0.5
"""What is added where both colours and alpha are rounded to 8 bit, and only then multiplied."""
SIDE = 40
COLUMNS = 5


def smooth(seed, size, dtype=np.uint8, opaque=False, low=0.02, high=0.98):
    """Return waves of colour, with alpha in waves from nothing to all.

    None is black or white, where burning and dodging jump from one end to the other.
    """
    generator = np.random.default_rng(seed)
    y, x = np.mgrid[: size[1], : size[0]]
    waves = [np.sin(generator.uniform(0.05, 0.3, 2) @ [x.ravel(), y.ravel()] + each) for each in range(4)]
    planes = [(low + (high - low) * (0.5 + 0.5 * wave)).reshape(size[::-1]) for wave in waves]
    planes[3] = np.ones_like(planes[3]) if opaque else np.clip(0.5 + 0.8 * waves[3], 0, 1).reshape(size[::-1])
    return np.rint(np.dstack(planes) * 255).astype(dtype) * dtype(257 if dtype == np.uint16 else 1)


def premultiplied(pixels):
    """Return a picture, at 8 bit as Krita has it, as premultiplied RGBA on a scale of 255."""
    values = to_depth(pixels, np.uint8).astype(np.float64)
    if values.shape[2] == 3:
        return np.dstack([values, np.full(values.shape[:2], 255.0)])
    return np.dstack([values[..., :3] * values[..., 3:] / 255, values[..., 3]])


def seen_by(krita, snapshot, folder):
    """Return how far Krita's picture of a document is from ours, (H, W, 4) on a scale of 255."""
    writer.write(snapshot, folder / "a.ora", Progress())
    theirs = formats.read(krita.export(folder / "a.ora", folder / "a.png")).pixels
    merged = formats.read(folder / "a.ora").pixels
    return np.abs(premultiplied(theirs) - premultiplied(merged))


def every_mode(dtype, opaque):
    """Return a layer of every mode beside the others, each in a group with what it lies on; and where it is."""
    tree, places = [], {}
    for number, mode in enumerate(BLEND_MODES):
        x, y = SIDE * (number % COLUMNS), SIDE * (number // COLUMNS)
        high = 0.48 if mode.name == "svg:plus" else 0.98  # where no sum is clipped
        below = Layer(smooth(number, (SIDE, SIDE), dtype, opaque, high=high), (x, y), name="below")
        above = Layer(
            smooth(number + 50, (SIDE - 6, SIDE - 4), dtype, high=high),
            (x + 3, y + 2),
            name=mode.title,
            mode=mode,
            opacity=(255 if number % 2 else 191) / 255,
        )
        tree.append(Branch(Group(mode.title), (below, above)))
        places[mode.name] = np.s_[y : y + SIDE, x : x + SIDE]
    rows = -(-len(BLEND_MODES) // COLUMNS)
    return stacks.flat_of(tree, (SIDE * COLUMNS, SIDE * rows), dtype), places


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("opaque", [True, False])
def test_every_mode_looks_there_as_here(krita, tmp_path, dtype, opaque):
    snapshot, places = every_mode(dtype, opaque)
    far = seen_by(krita, snapshot, tmp_path)
    worst = {name: float(far[place].max()) for name, place in places.items()}
    print("\n".join(f"{name:18} {value:.2f}" for name, value in worst.items()))
    for name, value in worst.items():
        if opaque or name != "svg:plus":
            assert value <= (NEAR if opaque else NEAR + ROUNDING), worst


def group(name, *entries, **how):
    return Branch(Group(name, **how), entries)


def layer(seed, origin=(0, 0), size=(60, 50), dtype=np.uint8, **how):
    return Layer(smooth(seed, size, dtype), origin, **how)


def arranged(dtype, isolated):
    """Return groups in groups, some fading, some blended, some hidden, partly outside of the picture."""
    multiply, screen = blend_mode("svg:multiply"), blend_mode("svg:screen")
    return [
        Layer(smooth(0, (120, 90), dtype, opaque=True), name="photo"),
        group(
            "outer",
            layer(1, (-25, -18), dtype=dtype, mode=multiply),
            group("inner", layer(2, (20, 10), dtype=dtype, mode=screen), layer(3, (50, 30), dtype=dtype)),
            group(
                "through",
                layer(4, (85, 60), dtype=dtype, mode=multiply, opacity=102 / 255),
                layer(5, (10, 55), dtype=dtype, mode=blend_mode("svg:difference")),
                isolated=not isolated,
                opacity=153 / 255,
            ),
            isolated=isolated,
            opacity=1.0 if isolated else 204 / 255,
            mode=blend_mode("svg:overlay") if isolated else blend_mode("svg:src-over"),
        ),
        group("hidden", layer(6, dtype=dtype), visible=False),
        group("faded", layer(7, (40, 35), dtype=dtype, mode=multiply), opacity=128 / 255),
        layer(8, (100, 70), dtype=dtype, opacity=0.0),
        layer(9, (300, 300), dtype=dtype),
    ]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("isolated", [True, False])
def test_groups_and_offsets_look_there_as_here(krita, tmp_path, dtype, isolated):
    far = seen_by(krita, stacks.flat_of(arranged(dtype, isolated), (120, 90), dtype), tmp_path)
    print(f"{far.max():.2f}")
    assert far.max() <= NEAR


def test_all_that_a_document_of_ours_has_is_opened_there(krita, tmp_path):
    writer.write(stacks.rich(1), tmp_path / "a.ora", Progress())
    assert formats.read(krita.export(tmp_path / "a.ora", tmp_path / "a.png")).size == stacks.SIZE


@pytest.mark.parametrize("isolated", [True, False])
def test_what_it_writes_looks_here_as_there(krita, tmp_path, isolated):
    snapshot = stacks.flat_of(arranged(np.uint8, isolated), (120, 90))
    writer.write(snapshot, tmp_path / "a.ora", Progress())
    theirs = formats.read(krita.export(tmp_path / "a.ora", tmp_path / "a.png")).pixels
    found = read_layers(krita.export(tmp_path / "a.ora", tmp_path / "b.ora"), Progress())
    assert found.notes == ()
    assert [each.name for each in found.stack.nodes] == [each.name for each in snapshot.stack.nodes]
    assert [each.origin for each in found.stack.layers if each.name == "photo"] == [(0, 0)]
    ours = composite(found.stack.tree, found.stack.rect, found.facts.pixels.dtype)
    far = np.abs(premultiplied(theirs) - premultiplied(ours))
    print(f"{far.max():.2f}")
    assert far.max() <= NEAR


def test_every_mode_comes_back_from_it(krita, tmp_path):
    snapshot, _ = every_mode(np.uint8, True)
    writer.write(snapshot, tmp_path / "a.ora", Progress())
    found = read_layers(krita.export(tmp_path / "a.ora", tmp_path / "b.ora"), Progress())
    modes = {each.name: each.mode.name for each in found.stack.layers if each.name != "below"}
    assert modes == {mode.title: mode.name for mode in BLEND_MODES}
