"""Tests of `cnets.shapes`: which arrays each name takes, and that calls are checked."""

import pytest
import torch
from jaxtyping import TypeCheckError

from cnets import geometry, shapes


@pytest.mark.parametrize(
    ("name", "shape", "wrong"),
    [
        ("Scalar", (), (1,)),
        ("Depth", (2, 1, 8, 8), (2, 3, 8, 8)),
        ("DepthMm", (2, 8, 9), (2, 1, 8, 9)),
        ("JointsMm", (2, 5, 3), (2, 15)),
        ("JointsPx", (2, 5, 2), (2, 5, 3)),
        ("CentreMm", (2, 3), (2, 2)),
        ("Joints", (2, 5, 3), (5, 3)),
        ("Pose", (2, 15), (2, 5, 3)),
        ("Origin", (2, 3), (2, 1, 3)),
        ("PoseCode", (2, 20), (20,)),
        ("Code", (2, 23), (23,)),
        ("Features", (2, 8, 4, 4), (2, 8, 5, 5)),
    ],
)
def test_of_each_name(name, shape, wrong):
    """An array of the shape has the name, one of another shape has not."""
    kind = getattr(shapes, name)
    assert isinstance(torch.zeros(shape), kind)
    assert not isinstance(torch.zeros(wrong), kind)
    assert not isinstance(torch.zeros(shape, dtype=torch.long), kind)


def test_rows_are_whole_numbers():
    """Rows of a data set are no floats."""
    assert isinstance(torch.zeros(3, dtype=torch.long), shapes.Index)
    assert not isinstance(torch.zeros(3), shapes.Index)


def test_a_call_with_two_batch_sizes_is_refused():
    """A name means one size within a call: two joints' frames, three centres."""
    with pytest.raises(TypeCheckError):
        geometry.to_units(torch.zeros(2, 5, 3), torch.zeros(3, 3))
