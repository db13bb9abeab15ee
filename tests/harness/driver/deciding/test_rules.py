"""What every decider has in common."""

import pytest

from harness.definition.rungs import Rungs
from harness.driver.deciding import deciders
from harness.driver.deciding.rules import Decider
from search_spaces import Real, Space


SPACE = Space("s", {"x": Real(0.0, 1.0)}, {"x": 0.5})


def test_it_is_abstract():
    """What decides nothing is no decider."""
    with pytest.raises(TypeError, match="abstract"):
        Decider()


@pytest.mark.parametrize("scheduler", ["pause", "stop"])
@pytest.mark.parametrize("sampler", ["model", "tpe", "random"])
def test_a_search_of_each_kind_comes_to_an_end(scheduler, sampler):
    """Every trial that it starts waits or has ended then."""
    decider = deciders.make(
        scheduler,
        sampler,
        rungs=Rungs(1, 3, 4),
        space=SPACE,
        ratios=(1.0,),
        seed=0,
        trials=6,
    )
    states = {}
    steps: dict[str, int] = {}
    while (chosen := decider.next()) is not None:
        trial = chosen.trial
        if trial in states:
            decider.became(trial, "running")
        else:
            decider.proposed(chosen)
        while states.get(trial) in (None, "running", "paused"):
            steps[trial] = steps.get(trial, 0) + 1
            decider.reported(trial, steps[trial], float(trial[-1]) / steps[trial])
            decision = decider.verdict(trial)
            if decision.action != "continue":
                states[trial] = decision.state
                decider.became(trial, decision.state)
                break
    held_back = "paused" if scheduler == "pause" else "stopped"
    cut_off = {"cancelled"} if scheduler == "pause" else set()  # the budget was spent
    assert {"completed", held_back} <= set(states.values())
    assert set(states.values()) <= {"completed", held_back} | cut_off
    assert decider.total == len(states)
    assert not decider.is_exhausted
