"""What a worker is told about one run, and what it answers.

Both are plain values, so a worker on another machine needs nothing but them,
the data's cache and the folder of checkpoints.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnets.config import TrainConfig
from harness.definition.data_choice import DataChoice
from results import check_name


STAGES = "stages"
"""Folder of a store with the pre-trainings that runs share."""


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
    logs: str | None = None
    """Folder of the search's logs; None keeps none."""

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
