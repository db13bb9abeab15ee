"""What runs one job, epoch by epoch: the half of a trial that is in a worker."""

from abc import ABC, abstractmethod

from harness.definition.job import Job
from harness.definition.report import Report


class Runner(ABC):
    """Runs one job, epoch by epoch. What `search` runs, and tests replace."""

    def __init__(self, job: Job) -> None:
        """Take the job; `advance` runs it."""
        self.job = job

    @abstractmethod
    def advance(self) -> Report:
        """Run the next epoch."""

    def advance_unseen(self) -> Report | None:
        """Run the next epoch before the report of the last one is stored.

        Returns:
            Its report; None, and nothing was run, where a checkpoint is due, which
            must not be newer than the stored reports.
        """
        return None
