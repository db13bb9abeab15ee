"""The stopping rule as a decider: proposals by turns, and `scheduler` at the rungs.

A trial that a rung stops has ended. Every search that began before trials were paused
goes on with this rule, with the proposals of `sampler`.
"""

from collections.abc import Sequence

from harness.definition.rungs import Rungs
from harness.definition.trial import Decision, Sample
from harness.driver.deciding import sampler
from harness.driver.deciding.history import History
from harness.driver.deciding.rules import Decider
from harness.driver.deciding.scheduler import Scheduler
from search_spaces import Space, configurations


FAILED = ("diverged", "collapsed", "crashed", "cancelled")
"""Ends of trials that are compared with others no more."""


class StoppingDecider(Decider):
    """The rule at the top of this file."""

    def __init__(
        self,
        rungs: Rungs,
        space: Space,
        ratios: Sequence[float],
        seed: int,
        trials: int,
    ) -> None:
        """Start with empty rungs.

        Args:
            rungs: Where trials are compared.
            space: What may vary.
            ratios: Labelled ratios that take turns.
            seed: Seed of proposals.
            trials: Trials to propose in all.
        """
        self._wanted = trials
        self._history = History(space, ratios)
        self._space, self._ratios, self._seed = space, tuple(ratios), seed
        self._scheduler = Scheduler(rungs)
        self._decisions: dict[str, Decision] = {}

    def next(self) -> Sample | None:
        """The next new trial, as long as there are fewer than wanted."""
        number = len(self._history.trials) + 1
        if number > self._wanted:
            return None
        records = [seen.record() for seen in self._history.trials.values()]
        return sampler.propose(self._space, self._ratios, self._seed, number, records)

    def verdict(self, trial: str) -> Decision:
        """What the rungs said to the last report."""
        return self._decisions[trial]

    def proposed(self, sample: Sample) -> None:
        """A new trial runs."""
        self._history.add(sample)

    def reported(self, trial: str, step: int, value: float) -> None:
        """Compare a trial."""
        seen = self._history.trials[trial]
        seen.curve[step] = value
        ratio = seen.sample.ratio
        self._decisions[trial] = self._scheduler.decide(ratio, trial, step, value)

    def became(self, trial: str, state: str) -> None:
        """A trial runs again or has ended."""
        self._history.trials[trial].state = state
        if state in FAILED:
            self._scheduler.withdraw(trial)

    @property
    def wanted(self) -> int:
        """Trials to propose in all."""
        return self._wanted

    def want(self, trials: int) -> None:
        """Set how many that are."""
        self._wanted = trials

    @property
    def total(self) -> int:
        """Trials that are wanted, or as many as the space has room for."""
        most = self._most
        return self._wanted if most is None else min(self._wanted, most)

    @property
    def is_exhausted(self) -> bool:
        """Whether more trials are wanted than the space has configurations."""
        return self._most is not None and self._wanted > self._most

    @property
    def _most(self) -> int | None:
        """Most trials that there is room for; None if there is no end."""
        size = configurations.count(self._history.cube.parameters)
        return None if size is None else size * len(self._ratios)
