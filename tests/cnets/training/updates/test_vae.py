"""Tests of `cnets.training.updates.vae`: which networks each term moves."""

from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional

from cnets.config import LossWeights
from cnets.networks import losses
from cnets.training.bank import Bank
from cnets.training.batches import draws
from cnets.training.lanes.lane import run
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


class TestJointsThatAreNotKnown:
    def test_the_gradient_is_that_of_a_loss_without_them(self, stacked, tiny, gappy):
        """Joint by joint in float64: known ones only, each frame as heavy as a whole."""
        stack, batch = stacked(
            [tiny.replace({"vae.noise_std": 0.0})], "vae", data=gappy
        )
        every = [p for name in stack.nets for p in stack.nets[name].params.values()]
        terms = stack.map(partial(vae.terms_of, stack.modules), stack.nets, batch)
        found = torch.autograd.grad(terms["pose_reconstruction"].sum(), every)

        nets = {name: stack.nets[name].params for name in stack.nets}

        def dense(net, part, values):
            weight, bias = nets[net][f"{part}.weight"][0], nets[net][f"{part}.bias"][0]
            return weight @ values + bias

        rows = self.rows(gappy, tiny)
        loss = torch.zeros((), dtype=torch.float64)
        for row in rows:
            points = torch.tensor(gappy.joints_mm[row]).double()
            known = [
                joint for joint in range(5) if points[joint, 0] == points[joint, 0]
            ]
            pose = torch.zeros(15, dtype=torch.float64)
            for joint in known:
                pose[3 * joint : 3 * joint + 3] = (points[joint] - points[0]) / 50
            mean = dense("encoder", "mean", dense("encoder", "hidden", pose).relu())
            hidden = functional.leaky_relu(dense("decoder", "hidden", mean), 0.01)
            decoded = dense("decoder", "pose", hidden)
            for joint in known:
                part = slice(3 * joint, 3 * joint + 3)
                loss = loss + 0.5 * 5 / len(known) * (
                    (decoded[part] - pose[part]).square().sum()
                )
        assert any(np.isnan(gappy.joints_mm[row]).any() for row in rows)
        assert terms["pose_reconstruction"].item() == pytest.approx(
            loss.item(), rel=1e-5
        )
        for one, wanted in zip(
            found, torch.autograd.grad(loss, every, allow_unused=True), strict=True
        ):
            if wanted is not None:
                torch.testing.assert_close(one, wanted, rtol=1e-4, atol=1e-6)

    @staticmethod
    def rows(data, config) -> list[int]:
        """The frames of the first batch."""
        frames = Bank(data).frames
        return draws.of_epoch(frames, config, "vae", 0)["rows"][0].tolist()

    def test_what_would_stand_there_changes_no_bit(self, stacked, tiny, gappy):
        """Other numbers in the label of a joint with weight 0: the same gradient."""
        stack, batch = stacked([tiny], "vae", data=gappy)
        hidden = batch["weight"] == 0
        assert hidden.any()
        every = list(stack.nets["decoder"].params.values())
        gradients = []
        for value in (0.0, 7.0, -1e6):
            pose = torch.where(hidden, value, batch["pose"])
            terms = stack.map(
                lambda net, code, pose, weight: losses.pose_reconstruction(
                    run(stack.modules["decoder"], net, code), pose, weight
                ),
                stack.nets["decoder"],
                batch["noise"],
                pose,
                batch["weight"],
            )
            gradients.append(torch.autograd.grad(terms.sum(), every))
        for other in gradients[1:]:
            assert all(map(torch.equal, gradients[0], other))
