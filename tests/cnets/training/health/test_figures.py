"""Tests of `cnets.training.health.figures`: arrays by hand and all pairs."""

import math

import pytest
import torch

from cnets.training.health import figures


class TestSpread:
    def test_by_hand(self):
        """Two points 5 apart are 5 apart; three of them give the root mean square."""
        assert figures.spread(torch.tensor([[0.0, 0.0], [3.0, 4.0]])) == 5
        line = torch.tensor([[0.0], [1.0], [3.0]])  # 1, 2 and 3 apart
        assert figures.spread(line) == pytest.approx(math.sqrt((1 + 4 + 9) / 3))

    def test_against_all_pairs(self):
        """It is the root mean square of the distances that pdist gives."""
        images = torch.randn(9, 1, 4, 4, dtype=torch.float64)
        pairs = torch.pdist(images.flatten(1))
        expected = pairs.square().mean().sqrt().item()
        assert figures.spread(images) == pytest.approx(expected, rel=1e-12)

    def test_one_row_has_none(self):
        """There is no pair, and no warning."""
        assert figures.spread(torch.ones(1, 3)) == 0

    def test_ratio(self):
        """Equal rows give 0, halved differences a half, whatever the offset."""
        there = torch.randn(8, 5)
        assert figures.spread_ratio(there[:1].expand(8, 5), there) == 0
        half = figures.spread_ratio(there / 2 + 7, there)
        assert half == pytest.approx(0.5, rel=1e-5)

    def test_nothing_is_lost_where_nothing_was(self):
        """Data whose rows are all the same ask for no spread."""
        assert figures.spread_ratio(torch.zeros(4, 2), torch.ones(4, 2)) == 1


class TestActiveUnits:
    MEAN = torch.tensor([[0.1, 0.02], [-0.1, -0.02]])  # variances 0.02 and 0.0008

    @pytest.mark.parametrize(
        ("log_variance", "noise_std", "active"),
        [
            (0.0, 0.05, 1),  # noise 0.0025
            (0.0, 0.02, 2),  # 0.0004
            (0.0, 0.2, 0),  # 0.04
            (math.log(10), 0.05, 0),  # 0.025
            (math.log(0.1), 0.05, 2),  # 0.00025
        ],
    )
    def test_by_hand(self, log_variance, noise_std, active):
        """A unit counts if its variance over frames is above that of its noise."""
        noise = torch.full((2, 2), log_variance)
        found = figures.active_units(self.MEAN, noise, noise_std=noise_std)
        assert found == active

    def test_the_usual_threshold_would_not_do(self):
        """Codes that spread by 0.08 carry a pose, and have a variance below 0.01."""
        mean = 0.08 * torch.randn(100, 20)
        assert (mean.var(0) < 0.01).all()
        assert figures.active_units(mean, torch.zeros(100, 20), noise_std=0.05) == 20
