import math

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats

from results.statistics import pairs


ERRORS = st.lists(st.floats(10, 60), min_size=3, max_size=12)


class TestPaired:
    def test_by_hand(self):
        """Differences 1, 2, 3: mean 2, t = 2 sqrt 3, p of two degrees of freedom."""
        found = pairs.paired({1: 11.0, 2: 22.0, 3: 33.0}, {1: 10.0, 2: 20.0, 3: 30.0})
        assert (found.count, found.difference) == (3, 2.0)
        assert found.high == pytest.approx(2 + 4.302652729911275 / math.sqrt(3))
        assert found.p_value == pytest.approx(0.0741799, abs=1e-7)
        assert found.effect == pytest.approx(2 * (1 - 3 / 7))

    @given(ERRORS, ERRORS)
    @settings(max_examples=60, deadline=None)
    def test_against_scipy(self, first, second):
        """p-value and interval are those of `scipy.stats.ttest_rel`."""
        size = min(len(first), len(second))
        first, second = np.array(first[:size]), np.array(second[:size])
        if np.std(first - second) < 1e-6:
            return
        found = pairs.paired(dict(enumerate(first)), dict(enumerate(second)))
        other = stats.ttest_rel(first, second)
        assert found.p_value == pytest.approx(other.pvalue, rel=1e-6, abs=1e-12)
        assert found.low == pytest.approx(other.confidence_interval().low, abs=1e-6)

    def test_only_common_seeds_count(self):
        """A seed in which one of the two diverged says nothing about the difference."""
        found = pairs.paired({1: 5.0, 2: 9.0, 3: 4.0}, {1: 4.0, 3: 4.0, 7: 1.0})
        assert (found.count, found.difference) == (2, 0.5)
        assert pairs.paired({1: 5.0}, {2: 5.0}) is None

    def test_one_seed(self):
        """It has a difference, and nothing that says how sure it is."""
        found = pairs.paired({1: 5.0}, {1: 4.0})
        assert found.difference == 1.0
        assert (found.low, found.high, found.p_value, found.effect) == (None,) * 4

    def test_equal_settings(self):
        """Two equal trials differ by nothing at all."""
        found = pairs.paired({1: 5.0, 2: 6.0}, {1: 5.0, 2: 6.0})
        assert (found.difference, found.low, found.high) == (0, 0, 0)
        assert (found.p_value, found.effect) == (1.0, None)

    def test_not_finite(self):
        """An error that is no number is refused."""
        with pytest.raises(ValueError, match="must be finite"):
            pairs.paired({1: math.nan}, {1: 4.0})


class TestHolm:
    def test_published(self):
        """The example of R's p.adjust(c(0.01, 0.02, 0.03, 0.04), "holm")."""
        found = pairs.holm([0.04, 0.01, 0.03, 0.02])
        assert found == pytest.approx([0.06, 0.04, 0.06, 0.06])

    @given(st.lists(st.floats(0, 1), max_size=9))
    def test_steps_down_by_the_definition(self, p_values):
        """Each is the largest (n - k + 1) p(k) up to its place, at most 1."""
        order = sorted(p_values)
        count = len(order)
        wanted = {
            p: max(min(1.0, (count - k) * order[k]) for k in range(order.index(p) + 1))
            for p in order
        }
        for p, adjusted in zip(p_values, pairs.holm(p_values), strict=True):
            last = max(k for k in range(count) if order[k] == p)
            tied = max(min(1.0, (count - k) * order[k]) for k in range(last + 1))
            assert wanted[p] <= adjusted <= tied

    def test_no_probability(self):
        """What is none is refused."""
        with pytest.raises(ValueError, match=r"`p_values` must be in \[0, 1\]"):
            pairs.holm([0.5, math.nan])
