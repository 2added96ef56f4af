"""Retouch: between the actions of the Retouch menu and the Remover: which model, which options, what to say."""

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QDialog, QWidget

from lama_desktop.core import masking
from lama_desktop.core.document import Document
from lama_desktop.core.layer import Layer
from lama_desktop.core.ways import ways_of
from lama_desktop.engine.options import EngineOptions
from lama_desktop.engine.variations import MOST, plan_variations
from lama_desktop.errors import ModelError
from lama_desktop.models.cards import FALLBACK_MODEL, MODELS
from lama_desktop.models.store import ModelStore
from lama_desktop.settings import Settings
from lama_desktop.ui.controls.choices import Choice
from lama_desktop.ui.dialogs.page import Page
from lama_desktop.ui.form import Form
from lama_desktop.ui.notices import Notices, Tone
from lama_desktop.ui.recipes import recipe_options
from lama_desktop.ui.remove import Remover
from lama_desktop.ui.sections import RemoveOptions
from lama_desktop.ui.text import in_bytes, short_title, tr
from lama_desktop.ui.variations import Variations

OFFERED = "offered-download"
CLASSICAL = frozenset(card.id for card in MODELS if card.kind == "classical")
"""Models that are no networks."""
OF_NETWORKS = ("texture", "refine", "refine_budget", "precision")
"""Options that mean nothing to the others."""
AGAIN = ("preset", "texture", "context", "grow", "feather", "match_light", "seed")


class Retouch(QObject):
    """Starts removals with what the settings say.

    Args:
        parent: of the dialog.
        remover: does it.
        store: which models there are.
        settings: which to take, and how.
        notices: offers a network once, where there is none.
        show_models: opens the models page.

    Signals:
        varied: the ways of a fill were asked for: the document.
    """

    varied = Signal(object)

    def __init__(
        self,
        parent: QWidget | None,
        remover: Remover,
        store: ModelStore,
        settings: Settings,
        notices: Notices,
        show_models: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self._parent, self._remover, self._store, self._settings = parent, remover, store, settings
        self._notices, self._show_models = notices, show_models
        self._variations = Variations(remover)
        self._waiting: set[Document] = set()
        remover.ended.connect(self._go_on)
        remover.dropped.connect(lambda text: notices.tell(text, Tone.WARNING))
        remover.held.connect(self._offer_held)

    @property
    def model(self) -> str:
        """The id of the model in use: the chosen one where it is here, else the best one."""
        chosen = self._settings[RemoveOptions].model
        return chosen if chosen and chosen in usable(self._store) else best(self._store)

    @property
    def is_after_stroke(self) -> bool:
        """Whether what is painted is removed as soon as the pointer is released."""
        return self._settings[RemoveOptions].after_stroke

    def remove(self, document: Document) -> None:
        """Remove what the mask covers; where a removal runs already, once that is done."""
        if document.mask.is_empty or document.is_editing:
            return
        running = self._remover.job(document)
        if running is not None:
            if not self._remover.has_more(document):  # Enter, once more
                return
            self._waiting.add(document)
            for signal in (running.cancelled, running.failed):
                signal.connect(lambda *_: self._waiting.discard(document))
            return
        job = self._remover.start(
            document,
            self.model,
            fitting(self._settings[EngineOptions], self.model),
            self._settings[RemoveOptions].source,
        )
        job.succeeded.connect(lambda layer: self._offer_network(document))

    def waits(self, document: Document) -> bool:
        """Tell whether another removal follows the one that runs."""
        return document in self._waiting

    def remove_again(self, document: Document) -> None:
        """Remove with the mask that was used last."""
        if document.mask.is_empty:
            masking.reselect(document)
        self.remove(document)

    def after_stroke(self, document: Document) -> None:
        """Called when a gesture has changed the mask: remove, where the user wants that."""
        if self.is_after_stroke:
            self.remove(document)

    def toggle_after_stroke(self) -> None:
        """Remove after each stroke, or only when asked."""
        removal = self._settings[RemoveOptions]
        self._settings.put(replace(removal, after_stroke=not removal.after_stroke))

    def ask_again(self, document: Document, layer: Layer) -> None:
        """Ask with what to make a fill anew, and do it."""
        page = AgainPage(self._parent, layer, self._store, self.model)
        if page.exec() == QDialog.DialogCode.Accepted and layer in document.layers:
            self.again(document, layer, page.model, page.options)

    def again(self, document: Document, layer: Layer, model: str, chosen: EngineOptions) -> None:
        """Make a fill anew."""
        self._remover.again(document, layer, model, fitting(chosen, model))

    def vary(self, document: Document) -> None:
        """Fill in up to four ways, to choose from: what the mask covers, or the hole of the active fill.

        Of a fill, those are made that it does not have yet. No removal runs in the document.
        """
        if document.is_editing:
            return
        if not document.mask.is_empty:
            chosen = fitting(self._settings[EngineOptions], self.model)
            planned = plan_variations(self._store, self.model, chosen)
            self._variations.start(document, planned, self._settings[RemoveOptions].source)
            return
        layer = document.active_layer
        ways = ways_of(layer)
        if layer is None or not ways:
            return
        self.varied.emit(document)
        first = ways[0].recipe
        assert first is not None
        model = first.model if first.model in usable(self._store) else self.model
        there = [(each.recipe.model, recipe_options(each)) for each in ways if each.recipe is not None]
        planned = plan_variations(self._store, model, fitting(recipe_options(ways[0]), model))
        missing = [each for each in planned if (each.model, each.options) not in there][: MOST - len(ways)]
        if missing:
            self._variations.more(document, layer, missing)

    def _go_on(self, document: Document) -> None:
        """Do the removal that has waited for the one that has ended, after its result has arrived."""
        if document in self._waiting:
            self._waiting.remove(document)
            document.after_edit(lambda: self.remove(document))

    def _offer_held(self, document: Document, use: Callable[[], object]) -> None:
        """Say that a fill has come after steps were undone, which would be lost with it."""
        text = tr("The fill is ready. With it, the steps that were undone since cannot be redone.")
        self._notices.tell(text, offer=(tr("Add it"), use), about=document)

    def _offer_network(self, document: Document) -> None:
        """Say once that there are networks, where none was fetched."""
        if self._settings.recall(OFFERED, False) or best(self._store) != FALLBACK_MODEL:
            return
        self._settings.remember(OFFERED, True)
        card = MODELS[0]
        self._notices.tell(
            tr(
                "Filled with the photo's own texture. {model} can invent structure, too; it is a download of {size}.",
                model=card.title,
                size=in_bytes(card.size or 0),
            ),
            offer=(tr("Show models"), self._show_models),
            about=document,
        )


class AgainPage(Page):
    """Which model and which options a fill is made anew with; at first those of its recipe."""

    def __init__(self, parent: QWidget | None, layer: Layer, store: ModelStore, model: str) -> None:
        super().__init__(parent, tr("Fill again: {name}", name=layer.name))
        assert layer.recipe is not None
        self.options = recipe_options(layer)
        choices = usable(store)
        self._model = Choice(list(choices.items()))
        self._model.setAccessibleName(tr("Model"))
        self._model.value = layer.recipe.model if layer.recipe.model in choices else model
        form = Form(self.options, only=AGAIN)
        form.setMinimumWidth(380)
        form.changed.connect(self._take)

        def enable() -> None:
            enable_fitting(form, self.model)

        self._model.changed.connect(enable)
        enable()
        self.body.addWidget(self._model)
        self.body.addWidget(form)
        self.add_buttons(tr("Fill again"), tr("Cancel"))

    @property
    def model(self) -> str:
        """The chosen model."""
        return str(self._model.value)

    def _take(self, chosen: EngineOptions) -> None:
        self.options = chosen


def fitting(options: EngineOptions, model: str) -> EngineOptions:
    """Return options without what was chosen for networks where the model is none: there is nothing to refine."""
    return replace(options, refine=False) if model in CLASSICAL else options


def enable_fitting(form: Form, model: str) -> None:
    """Let only those options be changed that mean something to a model."""
    form.enable(OF_NETWORKS, model not in CLASSICAL)


def usable(store: ModelStore) -> dict[str, str]:
    """Return the short titles of the models that can be used now, by id: those of this disk, then the built-in ones.

    A folder that cannot be read holds none; the models page tells why.
    """
    try:
        here = {each.id: each.card.title for each in store.installed()}
    except ModelError:
        here = {}
    built_in = {card.id: card.title for card in MODELS if not card.sources}
    return {key: short_title(title) for key, title in (here | built_in).items()}


def best(store: ModelStore) -> str:
    """Return the id of the model to use where none was chosen."""
    try:
        return store.default()
    except ModelError:
        return FALLBACK_MODEL
