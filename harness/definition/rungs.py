"""The epochs at which the trials of a search are compared."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Rungs:
    """The steps at which trials are compared."""

    grace: int
    """First step at which a trial may be stopped for its value."""
    eta: float
    """About one in `eta` goes on at each rung, and rungs are `eta` apart."""
    max_step: int
    """Step at which a trial is complete."""

    def __post_init__(self) -> None:
        if not self.grace >= 1:
            raise ValueError(f"`grace` must be 1 or more, got {self.grace}.")
        if not 1 < self.eta < math.inf:
            raise ValueError(f"`eta` must be above 1 and finite, got {self.eta}.")
        if not self.max_step >= self.grace:
            rule = f"at least `grace` ({self.grace})"
            raise ValueError(f"`max_step` must be {rule}, got {self.max_step}.")

    def steps(self) -> tuple[int, ...]:
        """The steps `ceil(grace * eta**k)` that lie below `max_step`."""
        found: list[int] = []
        level = float(self.grace)
        while math.ceil(level) < self.max_step:
            if not found or math.ceil(level) > found[-1]:
                found.append(math.ceil(level))
            level *= self.eta
        return tuple(found)
