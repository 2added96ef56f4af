"""The batch beside the plain loop: the same results, and nothing left behind."""

from dataclasses import replace

import lots
import pytest

from lama_desktop.batch.filling import filling, load
from lama_desktop.batch.speed import compare
from lama_desktop.cli import main
from lama_desktop.core.photo import Photo
from lama_desktop.errors import Cancelled, SettingsError
from lama_desktop.models.store import ModelStore
from lama_desktop.progress import Progress


@pytest.fixture
def store(tmp_path):
    return ModelStore(tmp_path / "models")


@pytest.fixture
def order(tmp_path):
    for name in ("a", "b", "c"):
        lots.pair(tmp_path / "in", name)
    lots.photo(tmp_path / "in" / "bare.png")
    return replace(lots.order(tmp_path / "in"), model="telea")


def test_both_do_the_same(order, store, tmp_path):
    found = compare(order, 200, store, Progress())
    assert (found.photos, found.same) == (3, 3)
    assert found.loop_seconds > 0
    assert found.batch_seconds > 0
    assert found.ratio == found.loop_seconds / found.batch_seconds
    assert 0 < found.growth < 2
    assert compare(order, 2, store, Progress()).photos == 2
    assert lots.below(tmp_path / "in") == {f"{name}.png" for name in ("a", "b", "c", "bare")} | {
        f"{name}_mask.png" for name in ("a", "b", "c")
    }


def test_it_can_be_stopped_and_needs_a_photo(order, store, tmp_path):
    progress = Progress()
    progress.cancel()
    with pytest.raises(Cancelled):
        compare(order, 3, store, progress)
    lots.photo(tmp_path / "bare" / "a.png")
    with pytest.raises(SettingsError, match="--dry-run"):
        compare(replace(order, inputs=(tmp_path / "bare",)), 3, store, Progress())


def test_the_model_of_an_order_fills(order, store):
    with filling(load(order, store), 3) as shared:
        assert (shared.at_once, shared.threads) == (3, 5)
        coverage = lots.pixels(order.inputs[0] / "a_mask.png")
        filled = shared.fill(Photo(lots.picture()), coverage, Progress())
        assert filled.seconds > 0
        assert (filled.photo.pixels[0] == lots.picture()[0]).all()
        assert not (filled.photo.pixels[lots.HOLE] == lots.picture()[lots.HOLE]).all()


def test_on_the_command_line(order, capsys, tmp_path):
    assert main(["benchmark", "batch", str(tmp_path / "in"), "--model", "telea", "--device", "cpu"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("3 photos, filled by telea, ")
    assert "3 results equal to the bit" in text
