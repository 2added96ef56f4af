"""What the recipe of a fill says: the options in it, and in words what is different in each of its ways."""

from collections.abc import Sequence

from lama_desktop import options
from lama_desktop.core.layer import Layer, Recipe
from lama_desktop.engine.options import EngineOptions
from lama_desktop.errors import SettingsError
from lama_desktop.models.cards import MODELS
from lama_desktop.ui.text import in_seconds, short_title, tr

_TITLES = {card.id: card.title for card in MODELS}


def recipe_options(layer: Layer) -> EngineOptions:
    """Return the options in the recipe of a fill; what this version does not know is left out."""
    known = {each.name for each in options.options_of(EngineOptions)}
    try:
        return options.from_dict(EngineOptions, {k: v for k, v in _recipe(layer).settings.items() if k in known})
    except SettingsError:
        return EngineOptions()


def difference(ways: Sequence[Layer], index: int) -> str:
    """Return in a few words what is different in a way of filling from the first one.

    Args:
        ways: as `core.ways.ways_of` gives them.
        index: of one of them.
    """
    first, way = ways[0], ways[index]
    if _recipe(way).model != _recipe(first).model:
        return _title(way)
    before, now = recipe_options(first), recipe_options(way)
    if index == 0 or now == before:
        return tr("As chosen")
    if now.context > before.context:
        return tr("Wider view")
    if now.texture != before.texture:
        return tr("With texture") if now.texture else tr("Without texture")
    return tr("Another draw") if now.seed != before.seed else tr("Other options")


def about(ways: Sequence[Layer], index: int) -> str:
    """Return what there is to say of a way: what differs, the model, how long it took."""
    lines = [difference(ways, index), _title(ways[index])]
    if seconds := _recipe(ways[index]).seconds:
        lines.append(in_seconds(seconds))
    return "\n".join(dict.fromkeys(lines))


def _title(layer: Layer) -> str:
    model = _recipe(layer).model
    return short_title(_TITLES.get(model, model))


def _recipe(layer: Layer) -> Recipe:
    assert layer.recipe is not None
    return layer.recipe
