"""How many trials a search is expected to begin, and how far they come.

Where trials are stopped, one in `eta` of those at a rung goes on. Where they wait, the
rule itself is played under a simulated clock (`harness.replay`) on made-up curves:
trials of random quality that comes to light with time. So budget, end game and small
numbers count as they do in the search.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from harness.definition import spaces
from harness.definition.rungs import Rungs
from harness.driver.deciding import course, deciders
from harness.prepare import Prepared
from harness.replay.clock import Clock
from harness.replay.curves import Curves
from search_spaces import configurations


MARGIN = 2
"""Made-up configurations for each trial that is expected."""


@dataclass(frozen=True, kw_only=True)
class Ladder:
    """The trials of one labelled ratio."""

    labelled_ratio: float
    trials: int
    reach: Mapping[int, float]
    """Trials expected to train up to a step, by step; the last is the end."""

    @property
    def epochs(self) -> float:
        """Joint epochs that they train in all."""
        before, total = 0, 0.0
        for step, count in self.reach.items():
            total += (step - before) * count
            before = step
        return total


@dataclass(frozen=True, kw_only=True)
class Expected:
    """All trials."""

    ladders: tuple[Ladder, ...]

    @property
    def trials(self) -> dict[float, int]:
        """How many begin, by labelled ratio."""
        return {ladder.labelled_ratio: ladder.trials for ladder in self.ladders}


def expected(prepared: Prepared, slots: int, budget_epochs: float | None) -> Expected:
    """What a search is expected to run.

    Args:
        prepared: The search.
        slots: Trials at once.
        budget_epochs: Epochs of all trials together; None counts trials.
    """
    options, rungs = prepared.options, prepared.options.rungs()
    if not options.waits:
        shared = shares(options.trials, prepared.ratios)
        return Expected(
            ladders=tuple(ladder(ratio, n, rungs) for ratio, n in shared.items())
        )
    return _played(prepared, rungs, slots, budget_epochs)


def shares(trials: int, ratios: tuple[float, ...]) -> dict[float, int]:
    """Trials at each labelled ratio: they take turns."""
    every, count = divmod(trials, len(ratios))
    return {r: every + (place < count) for place, r in enumerate(ratios)}


def ladder(ratio: float, trials: int, rungs: Rungs) -> Ladder:
    """How far the trials of a ratio are expected to come that are stopped at rungs.

    Args:
        ratio: The labelled ratio.
        trials: How many there are.
        rungs: One in `eta` goes on at each, and always one.
    """
    steps = (*rungs.steps(), rungs.max_step)
    least = min(trials, 1)
    reach = {s: max(least, trials / rungs.eta**k) for k, s in enumerate(steps)}
    return Ladder(labelled_ratio=ratio, trials=trials, reach=reach)


def _played(
    prepared: Prepared, rungs: Rungs, slots: int, budget_epochs: float | None
) -> Expected:
    """The same of trials that wait, by playing them."""
    counted = prepared.options.trials if budget_epochs is None else None
    there_are = configurations.count(spaces.searched(prepared.space))
    if there_are is not None:
        most = there_are * len(prepared.ratios)
        counted = min(counted or most, most)
    ratios = prepared.ratios
    epochs = budget_epochs or course.worth(rungs, counted or 0, len(ratios))
    most = counted or epochs / rungs.epochs_a_trial
    curves = _made_up(
        int(MARGIN * most / len(ratios)) + 2 * slots, rungs.max_step, ratios
    )
    decider = deciders.make(
        "pause",
        "random",
        rungs=rungs,
        space=curves.space,
        ratios=ratios,
        seed=0,
        trials=counted,
        budget_epochs=epochs,
    )
    clock = Clock(curves, decider, slots)
    clock.run(int(epochs))
    steps = (*rungs.steps(), rungs.max_step)
    ladders = []
    for ratio in ratios:
        mine = [run.step for run in clock.runs.values() if run.sample.ratio == ratio]
        reach = {at: float(sum(step >= at for step in mine)) for at in steps}
        ladders.append(Ladder(labelled_ratio=ratio, trials=len(mine), reach=reach))
    return Expected(ladders=tuple(ladders))


def _made_up(count: int, epochs: int, ratios: tuple[float, ...]) -> Curves:
    """Trials of random quality, which their values show the better the longer they run."""
    random = np.random.default_rng(0)
    quality = random.random((count * len(ratios), 1))
    noise = random.normal(size=(len(quality), epochs)) / np.arange(1, epochs + 1)
    points = random.random((count, 1))
    return Curves("made up", ("x",), points, quality + 0.2 * noise, ratios)
