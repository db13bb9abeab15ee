"""A trial in its worker, without Ray: which epochs travel together."""

import dataclasses
import math
import time

import pytest

from cnets import presets
from cnets.findings import Finding
from harness.cluster.trainable import TOGETHER_S, Trial
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan
from harness.definition.report import Report
from harness.worker import watchdog
from harness.worker.runner import Runner


RUNGS, LAST = (4, 12), 20
COLLAPSED = Finding(
    rule="posterior",
    state="collapsed",
    figure="active_units",
    value=0.0,
    limit=1.0,
    epochs=2,
)


class Steps(Runner):
    """Epochs that take no time; `loud` ones are never run unseen."""

    step = 0
    changes: dict = {}  # noqa: RUF012
    loud: tuple = ()
    slow: tuple = ()

    def advance(self) -> Report:
        """The next epoch."""
        self.step += 1
        if self.step in self.slow:
            time.sleep(TOGETHER_S)
        found = Report(
            stage="joint",
            epoch=self.step,
            epochs=LAST,
            step=self.step,
            last=self.step == LAST,
            terms={"posterior": 0.1},
            metrics={"mean_joint_error_mm": 20.0},
            seconds=0.0,
            node="here",
        )
        return dataclasses.replace(found, **self.changes.get(self.step, {}))

    def advance_unseen(self) -> Report | None:
        """The next epoch, unless a checkpoint is to be written first."""
        return None if self.step + 1 in self.loud else self.advance()


@pytest.fixture
def journeys(tmp_path, monkeypatch):
    """Gives the steps that travel together, for a runner with some class values."""
    monkeypatch.setattr(
        "harness.cluster.trainable.TOGETHER_S", 10.0
    )  # this machine may be busy

    def run(rungs=RUNGS, **values):
        kind = type("Changed", (Steps,), values)
        data = DataChoice(spec="synthetic", side_px=32, split=None, cache="cache")
        plan = Plan(
            data=data,
            checkpoints=str(tmp_path),
            picture_steps=rungs,
        )
        proposed = {"trial": "t-00001", "config": presets.preset("tiny")}
        trial = Trial.__new__(Trial)
        trial.setup(proposed, runner=kind, plan=plan)
        found = []
        while not found or found[-1][-1] != LAST:
            result = trial.step()
            reports = [*result.get("before", []), result["report"]]
            found.append([report.step for report in reports])
        return found

    yield run
    watchdog.PROCESS.close()


def test_never_beyond_a_step_that_decides(journeys):
    """Rungs and the last step end a journey, and every step is told once."""
    assert journeys(rungs=(4, 12, LAST)) == [
        [1, 2, 3, 4],
        list(range(5, 13)),
        list(range(13, 21)),
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"metrics": {"mean_joint_error_mm": math.nan}},
        {"terms": {"posterior": math.inf}},
        {"finding": COLLAPSED},
        {"restored": ("A checkpoint was passed over.",)},
        {"failure": "out of memory"},
        {"stage": "vae", "epochs": 6},
    ],
)
def test_what_should_be_heard_of_travels_at_once(journeys, change):
    """A figure that is no number, a finding, a note, a failure, a stage's end."""
    assert journeys(changes={6: change})[1] == [5, 6]


def test_nothing_runs_on_where_a_checkpoint_may_be_written(journeys):
    """A checkpoint is never newer than the reports that the driver has."""
    assert journeys(loud=(3, 7))[:3] == [[1, 2], [3, 4], [5, 6]]
    assert [len(steps) for steps in journeys(loud=range(99))] == [1] * LAST


def test_without_rungs_every_epoch_travels_alone(journeys):
    """Where the plan does not say when trials are compared."""
    assert [len(steps) for steps in journeys(rungs=())] == [1] * LAST


def test_an_epoch_that_takes_its_time_travels_alone(journeys, monkeypatch):
    """From `TOGETHER_S` on nothing waits for the next epoch."""
    monkeypatch.setattr("harness.cluster.trainable.TOGETHER_S", TOGETHER_S)
    found = journeys(slow=range(99))
    assert [len(steps) for steps in found] == [1] * LAST
