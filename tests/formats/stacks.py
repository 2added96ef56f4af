"""Documents with everything a file with layers can hold, drawn by seed; and what is equal when they come back."""

import numpy as np

from lama_desktop.core.blend import BLEND_MODES, blend_mode
from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.exchange import Snapshot, facts_of
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Lock
from lama_desktop.core.photo import ColorModel, Photo
from lama_desktop.core.stack import Stack

SIZE = (48, 32)


def noise(generator, size=SIZE, dtype=np.uint8, channels=4):
    """Return random pixels; half of them transparent or opaque where there is alpha, with colours under nothing."""
    full = np.iinfo(dtype).max
    pixels = generator.integers(0, full + 1, (size[1], size[0], channels), dtype)
    if channels == 4:
        chance = generator.random(pixels.shape[:2])
        pixels[..., 3][chance < 0.25] = 0
        pixels[..., 3][chance > 0.75] = full
    return pixels


def layers(generator, dtype=np.uint8):
    """Yield a layer of every mode, anywhere, some with margins of nothing, locks, names that XML does not like."""
    for number, mode in enumerate(BLEND_MODES):
        size = int(generator.integers(1, 30)), int(generator.integers(1, 30))
        pixels = noise(generator, size, dtype)
        if number % 3 == 0:
            pixels = np.pad(pixels, ((2, 3), (0, 4), (0, 0)))
        yield Layer(
            pixels,
            (int(generator.integers(-20, 50)), int(generator.integers(-20, 40))),
            name=f'<{number}> & "Über"\n😀',
            opacity=float(generator.choice([1.0, 0.0, 1 / 3, 0.5])),
            mode=mode,
            visible=number % 4 != 1,
            lock=(Lock.NONE, Lock.PIXELS, Lock.ALPHA | Lock.POSITION)[number % 3],
        )


def rich(seed=0, dtype=np.uint8, facts=None, **what):
    """Return a snapshot of a document with groups in groups, a mask, a recipe, the photo it came from."""
    generator = np.random.default_rng(seed)
    facts = facts or Photo(noise(generator, SIZE, dtype, 3))
    photo = Layer(noise(generator, SIZE, dtype), name="Photo")
    hole = Mask(generator.integers(0, 256, (9, 7), np.uint8), (-3, 20))
    ways = tuple(
        Layer(noise(generator, (7, 9), dtype), (-3, 20), recipe=Recipe(model, {"seed": 1}, hole, "below", 0.5))
        for model in ("other", "third")
    )
    fill = Layer(
        noise(generator, (7, 9), dtype),
        (-3, 20),
        name="Fill",
        recipe=Recipe("patches", {"grow": 6, "preset": "best", "context": 0.5}, hole, "below", 2.5, ways, 1),
    )
    first, *others = layers(generator, dtype)
    inner = Branch(Group("inner", opacity=0.4, mode=blend_mode("svg:multiply"), isolated=False), tuple(others[:3]))
    outer = Branch(Group("outer", visible=True, lock=Lock.POSITION), (others[3], inner, *others[4:6]))
    empty = Layer(np.zeros((5, 6, 4), dtype), (1, 2), name="empty")
    tree = (
        photo,
        first,
        outer,
        Branch(Group("nothing", visible=False)),
        fill,
        fill.copy(name="twin"),
        *others[6:],
        empty,
    )
    coverage = np.zeros(SIZE[::-1], np.uint8)
    coverage[4:12, 30:48] = generator.integers(0, 256, (8, 18))
    original = photo.copy(name="Opened")
    sampling = Mask(np.full((9, 11), 255, np.uint8), (-2, 7))
    stack = Stack(SIZE, tree, outer.group, Mask(coverage), original, what.get("native"), sampling)
    return Snapshot(stack, facts_of(facts))


def grouped(generator, tree, depth=4):
    """Return a tree of the same layers, in the same order, in random groups, some of them empty."""
    result, rest = [], list(tree)
    while rest:
        if depth and generator.random() < 0.4:
            count = int(generator.integers(0, len(rest) + 1))
            mode = BLEND_MODES[int(generator.integers(len(BLEND_MODES)))]
            how = {"opacity": float(generator.random()), "mode": mode, "isolated": bool(generator.integers(2))}
            group = Group(f"group {generator.integers(99)}", visible=bool(generator.integers(4)), **how)
            result.append(Branch(group, grouped(generator, rest[:count], depth - 1)))
            del rest[:count]
        else:
            result.append(rest.pop(0))
    return tuple(result)


def flat_of(tree, size=SIZE, dtype=np.uint8):
    """Return a snapshot of a document that is only layers and groups."""
    active = tree[-1].group if isinstance(tree[-1], Branch) else tree[-1]
    return Snapshot(Stack(size, tuple(tree), active, Mask.empty(size)), Photo(np.empty((0, 0, 3), dtype)))


def inks(generator, alpha=False):
    """Return a CMYK photo and its inks as a drawable."""
    pixels = generator.integers(0, 256, (SIZE[1], SIZE[0], 4 + alpha), np.uint8)
    return Photo(pixels, ColorModel.CMYK, has_alpha=alpha), Drawable(pixels)


def state_of(stack):
    """Return everything a person would want to keep of a stack, as values that compare equal when it is equal."""
    active = None if stack.active is None else stack.nodes.index(stack.active)
    drawables = stack.mask, stack.original, stack.native, stack.sampling
    others = tuple(None if each is None else drawable_of(each) for each in drawables)
    return stack.size, tree_of(stack.tree), active, others, stack.original and stack.original.name


def tree_of(tree):
    return [
        (properties_of(each.group), each.group.isolated, tree_of(each.entries))
        if isinstance(each, Branch)
        else (drawable_of(each), properties_of(each))
        for each in tree
    ]


def drawable_of(drawable):
    return drawable.rect, drawable.pixels.dtype, drawable.pixels.tobytes()


def properties_of(node):
    recipe = getattr(node, "recipe", None)
    made = recipe and (
        (recipe.model, dict(recipe.settings), recipe.source, recipe.seconds, recipe.position),
        drawable_of(recipe.mask),
        [(drawable_of(each), properties_of(each)) for each in recipe.alternatives],
    )
    return node.name, node.opacity, node.mode.name, node.visible, node.lock, made
