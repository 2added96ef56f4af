"""Orders: what may be asked for, what is meant by it, and that it survives being written down."""

import json
from dataclasses import replace
from pathlib import Path

import lots
import pytest

from lama_desktop.batch.order import BatchOptions, Depth, Existing, MaskRule, Order
from lama_desktop.engine.options import AlphaChoice, EngineOptions
from lama_desktop.errors import SettingsError
from lama_desktop.formats import WriteOptions


@pytest.mark.parametrize("word", ["beside", "alpha", "color"])
def test_masks_by_a_word(word):
    assert lots.order(Path("in"), masks=word).mask_source == (MaskRule(word), None)


def test_masks_by_a_place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    lots.mask(tmp_path / "m" / "one.png")
    assert lots.order(Path("in"), masks="m").mask_source == (MaskRule.FOLDER, tmp_path / "m")
    assert lots.order(Path("in"), masks="m/one.png").mask_source == (MaskRule.FILE, tmp_path / "m" / "one.png")
    assert lots.order(Path("m"), masks="m").mask_source == (MaskRule.BESIDE, None)
    (tmp_path / "link").symlink_to(tmp_path / "m")
    for way in ("link", "m/../m"):
        assert lots.order(Path("m"), masks=way).mask_source == (MaskRule.BESIDE, None)
    with pytest.raises(SettingsError, match="gone"):
        lots.order(Path("in"), masks="gone")


def test_paths_mean_the_same_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = lots.order(Path("in"), Path("../x"), output=Path("out"))
    assert made.inputs == (tmp_path / "in", tmp_path / ".." / "x")
    assert made.output == tmp_path / "out"


def test_an_order_survives_being_written_down(tmp_path):
    made = Order(
        (tmp_path / "a", Path("/ü\udcff")),
        tmp_path / "out",
        "telea",
        BatchOptions(existing=Existing.RENAME, depth=Depth.SIXTEEN, masks="alpha"),
        EngineOptions(grow=3),
        WriteOptions(quality=70),
    )
    assert Order.from_dict(json.loads(json.dumps(made.to_dict()))) == made
    assert Order.from_dict(replace(made, output=None).to_dict()).output is None


@pytest.mark.parametrize(
    ("values", "pattern"),
    [({}, "{name}"), ({"per_mask": True}, "{mask}"), ({"name": "{number:04}"}, "{number:04}")],
)
def test_names_of_results(tmp_path, values, pattern):
    assert lots.order(tmp_path, output=tmp_path / "out", **values).template.pattern == pattern


def test_beside_the_photos_results_have_another_name(tmp_path):
    assert lots.order(tmp_path).template.pattern == "{name}-clean"
    assert lots.order(tmp_path, in_place=True).template.pattern == "{name}"


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"format": "gif"}, "jpeg or png"),
        ({"in_place": True, "name": "{name}"}, "--in-place"),
        ({"in_place": True, "format": "png"}, "--in-place"),
        ({"per_mask": True}, "--per-mask needs --output"),
        ({"mask_color": "red"}, "#ff00ff"),
        ({"mask_color": "#ff00f"}, "#ff00ff"),
        ({"name": "{name.stem}"}, "name.stem"),
    ],
)
def test_contradictions_are_told_before_anything_is_looked_for(tmp_path, values, words):
    with pytest.raises(SettingsError, match=words):
        lots.order(tmp_path, **values)


def test_colours_are_read_in_the_usual_way(tmp_path):
    assert lots.order(tmp_path, mask_color="#01ff80").key_color == (1, 255, 128)
    assert lots.order(tmp_path, mask_color="01FF80").key_color == (1, 255, 128)


def test_where_transparency_is_the_mask_it_is_filled(tmp_path):
    assert lots.order(tmp_path, masks="alpha").engine_options.alpha is AlphaChoice.FILL
    assert lots.order(tmp_path).engine_options.alpha is AlphaChoice.KEEP


def test_the_journal_lies_with_the_results_or_the_first_input(tmp_path):
    file = lots.photo(tmp_path / "in" / "a.png")
    assert lots.order(tmp_path, output=tmp_path / "out").journal == tmp_path / "out" / "lama-desktop-batch"
    assert lots.order(tmp_path / "in").journal == tmp_path / "in" / "lama-desktop-batch"
    assert lots.order(file).journal == tmp_path / "in" / "lama-desktop-batch"
    with pytest.raises(SettingsError, match="--journal"):
        _ = lots.order().journal


class TestTakenUpAgain:
    @pytest.fixture
    def planned(self, tmp_path):
        return replace(lots.order(tmp_path, output=tmp_path / "out"), engine=EngineOptions(grow=3))

    def test_only_what_was_named_and_differs_counts(self, planned):
        asked = replace(planned, engine=EngineOptions(), model="other", inputs=())
        assert planned.differences(asked, set()) == []
        assert planned.differences(asked, {"grow", "feather"}) == ["grow"]
        assert planned.differences(asked, {"model"}) == ["model"]

    def test_photos_that_are_named_have_to_be_the_same(self, planned, tmp_path):
        assert planned.differences(planned, set()) == []
        assert planned.differences(replace(planned, inputs=(tmp_path / "b",)), set()) == ["inputs"]

    def test_where_it_computes_may_differ(self, planned):
        asked = replace(planned, engine=EngineOptions(device="cpu"), batch=replace(planned.batch, at_once=3))
        assert planned.differences(asked, {"device", "at_once"}) == []
        here = planned.here(asked, {"device", "at_once"})
        assert (here.engine.device, here.engine.grow, here.batch.at_once) == ("cpu", 3, 3)
        assert planned.here(asked, set()) == planned
