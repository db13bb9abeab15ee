"""What a rule of health says about a run: the value that a report carries.

Everybody who handles reports needs it, also where torch is not installed; the
rules that make one are in `cnets.training.health`.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A rule that has fired."""

    rule: str
    """Its name."""
    state: Literal["diverged", "collapsed"]
    """How a trial ends by it."""
    figure: str
    """The figure that was under the limit."""
    value: float
    """Its last value."""
    limit: float
    """The rule's limit."""
    epochs: int
    """For how many epochs it was."""

    @property
    def reason(self) -> str:
        """What happened, in words that an epoch and a stage may follow."""
        if self.state == "diverged":
            return f"`{self.figure}` was {self.value}"
        times = "epoch" if self.epochs == 1 else "epochs"
        return (
            f"{self.rule}: `{self.figure}` was {self.value:.3g}, "
            f"below {self.limit:g} for {self.epochs} {times},"
        )
