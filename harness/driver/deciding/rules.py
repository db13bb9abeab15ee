"""What decides about trials, as the policy of a search and a simulated clock use it.

A decider is told every fact in the order in which the store has it: what was proposed
and reported, who waits, was taken up again or ended. What it answers follows from
these facts alone, so telling them again rebuilds it. Asking changes nothing.
"""

import abc
import math
from dataclasses import dataclass

from harness.definition.trial import Decision, Sample


@dataclass(frozen=True)
class Promotion:
    """A trial that waits is to go on."""

    trial: str
    decision: Decision
    """Why."""


class Decider(abc.ABC):
    """Decides what a free place does next, and what a trial does after a report."""

    budget_epochs: float = math.inf
    """Epochs that all trials may train together."""

    @abc.abstractmethod
    def next(self) -> Sample | Promotion | None:
        """What a free place does: a new trial, one that waits, or nothing now."""

    @abc.abstractmethod
    def verdict(self, trial: str) -> Decision:
        """What a trial does after the report that was told last."""

    @abc.abstractmethod
    def proposed(self, sample: Sample) -> None:
        """A new trial is to run."""

    @abc.abstractmethod
    def reported(self, trial: str, step: int, value: float) -> None:
        """A trial has reported; nothing changes if it reported that step before."""

    @abc.abstractmethod
    def became(self, trial: str, state: str) -> None:
        """A trial is `paused`, `running` again, or has ended in that state."""

    @property
    def wanted(self) -> int | None:
        """Most trials that are proposed; None where epochs alone are counted."""
        return None

    def want(self, trials: int) -> None:
        """Set how many trials are proposed at most."""
        raise NotImplementedError(trials)

    @property
    def spent_epochs(self) -> int:
        """Epochs reported, each once; 0 where nobody counts them."""
        return 0

    def is_over(self, ratio: float) -> bool:
        """Whether the budget of a ratio is spent: what runs there ends at its report."""
        del ratio
        return False

    def may_go_on(self, trial: str) -> bool:
        """Whether a trial that waits can still be taken up."""
        del trial
        return False

    @property
    @abc.abstractmethod
    def total(self) -> int:
        """How many trials there will be, as far as that is known."""

    @property
    @abc.abstractmethod
    def is_exhausted(self) -> bool:
        """Whether more trials are wanted than the space has configurations."""
