"""Tests of `cnets.training.updates.joint`: what moves, and what statistics are kept."""

import pytest
import torch

from cnets.config import LossWeights
from cnets.networks import crossing_net
from cnets.training.updates import joint


OFF = {f"losses.{name}": 0.0 for name in vars(LossWeights())}
"""Every weight at zero."""


class TestWhatMoves:
    def test_joint_moves_all_but_the_vae(self, changed):
        """The VAE is frozen in the joint stage."""
        assert changed("joint") == {
            *crossing_net.GENERATOR,
            *crossing_net.DISCRIMINATOR,
        }

    @pytest.mark.parametrize(
        ("term", "reached"),
        [
            ("adversarial", {"trunk", "real"}),
            ("posterior", {"trunk", "posterior"}),
            ("smoothness", {"trunk", "smoother", "alignment", "generator"}),
            ("feature_matching", {"alignment", "generator"}),
            ("depth_reconstruction", {"alignment", "generator"}),
            ("kl", set()),
            ("pose_reconstruction", set()),
        ],
    )
    def test_each_term_of_the_joint_stage(self, changed, term, reached):
        """With every other weight at zero, only these networks move."""
        weights = OFF | {f"losses.{term}": 1.0}
        assert changed("joint", weights) == reached


class TestRunningStatistics:
    def test_rendered_images_leave_them_alone(self, stacked, tiny):
        """The trunk's statistics after a joint update are those of real images."""
        stack, batch = stacked([tiny], "joint")
        trunk = stack.modules["trunk"]
        images = torch.cat([batch["measured"][0], batch["unlabelled"][0]])
        first = trunk.shrink[0]
        weight = stack.nets["trunk"].params["shrink.0.weight"][0].detach()
        maps = torch.nn.functional.conv2d(images, weight, None, 2, first.padding)
        expected = 0.1 * maps.mean((0, 2, 3))
        rate = torch.tensor([1e-3], dtype=torch.float64)
        joint.update(stack, batch, rate)
        found = stack.nets["trunk"].buffers["shrink.1.running_mean"][0]
        torch.testing.assert_close(found, expected)
