"""Tests of `cnets.hands.sensor`: the cited formulas, worked out by hand."""

import math

import pytest
import torch

from cnets.hands import sensor


def observed(depth_mm: torch.Tensor, sensor_px: float = 1.0, seed: int = 0):
    """What the sensor makes of images."""
    spans = torch.full((len(depth_mm),), sensor_px)
    generator = torch.Generator().manual_seed(seed)
    return sensor.observe(depth_mm, generator, sensor_px=spans)


def half_plane(frames: int) -> torch.Tensor:
    """The left half at 700 mm, nothing in the right."""
    depth = torch.zeros(frames, 64, 64)
    depth[:, :, :32] = 700.0
    return depth


class TestAxialStdMm:
    @pytest.mark.parametrize(
        ("depth_mm", "std_mm"), [(400.0, 1.2), (900.0, 1.675), (1400.0, 3.1)]
    )
    def test_by_hand(self, depth_mm, std_mm):
        """1.2 mm at 0.4 m, and 1.9 mm more for the square of every metre beyond."""
        found = sensor.axial_std_mm(torch.tensor(depth_mm))
        torch.testing.assert_close(found, torch.tensor(std_mm))


class TestObserve:
    @pytest.mark.parametrize(
        ("depth_mm", "noise_mm", "step_mm"),
        [(500.0, 1.219, 0.7125), (1000.0, 1.884, 2.85)],
    )
    def test_flat_plane(self, depth_mm, noise_mm, step_mm):
        """A plane spreads by its axial noise and a step's uniform error."""
        seen = observed(torch.full((8, 64, 64), depth_mm)).double()
        spread = math.hypot(noise_mm, step_mm / math.sqrt(12))
        assert seen.std().item() == pytest.approx(spread, rel=0.02)
        assert seen.mean().item() == pytest.approx(depth_mm, abs=0.05)

    @pytest.mark.parametrize(("depth_mm", "step_mm"), [(500.0, 0.7125), (1000.0, 2.85)])
    def test_steps(self, depth_mm, step_mm):
        """Neighbouring values are 2.85 mm apart at 1 m and a quarter at half of it."""
        seen = observed(torch.full((2, 64, 64), depth_mm)).unique().double()
        near = seen[(seen - depth_mm).abs() < 0.004 * depth_mm]
        assert len(near) >= 3
        torch.testing.assert_close(
            near.diff().mean(), torch.tensor(step_mm).double(), rtol=0.01, atol=0
        )

    def test_nothing_stays_nothing(self):
        """Where nothing is, the sensor sees nothing."""
        assert not observed(torch.zeros(1, 32, 32)).any()
        assert not observed(half_plane(1))[:, :, 32:].any()

    @pytest.mark.parametrize(
        ("sensor_px", "share"), [(0.5, 0.35), (1.0, 0.35), (3.5, 0.1)]
    )
    def test_lost_at_edges(self, sensor_px, share):
        """35 % of an edge's pixels are lost, fewer where a pixel spans many."""
        seen = observed(half_plane(100), sensor_px)
        assert (seen[:, :, :31] > 0).all()
        lost = (seen[:, :, 31] == 0).double().mean().item()
        assert lost == pytest.approx(share, abs=0.025)

    def test_each_frame_has_its_own_span(self):
        """The share that is lost follows each frame's own resolution."""
        seen = sensor.observe(
            half_plane(2).repeat(40, 1, 1),
            torch.Generator().manual_seed(0),
            sensor_px=torch.tensor([1.0, 7.0]).repeat(40),
        )
        fine, coarse = (seen[start::2, :, 31].eq(0).double().mean() for start in (0, 1))
        assert fine > 4 * coarse

    def test_seeded(self):
        """A seed gives the same images again, another seed others."""
        depth = half_plane(1)
        assert torch.equal(observed(depth, seed=1), observed(depth, seed=1))
        assert not torch.equal(observed(depth, seed=1), observed(depth, seed=2))


class TestAtEdges:
    def test_by_hand(self):
        """A step of more than 25 mm makes edges of the pixels that touch it."""
        depth = torch.full((1, 5, 5), 700.0)
        depth[0, 2, 4] = 726.0
        edges = torch.zeros(1, 5, 5, dtype=torch.bool)
        edges[0, 1:4, 3:5] = True
        assert torch.equal(sensor.at_edges(depth), edges)

    def test_gentle(self):
        """A slope of 10 mm a pixel has no edge."""
        slope = 700 + 10 * torch.arange(16.0).expand(1, 16, 16)
        assert not sensor.at_edges(slope).any()
