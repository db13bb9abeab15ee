"""The epochs at which trials are compared, by hand."""

import math
import re

import pytest

from harness.definition.rungs import Rungs, first_rung


class TestRungs:
    @pytest.mark.parametrize(
        ("grace", "eta", "max_step", "steps"),
        [
            (1, 3, 27, (1, 3, 9)),
            (3, 3, 27, (3, 9)),
            (3, 3, 28, (3, 9, 27)),
            (1, 1.5, 6, (1, 2, 3, 4)),
            (2, 2.5, 40, (2, 5, 13, 32)),
            (5, 2, 5, ()),
            (1, 2, 1, ()),
        ],
    )
    def test_steps_by_hand(self, grace, eta, max_step, steps):
        """Rungs are `eta` apart from `grace` on, rounded up, below the end."""
        assert Rungs(grace, eta, max_step).steps() == steps

    @pytest.mark.parametrize(
        ("arguments", "sentence"),
        [
            ((0, 3, 9), "`grace` must be 1 or more, got 0."),
            ((1, 1, 9), "`eta` must be above 1 and finite, got 1."),
            ((1, math.nan, 9), "`eta` must be above 1 and finite, got nan."),
            ((1, math.inf, 9), "`eta` must be above 1 and finite, got inf."),
            ((4, 3, 3), "`max_step` must be at least `grace` (4), got 3."),
        ],
    )
    def test_refuses(self, arguments, sentence):
        """Rungs that compare nothing are refused in one sentence."""
        with pytest.raises(ValueError, match=f"^{re.escape(sentence)}$"):
            Rungs(*arguments)

    def test_their_spacing_may_differ_from_eta(self):
        """Twice as far each, where a quarter goes on."""
        assert Rungs(2, 4, 51, 2).steps() == (2, 4, 8, 16, 32)
        with pytest.raises(ValueError, match="`factor` must be above 1 and finite"):
            Rungs(2, 4, 51, 1)


@pytest.mark.parametrize(
    ("max_step", "rung"), [(1, 1), (2, 2), (9, 2), (40, 2), (80, 3), (500, 20)]
)
def test_the_first_rung_by_hand(max_step, rung):
    """Four percent of the length, and two epochs where there are so many."""
    assert first_rung(max_step) == rung
