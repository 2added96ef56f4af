"""Statistics: the tests agree with enumeration and with known values; intervals cover; pictures, not holes, count."""

import math
from itertools import product

import numpy as np
import pytest

from lama_desktop.evaluation import statistics
from lama_desktop.evaluation.statistics import compare, holm, mean_ranks, sign_test, summarize, wilcoxon


def names(count: int) -> list[str]:
    return [f"p{index}" for index in range(count)]


def test_the_signed_rank_test_counts_all_signs_with_ties_too():
    differences = np.array([1, 1, 2, -1, 3, 3, -2, 4, 5.0])
    ranks = mean_ranks(np.abs(differences))
    middle = ranks.sum() / 2
    seen = abs(ranks[differences > 0].sum() - middle)
    sums = [sum(rank for rank, sign in zip(ranks, signs, strict=True) if sign) for signs in product((0, 1), repeat=9)]
    expected = np.mean([abs(each - middle) >= seen - 1e-9 for each in sums])
    assert wilcoxon(differences) == pytest.approx(expected)
    assert wilcoxon([*differences, 0, 0]) == wilcoxon(differences)


def test_known_p_values():
    """Those of scipy 1.17, exact and with the normal approximation."""
    random = np.random.default_rng(3)
    exact = {5: (1.0, 1.0), 8: (0.4609375, 0.2890625), 20: (0.006389617919921875, 0.01181793212890625)}
    for count, (signed_rank, sign) in exact.items():
        differences = random.normal(0.4, 1, count)
        assert wilcoxon(differences) == pytest.approx(signed_rank)
        assert sign_test(differences) == pytest.approx(sign)
    random.normal(0.4, 1, 25)
    assert wilcoxon(random.normal(0.25, 1, 30)) == pytest.approx(0.39905961289822245)
    assert wilcoxon(random.normal(0.25, 1, 100)) == pytest.approx(0.0002589720153013104)


def test_no_differences_prove_nothing():
    assert wilcoxon([0, 0]) == sign_test([0, 0]) == 1
    assert math.isnan(wilcoxon([]))
    assert math.isnan(sign_test([]))


def test_holm_steps_down_and_stays_in_order():
    assert holm([0.01, 0.04, 0.03, math.nan]) == pytest.approx([0.03, 0.06, 0.06, math.nan], nan_ok=True)
    assert holm([0.9, 0.8]) == [1.0, 1.0]


def test_ranks_share_ties():
    np.testing.assert_array_equal(mean_ranks([3, 1, 3, 2]), [3.5, 1, 3.5, 2])


def test_intervals_cover_the_mean_as_often_as_they_say():
    random = np.random.default_rng(0)
    hits = 0
    for _ in range(200):
        found = summarize(random.normal(5, 2, 40), names(40))
        hits += found.low <= 5 <= found.high
    assert 180 <= hits <= 199


def test_a_summary_counts_what_is_finite_and_repeats_itself():
    values = [1.0, 2.0, math.nan, 4.0, math.inf]
    found = summarize(values, ["a", "a", "b", "c", "d"])
    assert (found.count, found.pictures) == (3, 2)
    assert found.mean == pytest.approx(7 / 3)
    assert found.spread == pytest.approx(np.std([1, 2, 4], ddof=1))
    assert found == summarize(values, ["a", "a", "b", "c", "d"])
    assert summarize([math.nan], ["a"]).count == 0
    alone = summarize([3.0], ["a"])
    assert alone.mean == 3
    assert math.isnan(alone.low)


def test_holes_of_one_picture_are_no_independent_evidence():
    random = np.random.default_rng(0)
    level = random.normal(0, 1, 12)
    values = np.repeat(level, 10)
    clustered = summarize(values, np.repeat(names(12), 10))
    naive = summarize(values, names(120))
    assert clustered.high - clustered.low > 2.5 * (naive.high - naive.low)
    assert clustered.high - clustered.low == pytest.approx(4 * level.std() / 12**0.5, rel=0.25)


def test_memory_for_large_sets_is_bounded(monkeypatch):
    values, pictures = np.arange(50.0), names(50)
    whole = summarize(values, pictures)
    monkeypatch.setattr(statistics, "DRAWN", 500)
    assert summarize(values, pictures) == whole


def test_a_comparison_is_paired():
    random = np.random.default_rng(0)
    hard = random.normal(0, 10, 40)
    first, second = hard + random.normal(-0.5, 0.3, 40), hard
    found = compare(first, second, names(40))
    assert found.is_clear
    assert found.low < -0.4 < found.high < 0
    assert found.lower > 0.8
    assert found.wilcoxon < 1e-5
    assert found.sign < 1e-5
    reverse = compare(second, first, names(40))
    assert reverse.lower == pytest.approx(1 - found.lower)
    same = compare(first, first, names(40))
    assert (same.mean, same.lower, same.wilcoxon, same.is_clear) == (0, 0.5, 1, False)
    first[3] = math.nan
    assert compare(first, second, names(40)).pictures == 39
    assert compare([math.nan], [1.0], ["a"]).pictures == 0
