"""Tests of `cnets.training.updates.joint`: what moves, and what statistics are kept."""

import pytest
import torch

from cnets import presets
from cnets.config import LossWeights
from cnets.networks import crossing_net
from cnets.training.updates import by_stage


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
            ("consistency", {"trunk", "posterior"}),
            ("kl", set()),
            ("pose_reconstruction", set()),
        ],
    )
    def test_each_term_of_the_joint_stage(self, changed, term, reached):
        """With every other weight at zero, only these networks move."""
        weights = OFF | {f"losses.{term}": 1.0}
        assert changed("joint", weights) == reached


class TestPosteriorOnly:
    @pytest.mark.parametrize("stage", ["warm_up", "joint"])
    def test_unlabelled_images_change_no_bit(self, stacked, tiny, stage):
        """The supervised baseline's trunk and posterior see labelled images alone."""
        ends = []
        for shift in (0.0, 0.7):
            run = presets.ablated(tiny, "posterior_only")
            stack, batch = stacked([run], stage)
            batch["unlabelled"] = batch["unlabelled"] + shift
            by_stage.of_stack(stack, stage)(stack, batch, torch.tensor([1e-2]).double())
            ends.append(stack)
        for name in ("trunk", "posterior"):
            first, second = (stack.nets[name] for stack in ends)
            assert all(
                torch.equal(p, second.params[n]) for n, p in first.params.items()
            )
            assert all(
                torch.equal(b, second.buffers[n]) for n, b in first.buffers.items()
            )


class TestRunningStatistics:
    @pytest.mark.parametrize(
        ("stage", "weight"), [("warm_up", 0.0), ("joint", 0.0), ("joint", 2.0)]
    )
    def test_are_those_of_the_labelled_images(self, stacked, tiny, stage, weight):
        """Neither rendered nor unlabelled images count, read from copies or not."""
        stack, batch = stacked([tiny.replace({"losses.consistency": weight})], stage)
        trunk, images = stack.modules["trunk"], batch["measured"][0]
        first = trunk.shrink[0]
        weight = stack.nets["trunk"].params["shrink.0.weight"][0].detach()
        maps = torch.nn.functional.conv2d(images, weight, None, 2, first.padding)
        expected = 0.1 * maps.mean((0, 2, 3))
        rate = torch.tensor([1e-3], dtype=torch.float64)
        by_stage.of_stack(stack, stage)(stack, batch, rate)
        found = stack.nets["trunk"].buffers["shrink.1.running_mean"][0]
        torch.testing.assert_close(found, expected)
