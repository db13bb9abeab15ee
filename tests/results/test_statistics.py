import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from results import statistics


class TestSummary:
    def test_by_hand(self):
        """1, 2 and 3 have mean 2, deviation 1 and the interval 2 +- 4.303 / sqrt 3."""
        found = statistics.summary([1.0, 2.0, 3.0])
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
        found = statistics.summary(values, confidence=confidence)
        assert found.mean == pytest.approx(np.mean(values), abs=1e-9)
        assert found.deviation == pytest.approx(np.std(values, ddof=1), abs=1e-9)
        reach = stats.t.ppf((1 + confidence) / 2, len(values) - 1)
        reach *= np.std(values, ddof=1) / math.sqrt(len(values))
        assert found.high - found.low == pytest.approx(2 * reach, rel=1e-6, abs=1e-6)

    def test_single_value(self):
        """One value has a mean, and neither deviation nor interval."""
        found = statistics.summary([7.0])
        assert found == statistics.Summary(
            count=1, mean=7.0, deviation=None, low=None, high=None
        )

    def test_no_value(self):
        """No value at all is refused."""
        with pytest.raises(ValueError, match="at least one value, got none"):
            statistics.summary([])

    @pytest.mark.parametrize("value", [math.nan, math.inf])
    def test_not_finite(self, value):
        """A value that is no finite number is refused."""
        with pytest.raises(ValueError, match="`values` must be finite"):
            statistics.summary([1.0, value])

    @pytest.mark.parametrize("confidence", [0.0, 1.0, math.nan])
    def test_confidence(self, confidence):
        """A confidence outside (0, 1) is refused."""
        with pytest.raises(ValueError, match=r"`confidence` must be in \(0, 1\)"):
            statistics.summary([1.0, 2.0], confidence=confidence)


class TestStudentT:
    @pytest.mark.parametrize("confidence", [0.01, 0.5, 0.9, 0.95, 0.99, 0.9999])
    def test_by_hand(self, confidence):
        """With one and two degrees of freedom the quantile has a closed form."""
        one, two = (statistics.student_t(confidence, freedom) for freedom in (1, 2))
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
        found = statistics.student_t(confidence, freedom)
        assert found == pytest.approx(expected, rel=1e-9)

    def test_refusals(self):
        """Arguments out of range are refused by name."""
        with pytest.raises(ValueError, match="`freedom` must be 1 or more, got 0"):
            statistics.student_t(0.95, 0)
        with pytest.raises(ValueError, match="`confidence` must be in"):
            statistics.student_t(1.5, 3)
