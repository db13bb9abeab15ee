"""Hours become epochs twice, whatever the clock does in between."""

import pytest

from cnets import presets
from harness.definition import budget
from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.time_budget import TimeBudget
from harness.driver.recording.recorder import Recorder
from results import queries


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


class TestInASearch:
    RUNGS = Rungs(grace=2, eta=2, max_step=9, factor=2)

    def policy(self, writer, small_space, clock, text="2h"):
        """A search of two ratios that knows nothing, bounded by hours."""
        decider = deciders.make(
            "pause",
            "random",
            rungs=self.RUNGS,
            space=small_space,
            ratios=(0.5, 1.0),
            seed=7,
            trials=None,
        )
        return SearchPolicy(
            space=small_space,
            ratios=(0.5, 1.0),
            seed=7,
            base=presets.preset("tiny"),
            decider=decider,
            objective="mean_joint_error_mm",
            recorder=Recorder(writer, small_space.name, "test"),
            watch=lambda *_: None,
            time_budget=TimeBudget(budget.parse(text), clock),
        )

    def run(self, policy, clock, make_report, epoch_s=200.0, most=10_000):
        """One worker that trains so long; how many epochs it has trained."""
        trained = 0
        while trained < most and (proposal := policy.propose()) is not None:
            action, step = "continue", proposal.reported
            while action == "continue" and trained < most:
                step, trained = step + 1, trained + 1
                clock.seconds += epoch_s
                report = {"report": make_report(step, 30.0 / step)}
                action = policy.report(proposal.trial, report).action
        return trained

    def test_it_ends_with_its_hours_and_says_so_in_two_rows(
        self, driven, small_space, clock, make_report
    ):
        """Two hours of epochs of 200 s are 36; the end game starts at 27."""
        policy = self.policy(driven.writer, small_space, clock)
        assert 34 <= self.run(policy, clock, make_report) <= 37
        assert policy.finished
        driven.writer.flush()
        rows = driven.store.rows("decisions", "s").to_pylist()
        budgets = [row for row in rows if row["action"] == "budget"]
        assert budgets[0]["budget_epochs"] == 35  # 26 of them in three quarters
        assert "75 % of 2h are used after 26 epochs" in budgets[0]["reason"]

    def test_a_driver_that_goes_on_knows_what_was_set(
        self, driven, small_space, clock, make_report
    ):
        """Whatever its own clock says: the budget is a row."""
        policy = self.policy(driven.writer, small_space, clock)
        self.run(policy, clock, make_report, most=30)
        driven.writer.flush()
        again = self.policy(driven.writer, small_space, clock)
        again.restore(
            queries.wide(driven.store, "s").to_pylist(),
            *(
                driven.store.rows(table, "s").to_pylist()
                for table in ("trials", "reports", "decisions")
            ),
        )
        assert again.decider.budget_epochs == policy.decider.budget_epochs == 35
        assert again.decider.spent_epochs == 30
