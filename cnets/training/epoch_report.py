"""What one epoch did to one lane, and the call that says that work goes on.

A report is a value that the caller prints, stores or acts on; it is made by
`cnets.training.bank`, not here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from cnets.findings import Finding


Beat = Callable[[], object]
"""Called after every update and every part of an evaluation: work goes on."""


def silent() -> None:
    """A beat for callers who do not ask for any."""


@dataclass(frozen=True, kw_only=True)
class EpochReport:
    """What one epoch did to one lane."""

    stage: str
    """One of `schedule.STAGES`."""
    epoch: int
    """Epochs of the stage that have ended, this one included."""
    epochs: int
    """Epochs that the stage has."""
    terms: dict[str, float]
    """Unweighted loss terms, means over the epoch's updates."""
    terms_so_far: dict[str, float] = field(default_factory=dict)
    """Newest value of every term, also of stages that are over."""
    metrics: dict[str, float] = field(default_factory=dict)
    """Validation figures, in warm-up and joint; see `metrics.summary`."""
    health: dict[str, float] = field(default_factory=dict)
    """Figures of collapse, from the end of the VAE on, and of advice in the joint
    stage; see `Judge.health` and `health.advice`."""
    finding: Finding | None = None
    """What is wrong with the run; it may go on, and another rule may follow."""
    seconds: float
    """Wall time of the epoch, shared among the lanes that ran together."""

    @property
    def step(self) -> int:
        """Epochs of the joint stage so far: the fidelity of early stopping."""
        return self.epoch if self.stage == "joint" else 0

    @property
    def last(self) -> bool:
        """Whether the run ended with this epoch."""
        return self.stage == "joint" and self.epoch == self.epochs
