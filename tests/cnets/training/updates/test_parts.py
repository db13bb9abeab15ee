"""Tests of `cnets.training.updates.parts`: networks that stay, and own codes."""

import torch

from cnets.training.updates import parts


class TestNetworks:
    def test_fixed_ones_pass_no_gradient(self, stacked, tiny):
        """The values are the same; only those that were picked are trained."""
        stack, _ = stacked([tiny], "joint")
        picked, fixed = (
            f(stack, ("trunk",))["trunk"] for f in (parts.pick, parts.fixed)
        )
        for name, value in picked.params.items():
            assert value.requires_grad
            assert not fixed.params[name].requires_grad
            assert torch.equal(value, fixed.params[name])

    def test_copied_ones_keep_their_statistics_apart(self, stacked, tiny):
        """Parameters are the stack's, statistics equal and not the same."""
        stack, _ = stacked([tiny], "joint")
        found, own = parts.copied(stack, ("trunk",))["trunk"], stack.nets["trunk"]
        assert found.params is own.params
        for name, buffer in own.buffers.items():
            assert torch.equal(found.buffers[name], buffer)
            assert found.buffers[name] is not buffer

    def test_the_ceiling_is_the_configurations(self, stacked, tiny):
        """It is the same in every lane of a stack."""
        stack, _ = stacked([tiny.replace({"joint.depth_clip": 0.25})] * 2, "joint")
        assert parts.depth_clip(stack) == 0.25


class TestTerms:
    def test_the_two_smoothness_terms_have_one_weight(self):
        """They are added under the weight's name."""
        terms = {
            "smoothness_mixed": torch.tensor([1.0]),
            "smoothness_self": torch.tensor([2.0]),
        }
        assert parts.smoothness(terms)["smoothness"].tolist() == [3.0]

    def test_means_over_wider_codes_are_corrected(self, stacked, tiny):
        """Only means over a code are multiplied, each lane's by its own ratio."""
        stack, _ = stacked([tiny] * 2, "joint")
        terms = {
            "posterior": torch.tensor([1.0, 1.0]),
            "feature_matching": torch.tensor([1.0, 1.0]),
        }
        assert parts.over_own_codes(stack, terms) == terms
        stack.spread = torch.tensor([2.0, 5.0])
        found = parts.over_own_codes(stack, terms)
        assert found["posterior"].tolist() == [2.0, 5.0]
        assert found["feature_matching"].tolist() == [1.0, 1.0]
