"""Which of two trials is better, and which are the best."""

import math

import pytest

from results import ranking
from results.format import schema


def test_the_lowest_error_of_those_that_came_far_wins():
    """Half as far as the furthest is far; then the error decides, then the number."""
    standings = {
        "furthest": ranking.standing("completed", 9, 20.0, 4),
        "same": ranking.standing("stopped", 9, 20.0, 3),
        "half": ranking.standing("paused", 5, 19.0, 5),
        "short": ranking.standing("running", 4, 1.0, 1),
    }
    assert ranking.best(standings, 9) == ["half", "same", "furthest"]
    assert ranking.best(standings, 2) == ["half", "same"]


def test_how_far_is_far():
    """Half of the way, to the epoch."""
    assert [ranking.is_far(epoch, 9) for epoch in (4, 5, 9)] == [False, True, True]
    assert ranking.is_far(4, 8)


@pytest.mark.parametrize("state", schema.STATES)
def test_a_trial_that_failed_or_has_not_begun_never_counts(state):
    """Every state either may be among the best, or is no answer at all."""
    sound = state in ("completed", "running", "paused", "stopped", "cancelled")
    assert (ranking.standing(state, 3, 20.0, 1) is not None) == sound


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_an_error_that_is_no_number_never_counts(value):
    """Not even where nothing else is there."""
    assert ranking.standing("completed", 3, value, 1) is None
    assert ranking.best({"t": None}, 1) == []
