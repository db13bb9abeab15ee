"""Which of two trials is better, and which are the best."""

import math

import pytest

from results import ranking
from results.format import schema


def test_completed_trials_come_first():
    """However good the others are; among them the error decides, then the number."""
    standings = {
        "deep": ranking.standing("running", 9, 1.0, 1),
        "late": ranking.standing("completed", 2, 20.0, 4),
        "early": ranking.standing("completed", 9, 20.0, 3),
        "good": ranking.standing("completed", 1, 19.0, 5),
    }
    assert ranking.best(standings, 9) == ["good", "early", "late"]
    assert ranking.best(standings, 2) == ["good", "early"]


def test_of_unfinished_trials_the_deepest_comes_first():
    """A smaller error of a shorter trial says less."""
    standings = {
        "short": ranking.standing("stopped", 1, 1.0, 1),
        "deep": ranking.standing("running", 3, 20.0, 2),
        "deepest": ranking.standing("cancelled", 4, 30.0, 3),
        "same": ranking.standing("stopped", 3, 19.0, 4),
    }
    assert ranking.best(standings, 9) == ["deepest", "same", "deep", "short"]


@pytest.mark.parametrize("state", schema.STATES)
def test_a_trial_that_failed_or_has_not_begun_never_counts(state):
    """Every state either may be among the best, or is no answer at all."""
    sound = state in ("completed", "running", "stopped", "cancelled")
    assert (ranking.standing(state, 3, 20.0, 1) is not None) == sound


@pytest.mark.parametrize("value", [None, math.nan, math.inf, -math.inf])
def test_an_error_that_is_no_number_never_counts(value):
    """Not even where nothing else is there."""
    assert ranking.standing("completed", 3, value, 1) is None
    assert ranking.best({"t": None}, 1) == []
