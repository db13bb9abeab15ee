"""A search in which a fifth of the trials fail, on a local Ray.

Exceptions are in `test_search.py`, other ways to hang in `worker/test_guard.py`.
"""

import math
import os
import random
import re
import signal
import sys
import time
from pathlib import Path

import pytest
import torch
from ray import cloudpickle

from cnets import presets
from harness.cluster.connection import connected
from harness.cluster.tune_run import run_policy
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job, Plan
from harness.definition.report import Report
from harness.definition.rungs import Rungs
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.recording.recorder import Recorder
from harness.worker import watchdog
from harness.worker.runner import Runner
from results import Header, Store, queries
from search_spaces import OneOf, Real, Space


pytestmark = [
    pytest.mark.ray,
    pytest.mark.skipif(
        "CROSSNETS_CHAOS" not in os.environ, reason="make chaos runs it"
    ),
]

cloudpickle.register_pickle_by_value(sys.modules[__name__])

TRIALS, EPOCHS, LIMIT_S = 30, 9, 2.0

SPACE = Space(
    name="small_space",
    parameters={
        "losses.kl": Real(0.1, 10.0, log=True),
        "labelled_ratio": OneOf((0.5, 1.0)),
    },
    start={"losses.kl": 1.0, "labelled_ratio": 1.0},
)

FAULTS = ("nan", "stopped", "c loop", "exit", "memory", "torch")
"""Ways to fail; those of `ONCE` go well when they are tried again."""

ONCE = ("c loop", "exit")


def drawn() -> dict[str, tuple[str, int]]:
    """Which fifth of the trials fails, how and in which epoch before the first rung."""
    source = random.Random(4)
    numbers = source.sample(range(1, TRIALS + 1), TRIALS // 5 + 1)
    kinds = (*FAULTS, "slow")  # the last one is healthy
    return {
        f"t-{number:05d}": (kind, source.randint(1, 2))
        for number, kind in zip(numbers, kinds, strict=True)
    }


def error(weight: float, ratio: float, step: int) -> float:
    """Validation error of a run, millimetres."""
    return (30 - 10 * ratio + 5 * abs(math.log(weight / 2))) * (1 + 1 / step)


class Faulty(Runner):
    """Errors by formula, and faults as drawn; its steps are its checkpoint."""

    def __init__(self, job: Job) -> None:
        """Go on after the last step that was written down."""
        super().__init__(job)
        self.marks = Path(job.checkpoints)
        self.marks.mkdir(parents=True, exist_ok=True)
        self.step = len(list(self.marks.glob("step-*")))

    def advance(self) -> Report:
        """One epoch, or what is to go wrong in it."""
        self.step += 1
        watchdog.PROCESS.at(f"in joint epoch {self.step}")
        kind, at = drawn().get(self.job.trial, ("", 0))
        if self.step == at:
            tries = len(list(self.marks.glob("try-*")))
            (self.marks / f"try-{tries}").touch()
            fail(kind, tries)
        (self.marks / f"step-{self.step}").touch()
        run = self.job.config
        value = error(run.losses.kl, run.labelled_ratio, self.step)
        value = math.nan if (kind, at) == ("nan", self.step) else value
        return Report(
            stage="joint",
            epoch=self.step,
            epochs=EPOCHS,
            step=self.step,
            last=self.step == EPOCHS,
            terms={"posterior": 0.1},
            metrics={"mean_joint_error_mm": value},
            seconds=0.01,
            node="here",
        )


def fail(kind: str, tries: int) -> None:
    """What a run does that fails, or that is slow."""
    match kind:
        case _ if kind in ONCE and tries > 0:
            return
        case "stopped":
            os.kill(os.getpid(), signal.SIGSTOP)
        case "c loop":
            re.match("(a+)+$", "a" * 64 + "b")
        case "exit":
            os._exit(7)
        case "memory":
            raise MemoryError
        case "torch":
            torch.empty(2**50)
        case "slow":
            for pause_s in (0.3, 0.3, 2 * LIMIT_S):
                time.sleep(pause_s)
                watchdog.PROCESS.beat()


@pytest.fixture(scope="module")
def ended(tmp_path_factory):
    """The trials by name, what was told of each in turn, and the store."""
    folder = tmp_path_factory.mktemp("faults")
    store = Store.open(folder, create=True)
    base = presets.preset("tiny").replace({"joint.epochs": EPOCHS})
    store.create_search(header(base.flat()))
    told: dict[str, list[tuple[bool, int, str]]] = {}

    def watch(trial, report):
        del report
        seen = told.setdefault(trial.proposal.trial, [])
        now = (trial.state == "crashed", trial.attempt, trial.reason)
        if not seen or seen[-1] != now:
            seen.append(now)

    plan = Plan(
        data=DataChoice(spec="none", side_px=32, split=None, cache=""),
        checkpoints=str(folder / "checkpoints"),
        hang_after_s=LIMIT_S,
    )
    with store.writer("s") as writer, connected(None, 2):
        policy = SearchPolicy(
            space=SPACE,
            ratios=(0.5, 1.0),
            seed=7,
            base=base,
            decider=StoppingDecider(
                Rungs(grace=3, eta=3, max_step=EPOCHS), SPACE, (0.5, 1.0), 7, TRIALS
            ),
            objective="mean_joint_error_mm",
            recorder=Recorder(writer, SPACE.name, "test"),
            watch=watch,
        )
        run_policy(policy, plan, Faulty, "s", slots=2, retries=1)
        assert policy.finished
    rows = queries.wide(store, "s").to_pylist()
    return {row["trial"]: row for row in rows}, told, store, folder


def header(base: dict) -> Header:
    """The header of the search."""
    return Header(
        name="s",
        space={"name": SPACE.name},
        base_config=base,
        data="none",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={"0.5": 40.0, "1.0": 40.0},
        code_version="test",
        environment={},
        seed=7,
        ratios=(0.5, 1.0),
        parameters={"losses.kl": "float", "labelled_ratio": "float"},
        rules={"objective": "mean_joint_error_mm"},
        trials=TRIALS,
        created_utc="2026-01-01T00:00:00+00:00",
    )


def of_kind(kind: str) -> str:
    """Name of the trial that fails in a certain way."""
    return next(name for name, fault in drawn().items() if fault[0] == kind)


def ends(kind: str) -> str:
    """Where the trial of a kind was, as its reason ends."""
    return f"in joint epoch {drawn()[of_kind(kind)][1]}"


class TestAFifthOfTheTrialsFails:
    def test_the_search_ends_and_every_trial_with_it(self, ended):
        """No trial is left open, and only those that were drawn have failed."""
        trials, *_ = ended
        assert len(trials) == TRIALS
        lost = {name for name, row in trials.items() if row["state"] == "crashed"}
        kinds = ("stopped", "memory", "torch")
        assert lost == {of_kind(kind) for kind in kinds}
        diverged = [n for n, row in trials.items() if row["state"] == "diverged"]
        assert diverged == [of_kind("nan")]
        rest = {trials[n]["state"] for n in trials if n not in {*lost, *diverged}}
        assert rest == {"completed", "stopped"}

    @pytest.mark.parametrize(
        ("kind", "attempt", "reason"),
        [
            ("nan", 1, r"`mean_joint_error_mm` was nan after epoch \d of stage joint."),
            ("stopped", 2, r"hung: no update for \d s {end}"),
            ("memory", 1, r"out of memory: MemoryError, {end}\."),
            ("torch", 1, r"out of memory: DefaultCPUAllocator: .* bytes.*, {end}\."),
        ],
    )
    def test_each_ends_with_its_reason(self, ended, kind, attempt, reason):
        """Hung after a retry; out of memory and diverged without one."""
        row = ended[0][of_kind(kind)]
        assert row["attempt"] == attempt
        assert re.fullmatch(reason.format(end=ends(kind)), row["reason"]), row["reason"]

    @pytest.mark.parametrize(
        ("kind", "reason"),
        [
            ("c loop", r"hung: no update for \d s {end}"),
            ("exit", r"(?!hung).*"),
        ],
    )
    def test_one_that_fails_once_goes_on(self, ended, kind, reason):
        """The reason of the retry is its own; the trial ends as if healthy."""
        trials, told, *_ = ended
        row, said = trials[of_kind(kind)], told[of_kind(kind)]
        assert row["attempt"] == 2
        assert row["state"] in ("completed", "stopped")
        reasons = [reason for _, attempt, reason in said if attempt == 2]
        assert re.fullmatch(reason.format(end=ends(kind)), reasons[0]), reasons[0]

    def test_ten_times_slower_is_no_alarm(self, ended):
        """An update that takes ten times as long as those before is let be."""
        row = ended[0][of_kind("slow")]
        assert (row["attempt"], row["state"]) in ((1, "completed"), (1, "stopped"))

    def test_time_lost_is_within_twice_the_limit(self, ended):
        """Each try that hung was ended before two limits had passed."""
        told = ended[1]
        lost = [
            float(found[1])
            for said in told.values()
            for *_, reason in said
            if (found := re.match(r"hung: no update for (\d+) s", reason))
        ]
        assert len(lost) == 3  # stopped twice, in a C loop once
        assert all(LIMIT_S <= seconds <= 2 * LIMIT_S for seconds in lost)

    def test_the_best_is_that_of_the_healthy(self, ended):
        """At each ratio the winner is the one that the formula names."""
        trials, _, store, _ = ended
        best = queries.best(queries.read(store, "trials", "s")).to_pylist()
        bad = {of_kind(k) for k in FAULTS if k not in ONCE}
        for ratio in (0.5, 1.0):
            healthy = {
                name: error(row["losses.kl"], ratio, EPOCHS)
                for name, row in trials.items()
                if row["labelled_ratio"] == ratio and name not in bad
            }
            oracle = min(healthy, key=healthy.__getitem__)
            (found,) = [row for row in best if row["labelled_ratio"] == ratio]
            assert found["trial"] == oracle
            assert found["objective_mm"] == healthy[oracle]

    def test_no_step_is_lost_or_doubled(self, ended):
        """Every trial's steps are there once, whatever became of it."""
        trials, _, store, _ = ended
        reports = queries.read(store, "reports", "s").to_pylist()
        for name, row in trials.items():
            steps = [r["epoch"] for r in reports if r["trial"] == name]
            assert steps == list(range(1, (row["epoch"] or 0) + 1))

    def test_no_note_and_no_guard_is_left(self, ended):
        """The folders hold what the runs wrote, and nobody watches any more."""
        folder = ended[3]
        assert list(folder.glob("checkpoints/*/.hung*")) == []
        assert guards() == []


def guards() -> list[str]:
    """Guards whose parent is no worker: they have been left behind."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            words = (path / "cmdline").read_bytes().split(b"\0")
            parent = (path / "stat").read_text().rpartition(")")[2].split()[1]
        except OSError:
            continue
        if any(word.endswith(b"guard.py") for word in words) and parent == "1":
            found.append(path.name)
    return found
