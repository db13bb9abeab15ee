"""The simulated clock: budget, stand-ins, order, and what a search came to."""

import math

import numpy as np
import pytest

from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.replay.clock import Clock
from harness.replay.curves import Curves


class Witness:
    """A decider that writes down what it is told."""

    def __init__(self, decider):
        """Nothing is told yet."""
        self._decider, self.told = decider, []

    def __getattr__(self, name):
        return getattr(self._decider, name)

    def reported(self, trial, step, value):
        """Written down."""
        self.told.append((trial, step, value))
        self._decider.reported(trial, step, value)


def decider(curves, trials=4, sampler="random"):
    """Ours on some curves."""
    return deciders.make(
        "pause",
        sampler,
        rungs=Rungs(2, 4, curves.epochs, 2),
        space=curves.space,
        ratios=curves.ratios,
        seed=0,
        trials=None,
        budget_epochs=trials * curves.epochs,
    )


@pytest.mark.parametrize("workers", [1, 3, 50])
def test_it_spends_the_budget_and_no_more(make_task, workers):
    """Every report is the next value of its trial's curve."""
    curves = make_task()
    witness = Witness(decider(curves))
    clock = Clock(curves, witness, workers)
    outcome = clock.run(40)
    assert len(witness.told) <= 40
    reached = {}
    for trial, step, value in witness.told:
        assert step == reached.get(trial, 0) + 1
        reached[trial] = step
        assert value == curves.rows[clock.runs[trial].row][step - 1]
    assert outcome.trials == len(clock.runs)


def test_workers_run_at_the_same_time(make_task):
    """With three, three trials have reported before one reports twice."""
    curves = make_task()
    witness = Witness(decider(curves))
    Clock(curves, witness, 3).run(12)
    assert [step for _, step, _ in witness.told[:6]] == [1, 1, 1, 2, 2, 2]


def test_the_nearest_that_is_not_used_stands_in(make_task):
    """No configuration runs twice, and each is near what was wished."""
    curves = make_task(configurations=400)
    clock = Clock(curves, decider(curves, 20), 4)
    clock.run(200)
    rows = [run.row for run in clock.runs.values()]
    assert len(set(rows)) == len(rows) > 20
    first = clock.runs["t-00001"]
    away = np.square(curves.points - 0.5).sum(axis=1)
    assert first.row == away.argmin()
    point = [first.sample.values[name] for name in curves.names]
    assert point == pytest.approx(curves.points[first.row])


def test_it_ends_when_all_configurations_are_used(make_task):
    """Before the budget does."""
    curves = make_task(configurations=3)
    outcome = Clock(curves, decider(curves, 50), 2).run(500)
    assert outcome.trials == 3
    assert outcome.regret == 0.0


def test_regrets_and_what_is_not_finite_by_hand():
    """The choice is the best that runs; half of the epochs were no number."""
    losses = np.array([[1.0, math.nan], [2.0, 2.0], [3.0, 4.0]])
    curves = Curves("t", ("x",), np.array([[0.5], [0.3], [0.9]]), losses)
    outcome = Clock(curves, decider(curves, 1), 1).run(2)
    assert outcome.nonfinite_share == 0.5
    assert outcome.trials == 1
    assert outcome.regret == outcome.started_regret == pytest.approx(2.0)


def test_the_model_finds_what_chance_does_not(make_task):
    """On smooth hills with room for many trials."""
    curves = make_task(configurations=1000)
    model, chance = (
        Clock(curves, decider(curves, 12, sampler), 4).run(120).regret
        for sampler in ("model", "random")
    )
    assert model < chance


def test_each_ratio_has_its_choice(make_task):
    """The regret is the mean of both."""
    curves = make_task((0.5, 1.0))
    clock = Clock(curves, decider(curves, 8), 2)
    outcome = clock.run(80)
    assert {run.sample.ratio for run in clock.runs.values()} == {0.5, 1.0}
    regrets = [clock._regrets(ratio)[0] for ratio in (0.5, 1.0)]
    assert outcome.regret == pytest.approx(sum(regrets) / 2)
