"""Points of the unit cube and configurations, there and back."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from harness.driver.deciding.cube import Cube
from search_spaces import OneOf, Real, Whole


PARAMETERS = {
    "rate": Real(1e-4, 1.0, log=True),
    "weight": Real(-2.0, 3.0),
    "size": Whole(2, 64, log=True),
    "steps": Whole(1, 3),
    "kind": OneOf(("a", "b", "c")),
}
CUBE = Cube(PARAMETERS)
SHARES = st.lists(st.floats(0, 1), min_size=5, max_size=5)


def test_by_hand():
    """Ends, middles and sections of each kind of parameter."""
    values = {"rate": 1e-2, "weight": 3.0, "size": 2, "steps": 2, "kind": "c"}
    point = CUBE.point(values | {"labelled_ratio": 0.1})
    low, high = np.log(1.5), np.log(64.5)
    size = (np.log(2) - low) / (high - low)
    assert point == pytest.approx([0.5, 1.0, size, 0.5, 5 / 6])


@given(SHARES)
def test_a_point_gives_a_configuration_within_its_bounds(shares):
    """Whatever the point."""
    values = CUBE.values(shares)
    assert all(PARAMETERS[name].holds(value) for name, value in values.items())


@given(SHARES)
def test_snapped_points_are_those_of_their_configurations(shares):
    """To snap is to go to a configuration and back."""
    snapped = CUBE.snapped(np.array([shares]))[0]
    assert snapped[2:5] == pytest.approx(CUBE.point(CUBE.values(shares))[2:5])
    assert snapped[:2] == pytest.approx(np.array(shares)[:2])


def test_whole_numbers_and_choices_are_equally_likely():
    """Each has a section of the axis, and all sections are equally wide."""
    found = [CUBE.values([0, 0, 0, share, share]) for share in (0.1, 0.5, 0.9)]
    assert [values["steps"] for values in found] == [1, 2, 3]
    assert [values["kind"] for values in found] == ["a", "b", "c"]
