"""How the trials of a ratio stand after each event."""

import math

import pytest

from cnets import presets
from harness.definition.trial import Proposal, name_of
from harness.driver.display.tally import Tally
from harness.driver.recording.tracked import Tracked


@pytest.fixture
def make_trial():
    """Makes a trial with errors of its epochs."""

    def make(number: int, state: str, *errors: float) -> Tracked:
        proposal = Proposal(
            trial=name_of(number),
            number=number,
            ratio=1.0,
            values={},
            origin="random",
            config=presets.preset("tiny"),
        )
        return Tracked(proposal, state=state, curve=dict(enumerate(errors, 1)))

    return make


def test_a_trial_counts_once(make_trial):
    """However often it is told of: in its newest state."""
    tally, trial = Tally(), make_trial(1, "pending")
    tally.note(trial)
    tally.note(trial)
    assert (tally.states, tally.ended) == ({"pending": 1}, 0)
    assert list(tally.going) == ["t-00001"]
    trial.state = "stopped"
    tally.note(trial)
    assert (tally.states, tally.ended, tally.going) == ({"stopped": 1}, 1, {})


def test_the_next_best_takes_the_place_of_one_that_failed(make_trial):
    """Of those that are left; none where none is."""
    tally = Tally()
    first, second, third = trials = [
        make_trial(1, "running", 30.0, 10.0),
        make_trial(2, "stopped", 20.0),
        make_trial(3, "stopped", 15.0),
    ]
    for trial in trials:
        tally.note(trial)
    assert tally.best is first
    first.curve[3] = math.nan
    tally.note(first)
    assert tally.best is third
    for trial in (third, second):
        trial.state = "crashed"
        tally.note(trial)
    assert tally.best is None


def test_one_that_came_further_leaves_the_best_behind(make_trial):
    """And makes room for it again when it fails."""
    tally = Tally()
    short, far = make_trial(1, "running", 5.0), make_trial(2, "running", 9.0, 8.0)
    for trial in (short, far, make_trial(3, "running", 6.0)):
        tally.note(trial)
    assert tally.best is short
    far.curve[3] = 7.0
    tally.note(far)
    assert tally.best is far
    far.state = "crashed"
    tally.note(far)
    assert tally.best is short
