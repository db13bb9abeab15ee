"""What a worker is told about one run, and what it answers.

Both are plain values, so a worker on another machine needs nothing but them,
the data's cache and the folder of checkpoints.
"""

from dataclasses import dataclass
from pathlib import Path

from cnets.config import TrainConfig
from harness.definition.data_choice import DataChoice
from harness.definition.identity.expected import Expected
from results import check_name


STAGES = "stages"
"""Folder of a store with the pre-trainings that runs share."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What the jobs of a search have in common."""

    data: DataChoice
    checkpoints: str
    """Folder of checkpoints: of a plan all of them, of a job its own."""
    picture_steps: tuple[int, ...] = ()
    """Steps after which a strip of pictures is wanted."""
    waits: bool = False
    """Whether a trial may be made to wait after these steps, and go on later."""
    test: bool = False
    """Whether the run's last networks are tested, after training where there are none."""
    device: str = "cpu"
    init: str | None = None
    """Model whose networks a run starts from, at the joint stage."""
    hang_after_s: float = 300.0
    """Longest silence between two updates before the worker is ended."""
    search: str = ""
    """Search that it belongs to, for those who use what it has trained."""
    stages: str | None = None
    """Folder of pre-trainings that runs share; None trains every stage here."""
    rows: int | None = None
    """Rows of the stacks that it trains in alone, to repeat a run of a bank."""
    expected: Expected | None = None
    """What a worker must have to take part; None asks for nothing."""
    logs: str | None = None
    """Folder of the search's logs; None keeps none."""

    def job(self, trial: str, config: TrainConfig, reported: int = 0) -> "Job":
        """One run, in a folder of its own.

        Args:
            trial: Its name.
            config: What to train.
            reported: The last step whose report is stored; 0 if there is none.

        Raises:
            ValueError: If the name cannot be a folder's.
        """
        check_name("trial", trial)  # it becomes part of a path
        folder = str(Path(self.checkpoints) / trial)
        own = {"trial": trial, "config": config, "checkpoints": folder}
        return Job(**(vars(self) | own), reported=reported)


@dataclass(frozen=True, kw_only=True)
class Job(Plan):
    """One run that a worker is to train."""

    trial: str
    config: TrainConfig
    reported: int = 0
    """The last step whose report is stored, when the run is begun or taken up."""
