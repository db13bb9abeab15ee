"""Ray's own bracket, asked one value at a time."""

import math

from harness.cluster.ray_bracket import RayBracket


def test_by_hand():
    """The first goes on; of two that are worse than the best quarter both stop."""
    bracket = RayBracket(grace=2, max_step=20, eta=4)
    asked = [("a", 1, 9.0), ("a", 2, 1.0), ("b", 2, 2.0), ("c", 2, 0.5), ("c", 3, 99.0)]
    assert [bracket.goes_on(*one) for one in asked] == [True, True, False, True, True]


def test_what_is_no_number_goes_on():
    """As it does in Ray."""
    bracket = RayBracket(grace=1, max_step=20, eta=4)
    assert bracket.goes_on("a", 1, 1.0)
    assert bracket.goes_on("b", 1, math.nan)
