"""Tests of `cnets.data.coverage` against points on a line and a search by brute force."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnets.data import coverage


def on_a_line(*places: float) -> np.ndarray:
    """Points with one coordinate."""
    return np.array(places, float)[:, None]


def brute_force(points, count, chosen):
    """The definition, word by word: no distance is kept from one choice to the next."""
    order = list(chosen)
    while len(order) < len(chosen) + count:
        apart = np.linalg.norm(points[:, None] - points[order], axis=2).min(1)
        apart[order] = -1
        order.append(int(apart.argmax()))
    return order[len(chosen) :]


class TestTraversal:
    def test_by_hand(self):
        """From 0: the far end 10, then 4 (4 away), then 7 (3), then 1 (1), then the copy."""
        places, distances = coverage.traversal(
            on_a_line(0, 1, 4, 7, 10, 4), 5, chosen=[0]
        )
        assert places.tolist() == [4, 2, 3, 1, 5]
        assert distances.tolist() == [10, 4, 3, 1, 0]

    def test_of_two_that_are_equally_far_the_first(self):
        """3 and -3 are equally far from 0."""
        places, _ = coverage.traversal(on_a_line(0, 3, -3), 2, chosen=[0])
        assert places.tolist() == [1, 2]
        places, _ = coverage.traversal(on_a_line(0, -3, 3), 2, chosen=[0])
        assert places.tolist() == [1, 2]

    def test_all_that_are_chosen_count(self):
        """Of 0 to 10 with both ends chosen the middle comes next, 5 away."""
        places, distances = coverage.traversal(on_a_line(*range(11)), 1, chosen=[0, 10])
        assert (places.tolist(), distances.tolist()) == ([5], [5.0])

    @given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.data())
    def test_as_brute_force(self, seed, frames, data):
        """Whatever is chosen already, every choice is that of the definition."""
        draw = np.random.default_rng(seed)
        points = np.rint(draw.normal(size=(frames, 3)) * 4)  # many are equally far
        chosen = data.draw(
            st.lists(st.integers(0, frames - 1), min_size=1, unique=True)
        )
        count = data.draw(st.integers(0, frames - len(chosen)))
        places, _ = coverage.traversal(points, count, chosen=chosen)
        assert places.tolist() == brute_force(points, count, chosen)

    def test_a_short_choice_begins_a_long_one(self):
        """The first frames do not depend on how many are wanted."""
        points = np.random.default_rng(0).normal(size=(50, 4)).round(1)
        long, _ = coverage.traversal(points, 50, seed=3)
        assert sorted(long.tolist()) == list(range(50))
        for count in (1, 2, 17):
            places, _ = coverage.traversal(points, count, seed=3)
            assert places.tolist() == long[:count].tolist()

    def test_the_seed_draws_the_first(self):
        """Each frame comes first for some seed; nothing was before it."""
        points = on_a_line(0, 1, 5)
        firsts = [coverage.traversal(points, 1, seed=seed) for seed in range(30)]
        assert {int(places[0]) for places, _ in firsts} == {0, 1, 2}
        assert all(distances[0] == np.inf for _, distances in firsts)


class TestFeatures:
    def crops(self, frames, side_px=32):
        """Smooth crops of three hidden numbers each."""
        draw = np.random.default_rng(1)
        y, x = np.mgrid[:side_px, :side_px] / side_px
        waves = np.stack([np.sin(3 * x + y), np.cos(4 * y), x * y])
        hidden = draw.normal(size=(frames, 3))
        return np.tanh(np.einsum("nk,khw->nhw", hidden, waves)).astype(np.float16)

    @pytest.mark.parametrize("side_px", [32, 64, 128])
    def test_distances_are_those_of_the_small_crops(self, side_px, monkeypatch):
        """With as many components as dimensions: root mean square of the difference."""
        monkeypatch.setattr(coverage, "ROWS_AT_ONCE", 7)
        crops = self.crops(18, side_px)
        rows = np.arange(1, 18)
        points, step = coverage.features(crops, rows)
        times = side_px // 16
        small = crops[rows].astype(float).reshape(17, 16, times, 16, times).mean((2, 4))
        apart = small[:, None] - small
        wanted = np.sqrt(np.square(apart).mean((2, 3)))
        found = np.linalg.norm(points[:, None] - points, axis=2) * step
        np.testing.assert_allclose(found, wanted, atol=20 * step)

    def test_only_the_largest_components_are_kept(self):
        """The points are those of a singular value decomposition, up to their signs."""
        crops = np.random.default_rng(0).uniform(-1, 1, (60, 16, 16))
        points, step = coverage.features(crops, np.arange(60))
        flat = crops.reshape(60, -1)
        left, scale, _ = np.linalg.svd(flat - flat.mean(0), full_matrices=False)
        wanted = (left * scale)[:, 19::-1] / 16
        assert points.shape == (60, 20)
        np.testing.assert_allclose(np.abs(points * step), np.abs(wanted), atol=2 * step)

    def test_whole_numbers(self):
        """Points lie on a grid, and the farthest is `STEPS` from the middle."""
        points, _ = coverage.features(self.crops(30), np.arange(30))
        assert (points == points.round()).all()
        farthest = np.linalg.norm(points, axis=1).max()
        assert farthest == pytest.approx(coverage.STEPS, abs=5)

    def test_frames_that_are_all_the_same(self):
        """They lie in one place, and can be chosen from."""
        crops = self.crops(1).repeat(5, 0)
        points, _ = coverage.features(crops, np.arange(5))
        assert not points.any()
        assert sorted(coverage.traversal(points, 5)[0].tolist()) == [0, 1, 2, 3, 4]


def test_shown(monkeypatch):
    """Frames with any pixel before the background, of those that were asked for."""
    monkeypatch.setattr(coverage, "ROWS_AT_ONCE", 2)
    crops = np.ones((6, 32, 32), np.float16)
    crops[[0, 2, 5], 3, 4] = -1
    assert coverage.shown(crops, np.arange(1, 6)).tolist() == [2, 5]
    assert coverage.shown(crops, np.array([], int)).tolist() == []
