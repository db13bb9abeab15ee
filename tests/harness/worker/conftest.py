"""A run of a second or two, and what it reports."""

import time
from pathlib import Path

import numpy as np
import pytest

from cnets import presets
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job
from harness.worker.train_runner import TrainRunner


SHORT = {
    "networks.joints": 21,
    "vae.epochs": 1,
    "vae.steps": 3,
    "gan.epochs": 1,
    "gan.steps": 2,
    "joint.epochs": 3,
    "joint.steps": 2,
    "gan.batch_size": 8,
    "joint.batch_size": 8,
}


@pytest.fixture
def job(tmp_path) -> Job:
    """A run of a second or two on forty embedded frames."""
    return Job(
        trial="t-00001",
        config=presets.preset("tiny").replace(SHORT),
        data=DataChoice(
            spec="synthetic:40", side_px=32, split=None, cache=str(tmp_path / "cache")
        ),
        checkpoints=str(tmp_path / "checkpoints"),
        picture_steps=(2, 3),
        test=True,
    )


@pytest.fixture
def reports():
    """Gives all reports of a run up to its last."""
    return all_of


@pytest.fixture
def figures():
    """Gives what must repeat of a report: everything but times and pictures."""
    return numbers


@pytest.fixture
def advanced():
    """Makes a run that stopped after some epochs."""
    return stopped


@pytest.fixture
def names():
    """Gives the names of the checkpoints of a folder."""
    return checkpoint_names


@pytest.fixture
def is_there():
    """Says whether a process runs, zombies aside."""
    return runs


@pytest.fixture
def gone():
    """Says whether a process ends within some seconds."""
    return ends


def all_of(trained: TrainRunner) -> list:
    """All reports up to the last."""
    reports = [trained.advance()]
    while not reports[-1].last:
        reports.append(trained.advance())
    return reports


def numbers(report) -> dict:
    """What must repeat: everything but times and pictures."""
    return {
        "step": report.step,
        **report.terms,
        **report.metrics,
        **report.health,
        **{name: np.asarray(value).tolist() for name, value in report.final.items()},
    }


def stopped(job: Job, epochs: int) -> TrainRunner:
    """A run that stopped after some epochs."""
    trained = TrainRunner(job)
    for _ in range(epochs):
        trained.advance()
    return trained


def checkpoint_names(folder) -> list[str]:
    """The checkpoints of a folder."""
    return sorted(path.name for path in folder.glob("*"))


def runs(pid: int) -> bool:
    """Whether a process runs, zombies aside."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def ends(pid: int, within_s: float = 10.0) -> bool:
    """Whether a process ends within some seconds."""
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if not runs(pid):
            return True
        time.sleep(0.05)
    return False
