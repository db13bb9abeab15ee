"""A search under a simulated clock: an epoch costs one worker one unit of time.

A proposal is a point of the unit cube; the nearest configuration that is not used yet
stands in for it. Reports that fall together come in the order in which their epochs
began. The search ends with the report that spends its budget.
"""

import dataclasses
import heapq
import math
from dataclasses import dataclass

import numpy as np

from harness.definition.trial import Sample
from harness.driver.deciding.rules import Decider, Promotion
from harness.replay.curves import Curves
from results import ranking


@dataclass(frozen=True)
class Outcome:
    """What a search came to."""

    regret: float
    """Normalised regret of its choice: 0 is the best of the task, 1 the median."""
    started_regret: float
    """The same of the best configuration that it started."""
    trials: int
    """Configurations started."""
    nonfinite_share: float
    """Share of the budget spent on losses that were not finite."""


@dataclass
class _Run:
    """One trial."""

    sample: Sample
    row: int
    step: int = 0
    state: str = "running"


class Clock:
    """One search on one task."""

    def __init__(self, curves: Curves, decider: Decider, workers: int) -> None:
        """Start at time 0 with nothing running."""
        self._curves, self._decider = curves, decider
        self._free = workers
        self._rows = len(curves.points)
        self._used = np.zeros((len(curves.ratios), self._rows), dtype=bool)
        self._queue: list[tuple[int, int, str]] = []
        self._time = self._order = 0
        self.runs: dict[str, _Run] = {}

    def run(self, budget_epochs: int) -> Outcome:
        """Let the search spend its budget."""
        spent = nonfinite = 0
        while spent < budget_epochs:
            while self._free and self._fill():
                pass
            if not self._queue:
                break
            self._time, _, trial = heapq.heappop(self._queue)
            value = self._epoch(trial)
            spent += 1
            nonfinite += not math.isfinite(value)
        return self._outcome(nonfinite / max(1, spent))

    def _fill(self) -> bool:
        """Give a free worker something to do, if there is anything."""
        chosen = self._decider.next()
        if isinstance(chosen, Promotion):
            self._decider.became(chosen.trial, "running")
            self.runs[chosen.trial].state = "running"
            self._begin(chosen.trial)
            return True
        row = None if chosen is None else self._nearest(chosen)
        if chosen is None or row is None:
            return False
        point = self._curves.points[row % self._rows]
        values = dict(zip(self._curves.names, map(float, point), strict=True))
        sample = dataclasses.replace(chosen, values={**chosen.values, **values})
        self.runs[sample.trial] = _Run(sample, row)
        self._decider.proposed(sample)
        self._begin(sample.trial)
        return True

    def _begin(self, trial: str) -> None:
        self._free -= 1
        self._order += 1
        heapq.heappush(self._queue, (self._time + 1, self._order, trial))

    def _epoch(self, trial: str) -> float:
        """An epoch of a trial ends."""
        run = self.runs[trial]
        run.step += 1
        value = self._curves.rows[run.row][run.step - 1]
        self._free += 1
        self._decider.reported(trial, run.step, value)
        decision = self._decider.verdict(trial)
        if decision.action == "continue":
            self._begin(trial)
        else:
            assert decision.state is not None
            run.state = decision.state
            self._decider.became(trial, decision.state)
        return value

    def _nearest(self, sample: Sample) -> int | None:
        """The nearest configuration that its ratio has not used yet."""
        place = self._curves.ratios.index(sample.ratio)
        wished = [float(sample.values[name]) for name in self._curves.names]
        away = np.square(self._curves.points - np.array(wished)).sum(axis=1)
        away[self._used[place]] = np.inf
        row = int(away.argmin())
        if not math.isfinite(away[row]):
            return None
        self._used[place, row] = True
        return place * self._rows + row

    def _outcome(self, nonfinite_share: float) -> Outcome:
        chosen, started = zip(
            *(self._regrets(ratio) for ratio in self._curves.ratios), strict=True
        )
        return Outcome(
            regret=sum(chosen) / len(chosen),
            started_regret=sum(started) / len(started),
            trials=len(self.runs),
            nonfinite_share=nonfinite_share,
        )

    def _regrets(self, ratio: float) -> tuple[float, float]:
        """Of the choice at a ratio, and of the best that it started there.

        What is not finite at its end counts as the worst that is.
        """
        runs = {n: r for n, r in self.runs.items() if r.sample.ratio == ratio}
        standings = {
            name: ranking.standing(
                run.state,
                run.step,
                self._curves.rows[run.row][run.step - 1] if run.step else None,
                run.sample.number,
            )
            for name, run in runs.items()
        }
        regrets = self._curves.regrets
        worst = float(regrets[np.isfinite(regrets)].max())
        best = ranking.best(standings, 1)
        chosen = float(regrets[runs[best[0]].row]) if best else worst
        started = min((float(regrets[run.row]) for run in runs.values()), default=worst)
        return min(chosen, worst), min(started, worst)
