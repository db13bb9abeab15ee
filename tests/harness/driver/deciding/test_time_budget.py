"""Hours become epochs twice, whatever the clock does in between."""

import pytest

from harness.definition import budget
from harness.driver.deciding.time_budget import TimeBudget


class Clock:
    """Seconds that a test sets."""

    seconds = 0.0

    def __call__(self) -> float:
        """The seconds."""
        return self.seconds


@pytest.fixture
def clock():
    """At 0."""
    return Clock()


def test_at_three_quarters_and_at_the_end(clock):
    """30 epochs in three quarters are 40 in all; then what was trained."""
    hours = TimeBudget(budget.parse("2h"), clock)
    clock.seconds = 5399.0
    assert hours.due(30) is None
    clock.seconds = 5400.0
    epochs, why = hours.due(30)
    assert epochs == 40
    assert why == "75 % of 2h are used after 30 epochs, so the search has 40."
    assert hours.due(31) is None
    clock.seconds = 7200.0
    assert hours.due(38)[0] == 38
    assert hours.due(39) is None


def test_before_the_first_epoch_nothing_is_known(clock):
    """However long the pre-trainings take."""
    hours = TimeBudget(budget.parse("1gpuh"), clock)
    clock.seconds = 9000.0
    assert hours.due(0) is None
    assert hours.due(1)[0] == 1


@pytest.mark.parametrize(
    ("marks", "seconds", "is_due"), [(1, 6000, False), (0, 6000, True)]
)
def test_a_mark_that_is_stored_is_not_reached_again(clock, marks, seconds, is_due):
    """Another driver goes on; one that never stored it does it now."""
    hours = TimeBudget(budget.parse("2h"), clock)
    clock.seconds = seconds
    hours.restored(marks)
    assert (hours.due(30) is not None) == is_due


def test_an_extended_budget_has_its_marks_ahead(clock):
    """Twice the hours: both come again."""
    clock.seconds = 7200.0
    hours = TimeBudget(budget.parse("4h"), clock)
    hours.restored(2)
    clock.seconds = 10800.0
    assert hours.due(60)[0] == 80


def test_trainings_need_no_clock(clock):
    """They are epochs already."""
    with pytest.raises(ValueError, match="`budget` must be hours, got 20"):
        TimeBudget(budget.parse("20"), clock)
