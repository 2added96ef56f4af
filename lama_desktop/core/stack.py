"""Stack: the whole structure of a document as one immutable value, and the changes of it that move no pixel.

Adding, removing, reordering: each returns another Stack, which shares every unchanged layer by reference, and
`StackEdit` exchanges it with the document's. Geometry is in `core/transforms.py`, merging in `core/merging.py`. Layers
are a flat tuple today; groups will be entries of the same tuple.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lama_desktop.core.drawable import Drawable, Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.layer import Layer


@dataclass(frozen=True, eq=False)
class Stack:
    """What a document is made of. `layers` go from the lowest to the topmost."""

    size: tuple[int, int]
    """Width and height of the document."""
    layers: tuple[Layer, ...]
    active: Layer | None
    """The layer that tools work on; one of `layers`, None only without layers."""
    mask: Mask
    """What to remove; as large as the document."""
    original: Layer | None = None
    """The photo as it was opened, in the present geometry; None for a new picture. Never written, not in `layers`."""
    native: Drawable | None = None
    """The same in the file's own channels, where those are not RGB (CMYK), for pixels that leave as they came."""

    def __post_init__(self) -> None:
        assert (self.active is None) == (not self.layers)
        assert self.active is None or self.active in self.layers
        assert self.mask.rect == self.rect

    @property
    def rect(self) -> Rect:
        """All pixels of the document."""
        return Rect.of_size(self.size)

    def drawables(self) -> Iterator[Drawable]:
        """Yield everything in it that has pixels."""
        yield from self.layers
        yield self.mask
        for layer in self.layers:
            if layer.recipe is not None:
                yield layer.recipe.mask
        if self.original is not None:
            yield self.original
        if self.native is not None:
            yield self.native

    def storage(self) -> dict[int, int]:
        """Return the memory that it keeps alive: bytes by `Drawable.storage`."""
        return {each.storage: each.nbytes for each in self.drawables()}

    def snapshot(self) -> "Stack":
        """Return an equal stack that never changes, for another thread.

        Only the mask is copied; a layer is, if it is written while the snapshot is in use.
        """
        twins = {layer: layer.copy() for layer in self.layers}
        mask = Mask(self.mask.frozen())
        active = None if self.active is None else twins[self.active]
        return replace(self, layers=tuple(twins.values()), active=active, mask=mask)

    def index(self, layer: Layer) -> int:
        """Return the position of a layer, 0 for the lowest."""
        return self.layers.index(layer)

    def reach(self, layer: Layer) -> Rect:
        """Return the document pixels that a layer can change."""
        return layer.rect & self.rect if layer.bounded else self.rect

    def activated(self, layer: Layer) -> "Stack":
        """Return the stack with another active layer."""
        return replace(self, active=layer)

    def with_layers(self, layers: tuple[Layer, ...], active: Layer) -> "Stack":
        """Return the stack with other layers."""
        return replace(self, layers=layers, active=active)

    def with_layer(self, layer: Layer, index: int | None = None) -> "Stack":
        """Return the stack with a new layer, which becomes the active one.

        Args:
            layer: not in the stack yet.
            index: where; None is above the active layer.
        """
        if index is None:
            index = len(self.layers) if self.active is None else self.index(self.active) + 1
        layers = (*self.layers[:index], layer, *self.layers[index:])
        return replace(self, layers=layers, active=layer)

    def without(self, layer: Layer) -> "Stack":
        """Return the stack without a layer; where it was active, the one below becomes so, or else the lowest."""
        index = self.index(layer)
        layers = self.layers[:index] + self.layers[index + 1 :]
        active = self.active
        if active is layer:
            active = layers[max(0, index - 1)] if layers else None
        return replace(self, layers=layers, active=active)

    def duplicated(self, layer: Layer, name: str) -> "Stack":
        """Return the stack with a copy of a layer above it, active; no pixel is copied until one is written."""
        return self.with_layer(layer.copy(name=name), self.index(layer) + 1)

    def moved(self, layer: Layer, index: int) -> "Stack":
        """Return the stack with a layer at another position, counted in the result."""
        layers = [each for each in self.layers if each is not layer]
        layers.insert(index, layer)
        return replace(self, layers=tuple(layers))

    def replaced(self, layer: Layer, *others: Layer) -> "Stack":
        """Return the stack with other layers in the place of one; the last of them becomes active if it was."""
        index = self.index(layer)
        layers = (*self.layers[:index], *others, *self.layers[index + 1 :])
        active = self.active
        if active is layer:
            active = others[-1] if others else (layers[max(0, index - 1)] if layers else None)
        return replace(self, layers=layers, active=active)

    def changed_rects(self, other: "Stack") -> list[Rect]:
        """Return where two stacks of one size can look different, as one rectangle per layer that is not in place."""
        if self.size != other.size:
            return [self.rect]
        mine, theirs = list(self.layers), list(other.layers)
        while mine and theirs and mine[0] is theirs[0]:
            del mine[0], theirs[0]
        while mine and theirs and mine[-1] is theirs[-1]:
            del mine[-1], theirs[-1]
        rects = {self.reach(layer) for layer in (*mine, *theirs)}
        return [rect for rect in rects if not rect.is_empty]
