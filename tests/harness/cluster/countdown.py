"""Trials that count down, and a policy that writes down what it is told of them."""

import json
import math
import os
import signal
import sys
import threading
import time
from pathlib import Path

from ray import cloudpickle, tune

from harness.cluster import connection, tune_run
from harness.definition.rungs import Rungs
from harness.definition.trial import Proposal, name_of
from harness.driver.deciding import policy, scheduler


cloudpickle.register_pickle_by_value(sys.modules[__name__])

STEPS = 4


class Countdown(tune.Trainable):
    """A trial whose errors, crashes and end are written in its values."""

    def setup(self, config):
        """Starts at step 0."""
        self.reset_config(config)

    def reset_config(self, new_config):
        """Starts again with other values."""
        self.values = new_config["config"]
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
        folder = Path(config["config"]["folder"])
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
            values={},
            origin="random",
            config=self.values[self.asked - 1],
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
        return True

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


if __name__ == "__main__":  # run by tests as a process of its own
    place = Path(sys.argv[1])
    lacking = "memory" in sys.argv
    policy = Remember(
        [values(place, pause_s=30.0)] * 2 if lacking else [values(place, crashes=1)]
    )
    with connection.cluster(cpus=1):
        run(policy, place, max_failures=1 if lacking else 0)
    told = {"told": policy.told, "ended": policy.ended}
    (place / "told.json").write_text(json.dumps(told))
