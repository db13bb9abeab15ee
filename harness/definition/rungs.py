"""The epochs at which the trials of a search are compared."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rungs:
    """The steps at which trials are compared."""

    grace: int
    """First step at which a trial may be stopped or paused for its value."""
    eta: float
    """About one in `eta` goes on at each rung."""
    max_step: int
    """Step at which a trial is complete."""
    factor: float | None = None
    """Rungs are `factor` apart; default: `eta`."""

    def __post_init__(self) -> None:
        if not self.grace >= 1:
            raise ValueError(f"`grace` must be 1 or more, got {self.grace}.")
        if not 1 < self.eta < math.inf:
            raise ValueError(f"`eta` must be above 1 and finite, got {self.eta}.")
        if not self.max_step >= self.grace:
            rule = f"at least `grace` ({self.grace})"
            raise ValueError(f"`max_step` must be {rule}, got {self.max_step}.")
        if self.factor is not None and not 1 < self.factor < math.inf:
            rule = "above 1 and finite"
            raise ValueError(f"`factor` must be {rule}, got {self.factor}.")

    @property
    def epochs_a_trial(self) -> float:
        """What a trial is expected to train where trials wait.

        All come to the first rung, and one in `eta` of each rung to the next.
        """
        levels = (0, *self.steps(), self.max_step)
        parts = zip(levels[1:], levels[:-1], strict=True)
        return sum((to - at) / self.eta**k for k, (to, at) in enumerate(parts))

    def steps(self) -> tuple[int, ...]:
        """The steps `ceil(grace * factor**k)` that lie below `max_step`."""
        found: list[int] = []
        level = float(self.grace)
        while math.ceil(level) < self.max_step:
            if not found or math.ceil(level) > found[-1]:
                found.append(math.ceil(level))
            level *= self.factor or self.eta
        return tuple(found)


FIRST_SHARE = 0.04
"""Share of a training before which values tell too little: shorter first rungs
mislead every policy (TaskSet, `benchmarks/policy.py`)."""


def first_rung(max_step: int, share: float = FIRST_SHARE) -> int:
    """The epoch of a first rung: a share of the length, at least 2 where that fits.

    Args:
        max_step: Epochs of a full training, 1 or more.
        share: Part of it, above 0 and at most 1.
    """
    return min(max_step, max(2, round(share * max_step)))
