"""Tests of `cnets.training.fast.dense_weights`: held against plain convolutions."""

import pytest
import torch
from torch.nn import functional

from cnets.training.fast import dense_weights


SHAPES = {"double": (3, 5), "halve": (5, 3), "image": (5, 1), "paint": (3, 1)}
"""First two axes of a plain weight of each kind."""


def weight_of(kind: str) -> torch.Tensor:
    """A random weight whose gradient is wanted."""
    return torch.randn(*SHAPES[kind], 6, 6, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("kind", SHAPES)
class TestEveryKind:
    def test_holds_the_numbers_of_the_plain_one(self, kind):
        """Every number stands in it equally often, and else there are zeros."""
        weight = weight_of(kind)
        dense = dense_weights.dense(kind, weight).flatten()
        values, counts = dense[dense != 0].unique(return_counts=True)
        assert torch.equal(values, weight.flatten().sort().values)
        assert len(counts.unique()) == 1

    def test_its_gradient_is_collected_from_all_copies(self, kind):
        """Finite differences give the same."""
        weight = weight_of(kind)
        assert torch.autograd.gradcheck(
            lambda w: dense_weights.dense(kind, w).square(), (weight,), fast_mode=True
        )


def test_doubling_by_hand():
    """Four dense outputs a pixel are the pixels of the transposed convolution."""
    maps = torch.randn(2, 3, 4, 4, dtype=torch.float64)
    weight = weight_of("double")
    made = functional.conv2d(maps, dense_weights.dense("double", weight), padding=1)
    parts = made.view(2, 2, 2, 5, 4, 4).permute(0, 3, 4, 1, 5, 2)
    found = parts.reshape(2, 5, 8, 8)
    expected = functional.conv_transpose2d(maps, weight, stride=2, padding=2)
    torch.testing.assert_close(found, expected)
