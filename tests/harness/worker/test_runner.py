"""What every runner has to do, and what it need not."""

import numpy as np
import pytest

from cnets.data import open_data
from harness.definition.report import Report
from harness.worker import strip
from harness.worker.runner import Runner


class Steps(Runner):
    """Counts the epochs that it was asked for."""

    step = 0

    def advance(self) -> Report:
        """The next epoch."""
        self.step += 1
        return Report(
            stage="joint",
            epoch=self.step,
            epochs=9,
            step=self.step,
            last=False,
            terms={},
            metrics={},
            seconds=0.0,
            node="here",
        )


def test_a_runner_has_to_advance(job):
    """One that cannot run an epoch cannot be made."""
    with pytest.raises(TypeError, match="advance"):
        Runner(job)


def test_nothing_is_run_unseen_unless_a_runner_can(job):
    """By default every epoch waits until the last one is stored."""
    runner = Steps(job)
    assert runner.job is job
    assert runner.advance().step == 1
    assert runner.advance_unseen() is None
    assert runner.step == 1


def test_the_mean_pose_by_hand(job, tmp_path):
    """The mean over the labelled frames, against every validation frame."""
    data = open_data("synthetic:40", side_px=32, cache=tmp_path / "cache")
    relative = data.joints_mm.astype(float) - data.centres_mm[:, None].astype(float)
    half = job.config.replace({"labelled_ratio": 0.5})
    mean = sum(relative[row] for row in data.labelled(0.5, 0)) / 14
    errors = [
        np.sqrt(((relative[row] - mean) ** 2).sum(1)).mean()
        for row in data.rows("validation")
    ]
    found = strip.mean_pose_error(data, half, "validation")
    assert found == pytest.approx(np.mean(errors), rel=1e-6)
