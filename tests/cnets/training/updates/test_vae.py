"""Tests of `cnets.training.updates.vae`: which networks each term moves."""

import numpy as np
import pytest

from cnets.config import LossWeights
from cnets.training.updates import vae


OFF = {f"losses.{name}": 0.0 for name in vars(LossWeights())}
"""Every weight at zero."""


class TestWhatMoves:
    def test_vae_moves_encoder_and_decoder(self, changed):
        """Stage A trains the pose VAE and nothing else."""
        assert changed("vae") == {"encoder", "decoder"}

    @pytest.mark.parametrize("term", ["kl", "pose_reconstruction"])
    def test_each_term_of_the_vae(self, changed, term):
        """The divergence reaches the encoder, the reconstruction both."""
        weights = OFF | {f"losses.{term}": 1.0}
        expected = {"encoder"} if term == "kl" else {"encoder", "decoder"}
        assert changed("vae", weights) == expected


class TestTerms:
    def test_without_noise_they_are_those_of_the_mean(self, stacked, tiny):
        """The pose is decoded from the mean; both terms are worked out in numpy."""
        stack, batch = stacked([tiny.replace({"vae.noise_std": 0.0})], "vae")
        terms = stack.map(
            lambda nets, inner: vae.terms_of(stack.modules, nets, inner),
            stack.nets,
            batch,
        )
        net = {
            f"{name}.{part}": value[0].detach().numpy()
            for name in ("encoder", "decoder")
            for part, value in stack.nets[name].params.items()
        }

        def dense(name, values):
            return values @ net[f"{name}.weight"].T + net[f"{name}.bias"]

        pose = batch["pose"][0].numpy()
        hidden = np.maximum(dense("encoder.hidden", pose), 0)
        mean = dense("encoder.mean", hidden)
        log_variance = dense("encoder.log_variance", hidden)
        first = dense("decoder.hidden", mean)
        decoded = dense("decoder.pose", np.where(first > 0, first, 0.01 * first))
        wanted = {
            "pose_reconstruction": 0.5 * ((decoded - pose) ** 2).sum(),
            "kl": 0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1).sum(),
        }
        assert terms.keys() == wanted.keys()
        for name, value in wanted.items():
            assert terms[name].item() == pytest.approx(value, rel=1e-9)
