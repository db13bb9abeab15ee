"""What every runner has to do, and what it need not."""

import pytest

from harness.definition.report import Report
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
