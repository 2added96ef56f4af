"""Judging: everybody on the same holes; what is missing, misnamed or misshaped ends it or is counted, by name."""

import math

import numpy as np
import pytest
from known import save, texture
from PIL import Image as PillowImage

from lama_desktop.errors import Cancelled, FileFormatError
from lama_desktop.evaluation.dataset import find_samples
from lama_desktop.evaluation.judging import TRUTH, judge
from lama_desktop.evaluation.metrics import EVALUATED, Better, Measure, l1_around, psnr
from lama_desktop.evaluation.predictions import find_predictions
from lama_desktop.evaluation.results import Results
from lama_desktop.evaluation.sources import MASKED_VALUE, EngineSource, FolderSource
from lama_desktop.progress import Progress


def run(prepared, *folders, **arguments):
    samples = find_samples(prepared, [], size=96)
    found = {path.name: find_predictions(path, [each.name for each in samples]) for path in folders}
    return judge(samples, {name: FolderSource(each) for name, each in found.items()}, **arguments)


class FakeEngine:
    """Fills with one grey, counts, and remembers what it was shown."""

    def __init__(self, value: int = 100) -> None:
        self.value, self.calls = value, 0
        self.seen: list[tuple[np.ndarray, np.ndarray]] = []

    def inpaint(self, image, mask, progress):
        self.calls += 1
        self.seen.append((image.copy(), mask.copy()))
        progress(0.5)
        result = image.copy()
        result[mask > 0] = self.value
        return result


def test_scores_are_those_of_the_measures(prepared, predict):
    judged = run(prepared, predict("good", 5), predict("bad", 30))
    assert len(judged.scores) == 10
    assert judged.left_out == judged.problems == []
    sample = find_samples(prepared, [], size=96)[0]
    case = sample.read()
    fill = np.asarray(PillowImage.open(prepared.parent / "good" / f"{sample.name}.png"))
    first = judged.scores[0]
    assert first.contender == "good"
    assert first.values["psnr"] == psnr(fill, case.truth, case.hole)
    assert first.values["l1_around"] == 0
    assert set(first.values) == set(EVALUATED)
    assert first.area == pytest.approx(case.hole.mean())
    assert first.seconds is None
    for good, bad in zip(judged.scores[::2], judged.scores[1::2], strict=True):
        assert good.sample == bad.sample
        assert good.values["psnr"] > bad.values["psnr"]


def test_all_models_fill_the_same_holes_and_do_not_see_what_is_behind(tmp_path):
    for index in range(3):
        save(texture(index), tmp_path / f"p{index}.png")
    samples = find_samples(tmp_path, ["thick_256", "thin_256"], size=96)
    engines = {"near": FakeEngine(120), "far": FakeEngine(255)}
    judge(samples, {name: EngineSource(lambda each=each: each, {}, None) for name, each in engines.items()})
    assert len(engines["near"].seen) == 6
    for sample, near, (other, other_mask) in zip(samples, *(each.seen for each in engines.values()), strict=True):
        case, (image, mask) = sample.read(), near
        np.testing.assert_array_equal(image, other)
        np.testing.assert_array_equal(mask, other_mask)
        np.testing.assert_array_equal(mask > 0, case.hole)
        assert (image[mask > 0] == MASKED_VALUE).all()
        assert (image[mask == 0] == case.truth[mask == 0]).all()


def test_a_missing_prediction_ends_it_or_is_counted_for_nobody(prepared, predict):
    good, bad = predict("good", 5), predict("bad", 30)
    (good / "p1_crop000_mask000.png").rename(good / "p1_crop00_mask000.png")
    with pytest.raises(FileFormatError, match="no prediction for p1_crop000_mask000") as caught:
        run(prepared, good, bad)
    assert "(is p1_crop00_mask000.png it under another name?)" in str(caught.value)
    assert "--partial" in str(caught.value)
    judged = run(prepared, good, bad, partial=True)
    assert judged.left_out == ["p1_crop000_mask000"]
    assert {each.contender: each.sample for each in judged.scores}.keys() == {"good", "bad"}
    assert all(each.sample != "p1_crop000_mask000" for each in judged.scores)
    assert len(judged.problems) == 2


def test_a_misshaped_or_broken_prediction_is_told_before_anything_is_filled(prepared, predict):
    good = predict("good", 5)
    save(texture(0, 80), good / "p2_crop000_mask000.png")
    (good / "p3_crop000_mask000.png").write_bytes(b"no picture")
    engine = FakeEngine()
    samples = find_samples(prepared, [], size=96)
    found = find_predictions(good, [each.name for each in samples])
    sources = {"good": FolderSource(found), "grey": EngineSource(lambda: engine, {}, None)}
    with pytest.raises(FileFormatError, match=r"80 × 80 pixels.*p3_crop000_mask000.png"):
        judge(samples, sources)
    assert engine.calls == 0
    judged = judge(samples, sources, partial=True)
    assert judged.left_out == ["p2_crop000_mask000", "p3_crop000_mask000"]
    assert len(judged.scores) == 6


@pytest.mark.parametrize("windows", [0, 1])
def test_a_photograph_in_which_no_hole_can_be_drawn_needs_no_prediction(tmp_path, windows):
    for index in range(2):
        save(texture(index), tmp_path / "photos" / f"p{index}.png")
    samples = find_samples(tmp_path / "photos", ["wide"], size=96, windows=windows)
    for each in samples:
        save(each.read().truth, tmp_path / "fills" / f"{each.name}.png")
    save(texture(2, 80), tmp_path / "photos" / "small.png")
    samples = find_samples(tmp_path / "photos", ["wide"], size=96, windows=windows)
    source = FolderSource(find_predictions(tmp_path / "fills", [each.name for each in samples]))
    judged = judge(samples, {"other": source})
    assert len(judged.scores) == 2
    assert judged.left_out == [samples[2].name]
    assert judged.problems == ["small.png is smaller than 96 pixels: choose a smaller size."]
    (tmp_path / "fills" / f"{samples[0].name}.png").unlink()
    source = FolderSource(find_predictions(tmp_path / "fills", [each.name for each in samples]))
    with pytest.raises(FileFormatError, match=f"no prediction for {samples[0].name}"):
        judge(samples, {"other": source})


def test_a_file_too_many_is_told_and_harmless(prepared, predict):
    good = predict("good", 5)
    save(texture(0), good / "sheet.png")
    judged = run(prepared, good)
    assert len(judged.scores) == 5
    assert "no hole belongs to sheet.png" in judged.problems[0]


def test_nothing_left_is_an_error(prepared, predict):
    good = predict("good", 5, suffix="_x.png")
    with pytest.raises(FileFormatError, match="Not one of the 5 holes"):
        run(prepared, good, partial=True)


def test_what_a_model_filled_is_kept_and_not_made_again(prepared, tmp_path):
    samples = find_samples(prepared, [], size=96)
    first, folder = FakeEngine(), tmp_path / "fills"
    made = EngineSource(lambda: first, {"a": 1}, folder)
    before = judge(samples, {"grey": made})
    assert first.calls == 5
    assert made.reused == 0
    made.fill(samples[0].read(), Progress())
    assert first.calls == 5  # also within a run, for the pictures of the report
    second = FakeEngine(7)
    source = EngineSource(lambda: second, {"a": 1}, folder)
    again = judge(samples, {"grey": source})
    assert (second.calls, source.reused) == (0, 5)
    assert [each.values for each in again.scores] == [each.values for each in before.scores]
    assert again.scores[0].seconds == pytest.approx(before.scores[0].seconds, abs=1e-3)
    judge(samples, {"grey": EngineSource(lambda: second, {"a": 2}, folder)})
    assert second.calls == 5  # other settings
    judge(samples, {"grey": EngineSource(lambda: second, {"a": 2}, folder, fresh=True)})
    assert second.calls == 10
    (folder / "p0_crop000_mask000.png").write_bytes(b"")
    (folder / "p1_crop000_mask000.png").unlink()
    with (folder / "fills.jsonl").open("a") as file:
        file.write('{"name": "half')
    judge(samples, {"grey": EngineSource(lambda: second, {"a": 2}, folder)})
    assert second.calls == 12  # what is damaged or gone
    save(texture(9), prepared / "p0_crop000.png")
    judge(samples, {"grey": EngineSource(lambda: second, {"a": 2}, folder)})
    assert second.calls == 14  # another picture with two masks


def test_networks_may_have_a_say(prepared, predict):
    class Learned:
        def __init__(self):
            changed = Measure("LPIPS", Better.LOWER, lambda fill, truth, hole: float((fill != truth).mean()))
            self.measures = {"lpips": changed}

        def features(self, picture):
            return picture[::8, ::8].astype(np.float32).ravel()

    judged = run(prepared, predict("good", 5), predict("bad", 60), learned=Learned())
    assert set(judged.features) == {TRUTH, "good", "bad"}
    results = Results(judged)
    good, bad = results.rows[:2]
    assert 0 < good.fid < bad.fid
    assert "lpips" in good.summaries
    assert math.isfinite(good.ssim_fid100_f1)
    assert math.isfinite(good.lpips_fid100_f1)


def test_progress_rises_to_one_and_stops(prepared, predict):
    seen, said = [], []
    progress = Progress(lambda fraction, text: (seen.append(fraction), said.append(text)))
    run(prepared, predict("good", 5), progress=progress)
    assert seen == sorted(seen)
    assert seen[-1] == 1
    assert {"checking hole 1 of 5, p0_crop000_mask000", "hole 5 of 5, p3_crop000_mask000: good"} <= set(said)
    progress.cancel()
    with pytest.raises(Cancelled):
        run(prepared, prepared.parent / "good", progress=progress)


def test_l1_around_looks_at_the_known_pixels_nearby():
    truth, hole = texture(0), np.zeros((96, 96), bool)
    hole[40:60, 40:60] = True
    changed = truth.copy()
    changed[hole] = 0
    assert l1_around(changed, truth, hole) == 0
    far = truth.copy()
    far[:10] = 255 - far[:10]
    assert l1_around(far, truth, hole) == 0
    near = np.clip(truth.astype(int) + 10, 0, 255).astype(np.uint8)
    assert l1_around(near, truth, hole) == pytest.approx(10 / 255, rel=0.05)
    assert math.isnan(l1_around(near, truth, np.ones_like(hole)))
