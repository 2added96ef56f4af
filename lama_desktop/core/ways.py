"""Ways: the fills of one hole to choose from, one of which is a layer, while the others wait in its recipe.

They keep their order whichever of them is the layer. Pure functions; the stacks they return are for a `StackEdit`.
"""

from dataclasses import replace

from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.core.node import Node
from lama_desktop.core.stack import Stack


def ways_of(layer: Layer | None) -> tuple[Layer, ...]:
    """Return all fills of the hole of a layer, itself among them; just the layer where it has no alternatives.

    Args:
        layer: any, or None; what was not filled has no ways.
    """
    if layer is None or layer.recipe is None:
        return ()
    others, position = layer.recipe.alternatives, layer.recipe.position
    return (*others[:position], layer, *others[position:])


def with_way(stack: Stack, layer: Layer, way: Layer) -> Stack:
    """Return a stack in which a fill has one more alternative, after all others.

    Args:
        stack: of the document.
        layer: a fill in it; another object in the result.
        way: a fill of the same hole, with a recipe; of nobody else from now on.
    """
    return _set(stack, layer, layer, (*_recipe(layer).alternatives, _plain(way)), _recipe(layer).position)


def with_chosen(stack: Stack, layer: Layer, index: int) -> Stack:
    """Return a stack in which another way of a fill is the layer.

    The new layer lies in the hole and has the name, opacity, mode, visibility and locks of the old one, which is an
    alternative now, as it is, painted on or not.

    Args:
        stack: of the document.
        layer: a fill in it; another object in the result.
        index: in `ways_of(layer)`.
    """
    ways = ways_of(layer)
    chosen, others = ways[index], (*ways[:index], *ways[index + 1 :])
    kept = layer.properties() | {"recipe": chosen.recipe, "origin": chosen.origin}
    return _set(stack, layer, chosen.copy(**kept), tuple(_plain(each) for each in others), index)


def with_fresh(stack: Stack, layer: Layer, fresh: Layer) -> Stack:
    """Return a stack in which a fill was made anew.

    Everything about the layer stays but its pixels, where they lie, and by what they were made; its alternatives, too.

    Args:
        stack: of the document.
        layer: a fill in it; another object in the result.
        fresh: the same hole, filled again; of nobody else from now on.
    """
    old, new = _recipe(layer), _recipe(fresh)
    recipe = replace(new, mask=old.mask, alternatives=old.alternatives, position=old.position)
    return stack.replaced(layer, fresh.copy(**layer.properties() | {"recipe": recipe, "origin": fresh.origin}))


def without_others(stack: Stack, layer: Layer) -> Stack:
    """Return a stack in which a fill has no alternatives."""
    return _set(stack, layer, layer, (), 0)


def _set(stack: Stack, old: Layer, new: Layer, alternatives: tuple[Layer, ...], position: int) -> Stack:
    recipe = replace(_recipe(new), alternatives=alternatives, position=position)
    return stack.replaced(old, new.copy(recipe=recipe))


def _plain(layer: Layer) -> Layer:
    """Return a fill as an alternative: its pixels, where they lie and how they were made, and no more."""
    recipe = replace(_recipe(layer), alternatives=(), position=0)
    return layer.copy(**Node().properties(), recipe=recipe)


def _recipe(layer: Layer) -> Recipe:
    assert layer.recipe is not None, "only what was filled has ways"
    return layer.recipe
