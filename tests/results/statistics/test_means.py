import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from results.statistics import means


class TestSummary:
    def test_by_hand(self):
        """1, 2 and 3 have mean 2, deviation 1 and the interval 2 +- 4.303 / sqrt 3."""
        found = means.summary([1.0, 2.0, 3.0])
        assert (found.count, found.mean, found.deviation) == (3, 2.0, 1.0)
        reach = 4.302652729911275 / math.sqrt(3)
        assert found.low == pytest.approx(2 - reach, rel=1e-9)
        assert found.high == pytest.approx(2 + reach, rel=1e-9)

    @given(
        st.lists(st.floats(-1e3, 1e3), min_size=2, max_size=30),
        st.floats(0.5, 0.999),
    )
    @settings(max_examples=50, deadline=None)
    def test_against_scipy(self, values, confidence):
        """Mean, deviation and interval are numpy's and scipy's."""
        found = means.summary(values, confidence=confidence)
        assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
        assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)
        reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
        reach *= np.std(values, ddof=1) / math.sqrt(len(values))
        assert found.high - found.low == pytest.approx(2 * reach, rel=1e-6, abs=1e-6)

    def test_single_value(self):
        """One value has a mean, and neither deviation nor interval."""
        found = means.summary([7.0])
        assert found == means.Summary(
            count=1, mean=7.0, deviation=None, low=None, high=None
        )

    def test_no_value(self):
        """No value at all is refused."""
        with pytest.raises(ValueError, match="at least one value, got none"):
            means.summary([])

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_not_finite(self, value):
        """A value that is no finite number is refused."""
        with pytest.raises(ValueError, match="`values` must be finite"):
            means.summary([1.0, value])

    @pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan])
    def test_confidence(self, confidence):
        """A confidence outside (0, 1) is refused."""
        with pytest.raises(ValueError, match=r"`confidence` must be in \(0, 1\)"):
            means.summary([1.0, 2.0], confidence=confidence)


class TestStudentT:
    @pytest.mark.parametrize("confidence", [0.01, 0.5, 0.9, 0.95, 0.99, 0.9999])
    def test_by_hand(self, confidence):
        """With one and two degrees of freedom the quantile has a closed form."""
        one, two = (means.student_t(confidence, freedom) for freedom in (1, 2))
        assert one == pytest.approx(math.tan(math.pi * confidence / 2), rel=1e-9)
        root = math.sqrt(2 / (1 - confidence**2))
        assert two == pytest.approx(confidence * root, rel=1e-9)

    @pytest.mark.parametrize(
        ("confidence", "freedom", "expected"),
        [
            (0.95, 4, 2.776445105197791),
            (0.99, 9, 3.249835541592118),
            (0.01, 29, 0.012641979520159611),
            (0.9999, 200, 3.9704968515028076),
        ],
    )
    def test_by_a_finite_sum(self, confidence, freedom, expected):
        """More degrees: numbers of Abramowitz and Stegun's sums, 26.7.3 and 26.7.4."""
        found = means.student_t(confidence, freedom)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_refusals(self):
        """Arguments out of range are refused by name."""
        with pytest.raises(ValueError, match="`freedom` must be 1 or more, got 0"):
            means.student_t(0.95, 0)
        with pytest.raises(ValueError, match="`confidence` must be in"):
            means.student_t(1.5, 3)


class TestBootstrap:
    def test_a_constant_has_no_interval(self):
        """Whatever is drawn, the mean is the same."""
        assert means.bootstrap(np.full((4, 30), 7.0)) == pytest.approx((7.0, 7.0))

    def test_one_seed_leaves_the_frames(self):
        """Then the interval is that of a mean of frames, 1.96 deviations over root n."""
        errors = np.random.default_rng(3).normal(20, 6, (1, 900))
        low, high = means.bootstrap(errors)
        wanted = 2 * 1.96 * errors.std() / 30
        assert high - low == pytest.approx(wanted, rel=0.1)
        assert low < errors.mean() < high

    def test_frames_are_drawn_for_all_seeds_at_once(self):
        """Frames that are hard for every seed do not average out over the seeds."""
        hard = np.random.default_rng(4).normal(20, 6, 400)
        low, high = means.bootstrap(np.tile(hard, (9, 1)))
        assert high - low == pytest.approx(2 * 1.96 * hard.std() / 20, rel=0.1)

    def test_frames_that_were_not_scored_do_not_count(self):
        """A frame without a label is out for all seeds, or something is wrong."""
        errors = np.random.default_rng(5).normal(20, 6, (3, 50))
        errors[:, 7] = np.nan
        assert means.bootstrap(errors) == means.bootstrap(np.delete(errors, 7, 1))
        errors[1, 9] = np.nan
        with pytest.raises(ValueError, match="the same frames for every seed"):
            means.bootstrap(errors)

    def test_no_frame(self):
        """Nothing has no mean."""
        with pytest.raises(ValueError, match=r"must be \[seeds, frames\]"):
            means.bootstrap(np.zeros((0, 5)))
