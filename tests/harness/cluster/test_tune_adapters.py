"""Tests of harness/tune_adapters.py on a real, local Ray."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import pytest
from ray import tune

from harness.cluster import connection, tune_run
from harness.definition.rungs import Rungs
from harness.definition.trial import Proposal, name_of
from harness.driver.deciding import policy, scheduler


pytestmark = pytest.mark.ray

STEPS = 4


class Countdown(tune.Trainable):
    """A trial whose errors, crashes and end are written in its values."""

    def setup(self, config):
        """Starts at step 0."""
        self.reset_config(config)

    def reset_config(self, new_config):
        """Starts again with other values."""
        self.values = new_config["values"]
        self.done_steps = 0
        return True

    def step(self):
        """One step: an error of `level` divided by the step."""
        self.done_steps += 1
        mark = Path(self.values["folder"]) / f"crashed-{self.trial_name}"
        crashes = len(mark.read_text()) if mark.exists() else 0
        if self.done_steps == 3 and crashes < self.values["crashes"]:
            mark.write_text("x" * (crashes + 1))
            raise RuntimeError(f"Crash {crashes + 1} of {self.trial_name}.")
        value = self.values["level"] / self.done_steps
        if self.done_steps == self.values["nan_at"]:
            value = math.nan
        ended = self.done_steps == self.values["done_at"]
        print("A worker prints.")  # noqa: T201
        time.sleep(self.values["pause_s"])
        return {
            "step": self.done_steps,
            "value": value,
            "done": ended,
            "folder": str(Path.cwd()),
        }

    def save_checkpoint(self, checkpoint_dir):  # noqa: ARG002
        """The step is all there is to save."""
        return {"done_steps": self.done_steps}

    def load_checkpoint(self, checkpoint):
        """Goes on after the saved step."""
        self.done_steps = checkpoint["done_steps"]


class SlowStart(Countdown):
    """A trial far shorter than the start of any worker but the first."""

    def setup(self, config):
        """Leaves a mark, and takes its time."""
        folder = Path(config["values"]["folder"])
        others = list(folder.glob("began-*"))
        (folder / f"began-{os.getpid()}").touch()
        time.sleep(3.0 if others else 0.0)
        super().setup(config)


class InPairs(Countdown):
    """A trial whose results come two at a time."""

    def step(self):
        """Two steps."""
        early, late = super().step(), super().step()
        return {**late, "before": [early]}


class Remember(policy.Policy):
    """Proposes what it is given and writes down what it is told."""

    def __init__(self, values, *, fails_at=None, interrupted_at=None):
        """Runs one trial for each of `values`."""
        self.values = values
        self.fails_at, self.interrupted_at = fails_at, interrupted_at
        self.asked_before_the_first_report = 0
        self.pids, self.folders = set(), set()
        self.asked = 0
        self.told = []
        self.ended = {}
        self.handle = threading.Lock()  # as a store would: cannot be pickled
        rungs = Rungs(grace=2, eta=2, max_step=STEPS)
        self.scheduler = scheduler.Scheduler(rungs)

    def propose(self):
        """The next of the values."""
        self.asked += 1
        if self.asked > len(self.values):
            return None
        name = name_of(self.asked)
        return Proposal(
            trial=name,
            number=self.asked,
            ratio=1.0,
            values=self.values[self.asked - 1],
            origin="random",
        )

    def report(self, trial, result):
        """Whatever the rungs say, of each epoch in its turn."""
        for early in result.get("before", ()):
            decision = self.report(trial, early)
            if decision.action == "stop":
                return decision
        if (trial, result["step"]) == self.fails_at:
            raise OSError("The store is full.")
        if (trial, result["step"]) == self.interrupted_at:
            signal.raise_signal(signal.SIGINT)  # in this thread, now
        if not self.told:
            self.asked_before_the_first_report = self.asked
        self.pids.add(result.get("pid"))
        self.folders.add(result["folder"])
        self.told.append((trial, result["step"]))
        step, value = result["step"], result["value"]
        decision = self.scheduler.decide(1.0, trial, step, value)
        if decision.action == "stop":
            assert trial not in self.ended
            self.ended[trial] = decision.state
        return decision

    def retried(self, trial, message):
        """Written down with its message."""
        self.told.append((trial, f"retried: {message}"))

    def crashed(self, trial, message):
        """Written down as the end."""
        assert trial not in self.ended
        self.ended[trial] = f"crashed: {message}"


def values(folder, *, level=1.0, crashes=0, nan_at=None, done_at=None, pause_s=0.0):
    """The values of one trial."""
    return {
        "folder": str(folder),
        "level": level,
        "crashes": crashes,
        "nan_at": nan_at,
        "done_at": done_at,
        "pause_s": pause_s,
    }


@pytest.fixture(scope="module", autouse=True)
def _ray():
    """One local cluster for the whole file."""
    with connection.cluster(cpus=2):
        yield


def run(policy, folder, slots=1, trainable=Countdown, **changes):
    """Runs `policy` to its end; Ctrl+C means after it what it meant before."""
    options = {"max_failures": 1, **changes}
    before = signal.getsignal(signal.SIGINT)
    left_open = tune_run.run_tune(
        trainable,
        policy,
        slots=slots,
        resources={"cpu": 1},
        storage_path=folder,
        name="tune",
        **options,
    )
    assert signal.getsignal(signal.SIGINT) is before
    return left_open


class TestRunTune:
    def test_everything_once(self, tmp_path):
        """Steps, stops, a NaN, a retry and a crash reach the policy once each."""
        policy = Remember(
            [
                values(tmp_path, level=1.0),
                values(tmp_path, level=2.0),
                values(tmp_path, level=0.5, nan_at=1),
                values(tmp_path, level=0.4, crashes=1),
                values(tmp_path, level=0.3, crashes=2),
            ]
        )
        assert run(policy, tmp_path, checkpoint_every=1) == ()
        assert policy.asked == 6
        assert policy.ended == {
            "t-00001": "completed",
            "t-00002": "stopped",
            "t-00003": "diverged",
            "t-00004": "completed",
            "t-00005": "crashed: RuntimeError: Crash 2 of t-00005.",
        }
        assert policy.told == [
            *(("t-00001", step) for step in (1, 2, 3, 4)),
            *(("t-00002", step) for step in (1, 2)),
            ("t-00003", 1),
            ("t-00004", 1),
            ("t-00004", 2),
            ("t-00004", "retried: RuntimeError: Crash 1 of t-00004."),
            ("t-00004", 3),
            ("t-00004", 4),
            ("t-00005", 1),
            ("t-00005", 2),
            ("t-00005", "retried: RuntimeError: Crash 1 of t-00005."),
        ]
        folders = {path.name for path in (tmp_path / "tune").glob("t-*")}
        assert folders == {name_of(number) for number in range(1, 6)}
        assert not list((tmp_path / "tune").rglob("result.json"))
        assert policy.folders == {str(Path.cwd())}

    def test_two_slots(self, tmp_path):
        """Two trials are under way before either reports, and processes are reused."""
        policy = Remember([values(tmp_path) for _ in range(4)])
        run(policy, tmp_path, slots=2)
        assert policy.asked == 5
        assert policy.asked_before_the_first_report == 2
        assert len(policy.pids) <= 2
        assert Counter(policy.ended.values()) == {"completed": 4}
        assert all(count == 1 for count in Counter(policy.told).values())

    def test_every_worker_that_begins_is_used(self, tmp_path):
        """Trials shorter than a worker's start do not end those that are starting."""
        policy = Remember([values(tmp_path, pause_s=0.1) for _ in range(16)])
        assert run(policy, tmp_path, slots=2, trainable=SlowStart) == ()
        assert len(list(tmp_path.glob("began-*"))) == 2
        assert len(policy.pids) == 2

    def test_several_results_at_once(self, tmp_path):
        """Each is told in its order, and none after the one that stops the trial."""
        policy = Remember([values(tmp_path), values(tmp_path, level=2.0, nan_at=1)])
        run(policy, tmp_path, trainable=InPairs)
        assert policy.told == [
            *(("t-00001", step) for step in (1, 2, 3, 4)),
            ("t-00002", 1),
        ]
        assert policy.ended == {"t-00001": "completed", "t-00002": "diverged"}

    def test_done_by_itself(self, tmp_path):
        """A last result with `done` is reported, and an early one is a crash."""
        policy = Remember(
            [values(tmp_path, done_at=STEPS), values(tmp_path, done_at=1)]
        )
        assert run(policy, tmp_path) == ()
        assert policy.told.count(("t-00001", STEPS)) == 1
        assert policy.told.count(("t-00002", 1)) == 1
        assert policy.ended["t-00001"] == "completed"
        assert policy.ended["t-00002"].startswith("crashed: The trial ended")

    def test_policy_fails(self, tmp_path):
        """What the policy raises comes out as it was, and the search ends."""
        policy = Remember([values(tmp_path)] * 2, fails_at=("t-00001", 2))
        with pytest.raises(OSError, match="The store is full"):
            run(policy, tmp_path)
        assert policy.asked == 1

    def test_policy_fails_in_done(self, tmp_path):
        """The same where Tune would take it for a failure of the trial."""
        policy = Remember([values(tmp_path, done_at=2)] * 2, fails_at=("t-00001", 2))
        with pytest.raises(OSError, match="The store is full"):
            run(policy, tmp_path)
        assert policy.told == [("t-00001", 1)]

    def test_interrupted(self, tmp_path):
        """After Ctrl+C the trials under way are named."""
        policy = Remember([values(tmp_path)] * 4, interrupted_at=("t-00002", 1))
        assert run(policy, tmp_path) == ("t-00002",)
        assert policy.asked == 2

    def test_no_checkpoints(self, tmp_path):
        """Without checkpoints of Tune a retry starts at step 1 again."""
        policy = Remember([values(tmp_path, crashes=1)])
        run(policy, tmp_path)
        steps = [what for _, what in policy.told if isinstance(what, int)]
        assert steps == [1, 2, 1, 2, 3, 4]
        assert not list((tmp_path / "tune").rglob("checkpoint_*"))

    def test_refuses(self, tmp_path):
        """No slots and a name that leaves the folder are refused."""
        policy = Remember([])
        with pytest.raises(ValueError, match="`slots` must be 1 or more, got 0"):
            run(policy, tmp_path, slots=0)
        with pytest.raises(ValueError, match="`name` must be one folder's name"):
            tune_run.run_tune(
                Countdown,
                policy,
                slots=1,
                resources={"cpu": 1},
                storage_path=tmp_path,
                name="../out",
                max_failures=0,
            )


@pytest.mark.slow
def test_silent(tmp_path):
    """A search with a crash prints nothing, from connection to end."""
    found = subprocess.run(
        [sys.executable, __file__, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    assert list(tmp_path.glob("tune/t-00001/error.txt"))


@pytest.mark.slow
@pytest.mark.parametrize("check_ms", [200, 8000], ids=["at the start", "in a step"])
def test_a_worker_that_the_memory_monitor_ends(tmp_path, check_ms):
    """The trial is not tried again, the search goes on, and nothing is printed.

    The monitor's limit is one that is passed whatever the machine does.
    """
    found = subprocess.run(
        [sys.executable, __file__, str(tmp_path), "memory"],
        env={
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "RAY_memory_usage_threshold": "0.001",
            "RAY_memory_monitor_refresh_ms": str(check_ms),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (found.returncode, found.stdout, found.stderr) == (0, "", "")
    told = json.loads((tmp_path / "told.json").read_text())
    assert [line for line in told["told"] if "retried" in str(line)] == []
    assert list(told["ended"]) == ["t-00001", "t-00002"]
    for reason in told["ended"].values():
        assert re.fullmatch(r"crashed: out of memory: \S+ of \S+ of the .*", reason)


if __name__ == "__main__":  # run by the tests above, in a process of its own
    place = Path(sys.argv[1])
    lacking = "memory" in sys.argv
    policy = Remember(
        [values(place, pause_s=30.0)] * 2 if lacking else [values(place, crashes=1)]
    )
    with connection.cluster(cpus=1):
        run(policy, place, max_failures=1 if lacking else 0)
    told = {"told": policy.told, "ended": policy.ended}
    (place / "told.json").write_text(json.dumps(told))
