"""The parts of the batch page: small pictures, fields, settings; the table as it is drawn."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from batch_photos import broken, mask, pair
from PIL import Image as PillowImage
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from window import Answers, noise

from lama_desktop.batch.order import BatchOptions, Existing, MaskRule, Order
from lama_desktop.batch.planner import make_plan
from lama_desktop.models.store import ModelStore
from lama_desktop.ui.batch.fields import BESIDE, IN_FOLDER, IN_PLACE, MasksField, OutputField
from lama_desktop.ui.batch.pictures import MOST_WAITING, Pictures, small_picture_of
from lama_desktop.ui.batch.rows import Rows
from lama_desktop.ui.batch.settings_column import SettingsColumn
from lama_desktop.ui.batch.table_view import TableView
from lama_desktop.ui.jobs import JobRunner
from lama_desktop.ui.theme import Theme, ThemeChoice

SMALL = QSize(52, 36)


@pytest.fixture
def runner():
    made = JobRunner()
    yield made
    assert made.shutdown()


@pytest.fixture
def theme(application):
    return Theme(application, ThemeChoice.DARK)


@pytest.fixture
def answers():
    return Answers()


def order(*inputs, output=None, model="telea", **batch) -> Order:
    return Order(inputs, output, model, BatchOptions(**batch)).settled()


class TestPictures:
    def test_a_large_jpeg_is_shown_upright_and_like_any_other_file(self, tmp_path):
        large = noise(1600, 800)
        exif = PillowImage.Exif()
        exif[0x0112] = 6
        PillowImage.fromarray(large).save(tmp_path / "a.png")
        PillowImage.fromarray(large).save(tmp_path / "a.jpg", quality=95)
        PillowImage.fromarray(large).save(tmp_path / "turned.jpg", quality=95, exif=exif)
        slow, quick = (small_picture_of(tmp_path / name, SMALL) for name in ("a.png", "a.jpg"))
        assert slow.shape == quick.shape == (26, 52, 4)
        assert np.abs(slow[..., :3].astype(int) - quick[..., :3]).mean() < 8
        assert small_picture_of(tmp_path / "turned.jpg", SMALL).shape == (36, 18, 4)

    @pytest.mark.parametrize("mode", ["L", "LA", "RGBA", "I;16", "P", "CMYK", "1"])
    def test_every_kind_of_picture_has_one(self, tmp_path, mode):
        path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
        if mode == "I;16":
            PillowImage.fromarray(noise(channels=1, dtype=np.uint16)[..., 0]).save(path)
        else:
            PillowImage.fromarray(noise()).convert(mode).save(path)
        found = small_picture_of(path, SMALL)
        assert found.dtype == np.uint8
        assert found.shape[2] == 4

    def test_what_is_no_picture_has_none(self, tmp_path):
        assert small_picture_of(broken(tmp_path, "a"), SMALL) is None
        assert small_picture_of(tmp_path / "absent.png", SMALL) is None

    def test_they_are_made_elsewhere_and_once(self, runner, tmp_path, until):
        path, pictures, heard = pair(tmp_path, "a"), Pictures(runner, SMALL), []
        pictures.changed.connect(lambda: heard.append(1))
        assert pictures.picture(path, 1.0) is None
        until(lambda: heard)
        first = pictures.picture(path, 1.0)
        assert (first.width(), first.height()) == (48, 36)
        until(lambda: not runner.jobs)
        assert pictures.picture(path, 1.0).cacheKey() == first.cacheKey()
        assert not runner.jobs
        assert pictures.picture(path, 2.0) is None, "another screen needs others"
        until(lambda: len(heard) == 2 and not runner.jobs)
        assert pictures.picture(path, 2.0).width() == 96

    def test_after_a_quick_scroll_only_the_last_are_made(self, runner, tmp_path, until):
        path, pictures, heard = pair(tmp_path, "a"), Pictures(runner, SMALL), []
        pictures.changed.connect(lambda: heard.append(1))
        for version in range(10 * MOST_WAITING):
            pictures.picture(path, 1.0, version)
        until(lambda: not runner.jobs and pictures.picture(path, 1.0, 10 * MOST_WAITING - 1) is not None)
        assert len(heard) < 3 * MOST_WAITING


class TestFields:
    def test_masks_are_a_word_or_a_path(self, theme, answers, tmp_path):
        field, heard = MasksField(lambda: answers, theme), []
        field.changed.connect(heard.append)
        assert field.value == "beside"
        answers.files = [tmp_path]
        choose(field.choice, MaskRule.FOLDER)
        assert heard == [str(tmp_path)]
        assert field.value == str(tmp_path)
        assert field.button.toolTip() == str(tmp_path)
        answers.files = []
        choose(field.choice, MaskRule.FILE)
        assert field.value == str(tmp_path), "who changes their mind keeps what was"
        assert field.choice.value == MaskRule.FOLDER
        choose(field.choice, MaskRule.ALPHA)
        assert (field.value, heard[-1]) == ("alpha", "alpha")
        assert field.button.isHidden()
        field.value = str(mask(tmp_path / "one.png"))
        assert field.choice.value == MaskRule.FILE

    def test_results_go_beside_into_a_folder_or_in_place(self, theme, answers, tmp_path):
        field, heard = OutputField(lambda: answers, theme), []
        field.changed.connect(lambda folder, in_place: heard.append((folder, in_place)))
        answers.files = [tmp_path]
        for value in (IN_FOLDER, IN_PLACE, BESIDE):
            choose(field.choice, value)
        assert heard == [(tmp_path, False), (None, True), (None, False)]
        field.show_output(tmp_path, False)
        assert field.choice.value == IN_FOLDER


def choose(choice, value):
    """Choose as by the mouse."""
    choice.value = value
    choice.changed.emit(value)


class TestSettings:
    @pytest.fixture
    def column(self, theme, answers, tmp_path):
        made = SettingsColumn(Order((), None, ""), ModelStore(tmp_path / "models"), lambda: answers, theme)
        made.orders = []
        made.changed.connect(made.orders.append)
        made.show()
        return made

    def test_every_option_reaches_the_order(self, column, tmp_path, answers):
        answers.files = [tmp_path / "out"]
        choose(column.output.choice, IN_FOLDER)
        choose(column.results.editor("existing"), Existing.RENAME)
        choose(column.results.editor("format"), "png")
        column.results.editor("name").setText("{name}-x")
        column.results.editor("name").editingFinished.emit()
        column.writing.editor("quality").changed.emit(80)
        column.filling.editor("grow").changed.emit(12)
        choose(column.model, "telea")
        found = column.orders[-1]
        assert found.output == tmp_path / "out"
        assert (found.batch.existing, found.batch.format, found.batch.name) == (Existing.RENAME, "png", "{name}-x")
        assert (found.write.quality, found.engine.grow, found.model) == (80, 12, "telea")

    def test_only_what_matters_is_shown(self, column, answers):
        def shown(form, name):
            return not form.editor(name).isHidden()

        assert shown(column.masks, "mask_size")
        assert not shown(column.masks, "mask_color")
        assert not shown(column.masks, "per_mask"), "it needs a folder of results"
        choose(column.masks_field.choice, MaskRule.COLOR)
        assert shown(column.masks, "mask_color")
        assert not shown(column.masks, "mask_size")
        choose(column.output.choice, IN_PLACE)
        assert not shown(column.results, "name")
        assert column.orders[-1].settled().batch.in_place

    def test_what_means_nothing_to_a_model_cannot_be_changed(self, column):
        assert column.filling.editor("refine").isEnabled()
        choose(column.model, "patches")
        assert not column.filling.editor("refine").isEnabled()
        assert not column.filling.editor("texture").isEnabled()
        assert column.filling.editor("grow").isEnabled()

    def test_what_does_not_go_with_a_place_is_left_out(self, column, tmp_path):
        column.show_order(Order((), tmp_path, "", BatchOptions(per_mask=True, format="png", name="{mask}")))
        choose(column.output.choice, IN_PLACE)
        batch = column.orders[-1].batch
        assert (batch.per_mask, batch.format, batch.name) == (False, "keep", "")

    def test_the_name_that_an_empty_pattern_means_is_told(self, column, tmp_path):
        assert column.results.editor("name").placeholderText() == "{name}-clean"
        column.show_order(replace(column.orders[-1] if column.orders else Order((), None, ""), output=tmp_path))
        assert column.results.editor("name").placeholderText() == "{name}"

    def test_inputs_are_taken_out_by_a_key(self, column, tmp_path):
        column.show_order(Order((tmp_path / "a", tmp_path / "b"), None, ""))
        column.inputs.list.setCurrentRow(0)
        assert not column.inputs.take_out.isHidden()
        QTest.keyClick(column.inputs.list, Qt.Key.Key_Delete)
        assert column.orders[-1].inputs == (tmp_path / "b",)


def test_the_table_is_drawn_in_both_themes_and_leaves_columns_out(application, runner, theme, tmp_path, until):
    for number in range(3):
        pair(tmp_path / "in", f"photo{number}", number)
    broken(tmp_path / "in", "bad")
    rows = Rows()
    table = TableView(rows, runner, theme)
    rows.show_plan(make_plan(order(tmp_path / "in", output=tmp_path / "out")), {})
    table.resize(1100, 300)
    table.show()
    table.grab()
    until(lambda: not runner.jobs)
    wide = table.grab().toImage()
    assert not table.isColumnHidden(1)
    x, y = 38, table.horizontalHeader().height() + 26 + 52
    assert wide.pixelColor(x, y) != wide.pixelColor(x + 700, y), "there is a small picture"
    theme.choose(ThemeChoice.LIGHT)
    assert table.grab().toImage() != wide
    table.resize(600, 300)
    application.processEvents()
    assert table.isColumnHidden(1)
    assert table.isColumnHidden(2)
    table.choose_row(1)
    assert [row.path for row in table.chosen_rows()] == [Path(tmp_path / "in" / "photo0.png")]
