"""What the driver knows of a trial, by hand."""

import math

import pytest

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.recording.tracked import Tracked


@pytest.fixture
def trial() -> Tracked:
    """A trial that was just proposed."""
    proposal = Proposal(
        trial="t-00003",
        number=3,
        ratio=0.5,
        values={"losses.kl": 2.0},
        origin="tpe",
        config=presets.preset("tiny"),
    )
    return Tracked(proposal)


def test_a_trial_without_a_report(trial):
    """It is open, and has neither step nor objective."""
    assert trial.open
    assert (trial.step, trial.objective_mm) == (None, None)
    assert trial.record().curve == ()


def test_the_objective_is_that_of_the_last_step(trial):
    """The highest step counts, whatever came last and whatever is best."""
    trial.curve |= {2: 10.0, 3: 30.0, 1: 20.0}
    assert (trial.step, trial.objective_mm) == (3, 30.0)


@pytest.mark.parametrize(
    ("state", "is_open"),
    [("pending", True), ("running", True), ("stopped", False), ("crashed", False)],
)
def test_open_until_it_has_ended(trial, state, is_open):
    """Only a trial that waits or runs is open."""
    trial.state = state
    assert trial.open == is_open


class TestRecord:
    def test_is_the_trial_as_it_stands(self, trial):
        """Name, place, ratio, values and state, and the curve in order of steps."""
        trial.state = "running"
        trial.curve |= {2: 10.0, 1: math.inf}
        record = trial.record()
        assert (record.trial, record.number, record.ratio) == ("t-00003", 3, 0.5)
        assert (record.values, record.state) == ({"losses.kl": 2.0}, "running")
        assert record.curve == ((1, math.inf), (2, 10.0))

    def test_of_a_trial_that_goes_on_is_new_each_time(self, trial):
        """A later report is in the next record."""
        trial.state = "running"
        trial.curve[1] = 20.0
        assert trial.record().curve == ((1, 20.0),)
        trial.curve[1] = 19.0
        assert trial.record().curve == ((1, 19.0),)

    def test_of_a_trial_that_has_ended_is_made_once(self, trial):
        """It is the same object, until the trial turns out to be another."""
        trial.state, trial.curve[1] = "stopped", 20.0
        record = trial.record()
        assert trial.record() is record
        trial.state = "crashed"
        assert trial.record().state == "crashed"
        trial.curve[2] = 19.0
        assert trial.record().curve == ((1, 20.0), (2, 19.0))
