"""What a worker is told about one run, and what it answers.

Both are plain values, so a worker on another machine needs nothing but them,
the data's cache and the folder of checkpoints.
"""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from cnets.config import TrainConfig
from cnets.findings import Finding
from results import check_name


STAGES = "stages"
"""Folder of a store with the pre-trainings that runs share."""


@dataclass(frozen=True, kw_only=True)
class DataChoice:
    """Which data set a search runs on, and how it is cut."""

    spec: str
    """Such as `synthetic` or `poses:DIR`."""
    side_px: int
    """Side of the depth crops."""
    split: str | None
    """Name of the split, or None for the data's own default."""
    cache: str
    """Folder of the prepared data."""
    unlabelled: str | None = None
    """Folder of frames without labels, `DIR[@CAMERA]`."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run that a worker is to train."""

    trial: str
    config: TrainConfig
    data: DataChoice
    checkpoints: str
    """Folder of this run's checkpoints."""
    picture_steps: tuple[int, ...] = ()
    """Steps after which a strip of pictures is wanted."""
    test: bool = False
    """Whether the test split is evaluated after the last epoch."""
    device: str = "cpu"
    init: str | None = None
    """Model whose networks the run starts from, at the joint stage."""
    hang_after_s: float = 300.0
    """Longest silence between two updates before the worker is ended."""
    search: str = ""
    """Search that it belongs to, for those who use what it has trained."""
    stages: str | None = None
    """Folder of pre-trainings that runs share; None trains every stage here."""
    rows: int | None = None
    """Rows of the stacks that it trains in alone, to repeat a run of a bank."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the jobs of a search have in common."""

    base: TrainConfig
    data: DataChoice
    checkpoints: str
    """Folder of all checkpoints of the search."""
    picture_steps: tuple[int, ...] = ()
    test: bool = False
    device: str = "cpu"
    init: str | None = None
    hang_after_s: float = 300.0
    search: str = ""
    stages: str | None = None
    rows: int | None = None

    def job(self, trial: str, values: Mapping[str, Any]) -> Job:
        """The job of one trial.

        Args:
            trial: Its name.
            values: What it changes of the base configuration, by dotted name.
        """
        check_name("trial", trial)  # it becomes part of a path
        return Job(
            trial=trial,
            config=self.base.replace(values),
            data=self.data,
            checkpoints=str(Path(self.checkpoints) / trial),
            picture_steps=self.picture_steps,
            test=self.test,
            device=self.device,
            init=self.init,
            hang_after_s=self.hang_after_s,
            search=self.search,
            stages=self.stages,
            rows=self.rows,
        )


@dataclass(frozen=True, kw_only=True)
class Report:
    """One epoch of one job."""

    stage: str
    epoch: int
    epochs: int
    step: int
    """Epochs of the joint stage; 0 in the stages before it."""
    last: bool
    terms: dict[str, float]
    """Unweighted loss terms."""
    terms_so_far: dict[str, float] = field(default_factory=dict)
    """Newest value of every term, also of stages that are over."""
    metrics: dict[str, float]
    """Validation figures; empty while there are none."""
    health: dict[str, float] = field(default_factory=dict)
    """Figures that the rules against collapse look at; likewise."""
    finding: Finding | None = None
    """The rule that has fired, if one has; the trial is to end."""
    seconds: float
    node: str
    pictures: np.ndarray | None = None
    """uint8 [height, width, 3]: measured, rendered, random and joints."""
    final: dict[str, Any] = field(default_factory=dict)
    """Figures on the test split, at the end of a final run."""
    restored: tuple[str, ...] = ()
    """What was amiss when the run was taken up again, a sentence each."""
    unsaved: tuple[str, ...] = ()
    """What could not be stored, likewise; the run goes on without."""
    paid: tuple[str, ...] = ()
    """How it came by its pre-trainings, a sentence of `stage_notes` each."""
    failure: str = ""
    """Why the run cannot go on, where another try would end the same."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Everything that a person should hear of."""
        return (*self.restored, *self.unsaved)


def failed(failure: str) -> Report:
    """The report of a run that ended outside any epoch."""
    return Report(
        stage="",
        epoch=0,
        epochs=0,
        step=0,
        last=False,
        terms={},
        metrics={},
        seconds=0.0,
        node=socket.gethostname(),
        failure=failure,
    )
