"""Random search under asynchronous successive halving, as deciders.

`random_asha` uses Ray's own bracket and ends trials that are not finite, which Ray
itself does not. `random_asha_promote` is written here after Li et al. 2020 (algorithm
2, promotion): a trial that reaches a rung waits, and the best `1 / eta` of each rung go
on, the deepest first.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from harness.definition.rungs import Rungs
from harness.definition.spaces import RATIO
from harness.definition.trial import Decision, Sample, name_of
from harness.driver.deciding.cube import Cube
from harness.driver.deciding.ladder import Ladder
from harness.driver.deciding.rules import Decider, Promotion
from search_spaces import Space


GoesOn = Callable[[str, int, float], bool]
"""Whether a trial goes on after a step and a value."""

END = Decision(action="stop", state="completed")
DIVERGED = Decision(action="stop", state="diverged")
ON = Decision(action="continue")


class RandomPeer(Decider):
    """Random proposals, ratios by turns; trials stop, or wait and are promoted."""

    def __init__(
        self,
        space: Space,
        ratios: Sequence[float],
        seed: int,
        rungs: Rungs,
        *,
        stops: Callable[[], GoesOn] | None,
    ) -> None:
        """Start with no trial.

        Args:
            space: What may vary.
            ratios: Labelled ratios.
            seed: Seed of the draws.
            rungs: Where trials wait, if they do.
            stops: Makes what stops trials for good; None lets them wait.
        """
        self._cube, self._ratios = Cube(space.parameters), tuple(ratios)
        self._random, self._rungs = np.random.default_rng(seed), rungs
        self._ladders = {ratio: Ladder(rungs) for ratio in ratios}
        self._stops = {ratio: stops() for ratio in ratios} if stops else {}
        self._trials: dict[str, Sample] = {}
        self._decisions: dict[str, Decision] = {}

    def next(self) -> Sample | Promotion:
        """A promotion where there is one, else a random trial."""
        for ladder in self._ladders.values():
            trial = ladder.promotable()
            if trial is not None:
                return Promotion(trial, Decision(action="promote"))
        number = len(self._trials) + 1
        ratio = self._ratios[(number - 1) % len(self._ratios)]
        point = self._random.random(len(self._cube.parameters))
        return Sample(
            trial=name_of(number),
            number=number,
            ratio=ratio,
            values=self._cube.values(point) | {RATIO: ratio},
            origin="random",
        )

    def proposed(self, sample: Sample) -> None:
        """A trial runs."""
        self._trials[sample.trial] = sample

    def reported(self, trial: str, step: int, value: float) -> None:
        """Decide, as the rule says."""
        sample = self._trials[trial]
        ladder = self._ladders[sample.ratio]
        decision = ON
        if not math.isfinite(value):
            decision = DIVERGED
        elif self._stops:
            if not self._stops[sample.ratio](trial, step, value):
                decision = Decision(action="stop", state="stopped")
        elif ladder.reach(trial, sample.number, step, value) is not None:
            decision = Decision(action="pause", state="paused")
        if step >= self._rungs.max_step and decision is not DIVERGED:
            decision = END
        self._decisions[trial] = decision

    def verdict(self, trial: str) -> Decision:
        """What was decided on the last report."""
        return self._decisions[trial]

    def became(self, trial: str, state: str) -> None:
        """A trial waits, runs again, or has ended."""
        ladder = self._ladders[self._trials[trial].ratio]
        ladder.take(trial)
        if state == "paused":
            ladder.pause(trial)
        elif state == "diverged":
            ladder.withdraw(trial)

    @property
    def total(self) -> int:
        """Trials so far."""
        return len(self._trials)

    @property
    def is_exhausted(self) -> bool:
        """Never."""
        return False
