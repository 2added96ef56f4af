"""Results, tables and the page: what scores say together, and that nothing in it asks for anything outside."""

import csv
import io
import json
import math
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from lama_desktop.evaluation.dataset import find_samples
from lama_desktop.evaluation.judging import Judged, Score, judge
from lama_desktop.evaluation.metrics import MEASURES
from lama_desktop.evaluation.report import DOCUMENT, REPORT, SCORES, SUMMARY, Evaluation, write_evaluation
from lama_desktop.evaluation.results import Results
from lama_desktop.evaluation.sources import EngineSource
from lama_desktop.evaluation.synthetic import judge_patterns
from lama_desktop.evaluation.tables import number, p_value, pattern_text, scores_tsv, summary_tsv, text, to_dict


def judged(contenders=("good", "bad"), holes=12) -> Judged:
    """Scores as they may be: `bad` is worse by a hair on hard and easy holes alike; the last has no texture."""
    random = np.random.default_rng(0)
    found = Judged(contenders, MEASURES)
    for index in range(holes):
        hard = random.normal(0, 3)
        for place, name in enumerate(contenders):
            worse = 0.3 * place + random.normal(0, 0.05)
            values = {"psnr": 20 + hard - worse, "ssim": 0.5 - 0.1 * worse, "l1": 0.1 + 0.02 * worse}
            values |= {"energy": 0.5 ** (1 + place), "swd": math.nan if index == holes - 1 else 3 + hard / 3 + worse}
            kind = ("narrow", "wide")[index % 2]
            found.scores.append(Score(name, f"h{index}", f"p{index // 2}", kind, 0.06 + index / 40, values, 0.5))
    return found


def test_groups_are_all_kinds_and_areas():
    results = Results(judged())
    assert [(each.title, each.by, len(each.samples)) for each in results.groups] == [
        ("all", "all", 12),
        ("narrow", "kind", 6),
        ("wide", "kind", 6),
        ("0-10%", "area", 2),
        ("10-20%", "area", 4),
        ("20-30%", "area", 4),
        ("30-40%", "area", 2),
    ]
    row = results.rows[0]
    assert (row.contender, row.summaries["psnr"].count, row.summaries["psnr"].pictures, row.seconds) == (
        "good",
        12,
        6,
        0.5,
    )
    assert row.summaries["swd"].count == 11
    assert row.summaries["energy"].mean == pytest.approx(0.5)
    assert math.isnan(row.fid)


def test_a_pair_is_compared_on_the_same_holes():
    results = Results(judged())
    pair = next(each for each in results.pairs if each.measure == "psnr")
    assert (pair.first, pair.second) == ("good", "bad")
    assert pair.difference.is_clear
    assert pair.difference.mean < 0
    assert pair.difference.lower == 1
    alone = results.rows[0].summaries["psnr"]
    assert alone.high - alone.low > 3 * (pair.difference.high - pair.difference.low)


def test_ranks_weigh_closeness_and_texture_alike():
    results = Results(judged(("a", "b", "c")))
    assert [each.contender for each in results.standings] == ["a", "b", "c"]
    first = results.standings[0]
    assert first.ranks["energy"] == 1
    assert first.overall == pytest.approx((first.closeness + first.texture) / 2)
    assert first.texture == pytest.approx((first.ranks["energy"] + first.ranks["swd"]) / 2)
    assert Results(judged(("alone",))).standings == []
    assert Results(judged(("alone",))).pairs == []


def test_tables_for_programs():
    results = Results(judged())
    scores = list(csv.DictReader(io.StringIO(scores_tsv(results)), delimiter="\t"))
    assert len(scores) == 24
    assert (scores[0]["contender"], scores[0]["hole"], scores[-1]["swd"]) == ("good", "h0", "")
    summary = list(csv.DictReader(io.StringIO(summary_tsv(results)), delimiter="\t"))
    row = next(
        each for each in summary if (each["group"], each["contender"], each["measure"]) == ("all", "good", "psnr")
    )
    assert float(row["low"]) < float(row["mean"]) < float(row["high"])
    document = json.loads(json.dumps(to_dict(results), allow_nan=False))
    assert document["fills"][-1]["values"]["swd"] is None
    assert document["rows"][0]["group"] == {"title": "all", "by": "all", "holes": 12}


def test_the_text_for_a_terminal():
    lines = "\n".join(text(Results(judged())))
    assert "narrow (6 holes)" in lines
    assert "good > bad: 100%" in lines
    assert re.search(r"mean rank +PSNR .* closeness +texture +overall", lines)
    assert number("psnr", math.nan) == "–"
    assert (p_value(0.0001), p_value(0.0123), p_value(math.nan)) == ("< 0.001", "0.012", "–")


class Links(HTMLParser):
    """Collects what a page refers to, and checks that elements are closed."""

    VOID = ("meta", "img", "input", "br")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.places: list[str] = []
        self.ids: list[str] = []
        self.images = 0

    def handle_starttag(self, tag, attributes):
        if tag not in self.VOID:
            self.open.append(tag)
        values = dict(attributes)
        self.places += [values[name] for name in ("href", "src", "srcset", "data") if name in values]
        self.ids += [values["id"]] if "id" in values else []
        self.images += tag == "img"

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


class Grey:
    def inpaint(self, image, mask, progress):
        result = image.copy()
        result[mask > 0] = 120
        return result


class Telea(Grey):
    def inpaint(self, image, mask, progress):
        return np.where(mask[..., None] > 0, np.roll(image, 20, axis=1), image)


def test_the_page_is_complete_in_itself(prepared, tmp_path):
    samples = find_samples(prepared, [], size=96)
    sources = {"<grey>": EngineSource(Grey, {}, None), "rolled": EngineSource(Telea, {}, None)}
    results = Results(judge(samples, sources))
    patterns = judge_patterns(sources, [64, 128], ["grating", "ramp"])
    asked = {
        "data": "set & more",
        "contenders": [
            {"name": name, "model": name, "options": {"grow": 0, "refine": False}, "predictions": None}
            for name in sources
        ],
        "kinds": [],
    }
    folder = tmp_path / "out"
    path = write_evaluation(folder, Evaluation(asked, results, patterns, samples, sources, 0))
    assert path == folder / REPORT
    assert {each.name for each in folder.iterdir()} == {REPORT, DOCUMENT, SCORES, SUMMARY}
    page = path.read_text()
    links = Links()
    links.feed(page)
    assert not links.open
    assert links.images >= 5 * 4 + 2 * 3
    assert all(place.startswith(("data:image/jpeg;base64,", "#")) for place in links.places)
    assert {place[1:] for place in links.places if place[0] == "#"} <= set(links.ids)
    assert len(links.ids) == len(set(links.ids))
    assert "<script" not in page
    assert "&lt;grey&gt;" in page
    assert "<grey>" not in page
    assert "set &amp; more" in page
    assert "nan" not in re.sub(r"base64,[^\"]*", "", page)
    document = json.loads((folder / DOCUMENT).read_text())
    assert document["holes"] == 5
    assert document["synthetic"]["patterns"] == ["grating", "ramp"]
    assert "Pattern continued" in "\n".join(pattern_text(patterns))


def test_what_is_left_out_is_on_the_page(prepared, tmp_path):
    samples = find_samples(prepared, [], size=96)
    (prepared / "p3_crop000.png").write_bytes(b"no picture")
    sources = {"grey": EngineSource(Grey, {}, None)}
    results = Results(judge(samples, sources, partial=True))
    asked = {"contenders": [{"name": "grey", "model": "grey", "options": None, "predictions": None}]}
    page = write_evaluation(tmp_path, Evaluation(asked, results, None, samples, sources, 0)).read_text()
    assert "1 hole counts for nobody" in page
    assert "p3_crop000.png" in page
    assert "Pairs" not in page


def test_a_measure_by_which_all_are_equal_ranks_nobody_and_a_balanced_one_does():
    found = judged(holes=8)
    for index, score in enumerate(found.scores):
        hole, first = divmod(index, 2)
        score.values["ssim"] = 0.5
        score.values["l1"] = 0.1 + 0.1 * (first == hole % 2)
    results = Results(found)
    ranks = results.standings[0].ranks
    assert "ssim" not in ranks
    assert ranks["l1"] == 1.5
    assert not next(each for each in results.pairs if each.measure == "l1").is_clear
