"""Small documents for tests, and how to tell whether two states of one are equal."""

import importlib.util
from pathlib import Path

import numpy as np

from lama_desktop.core.blend import BLEND_MODES, NORMAL
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.photo import Photo

_spec = importlib.util.spec_from_file_location("profiles", Path(__file__).parents[1] / "formats" / "profiles.py")
profiles = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(profiles)


def noise(generator, height, width, dtype=np.uint8, channels=4):
    """Return random pixels; a quarter of them transparent and a quarter opaque where there is alpha."""
    full = np.iinfo(dtype).max
    pixels = generator.integers(0, full + 1, (height, width, channels), dtype)
    if channels == 4:
        chance = generator.random((height, width))
        pixels[..., 3][chance < 0.25] = 0
        pixels[..., 3][chance > 0.75] = full
    return pixels


def photo_of(generator, height=90, width=130, dtype=np.uint8, channels=3):
    return Photo(noise(generator, height, width, dtype, channels), has_alpha=channels == 4)


def document_of(seed=0, layers=3, height=150, width=200, dtype=np.uint8):
    """Return an opaque photo under random layers, which lie anywhere, one of them with a recipe."""
    generator = np.random.default_rng(seed)
    document = Document(photo_of(generator, height, width, dtype))
    stack = document.stack
    for index in range(layers):
        origin = (int(generator.integers(-30, width - 10)), int(generator.integers(-30, height - 10)))
        recipe = recipe_of(origin, dtype) if index == 0 else None
        layer = Layer(
            noise(generator, int(generator.integers(5, 90)), int(generator.integers(5, 120)), dtype),
            origin,
            name=f"layer {index}",
            opacity=float(generator.choice([1.0, 0.5, 0.25])),
            mode=BLEND_MODES[int(generator.integers(len(BLEND_MODES)))],
            recipe=recipe,
        )
        stack = stack.with_entry(layer)
    return Document(photo_of(generator, height, width, dtype), stack=stack)


def recipe_of(origin, dtype=np.uint8):
    """Return the recipe of a fill with two alternatives."""
    generator = np.random.default_rng(1)
    hole = Mask(np.full((20, 30), 255, np.uint8), origin)
    ways = tuple(
        Layer(noise(generator, 20, 30, dtype), origin, recipe=Recipe(model, {"grow": 6}, hole))
        for model in ("other", "third")
    )
    return Recipe("patches", {"grow": 6}, hole, alternatives=ways, position=1)


def grouped(generator, tree, depth=3):
    """Return a tree of the same layers, in the same order, in random groups, some of them empty."""
    result, rest = [], list(tree)
    while rest:
        count = int(generator.integers(0, len(rest) + 1)) if depth else 0
        if generator.random() < 0.5 and depth:
            result.append(Branch(group_of(generator), grouped(generator, rest[:count], depth - 1)))
            del rest[:count]
        else:
            result.append(rest.pop(0))
    return tuple(result)


def group_of(generator):
    plain = generator.random() < 0.5
    return Group(
        f"group {generator.integers(99)}",
        opacity=1.0 if plain else float(generator.choice([1.0, 0.5, 0.0, 0.3])),
        mode=NORMAL if plain else BLEND_MODES[int(generator.integers(len(BLEND_MODES)))],
        visible=bool(generator.random() < 0.85),
        isolated=bool(generator.integers(2)),
    )


def state_of(document):
    """Return everything a person would want to keep, as values that compare equal when it is equal."""
    stack = document.stack
    active = None if stack.active is None else stack.nodes.index(stack.active)
    drawables = stack.mask, stack.original, stack.native, stack.sampling
    others = tuple(None if each is None else drawable_of(each) for each in drawables)
    return stack.size, tree_of(stack.tree), active, others


def tree_of(tree):
    return tuple(
        (properties_of(each.group), each.group.isolated, tree_of(each.entries))
        if isinstance(each, Branch)
        else drawable_of(each) + properties_of(each)
        for each in tree
    )


def drawable_of(drawable):
    return drawable.rect, drawable.pixels.dtype, drawable.pixels.tobytes()


def properties_of(node):
    recipe = getattr(node, "recipe", None)
    ways = [] if recipe is None else [(drawable_of(each), properties_of(each)) for each in recipe.alternatives]
    made = None if recipe is None else (recipe.model, recipe.source, drawable_of(recipe.mask), recipe.position, ways)
    return node.name, node.opacity, node.mode.name, node.visible, node.lock, made
