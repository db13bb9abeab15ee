"""Tests of `cnets.training.batches.generators`: sources that know no neighbour."""

import numpy as np
import torch

from cnets.training.batches import generators


class TestSeeded:
    def test_repeats(self):
        """One seed and purpose draw the same numbers whenever they are asked for."""
        first, second = (
            torch.randn(5, generator=generators.seeded(3, 1, 4)) for _ in range(2)
        )
        assert torch.equal(first, second)

    def test_every_purpose_has_its_own(self):
        """Seeds, purposes, their order and their number all matter."""
        keys = [(3, 1), (4, 1), (3, 2), (1, 3), (3, 1, 2), (3, 2, 1)]
        drawn = {generators.seeded(*key).initial_seed() for key in keys}
        assert len(drawn) == len(keys)

    def test_leaves_the_global_source_alone(self):
        """Making one draws nothing from torch's own."""
        before = torch.random.get_rng_state()
        generators.seeded(0, 1)
        assert torch.equal(before, torch.random.get_rng_state())


class TestShuffled:
    def test_every_row_comes_once_a_shuffle(self):
        """Of 5 rows in 4 batches of 5 each batch holds all; the orders differ."""
        rows = np.array([10, 11, 12, 13, 14])
        batches = list(generators.shuffled(rows, 4, 5, generators.seeded(0)))
        assert all(sorted(batch.tolist()) == rows.tolist() for batch in batches)
        assert len({tuple(batch.tolist()) for batch in batches}) > 1

    def test_a_batch_may_span_two_shuffles(self):
        """Fewer rows than a batch come again, each as often as another but for one."""
        rows = np.array([1, 2, 3])
        (batch,) = generators.shuffled(rows, 1, 8, generators.seeded(0))
        counts = np.bincount(batch.numpy())[1:]
        assert batch.shape == (8,)
        assert counts.min() >= 2
        assert counts.max() <= 3
