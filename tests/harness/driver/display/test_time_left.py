"""Work done and left, in full lengths of a trial."""

import pytest

from cnets import presets
from harness.definition.trial import Proposal
from harness.driver.display import time_left
from harness.driver.display.tally import Tally, share_done
from harness.driver.recording.tracked import Tracked


EPOCHS = presets.preset("tiny").joint.epochs


def trial(number: int, state: str, step: int, seconds: float) -> Tracked:
    """A trial that has trained so long."""
    proposal = Proposal(
        trial=f"t-{number:05d}",
        number=number,
        ratio=1.0,
        values={},
        origin="random",
        config=presets.preset("tiny"),
    )
    curve = {step: 30.0} if step else {}
    return Tracked(proposal, state=state, curve=curve, wall_time_s=seconds)


def tally(*trials: tuple[str, int]) -> Tally:
    """Trials of one ratio: the state and the last epoch of each."""
    found = Tally()
    for number, (state, step) in enumerate(trials, 1):
        found.note(trial(number, state, step, 0.0))
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
    (going,) = found.going.values()
    for step in (3, 3, 4):
        going.curve[step] = 30.0
        found.note(going)
    assert found.lengths == pytest.approx(4 / 9)
    going.curve[99] = 1.0
    assert share_done(going) == 1


def train(
    found: Tally, number: int, *, before_s: float, epoch_s: float, to: int
) -> None:
    """A new trial: what comes before the joint stage, then some of its epochs."""
    going = trial(number, "pending", 0, 0.0)
    found.note(going)
    going.state, going.wall_time_s = "running", before_s
    found.note(going)
    for step in range(1, to + 1):
        going.curve[step], going.wall_time_s = 30.0, going.wall_time_s + epoch_s
        found.note(going)


def test_seconds_before_the_joint_stage_are_told_from_those_in_it():
    """Two trials of 10 s and 20 s, then 2 s an epoch; of the third, 5 s are trained."""
    found = Tally()
    train(found, 1, before_s=10, epoch_s=2, to=3)
    train(found, 2, before_s=20, epoch_s=2, to=1)
    train(found, 3, before_s=5, epoch_s=2, to=0)
    work = time_left.work([found], 5)
    assert work.spent_s == 10 + 6 + 20 + 2 + 5
    joint_s = (6 + 8 + 9) * 2 + 2 * 9 * 2
    assert work.left_s == pytest.approx(joint_s + (15 - 5) + 2 * 15)


def test_before_the_first_joint_epoch_nobody_knows():
    """However long the pre-training took."""
    found = Tally()
    train(found, 1, before_s=10, epoch_s=2, to=0)
    assert time_left.work([found], 5).left_s is None


def test_what_an_earlier_driver_has_trained_is_no_work_of_this_one():
    """It says how long trials are; time is told from what was seen."""
    found = Tally()
    found.note(trial(1, "stopped", 3, 1000.0))
    resumed = trial(2, "running", 6, 500.0)
    found.note(resumed)
    assert time_left.work([found], 3).left_s is None
    resumed.curve[7], resumed.wall_time_s = 30.0, 504.0
    found.note(resumed)
    work = time_left.work([found], 3)
    assert work.spent_s == 4
    assert work.left_s == pytest.approx(2 * 4 + 3 * 4)


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
