"""Edits: what the Layer and Image menus do to a document, each as one step of its history.

Quick ones are done at once. Those that compute pixels, such as merging, scaling and free rotation, are done on a worker
by `transform`, from a frozen snapshot. UI thread; no edit is open.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from lama_desktop.core import masking, merging, transforms
from lama_desktop.core import tree as trees
from lama_desktop.core.arrays import Coverage
from lama_desktop.core.commands import Compound, PropertyEdit, StackEdit
from lama_desktop.core.composite import composite
from lama_desktop.core.document import Document
from lama_desktop.core.drawable import Mask
from lama_desktop.core.geometry import Rect
from lama_desktop.core.group import Branch, Group
from lama_desktop.core.layer import Layer
from lama_desktop.core.node import Lock, Node
from lama_desktop.core.stack import Place, Stack
from lama_desktop.progress import Progress
from lama_desktop.ui.jobs import Job, JobRunner, Lane
from lama_desktop.ui.text import tr

Tell = Callable[[str], object]
AT_ONCE = 2_000_000
"""Pixels of all layers up to which a change takes some hundredths of a second."""
OnWorker = Callable[[Document, JobRunner, Tell], None]
"""An edit that `transform` does."""
N = TypeVar("N", bound=Node)
T = TypeVar("T")


def add_layer(document: Document) -> None:
    """Add a transparent layer above the active one."""
    name = tr("Layer {number}", number=len(document.layers))
    layer = Layer.blank(document.rect, document.dtype, name)
    document.do(StackEdit("New layer", document.stack.with_entry(layer)))


def paste_layer(document: Document, layer: Layer) -> None:
    """Add a layer that was made elsewhere."""
    document.do(StackEdit("Paste layer", document.stack.with_entry(layer)))


def group_layers(document: Document) -> None:
    """Put the active layer or group into a new group, which becomes active; without any, add an empty one."""
    stack = document.stack
    group = Group(tr("Group {number}", number=1 + sum(isinstance(each, Group) for each in stack.nodes)))
    grouped = stack.with_entry(Branch(group)) if stack.active is None else stack.grouped((stack.active,), group)
    document.do(StackEdit("Group layers", grouped))


def ungroup_layers(document: Document) -> None:
    """Put what is in the active group in its place."""
    document.do(StackEdit("Ungroup layers", document.stack.ungrouped(_active_group(document))))


def duplicate_layer(document: Document) -> None:
    """Add a copy of the active layer or group above it."""
    node = active(document)
    name = tr("{name} copy", name=node.name)
    document.do(StackEdit(f"Duplicate {_kind(node)}", document.stack.duplicated(node, name)))


def delete_layer(document: Document) -> None:
    """Remove the active layer, or the active group with all that is in it."""
    node = active(document)
    document.do(StackEdit(f"Delete {_kind(node)}", document.stack.without(node)))


def raise_layer(document: Document) -> None:
    """Move the active layer or group up by one place: past another layer, into a group and out of it."""
    _step(document, "Raise", 1)


def lower_layer(document: Document) -> None:
    """Move the active layer or group down by one place."""
    _step(document, "Lower", -1)


def merge_down(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Merge the active layer into the one below it; arguments as of `transform`."""
    transform(document, runner, "Merge down", lambda stack, _: merging.merged_down(stack, active(stack)), tell)


def merge_group(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Make one layer of the active group; arguments as of `transform`."""
    transform(document, runner, "Merge group", lambda stack, _: merging.merged_group(stack, _active_group(stack)), tell)


def merge_visible(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Merge all visible layers into one; arguments as of `transform`."""
    transform(document, runner, "Merge visible", lambda stack, _: merging.merged_visible(stack, tr("Merged")), tell)


def flatten(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Merge everything that is visible; hidden layers go. Arguments as of `transform`."""
    transform(document, runner, "Flatten", lambda stack, _: merging.flattened(stack, tr("Photo")), tell)


def toggle_visible(document: Document) -> None:
    """Hide or show the active layer or group."""
    node = active(document)
    label = f"Hide {_kind(node)}" if node.visible else f"Show {_kind(node)}"
    document.do(PropertyEdit(label, document, node, "visible", not node.visible))


def toggle_lock(document: Document, lock: Lock) -> None:
    """Lock the active layer, or all that is in the active group, in some way, or unlock it."""
    node = active(document)
    label = f"Unlock {_kind(node)}" if lock in node.lock else f"Lock {_kind(node)}"
    document.do(PropertyEdit(label, document, node, "lock", node.lock ^ lock))


def mask_to_layer(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Copy what the mask covers into a layer of its own, as softly as it covers; arguments as of `transform`."""
    dtype = document.dtype

    def change(stack: Stack, progress: Progress) -> Stack:
        bounds = stack.mask.bounds()
        pixels = composite(stack.tree, bounds, dtype)
        coverage = stack.mask.coverage[bounds.slices].astype(dtype)
        pixels[..., 3] = (pixels[..., 3].astype("uint32") * coverage // 255).astype(dtype)
        return stack.with_entry(Layer(pixels, (bounds.left, bounds.top), name=tr("From mask")), stack.top)

    transform(document, runner, "Layer from mask", change, tell)


def mask_from_luminance(document: Document, runner: JobRunner, tell: Tell) -> None:
    """Mask what is bright in what is visible, as strongly as it is bright; arguments as of `transform`."""
    label, dtype = "Mask from luminance", document.dtype

    def work(stack: Stack, progress: Progress) -> Coverage:
        return masking.luminance(composite(stack.tree, stack.rect, dtype))

    def use(found: Coverage, _: Stack) -> None:  # into the same mask: a fill that is on its way looks for it
        masking.replace(document, label, document.rect, found)

    _compute(document, runner, label, work, use, tell)


def crop_to_mask(document: Document) -> None:
    """Crop the document to the bounds of the mask, which is cleared."""
    cropped = transforms.cropped(document.stack, document.mask.bounds())
    crop = StackEdit("Crop", replace(cropped, mask=Mask.empty(cropped.size)))
    document.do(Compound("Crop", [masking.clearing(document), crop]))


def resize_canvas(document: Document, rect: Rect) -> None:
    """Give the document another frame."""
    document.do(StackEdit("Canvas size", transforms.with_canvas(document.stack, rect)))


def turn(document: Document, quarters: int) -> None:
    """Turn the document clockwise by quarters of a full turn."""
    document.do(StackEdit("Rotate", transforms.turned(document.stack, quarters)))


def flip(document: Document) -> None:
    """Exchange left and right."""
    document.do(StackEdit("Flip", transforms.flipped(document.stack)))


def flip_over(document: Document) -> None:
    """Exchange top and bottom."""
    document.do(StackEdit("Flip", transforms.flipped(document.stack, vertically=True)))


def scale(document: Document, runner: JobRunner, size: tuple[int, int], tell: Tell) -> None:
    """Scale the document to a size; arguments as of `transform`."""
    transform(document, runner, "Scale", lambda stack, step: transforms.scaled(stack, size, step), tell)


def rotate(document: Document, runner: JobRunner, degrees: float, tell: Tell) -> None:
    """Rotate the document clockwise by any angle; the frame grows to hold all of it. Arguments as of `transform`."""

    def change(stack: Stack, progress: Progress) -> Stack:
        return transforms.rotated(stack, degrees, progress=progress)

    transform(document, runner, "Rotate", change, tell)


def transform(
    document: Document, runner: JobRunner, label: str, change: Callable[[Stack, Progress], Stack], tell: Tell
) -> None:
    """Change a document on a worker. What is edited meanwhile would be lost, so then the change is not used.

    What takes no longer than a blink is done at once: who merges twice in a row need not wait in between.

    Args:
        document: what changes, when the work is done.
        runner: does the work.
        label: of the step.
        change: called with a frozen stack; returns another.
        tell: is told when the change was not used.
    """

    def use(stack: Stack, copy: Stack) -> None:
        document.do(StackEdit(label, _with_own(stack, copy, document.stack)))

    _compute(document, runner, label, change, use, tell)


def _compute(
    document: Document,
    runner: JobRunner,
    label: str,
    work: Callable[[Stack, Progress], T],
    use: Callable[[T, Stack], None],
    tell: Tell,
) -> None:
    """Have something computed of a document, then use it, as `transform` does; `use` also gets what it was made of."""

    def start() -> None:
        if document.rect.area * len(document.layers) <= AT_ONCE:
            use(work(document.stack, Progress()), document.stack)
            return
        snapshot = document.snapshot()

        def finish(found: T) -> None:
            if document.history.state == snapshot.state:
                use(found, snapshot.stack)
            else:
                tell(tr("The picture was edited meanwhile: nothing was changed. Try again."))

        # Not on the files' lane, where somebody who only merges two layers would wait for an export.
        job = Job(tr(label), lambda progress: work(snapshot.stack, progress), Lane.TOOLS)
        job.succeeded.connect(lambda found: document.after_edit(lambda: finish(found)))
        runner.submit(job)

    document.after_edit(start)  # half a stroke is nothing to work from


def active(document: Document | Stack) -> Node:
    """Return the active layer or group of a document that has one."""
    assert document.active is not None, "the action is disabled without a layer"
    return document.active


def _with_own(stack: Stack, copy: Stack, own: Stack) -> Stack:
    """Return a stack with a document's own layers, groups and mask where it has their copies of a snapshot."""
    twins: dict[Node, Node] = dict(zip(copy.nodes, own.nodes, strict=True))

    def of(node: N) -> N:
        return twins.get(node, node)  # type: ignore[return-value]  # of the same kind

    return replace(
        stack,
        tree=trees.mapped(stack.tree, of, of),
        active=None if stack.active is None else of(stack.active),
        mask=own.mask if stack.mask is copy.mask else stack.mask,
    )


def _active_group(document: Document | Stack) -> Group:
    group = active(document)
    assert isinstance(group, Group), "the action is disabled without a group"
    return group


def _kind(node: Node) -> str:
    return "group" if isinstance(node, Group) else "layer"


def _step(document: Document, verb: str, step: int) -> None:
    """Move the active node to the next place above or below, whatever group that is in; none beyond the last."""
    node, stack = active(document), document.stack
    place = stack.place(node)
    siblings, index = stack.entries(place.group), place.index + step
    if 0 <= index < len(siblings):
        beside = siblings[index]
        if isinstance(beside, Branch):
            place = Place(0 if step > 0 else len(beside.entries), beside.group)
        else:
            place = Place(index, place.group)
    elif place.group is not None:
        outer = stack.place(place.group)
        place = Place(outer.index + (step > 0), outer.group)
    else:
        return
    document.do(StackEdit(f"{verb} {_kind(node)}", stack.moved(node, place)))
