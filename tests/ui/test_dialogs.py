"""Dialogs do what they say: sizes, angles, masks, fills made again, models fetched, imported, checked and deleted."""

import dataclasses
import shutil

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QRect, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QLabel, QToolButton
from window import write_photo

from lama_desktop.core.geometry import Rect
from lama_desktop.engine.options import EngineOptions, Preset
from lama_desktop.errors import CorruptWeightsError, DownloadError
from lama_desktop.formats import WriteOptions
from lama_desktop.models.cards import MODELS, find_card
from lama_desktop.models.store import Installed
from lama_desktop.ui import edits
from lama_desktop.ui.dialogs import mask_change
from lama_desktop.ui.dialogs.models import ModelRow
from lama_desktop.ui.dialogs.new_and_size import (
    Angle,
    CanvasPage,
    Depth,
    FormPage,
    Frame,
    Ground,
    NewPage,
    NewPicture,
    Radius,
    ScalePage,
    Scaling,
    new_photo,
    too_large,
)
from lama_desktop.ui.dialogs.page import Page
from lama_desktop.ui.export import ExportPage
from lama_desktop.ui.form import Form
from lama_desktop.ui.retouch import AgainPage, recipe_options
from lama_desktop.ui.sections import Editing


@pytest.fixture
def document(app, opened, tmp_path):
    (found,) = opened(write_photo(tmp_path / "photo.png"))
    return found


@pytest.fixture
def answer(monkeypatch):
    """Answer the next dialogs of a form with these values."""

    def give(values, **more):
        def accepted(page):
            page.form.values = values
            for name, value in more.items():
                setattr(page, name, value)
            return values

        monkeypatch.setattr(FormPage, "accepted_values", property(accepted))

    return give


def idle(app, until):
    until(lambda: not app.runner.jobs)
    app.application.processEvents()


def test_a_new_picture_is_as_asked(app, answer, until):
    answer(NewPicture(300, 200, Depth.SIXTEEN, Ground.CLEAR))
    app.do("new")
    document = app.window.document
    assert (document.size, document.depth) == ((300, 200), 16)
    assert document.flatten()[0, 0].tolist() == [0, 0, 0, 0]
    assert app.settings[NewPicture].width == 300
    assert new_photo(NewPicture(2, 2)).pixels[0, 0].tolist() == [255, 255, 255]
    assert new_photo(NewPicture(2, 2, ground=Ground.BLACK)).pixels[0, 0].tolist() == [0, 0, 0]


def test_a_picture_that_does_not_fit_is_refused_before(application, monkeypatch):
    monkeypatch.setenv("LAMA_DESKTOP_MAX_MEGAPIXELS", "1")
    page = NewPage(None, NewPicture(500, 500))
    assert page.accept_button.isEnabled()
    page.form.changed.emit(NewPicture(5000, 5000))
    assert not page.accept_button.isEnabled()
    assert "25 megapixels" in page.problem.text()
    assert too_large(1000, 1000) == ""


def test_linked_sides_keep_their_proportion(application):
    page = ScalePage(None, (300, 200))
    field = {name: page.form.editor(name) for name in ("width", "height", "percent")}
    field["width"].setValue(600)
    assert page.form.values == Scaling(600, 400, percent=200.0)
    field["height"].setValue(100)
    assert page.form.values == Scaling(150, 100, percent=50.0)
    field["percent"].setValue(10)
    assert page.form.values == Scaling(30, 20, percent=10.0)
    page.form.editor("linked").click()
    field["width"].setValue(60)
    assert page.form.values == Scaling(60, 20, linked=False, percent=20.0)
    page.form.editor("linked").click()
    assert page.form.values == Scaling(60, 40, percent=20.0)


def test_enter_applies_wherever_the_keyboard_has_been(application):
    page = ScalePage(None, (300, 200))
    page.show()
    page.activateWindow()
    for _ in range(12):
        QTest.keyClick(application.focusWidget() or page, Qt.Key.Key_Tab)
        assert page.accept_button.isDefault()
    QTest.keyClick(page.form.editor("width"), Qt.Key.Key_Return)
    assert page.result() == ScalePage.DialogCode.Accepted


def test_a_long_photo_has_a_size_like_any_other(application):
    page = ScalePage(None, (40000, 500))
    page.form.editor("height").setValue(250)
    assert page.form.values == Scaling(20000, 250, percent=50.0)
    page.form.editor("percent").setValue(200)
    assert page.form.values == Scaling(80000, 1000, percent=200.0)


def test_the_anchor_says_which_part_stays(application):
    page = CanvasPage(None, (100, 50))
    page.form.values = Frame(120, 40)
    assert page.frame == Rect(-10, 5, 110, 45)
    buttons = {each.accessibleName(): each for each in page.findChildren(QToolButton)}
    assert "".join(each.text() for each in buttons.values()) == "↖↑↗←•→↙↓↘"
    buttons["top left"].click()
    assert page.frame == Rect(0, 0, 120, 40)
    assert "".join(each.text() for each in buttons.values()) == "•→↓↘"
    buttons["bottom right"].click()
    assert page.frame == Rect(-20, 10, 100, 50)


@pytest.mark.parametrize(
    ("action", "values", "size"),
    [("scale", Scaling(160, 100), (160, 100)), ("rotate-image", Angle(90.0), (200, 320)),
     ("canvas-size", Frame(400, 300), (400, 300))],
)  # fmt: skip
def test_the_shape_is_changed_in_one_step(app, document, answer, until, action, values, size):
    before = document.flatten()
    answer(values)
    app.do(action)
    until(lambda: document.size == size)
    assert len(document.history.labels) == 1
    app.do("undo")
    assert np.array_equal(document.flatten(), before)


def test_a_change_that_was_overtaken_is_not_used_and_told(app, document, answer, until, monkeypatch):
    monkeypatch.setattr(edits, "AT_ONCE", 0)
    answer(Scaling(160, 100))
    app.do("scale")
    app.hand.drag((100, 100), (140, 110))
    idle(app, until)
    assert document.size == (320, 200)
    assert "edited meanwhile" in app.window.notices.shown[-1].text


@pytest.mark.parametrize(
    ("keys", "grown"), [(["4", "0", Qt.Key.Key_Return], 40), ([Qt.Key.Key_Return], 8),
                        (["4", "0", Qt.Key.Key_Escape], 0), ([Qt.Key.Key_Escape], 0)],
)  # fmt: skip
def test_a_dialog_with_a_number_is_answered_by_one_key(app, document, until, keys, grown):
    """Enter takes what was typed, Escape nothing."""
    app.hand.drag((100, 100), (140, 110))
    before = document.mask.bounds()

    def answer():
        page = app.application.activeModalWidget()
        field = page.form.editor("radius").field
        assert field.hasFocus(), "it is there to type"
        for key in keys:
            QTest.keyClick(field, key)
        typed.append(not page.isVisible())
        if page.isVisible():
            page.reject()

    typed = []
    QTimer.singleShot(200, answer)
    app.do("mask-grow")
    assert typed == [True], "it took one key"
    assert document.mask.bounds() == before.grown(grown)


def test_in_the_preferences_a_number_is_corrected_before_they_close(app, until):
    app.window.asks.preferences("editing")
    page = app.window.asks._preferences
    until(page.isActiveWindow)
    field = page.forms[1].editor("history_mb").field
    field.setFocus()
    app.application.processEvents()
    QTest.keyClicks(field, "900")
    QTest.keyClick(field, Qt.Key.Key_Return)
    assert page.isVisible()
    assert app.settings[Editing].history_mb == 900
    QTest.keyClicks(field, "70")
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert page.isVisible()
    assert field.number == 900
    QTest.keyClick(field, Qt.Key.Key_Escape)
    assert not page.isVisible()


def test_a_change_of_the_mask_is_seen_before_it_is_made(app, document, until):
    app.hand.drag((100, 100), (140, 110))
    before, labels, shown = document.mask.bounds(), document.history.labels, []

    def look():
        page = app.application.activeModalWidget()
        try:
            shown.append(document.mask.bounds())
            page.form.editor("radius").field.setValue(20)
            until(lambda: document.mask.bounds() == before.grown(20))
            shown.append(document.history.labels)
        finally:
            page.reject()

    QTimer.singleShot(300, look)
    app.do("mask-grow")
    assert shown == [before.grown(8), labels], "no step is made by looking"
    assert document.mask.bounds() == before
    assert not document.is_editing


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [("canvas-size", "width", 400), ("rotate-image", "degrees", 90)],
)
def test_a_dialog_changes_the_photo_that_it_was_opened_for(app, document, tmp_path, until, action, name, value):
    """Another one may come to the front meanwhile, from a second start or because it took long to load."""
    app.hand.drag((100, 100), (140, 110))
    other = write_photo(tmp_path / "other.png")

    def answer():
        page = app.application.activeModalWidget()
        app.window.files.open([other])
        until(lambda: app.window.document is not document)
        editor = page.form.editor(name)
        getattr(editor, "field", editor).setValue(value)
        page.accept()

    QTimer.singleShot(300, answer)
    app.do(action)
    until(lambda: len(document.history.labels) == 2)
    assert app.window.document.history.labels == ()


def test_what_takes_long_is_not_shown_beforehand(app, document, monkeypatch):
    monkeypatch.setattr(mask_change, "MOST", 1000)
    app.hand.drag((100, 100), (140, 110))
    before, shown = document.mask.bounds(), []

    def look():
        page = app.application.activeModalWidget()
        shown.extend((document.mask.bounds(), page.problem.text(), page.accept_button.isEnabled()))
        page.accept()

    QTimer.singleShot(300, look)
    app.do("mask-grow")
    assert shown == [before, "Too large to be shown beforehand.", True]
    assert document.mask.bounds() == before.grown(8)


@pytest.mark.parametrize("hole", [QRect(500, 300, 60, 60), QRect(1000, 100, 150, 600), QRect(20, 300, 60, 60)])
def test_a_dialog_keeps_clear_of_the_hole(app, hole):
    page = Page(app.window, "Grow")
    page.body.addWidget(QLabel("By"))
    page.add_buttons("Apply", "Cancel")
    corner = app.window.mapToGlobal(QPoint(0, 0))
    page.keep_clear_of(hole.translated(corner))
    place = QRect(page.pos() - corner, page.size())
    assert not place.intersects(hole)
    assert app.window.rect().contains(place)
    page.keep_clear_of(app.window.geometry())
    assert app.window.rect().contains(QRect(page.pos() - corner, page.size())), "no room: the corner"


@pytest.mark.parametrize("action", ["mask-grow", "mask-shrink", "mask-feather", "mask-border"])
def test_mask_operations_ask_how_far_and_remember(app, document, answer, action):
    app.hand.drag((100, 100), (140, 110))
    before = document.mask.coverage.copy()
    answer(Radius(5))
    app.do(action)
    assert not np.array_equal(document.mask.coverage, before)
    assert app.settings.recall(action, 0) == 5
    app.do("undo")
    assert np.array_equal(document.mask.coverage, before)


def test_cropping_to_the_mask(app, document):
    app.hand.drag((100, 100), (140, 110))
    bounds = document.mask.bounds()
    part = document.flatten(bounds)
    app.do("crop")
    assert document.size == bounds.size
    assert np.array_equal(document.flatten(), part)
    assert document.mask.is_empty
    app.do("undo")
    assert document.mask.bounds() == bounds


@pytest.mark.parametrize(
    "action",
    ["flip-horizontal", "flip-vertical", "turn-image-left", "turn-image-right", "turn-image-over", "duplicate-layer",
     "mask-to-layer", "mask-all", "mask-invert", "mask-from-luminance", "mask-from-alpha", "mask-fill-holes",
     "hide-layer", "lock-alpha", "lock-position", "merge-visible", "flatten", "new-layer"],
)  # fmt: skip
def test_every_edit_is_undone_exactly(app, document, until, action):
    app.hand.drag((100, 100), (140, 110))
    before, mask, steps = document.flatten(), document.mask.coverage.copy(), len(document.history.labels)
    app.do(action)
    until(lambda: not app.runner.jobs)
    assert len(document.history.labels) <= steps + 1
    if len(document.history.labels) > steps:
        app.do("undo")
    assert np.array_equal(document.flatten(), before)
    assert np.array_equal(document.mask.coverage, mask)


def test_layers_move_up_and_down(app, document, until):
    app.do("new-layer")
    app.do("lower-layer")
    assert [layer.name for layer in document.layers] == ["Layer 1", "Photo"]
    app.do("lower-layer")
    assert len(document.history.labels) == 2, "there is nothing below"
    app.do("raise-layer")
    app.do("merge-down")
    until(lambda: not app.runner.jobs)
    assert [layer.name for layer in document.layers] == ["Photo"]
    app.do("delete-layer")
    assert document.layers == ()
    app.window.action_set.refresh()
    assert not app.window.action_set["rename-layer"].isEnabled()


def test_a_fill_is_made_again_with_what_was_chosen(app, document, until, monkeypatch):
    app.hand.drag((100, 100), (140, 110))
    app.do("remove")
    until(lambda: len(document.layers) == 2)
    fill = document.layers[1]

    def accept(page):
        page._model.value = "telea"
        page._take(EngineOptions(preset=Preset.DRAFT, grow=20))
        return page.DialogCode.Accepted

    monkeypatch.setattr(AgainPage, "exec", accept)
    app.do("fill-again")
    until(lambda: document.layers[1] is not fill)
    assert app.engines.asked[-1][0] == "telea"
    assert document.layers[1].recipe.settings["grow"] == 20
    assert document.layers[1].rect.width > fill.rect.width
    assert recipe_options(document.layers[1]).preset is Preset.DRAFT


def test_the_export_page_says_what_is_lost(app, document, tmp_path):
    facts = dataclasses.replace(document.facts, pixels=np.zeros((0, 0, 3), np.uint16))
    page = ExportPage(None, facts, tmp_path / "a.jpg", WriteOptions())
    assert "8 bits per channel" in page.losses.text()
    assert "with loss" in page.losses.text()
    page = ExportPage(None, facts, tmp_path / "a.png", WriteOptions())
    assert page.losses.text() == "The file keeps all there is to the picture."


def test_the_export_page_says_how_pixels_are_compressed(app, document, tmp_path):
    facts = dataclasses.replace(document.facts, encoding=dataclasses.replace(document.facts.encoding, format="jpeg"))

    def said(name, **options):
        page = ExportPage(None, facts, tmp_path / name, WriteOptions(**options))
        return page.losses.text().splitlines()[0]

    assert said("a.jpg").startswith("The picture is compressed anew, as strongly as the source.")
    assert said("a.webp").startswith("The picture is compressed anew, with quality 95.")
    assert said("a.webp", quality=80).startswith("The picture is compressed anew, with quality 80.")
    assert said("a.webp", lossless=True) == said("a.png") == "The file keeps all there is to the picture."


def test_the_quality_of_the_source_has_the_same_name_everywhere(app):
    app.window.asks.preferences("export")
    editor = next(each for each in app.window.asks._preferences.forms if isinstance(each.values, WriteOptions))
    assert editor.editor("quality").field.text() == "source"


def test_properties_and_about_and_report_are_shown(app, document, until):
    app.do("properties")
    texts = {label.text() for label in app.window.asks._open["properties"].findChildren(QLabel)}
    assert {"320 × 200 px, 0.1 MP", "8 bit", "RGB · sRGB", "PNG"} <= texts
    app.do("about")
    assert app.window.asks._open["about"].isVisible()


class Store:
    """A store of models whose network and disk are lists."""

    def __init__(self, folder):
        self.folder, self.here, self.error, self.steps = folder, {}, None, 3

    def installed(self):
        return list(self.here.values())

    def find(self, id):
        return self.here.get(id)

    def default(self):
        return next(iter(self.here), "patches")

    def download(self, card, progress):
        for step in range(self.steps):
            progress(step / self.steps, f"{step} of {self.steps} MB")
            if self.steps > 100:
                import time

                time.sleep(0.001)
        if self.error:
            raise self.error
        self.here[card.id] = Installed(card, self.folder / card.id, 206_000_000, network="Fourier, 18 blocks")
        return self.here[card.id]

    def import_file(self, path, progress=None):
        card = dataclasses.replace(MODELS[0], id="own", title="Own")
        self.here["own"] = Installed(card, path, 1_000_000, network="Fourier, 9 blocks")
        return self.here["own"]

    def verify(self, id, progress):
        if self.error:
            raise self.error
        return self.here[id]

    def remove(self, id):
        del self.here[id]


@pytest.fixture
def models(app, tmp_path):
    app.window.store = app.window.engine._store = Store(tmp_path)
    app.do("models")
    assert app.window.asks._preferences.isVisible()
    return app.window.asks.models


def test_a_model_is_fetched_checked_and_deleted(app, models, until):
    row = models.row("big-lama")
    assert row.state.text() == "Recommended, 206 MB"
    assert row.buttons["download"].isVisible()
    assert not models.row("telea").buttons["download"].isVisible()
    assert models.row("telea").state.text() == "Built in"
    row.buttons["download"].click()
    assert row.bar.isVisible()
    assert row.buttons["cancel"].isVisible()
    idle(app, until)
    assert row.state.text() == "On this disk, 206 MB"
    assert not row.bar.isVisible()
    assert "Big-LaMa is ready" in models.message.text()
    texts = [app.window.engine.model.itemText(index) for index in range(2)]
    assert texts == ["Auto (Big-LaMa)", "Big-LaMa"]
    row.buttons["verify"].click()
    idle(app, until)
    assert models.message.text() == "Big-LaMa is whole."
    models.remove(find_card("big-lama"), ask=False)
    idle(app, until)
    assert row.buttons["download"].isVisible()


def test_a_download_is_stopped_and_does_not_stop_the_rest(app, models, until, document):
    app.window.store.steps = 100_000
    row = models.row("big-lama")
    row.buttons["download"].click()
    app.hand.drag((100, 100), (140, 110))
    app.do("remove")
    until(lambda: len(document.layers) == 2)
    assert app.runner.jobs, "the removal did not wait for the download"
    row.buttons["cancel"].click()
    idle(app, until)
    assert row.buttons["download"].isVisible()
    assert "kept for the next try" in models.message.text()


def test_failures_of_models_are_told(app, models, until):
    store = app.window.store
    store.error = DownloadError("No source gave it. Tried: a.org (it is not there), b.org (no connection).")
    models.row("big-lama").buttons["download"].click()
    idle(app, until)
    assert models.message.text().startswith("No source gave it. Try again later, or")
    assert "“Import a file…”" in models.message.text()
    assert models.message.line.property("kind") == "danger"
    assert "a.org" not in models.message.text()
    assert not models.message.details.isVisible()
    QTest.mouseClick(models.message.more, Qt.MouseButton.LeftButton)
    assert models.message.details.isVisible()
    assert "b.org (no connection)" in models.message.details.text()
    assert not app.window.notices.shown, "it is said once"
    store.error = None
    models.download(find_card("big-lama"))
    idle(app, until)
    store.error = CorruptWeightsError("It is damaged.")
    models.verify(find_card("big-lama"))
    idle(app, until)
    assert models.message.text() == "It is damaged."


def test_what_is_here_comes_first_and_research_is_folded(app, models, until):
    def shown():
        rows = [models._list.itemAt(index).widget() for index in range(models._list.count())]
        return [each.card.id for each in rows if isinstance(each, ModelRow) and each.isVisible()]

    assert shown()[-1] == "big-lama"
    assert "patches" in shown()
    assert len(shown()) < len(MODELS) / 2
    QTest.mouseClick(models._more, Qt.MouseButton.LeftButton)
    assert len(shown()) == len(MODELS)
    models.row("celeba-deep").buttons["download"].click()
    idle(app, until)
    assert shown()[0] == "celeba-deep"
    assert "more, for research" in models._more.text()


def test_a_file_is_imported_and_named(app, models, until, tmp_path):
    models.import_file(tmp_path / "best.ckpt")
    idle(app, until)
    assert models.message.text() == "best.ckpt was imported as own (Fourier, 9 blocks)."
    assert models.row("own").state.text() == "On this disk, 1.0 MB"
    assert models._list.itemAt(0).widget() is models.row("own"), "what is here comes first"


def test_a_folder_of_models_that_refuses_is_told(app, tmp_path, monkeypatch):
    blocked = tmp_path / "blocked"
    blocked.touch()
    shutil.rmtree(app.store.folder, ignore_errors=True)
    app.store.folder = blocked / "inside"
    app.do("models")
    assert app.window.asks.models.message.text() or app.window.asks.models.row("big-lama")


def test_warnings_of_the_engine_are_said(app, until):
    import logging

    logging.getLogger("lama_desktop.engine.engine").warning("Not enough memory: going on with %s.", "cpu")
    until(lambda: app.window.notices.shown)
    assert app.window.notices.shown[-1].text == "Not enough memory: going on with cpu."


def test_filling_again_offers_texture_only_where_a_network_fills(app, opened, tmp_path, until):
    (document,) = opened(write_photo(tmp_path / "photo.png"))
    app.hand.drag((100, 100), (140, 100))
    app.do("remove")
    until(lambda: len(document.layers) == 2 and app.window.remover.job(document) is None)
    page = AgainPage(app.window, document.layers[1], app.store, "starter")
    texture = page.findChild(Form).editor("texture")
    assert texture.isEnabled()
    page._model.value = "telea"
    page._model.changed.emit("telea")
    assert not texture.isEnabled()
    page.deleteLater()
