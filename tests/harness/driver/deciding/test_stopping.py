"""The stopping rule as a decider: the sampler's proposals, the scheduler's verdicts."""

import math

from harness.definition.rungs import Rungs
from harness.driver.deciding import sampler
from harness.driver.deciding.stopping import StoppingDecider
from search_spaces import Real, Space, Whole


SPACE = Space("s", {"x": Real(0.0, 1.0)}, {"x": 0.5})


def test_it_proposes_what_the_sampler_does():
    """By turns of the ratios, as many as are wanted."""
    decider, records = StoppingDecider(Rungs(1, 3, 9), SPACE, (0.5, 1.0), 7, 6), []
    for number in range(1, 7):
        sample = decider.next()
        assert sample == sampler.propose(SPACE, (0.5, 1.0), 7, number, records)
        decider.proposed(sample)
        decider.reported(sample.trial, 9, sample.values["x"])
        decider.became(sample.trial, decider.verdict(sample.trial).state)
        records.append(decider._history.trials[sample.trial].record())
    assert decider.next() is None
    decider.want(7)
    assert decider.next().number == 7


def test_a_rung_stops_for_good():
    """The second of two that is worse; one that failed stops nobody."""
    decider = StoppingDecider(Rungs(1, 3, 9), SPACE, (1.0,), 7, 6)
    for value, action in [(1.0, "continue"), (2.0, "stop"), (math.nan, "stop")]:
        sample = decider.next()
        decider.proposed(sample)
        decider.reported(sample.trial, 1, value)
        assert decider.verdict(sample.trial).action == action
    decider.became("t-00001", "crashed")
    sample = decider.next()
    decider.proposed(sample)
    decider.reported(sample.trial, 1, 5.0)
    assert decider.verdict(sample.trial).rank == 2


def test_a_small_space_has_an_end():
    """Two ratios with three configurations each."""
    space = Space("w", {"n": Whole(1, 3)}, {"n": 2})
    decider = StoppingDecider(Rungs(1, 3, 9), space, (0.5, 1.0), 7, 9)
    assert (decider.total, decider.is_exhausted) == (6, True)
    while (sample := decider.next()) is not None:
        decider.proposed(sample)
    assert len(decider._history.trials) == 6
