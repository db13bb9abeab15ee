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

from harness.definition.rungs import Rungs
from harness.definition.trial import Decision


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
            reason = f"The objective was {value} after epoch {step}."
            self.withdraw(trial)
            return Decision(action="stop", state="diverged", reason=reason)
        if step >= self._rungs.max_step:
            reason = f"All {self._rungs.max_step} epochs are done."
            return Decision(action="stop", state="completed", reason=reason)
        rung = max((at for at in self._steps if at <= step), default=None)
        if rung is None or trial in self._values.get((ratio, rung), {}):
            return Decision(action="continue", reason="No rung at this epoch.")
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
        f"Rank {rank} of {len(seen)} at epoch {rung}, where the best {keep} go on "
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
