"""Where a run trains: the bank of its own process, or one that others use as well."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

import torch

from cnets.training.bank import Bank
from cnets.training.epoch_report import Beat, EpochReport
from cnets.training.lanes.lane import Lane
from harness.definition.job import Job
from harness.worker import process_bank, watchdog


class Place(ABC):
    """Where a run trains: a bank, which others may use as well."""

    @property
    @abstractmethod
    def bank(self) -> Bank:
        """The bank; its networks are used through `train` and `look` only."""

    @abstractmethod
    def train(self, lane: Lane, beat: Beat) -> EpochReport:
        """Train a lane for one epoch."""

    @abstractmethod
    def look(self, function: Callable[[], Any]) -> Any:
        """What a function that runs networks of the bank gives."""

    def waits(self, where: str) -> None:
        """Let the watchdog know that a run waits for somebody else."""
        watchdog.PROCESS.at(where)


class Own(Place):
    """The bank of this process, which one run at a time uses."""

    def __init__(self, job: Job) -> None:
        """Open the job's data, unless the last job had the same."""
        torch.set_num_threads(1)  # sums depend on the number of threads
        self._bank = process_bank.bank(job.data, job.device, job.rows)

    @property
    def bank(self) -> Bank:
        """The bank that was opened."""
        return self._bank

    def train(self, lane: Lane, beat: Beat) -> EpochReport:
        """One epoch of this lane alone."""
        (report,) = self._bank.advance([lane], beat)
        return report

    def look(self, function: Callable[[], Any]) -> Any:
        """What the function gives, at once."""
        return function()
