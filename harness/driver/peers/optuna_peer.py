"""Optuna's samplers, alone or with its pruners, as a decider.

A study is asked and told as Optuna's own users do. A configuration that stands in for
the one that was asked takes its place in the study, so that the sampler learns from
what was really tried.
"""

import math
import warnings
from collections.abc import Callable, Sequence

import optuna
from optuna import pruners, samplers
from optuna.trial import Trial, TrialState

from harness.definition.spaces import RATIO
from harness.definition.trial import Decision, Sample, name_of
from harness.driver.deciding import study
from harness.driver.deciding.rules import Decider
from search_spaces import Space


GoesOn = Callable[[str, int, float], bool]
"""Whether a trial goes on after a step and a value."""


class OptunaPeer(Decider):
    """One study a labelled ratio, which take turns."""

    def __init__(
        self,
        space: Space,
        ratios: Sequence[float],
        max_step: int,
        *,
        sampler: Callable[[], samplers.BaseSampler],
        pruner: Callable[[], pruners.BasePruner] | None = None,
        scheduler: Callable[[], GoesOn] | None = None,
    ) -> None:
        """Start with empty studies.

        Args:
            space: What may vary; the ratio is not asked for.
            ratios: Labelled ratios.
            max_step: Steps of a full training.
            sampler: Makes a sampler.
            pruner: Makes a pruner that ends trials, if one does.
            scheduler: Makes what ends trials in its place, as Ray's brackets do where
                `OptunaSearch` proposes. Ended trials count as complete then, and one
                that is not finite goes on.
        """
        self._kinds = {n: study.distribution(p) for n, p in space.parameters.items()}
        self._names, self._max_step = tuple(self._kinds), max_step
        self._studies = {
            ratio: optuna.create_study(
                sampler=sampler(),
                pruner=pruner() if pruner else pruners.NopPruner(),
            )
            for ratio in ratios
        }
        made = {ratio: scheduler() for ratio in ratios} if scheduler else {}
        self._schedulers: dict[float, GoesOn] = made
        self._trials: dict[str, tuple[float, Trial]] = {}
        self._decisions: dict[str, Decision] = {}
        self._asked: Trial | None = None

    def next(self) -> Sample:
        """Another configuration."""
        number, ratios = len(self._trials) + 1, list(self._studies)
        ratio = ratios[(number - 1) % len(ratios)]
        if self._asked is None:
            self._asked = self._studies[ratio].ask(self._kinds)
        return Sample(
            trial=name_of(number),
            number=number,
            ratio=ratio,
            values=self._asked.params | {RATIO: ratio},
            origin="tpe",
        )

    def proposed(self, sample: Sample) -> None:
        """What stands in takes the place of what was asked."""
        asked, there = self._asked, self._studies[sample.ratio]
        values = {name: sample.values[name] for name in self._names}
        assert asked is not None
        self._asked = None
        if values != asked.params:
            there.tell(asked, state=TrialState.FAIL)
            there.enqueue_trial(values)
            asked = there.ask(self._kinds)
        self._trials[sample.trial] = sample.ratio, asked

    def reported(self, trial: str, step: int, value: float) -> None:
        """Tell the study, and ask whether the trial goes on."""
        ratio, told = self._trials[trial]
        scheduler = self._schedulers.get(ratio)
        told.report(value, step)
        goes_on, state = step < self._max_step, "completed"
        if scheduler is not None:
            goes_on, state = scheduler(trial, step, value) and goes_on, "stopped"
        elif not math.isfinite(value):
            goes_on, state = False, "diverged"
        elif goes_on and told.should_prune():
            goes_on, state = False, "stopped"
        if step >= self._max_step and state == "stopped":
            state = "completed"
        self._decisions[trial] = Decision(
            action="continue" if goes_on else "stop",
            state=None if goes_on else state,  # type: ignore[arg-type]
        )
        if not goes_on:
            self._end(ratio, told, value, state)

    def _end(self, ratio: float, told: Trial, value: float, state: str) -> None:
        there = self._studies[ratio]
        if not math.isfinite(value):
            there.tell(told, state=TrialState.FAIL)
        elif state == "completed" or self._schedulers:
            there.tell(told, value)
        else:
            there.tell(told, state=TrialState.PRUNED)

    def verdict(self, trial: str) -> Decision:
        """What was said to the last report."""
        return self._decisions[trial]

    def became(self, trial: str, state: str) -> None:
        """Nothing more: the study was told with the report."""

    @property
    def total(self) -> int:
        """Trials so far."""
        return len(self._trials)

    @property
    def is_exhausted(self) -> bool:
        """Never."""
        return False


def tpe(seed: int) -> samplers.BaseSampler:
    """Optuna's default sampler."""
    return samplers.TPESampler(seed=seed)


def random(seed: int) -> samplers.BaseSampler:
    """Optuna's random sampler."""
    return samplers.RandomSampler(seed=seed)


def halving(grace: int, eta: int) -> pruners.BasePruner:
    """Optuna's asynchronous successive halving."""
    return pruners.SuccessiveHalvingPruner(min_resource=grace, reduction_factor=eta)


def hyperband(grace: int, max_step: int, eta: int) -> pruners.BasePruner:
    """Optuna's hyperband: several of the above with other first rungs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        return pruners.HyperbandPruner(
            min_resource=grace, max_resource=max_step, reduction_factor=eta
        )
