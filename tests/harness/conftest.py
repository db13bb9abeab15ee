"""A search in a store, driven without Ray: of known errors, or really trained."""

import math
import resource
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from cnets import presets
from crossnets import SearchOptions
from harness.cluster import connection
from harness.definition.job import Plan
from harness.definition.report import Report
from harness.definition.rungs import Rungs
from harness.driver.deciding.search_policy import SearchPolicy
from harness.driver.deciding.stopping import StoppingDecider
from harness.driver.recording.recorder import Recorder
from harness.prepare import header_of, prepare
from harness.worker.train_runner import TrainRunner
from results import Header, Store, Writer
from search_spaces import OneOf, Real, Space


SPACE = Space(
    name="small_space",
    parameters={
        "losses.kl": Real(0.1, 10.0, log=True),
        "labelled_ratio": OneOf((0.5, 1.0)),
    },
    start={"losses.kl": 1.0, "labelled_ratio": 1.0},
)
RUNGS = Rungs(grace=1, eta=3, max_step=9)


def report(step: int, error: float, **changes) -> Report:
    """An epoch of the joint stage with a given error."""
    values = {
        "stage": "joint",
        "epoch": step,
        "epochs": 9,
        "step": step,
        "last": step == 9,
        "terms": {"posterior": 0.5, "depth_reconstruction": 0.25},
        "metrics": {"mean_joint_error_mm": error, "median_joint_error_mm": error / 2},
        "seconds": 1.5,
        "node": "here",
    }
    return Report(**(values | changes))


class Driven:
    """A policy on a store, whose trials have errors of a known form."""

    def __init__(self, folder: Path, trials: int = 12) -> None:
        """Open, or open again, the search of a folder."""
        self.store = Store.open(folder, create=True)
        self.seen: list[tuple[str, Report | None]] = []
        if "s" not in self.store.searches():
            self.store.create_search(header(trials))
        self.writer: Writer = self.store.writer("s")
        self.policy = SearchPolicy(
            space=SPACE,
            ratios=(0.5, 1.0),
            seed=7,
            base=presets.preset("tiny"),
            decider=StoppingDecider(RUNGS, SPACE, (0.5, 1.0), 7, trials),
            objective="mean_joint_error_mm",
            recorder=Recorder(self.writer, SPACE.name, "test"),
            watch=lambda trial, report: self.seen.append(
                (trial.proposal.trial, report)
            ),
        )

    def error(self, trial: str, step: int) -> float:
        """Worse far from a weight of 2, better with more labels and time."""
        values = self.policy.trials[trial].proposal.values
        off = abs(math.log(values["losses.kl"] / 2))
        return (30 - 10 * values["labelled_ratio"] + 5 * off) * (1 + 1 / step)

    def run_one(self, until: int = 9) -> str | None:
        """Propose a trial and report its steps up to `until`, or to its end."""
        proposal = self.policy.propose()
        if proposal is None:
            return None
        name = proposal.trial
        reached = self.policy.trials[name].step or 0
        for step in range(reached + 1, until + 1):
            result = {"report": report(step, self.error(name, step))}
            if self.policy.report(name, result).action == "stop":
                break
        return name

    def run(self) -> None:
        """Run every trial to its end, one after the other."""
        while self.run_one() is not None:
            pass


def header(trials: int) -> Header:
    """The header of such a search."""
    return Header(
        name="s",
        space={"name": SPACE.name, "start": dict(SPACE.start)},
        base_config=presets.preset("tiny").flat(),
        data="synthetic",
        data_settings={},
        data_fingerprint="f" * 64,
        mean_pose_mm={"0.5": 40.0, "1.0": 40.0},
        code_version="test",
        environment={},
        seed=7,
        ratios=(0.5, 1.0),
        parameters={"losses.kl": "float", "labelled_ratio": "float"},
        rules={"objective": "mean_joint_error_mm", "max_step": 9},
        trials=trials,
        created_utc="2026-01-01T00:00:00+00:00",
    )


@pytest.fixture
def make_header():
    """Makes the header of such a search."""
    return header


@pytest.fixture
def small_space():
    """The space of such a search."""
    return SPACE


@pytest.fixture
def make_driven(tmp_path):
    """Opens the search of this test's folder, again and again if wanted."""
    opened: list[Driven] = []

    def make(trials: int = 12) -> Driven:
        driven = Driven(tmp_path / "store", trials)
        opened.append(driven)
        return driven

    yield make
    for driven in opened:
        driven.writer.close()


@pytest.fixture
def driving():
    """Opens a search of any folder."""
    opened: list[Driven] = []

    def make(folder: Path) -> Driven:
        opened.append(Driven(folder))
        return opened[-1]

    yield make
    for driven in opened:
        driven.writer.close()


@pytest.fixture
def driven(make_driven) -> Driven:
    """A new search of twelve trials."""
    return make_driven()


@pytest.fixture
def make_report():
    """Makes reports of the joint stage."""
    return report


ONE_TRIAL = (
    "vae.epochs=1",
    "vae.steps=3",
    "gan.epochs=1",
    "gan.steps=2",
    "joint.epochs=3",
    "joint.steps=2",
    "gan.batch_size=8",
    "joint.batch_size=8",
    "health.active_units=0",  # so few updates train nothing that could be judged
    "health.code_spread_ratio=0",
    "health.image_spread_ratio=0",
    "health.adversarial_nats=0",
)
"""What makes a trial so short that it is trained within a second."""


def one_trial(
    store: Path, *, steps: int, end: bool = True, lanes: int | None = None
) -> TrainRunner:
    """A search of one trial on forty embedded frames, ended after some steps."""
    options = SearchOptions(
        data="synthetic:40",
        preset="tiny",
        ratios="1.0",
        trials=1,
        set=ONE_TRIAL,
        lanes=lanes,
    )
    prepared = prepare("s", options, store / "cache")
    opened = Store.open(store, create=True)
    opened.create_search(header_of(prepared))
    with opened.writer("s") as writer:
        policy = SearchPolicy(
            space=prepared.space,
            ratios=prepared.ratios,
            seed=0,
            base=prepared.base,
            decider=StoppingDecider(
                options.rungs(), prepared.space, prepared.ratios, 0, 1
            ),
            objective=options.objective,
            recorder=Recorder(writer, prepared.space.name, "test"),
            watch=lambda *_: None,
        )
        plan = Plan(
            data=prepared.choice,
            checkpoints=str(store / "checkpoints" / "s"),
            rows=lanes,
        )
        proposal = policy.propose()
        assert proposal is not None
        trained = TrainRunner(plan.job(proposal.trial, proposal.config))
        while trained.lane.stage != "joint" or trained.lane.epoch < steps:
            policy.report(proposal.trial, {"report": trained.advance()})
        if end and not trained.lane.finished:
            policy.crashed(proposal.trial, "power cut")
        writer.flush()
    return trained


@pytest.fixture(scope="session")
def train():
    """Trains a search of one trial."""
    return one_trial


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """A Ray of two cores for the tests of a cluster: each joins it and leaves it.

    What a search starts of its own is in `cluster/test_connection.py`; only this one
    does without the processes that collect logs and add nodes.
    """
    with connection.quietly():  # its workers inherit the settings
        cluster = Cluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 2,
                "include_dashboard": False,
                "include_log_monitor": False,
                "no_monitor": True,
            },
        )
    yield cluster.address
    cluster.shutdown()


@pytest.fixture
def full_disk():
    """Lets no file take a byte, as on a full disk; gives what ends that."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)

    def free() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def fill() -> Callable[[], None]:
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
        return free

    yield fill
    free()
