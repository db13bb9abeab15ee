"""Entrants of the finals beside each other, by hand."""

import math

import pytest

from results.finals import comparisons, runs


START = (30.0, 31.0, 32.0, 33.0, 34.0)


def less(*differences):
    """Errors of an entrant from what it gains on the start with each seed."""
    return [error - gain for error, gain in zip(START, differences, strict=True)]


def p_value(differences):
    """Of Student's test for five pairs: the closed form for 4 degrees of freedom.

    Abramowitz and Stegun 1964, 26.7.4.
    """
    mean = sum(differences) / 5
    variance = sum((d - mean) ** 2 for d in differences) / 4
    squared = mean**2 / (variance / 5)
    sine, cosine_squared = math.sqrt(squared / (4 + squared)), 4 / (4 + squared)
    return 1 - sine * (1 + cosine_squared / 2)


class TestOf:
    def test_holms_correction_by_hand(self, make):
        """P-values 0.0032, 0.0217 and 1 of a ratio are taken 3, 2 and 1 times."""
        found = comparisons.of(
            runs.of(
                make.runs("start", START)
                + make.runs("t-1", less(1, 2, 3, 2, 2))
                + make.runs("t-2", less(0, 1, -1, 0, 0))
            )
        )
        by_pair = {(c.first, c.second): c for c in found}
        assert list(by_pair) == [("t-1", "start"), ("t-1", "t-2"), ("start", "t-2")]
        clear = by_pair["t-1", "start"]
        assert (clear.paired.difference, clear.paired.count) == (-2.0, 5)
        values = {
            ("t-1", "start"): 3 * p_value([1, 2, 3, 2, 2]),
            ("t-1", "t-2"): 2 * p_value([1, 1, 4, 2, 2]),
            ("start", "t-2"): 1.0,
        }
        for pair, expected in values.items():
            assert by_pair[pair].p_adjusted == pytest.approx(expected, rel=1e-6)

    def test_ratios_are_corrected_apart(self, make):
        """One comparison at each of two ratios: none is corrected for the other."""
        rows = []
        for ratio in (0.5, 1.0):
            rows += make.runs("start", START, labelled_ratio=ratio)
            rows += make.runs("t-1", less(1, 2, 3, 2, 2), labelled_ratio=ratio)
        expected = pytest.approx(p_value([1, 2, 3, 2, 2]), rel=1e-6)
        found = comparisons.of(runs.of(rows))
        assert [(c.ratio, c.p_adjusted) for c in found] == [
            (0.5, expected),
            (1.0, expected),
        ]

    def test_only_seeds_that_both_have_count(self, make):
        """Two of five diverged: three pairs; without a common seed there is none."""
        gone = ["diverged", "diverged", 30.0, 31.0, 32.0]
        rows = make.runs("start", START) + make.runs("t-1", gone)
        (pair,) = comparisons.of(runs.of(rows))
        assert pair.paired.count == 3
        rows = make.runs("start", [30.0, "crashed"]) + make.runs(
            "t-1", ["crashed", 30.0]
        )
        assert comparisons.of(runs.of(rows)) == []

    def test_one_seed_has_no_test(self, make):
        """It corrects nothing and is corrected by nothing."""
        rows = make.runs("start", [30.0]) + make.runs("t-1", [28.0])
        (pair,) = comparisons.of(runs.of(rows))
        assert (pair.paired.difference, pair.p_adjusted) == (-2.0, None)


class TestBest:
    def test_is_chosen_by_validation(self, make):
        """Not by the test error, which would be the best of many."""
        rows = make.runs("t-1", [20.0, 20.0], validation=[30.0, 30.0])
        rows += make.runs("t-2", [25.0, 25.0], validation=[29.0, 29.0])
        assert comparisons.best(runs.of(rows)).entrant == "t-2"

    def test_is_never_the_baseline_nor_one_without_figures(self, make):
        """The supervised one is what the others are compared with."""
        rows = make.runs("supervised", [10.0]) + make.runs("t-1", ["diverged"])
        assert comparisons.best(runs.of(rows)) is None
        assert comparisons.best([]) is None
        rows += make.runs("start", [20.0])
        assert comparisons.best(runs.of(rows)).entrant == "start"

    def test_seeds_that_one_lacks_do_not_make_it_the_best(self, make):
        """It failed with the hard seeds and is worse with those that both have."""
        rows = make.runs("start", [20.0, 20.0, 40.0])
        rows += make.runs("t-1", [21.0, 21.0, "diverged"])
        assert comparisons.best(runs.of(rows)).entrant == "start"

    def test_without_a_seed_that_all_have(self, make):
        """Each has the mean over its own."""
        rows = make.runs("start", [20.0, "diverged"])
        rows += make.runs("t-1", ["diverged", 19.0])
        assert comparisons.best(runs.of(rows)).entrant == "t-1"


GAPS = (1.1, 0.9, 1.0, 1.0, 1.0)
"""How much worse the best is with few labels; with all, 2 mm better than that."""


def curve(make, *, few=0.0, seeds=5):
    """Two ratios: the best crosses the start's error half-way, over the logarithm."""
    rows = make.runs("start", START[:seeds])
    rows += make.runs("t-2", less(*(2 - gap for gap in GAPS))[:seeds])
    part = {"labelled_ratio": 0.1, "labelled_frames": 100}
    rows += make.runs("start", [60.0] * seeds, **part)
    errors = less(*(few - gap for gap in GAPS))[:seeds]
    return runs.of(rows + make.runs("t-1", errors, **part))


class TestSaving:
    def test_by_hand(self, make):
        """Between 100 and 1000 a gap from 1 to -1 mm is none at 316 labels.

        Its deviation is sqrt(0.02 / 4), so it cannot be told from none up to 0.0878
        mm, which is a share of 0.0439 of the way to either side.
        """
        found = comparisons.saving(curve(make))
        assert found.settings == {0.1: "t-1", 1.0: "t-2"}
        assert found.counts == {0.1: 100, 1.0: 1000}
        assert (found.goal, found.seeds) == (1000, 5)
        assert found.equivalent.labels == pytest.approx(math.sqrt(1e5), rel=1e-3)
        reach = 2.776445 * math.sqrt(0.02 / 4 / 5) / 2
        assert found.equivalent.low == pytest.approx(10 ** (2.5 - reach), rel=0.01)
        assert found.equivalent.high == pytest.approx(10 ** (2.5 + reach), rel=0.01)

    def test_it_takes_two_seeds_two_ratios_and_the_start(self, make):
        """Where one of them is missing nothing is told."""
        assert comparisons.saving(curve(make, seeds=1)) is None
        found = curve(make)
        assert comparisons.saving([r for r in found if r.ratio == 1.0]) is None
        lacking = [r for r in found if (r.ratio, r.entrant) != (1.0, "start")]
        assert comparisons.saving(lacking) is None
