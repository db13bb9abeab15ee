"""The space of the loss weights, by hand; what holds of every space is in `test_registry.py`."""

import pytest

from search_spaces import Real
from search_spaces.loss_weights import LOSS_WEIGHTS


NARROWER = ("losses.kl", "losses.adversarial", "losses.posterior")
"""Weights whose range is another, for a reason beside it."""


def test_nothing_but_weights_and_the_ratio():
    """Every parameter is a weight, except the labelled ratio."""
    others = {n for n in LOSS_WEIGHTS.parameters if not n.startswith("losses.")}
    assert others == {"labelled_ratio"}


@pytest.mark.parametrize(
    "name", [n for n in LOSS_WEIGHTS.parameters if n.startswith("losses.")]
)
def test_a_range_is_searched_by_factors_around_the_paper(name):
    """Half as much is as far as twice, and the paper's 1 lies within."""
    weight = LOSS_WEIGHTS.parameters[name]
    assert isinstance(weight, Real)
    assert weight.log
    assert weight.low < 1.0 < weight.high
    if name not in NARROWER:
        assert (weight.low, weight.high) == (1 / 100, 100)


def test_the_weights_whose_range_is_another():
    """Below 1 for the codes' spread, above 1 for differences of codes."""
    bounds = {n: LOSS_WEIGHTS.parameters[n] for n in NARROWER}
    assert {n: (weight.low, weight.high) for n, weight in bounds.items()} == {
        "losses.kl": (1e-4, 10.0),
        "losses.adversarial": (0.01, 10.0),
        "losses.posterior": (0.1, 1000.0),
    }
