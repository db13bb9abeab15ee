"""Every policy plays a search to the end of its budget."""

import re

import pytest

from harness.replay import policies
from harness.replay.clock import Clock


@pytest.mark.parametrize("name", policies.POLICIES)
def test_each_plays(name, make_task):
    """It starts several trials and chooses one that is better than the median."""
    curves = make_task()
    decider = policies.POLICIES[name](policies.Setting(curves, 6, 2, 0))
    outcome = Clock(curves, decider, 2).run(60)
    assert outcome.trials > 5
    assert outcome.regret < 1.0


def test_the_page_names_all_of_them():
    """The table at the top of the file."""
    assert policies.__doc__ is not None
    named = re.findall(r"^ *(\w+) {3,}\w", policies.__doc__, re.M)
    assert named == list(policies.POLICIES)


def test_the_first_rung_by_hand(make_task):
    """A share of the length, of at least one epoch."""
    curves = make_task(epochs=51)
    found = [policies.rung(curves, percent) for percent in (1, 2, 4, 10, 100)]
    assert found == [1, 1, 2, 5, 51]


@pytest.mark.parametrize("percent", [0.0, -1.0, 101.0, float("nan")])
def test_other_shares_are_refused(percent, make_task):
    """None of them is a share."""
    with pytest.raises(ValueError, match="`grace` must be above 0 and at most 100"):
        policies.rung(make_task(), percent)
