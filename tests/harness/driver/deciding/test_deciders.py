"""Names of rules lead to deciders."""

from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.driver.deciding.pausing import PausingDecider
from harness.driver.deciding.stopping import StoppingDecider
from search_spaces import Real, Space


SPACE = Space("s", {"x": Real(0.0, 1.0)}, {"x": 0.5})


def made(scheduler, trials=3, **changes):
    """A decider of a search of one ratio."""
    rungs = Rungs(1, 3, 9)
    return deciders.make(
        scheduler,
        "random",
        rungs=rungs,
        space=SPACE,
        ratios=(1.0,),
        seed=0,
        trials=trials,
        **changes,
    )


def test_each_name_has_its_rule():
    """`pause` counts the budget in epochs, `stop` in trials."""
    pause, stop = made("pause"), made("stop")
    assert isinstance(pause, PausingDecider)
    assert (
        pause.budget_epochs == 3 * 1 + 2 * 8
    )  # all to the first rung, two to their ends
    assert isinstance(stop, StoppingDecider)
    assert (pause.wanted, stop.wanted, stop.total) == (3, 3, 3)


def test_a_budget_counts_no_trials():
    """Only epochs; and one in hours is told when its epochs are known."""
    budget = made("pause", None, budget_epochs=40)
    assert (budget.wanted, budget.budget_epochs) == (None, 40)
    assert made("pause", None).budget_epochs == float("inf")
    budget.want(5)
    assert (budget.wanted, budget.total) == (5, 5)
