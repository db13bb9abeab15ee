"""Tests of `cnets.training.epoch_report`: what a report says about a run's length."""

import pytest

from cnets.training.epoch_report import EpochReport, silent


@pytest.mark.parametrize(
    ("stage", "epoch", "step", "last"),
    [
        ("vae", 9, 0, False),
        ("warm_up", 9, 0, False),
        ("joint", 8, 8, False),
        ("joint", 9, 9, True),
    ],
)
def test_steps_are_epochs_of_the_joint_stage(stage, epoch, step, last):
    """Only that stage counts, and only its last epoch ends the run."""
    report = EpochReport(stage=stage, epoch=epoch, epochs=9, terms={}, seconds=1.0)
    assert (report.step, report.last) == (step, last)


def test_a_silent_beat_may_be_called():
    """It takes nothing and gives nothing."""
    assert silent() is None
