"""Tests of `cnets.training.updates.warm_up`: which networks each term moves."""

import pytest

from cnets.config import LossWeights


OFF = {f"losses.{name}": 0.0 for name in vars(LossWeights())}
"""Every weight at zero."""


class TestWhatMoves:
    def test_warm_up_moves_alignment_and_code_heads(self, changed):
        """Trunk, real head, generator and VAE keep their weights."""
        expected = {"alignment", "posterior", "smoother"}
        assert changed("warm_up") == expected

    @pytest.mark.parametrize(
        ("term", "reached"),
        [
            ("posterior", {"posterior"}),
            ("smoothness", {"smoother"}),
            ("depth_reconstruction", {"alignment"}),
            ("adversarial", set()),
            ("feature_matching", set()),
        ],
    )
    def test_each_term_of_the_warm_up(self, changed, term, reached):
        """The warm-up has three terms, each for one network."""
        weights = OFF | {f"losses.{term}": 1.0}
        assert changed("warm_up", weights) == reached
