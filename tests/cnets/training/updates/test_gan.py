"""Tests of `cnets.training.updates.gan`: which networks move, whatever the weights."""

import torch

from cnets.config import LossWeights
from cnets.training.updates import gan


class TestWhatMoves:
    def test_gan_moves_generator_trunk_and_real_head(self, changed):
        """Stage B trains the depth GAN and nothing else."""
        assert changed("gan") == {"generator", "trunk", "real"}

    def test_the_joint_stages_weights_do_not_matter(self, stacked, tiny):
        """With every weight at zero the update gives the same numbers."""
        off = {f"losses.{name}": 0.0 for name in vars(LossWeights())}
        ends = []
        for config in (tiny, tiny.replace(off)):
            stack, batch = stacked([config], "gan")
            terms = gan.update(stack, batch, torch.tensor([1e-3], dtype=torch.float64))
            ends.append((terms, stack.flat))
        assert ends[0][0].keys() == {
            "adversarial_real",
            "adversarial_fake",
            "feature_matching",
        }
        for first, second in zip(*ends, strict=True):
            for name, value in first.items():
                assert torch.equal(value, second[name])
