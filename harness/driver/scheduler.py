"""When a trial stops: asynchronous successive halving, one ladder a ratio.

The stopping variant of Li et al. 2020 (MLSys, "A system for massively parallel
hyperparameter tuning"): nothing is paused. A trial that reaches a rung goes on
if it is among the best of those that reached the rung so far, itself included:

    continue iff rank <= max(1, ceil(n / eta))

where n counts the values seen at the rung and rank is 1 + how many of them are
strictly smaller. So the first at a rung always goes on, equal values go on or
stop together with the best of them, and ties never stop everybody. Trials of
different labelled ratios are never compared. Of trials that arrive in no
order, the second goes on with probability 1/2, the third with 1/3, and in the
long run 1 / eta do.

Values are errors: smaller is better. A value that is no finite number stops
its trial at any step and takes its values out of the rungs, as does a crash. Decisions depend on the order of the
reports and on nothing else, so replaying them rebuilds the scheduler.
"""

import math
from dataclasses import dataclass
from typing import Literal


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


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What happens to a trial after a report, and why."""

    action: Literal["continue", "stop"]
    """Whether the trial trains on."""
    state: (
        Literal["completed", "stopped", "diverged", "collapsed", "crashed"] | None
    ) = None
    """How the trial ended; None while it goes on."""
    rung: int | None = None
    """Step of the rung that was decided at; None between rungs."""
    cutoff: float | None = None
    """Largest value that goes on at this rung, in the unit of the values."""
    rank: int | None = None
    """1 + how many values at the rung are strictly smaller."""
    peers: int | None = None
    """Values seen at the rung, this one included."""
    reason: str = ""
    """One sentence."""


class Scheduler:
    """Decides after every report whether the trial goes on."""

    def __init__(self, rungs: Rungs) -> None:
        """Starts with empty rungs.

        Args:
            rungs: Where trials are compared.
        """
        self._rungs = rungs
        self._steps = rungs.steps()
        self._values: dict[tuple[float, int], dict[str, float]] = {}
        self._decisions: dict[tuple[str, int], Decision] = {}
        self._ended: dict[str, Decision] = {}

    def decide(self, ratio: float, trial: str, step: int, value: float) -> Decision:
        """What happens to a trial that reports a value.

        A step reported again (by a trial that was resumed) gets the decision
        it got before and is not counted twice; so does any report of a trial
        that has ended.

        Args:
            ratio: The trial's labelled ratio; compared with its like only.
            trial: The trial's name.
            step: Steps done, 1 or more.
            value: The objective after `step`; smaller is better.

        Raises:
            ValueError: If `step` is below 1.
        """
        if not step >= 1:
            raise ValueError(f"`step` must be 1 or more, got {step}.")
        earlier = self._ended.get(trial) or self._decisions.get((trial, step))
        if earlier is not None:
            return earlier
        decision = self._fresh(ratio, trial, step, value)
        self._decisions[trial, step] = decision
        if decision.action == "stop":
            self._ended[trial] = decision
        return decision

    def withdraw(self, trial: str) -> None:
        """Take a trial that failed out of the rungs: it competes no more.

        Otherwise one that was ahead and then failed would go on stopping
        others, and a ratio could end without a complete trial.
        """
        for values in self._values.values():
            values.pop(trial, None)

    def _fresh(self, ratio: float, trial: str, step: int, value: float) -> Decision:
        if not math.isfinite(value):
            reason = f"The objective was {value} after step {step}."
            self.withdraw(trial)
            return Decision(action="stop", state="diverged", reason=reason)
        if step >= self._rungs.max_step:
            reason = f"All {self._rungs.max_step} steps are done."
            return Decision(action="stop", state="completed", reason=reason)
        rung = max((at for at in self._steps if at <= step), default=None)
        if rung is None or trial in self._values.get((ratio, rung), {}):
            return Decision(action="continue", reason="No rung at this step.")
        values = self._values.setdefault((ratio, rung), {})
        values[trial] = value
        return _compare(rung, value, list(values.values()), self._rungs.eta)


def _compare(rung: int, value: float, seen: list[float], eta: float) -> Decision:
    """The decision at a rung where `seen` holds `value` and all before it."""
    keep = max(1, math.ceil(len(seen) / eta))
    cutoff = sorted(seen)[keep - 1]
    rank = 1 + sum(other < value for other in seen)
    goes_on = rank <= keep
    verb = "goes on" if goes_on else "stops"
    reason = (
        f"Rank {rank} of {len(seen)} at step {rung}, where the best {keep} go on "
        f"(up to {cutoff:.4g}): {value:.4g} {verb}."
    )
    return Decision(
        action="continue" if goes_on else "stop",
        state=None if goes_on else "stopped",
        rung=rung,
        cutoff=cutoff,
        rank=rank,
        peers=len(seen),
        reason=reason,
    )
