"""Work done and left, in full lengths of a trial."""

import pytest

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.display import time_left
from harness.driver.display.tally import Tally, share_done
from harness.driver.recording.tracked import Tracked


EPOCHS = presets.preset("tiny").joint.epochs


def tally(*trials: tuple[str, int]) -> Tally:
    """Trials of one ratio: the state and the last epoch of each."""
    found = Tally()
    for number, (state, step) in enumerate(trials, 1):
        proposal = Proposal(
            trial=f"t-{number:05d}",
            number=number,
            ratio=1.0,
            values={},
            origin="random",
            config=presets.preset("tiny"),
        )
        curve = {step: 30.0} if step else {}
        found.note(Tracked(proposal, state=state, curve=curve))
    return found


def test_by_hand():
    """Two ended after 9 and 3 of 9 epochs, so the 4 to come are 2/3 long each."""
    assert EPOCHS == 9
    tallies = [tally(("completed", 9), ("running", 6)), tally(("stopped", 3))]
    found = time_left.work(tallies, 7)
    assert found.done == pytest.approx((9 + 6 + 3) / 9)
    assert found.left == pytest.approx(3 / 9 + 4 * 2 / 3)


def test_while_none_has_ended_all_are_of_full_length():
    """Nothing says yet that one will be stopped."""
    found = time_left.work([tally(("running", 1), ("pending", 0))], 3)
    assert (found.done, found.left) == pytest.approx((1 / 9, 3 - 1 / 9))


def test_at_the_end_nothing_is_left():
    """Also where more ran than are wanted now."""
    found = time_left.work([tally(("completed", 9), ("collapsed", 0))], 1)
    assert (found.done, found.left) == pytest.approx((1, 0))


def test_a_report_counts_once():
    """The work of a trial grows by what it has trained since it was looked at."""
    found = tally(("running", 2))
    (trial,) = found.going.values()
    for step in (3, 3, 4):
        trial.curve[step] = 30.0
        found.note(trial)
    assert found.work == pytest.approx(4 / 9)
    trial.curve[99] = 1.0
    assert share_done(trial) == 1


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "about 0:05 left"),
        (37.4, "about 0:35 left"),
        (601.0, "about 10:00 left"),
        (5432.0, "about 1:31:00 left"),
    ],
)
def test_in_words(seconds, shown):
    """No finer than it is known."""
    assert time_left.in_words(seconds) == shown
