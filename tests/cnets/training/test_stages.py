import numpy as np
import pytest
import torch

from cnets import config, presets
from cnets.config import TrainConfig
from cnets.training import batches, stages
from cnets.training.bank import Bank
from cnets.training.lanes import Stack


JOINT = (*stages.GENERATOR, *stages.DISCRIMINATOR)
OFF = {f"losses.{name}": 0.0 for name in vars(config.LossWeights())}


@pytest.fixture
def tiny() -> TrainConfig:
    """The smallest networks and batches."""
    return presets.preset("tiny").replace(
        {
            "networks.joints": 5,
            "latent_size": 6,
            "vae.batch_size": 8,
            "gan.batch_size": 8,
            "joint.batch_size": 8,
        }
    )


def stacked(hands, configs, stage, seed=0):
    """A stack in double precision, and one batch for it."""
    bank = Bank(hands, dtype=torch.float64)
    lanes = [bank.lane(one) for one in configs]
    modules = bank.modules(configs[0])
    stack = Stack(lanes, {name: modules[name] for name in stages.NETWORKS[stage]})
    draws = [next(batches.epoch(bank.frames, one, stage, seed)) for one in configs]
    return stack, {name: torch.stack([d[name] for d in draws]) for name in draws[0]}


def changed(hands, tiny, stage, weights=None) -> set[str]:
    """Networks whose parameters one update of a stage moves."""
    one = tiny.replace(weights or {})
    stack, batch = stacked(hands, [one], stage)
    before = {name: flat.clone() for name, flat in stack.flat.items()}
    stages.UPDATES[stage](stack, batch, torch.tensor([1e-2], dtype=torch.float64))
    return {n for n, flat in stack.flat.items() if not torch.equal(flat, before[n])}


class TestWhichParametersAreReached:
    def test_vae_moves_encoder_and_decoder(self, hands, tiny):
        """Stage A trains the pose VAE and nothing else."""
        assert changed(hands, tiny, "vae") == {"encoder", "decoder"}

    def test_gan_moves_generator_trunk_and_real_head(self, hands, tiny):
        """Stage B trains the depth GAN and nothing else."""
        assert changed(hands, tiny, "gan") == {"generator", "trunk", "real"}

    def test_warm_up_moves_alignment_and_code_heads(self, hands, tiny):
        """Trunk, real head, generator and VAE keep their weights."""
        expected = {"alignment", "posterior", "smoother"}
        assert changed(hands, tiny, "warm_up") == expected

    def test_joint_moves_all_but_the_vae(self, hands, tiny):
        """The VAE is frozen in the joint stage."""
        assert changed(hands, tiny, "joint") == set(JOINT)

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
    def test_each_term_of_the_joint_stage(self, hands, tiny, term, reached):
        """With every other weight at zero, only these networks move."""
        weights = OFF | {f"losses.{term}": 1.0}
        assert changed(hands, tiny, "joint", weights) == reached

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
    def test_each_term_of_the_warm_up(self, hands, tiny, term, reached):
        """The warm-up has three terms, each for one network."""
        weights = OFF | {f"losses.{term}": 1.0}
        assert changed(hands, tiny, "warm_up", weights) == reached

    @pytest.mark.parametrize("term", ["kl", "pose_reconstruction"])
    def test_each_term_of_the_vae(self, hands, tiny, term):
        """The divergence reaches the encoder, the reconstruction both."""
        weights = OFF | {f"losses.{term}": 1.0}
        expected = {"encoder"} if term == "kl" else {"encoder", "decoder"}
        assert changed(hands, tiny, "vae", weights) == expected


class TestRunningStatistics:
    def test_rendered_images_leave_them_alone(self, hands, tiny):
        """The trunk's statistics after a joint update are those of real images."""
        stack, batch = stacked(hands, [tiny], "joint")
        trunk = stack.modules["trunk"]
        images = torch.cat([batch["measured"][0], batch["unlabelled"][0]])
        first = trunk.shrink[0]
        weight = stack.nets["trunk"].params["shrink.0.weight"][0].detach()
        maps = torch.nn.functional.conv2d(images, weight, None, 2, first.padding)
        expected = 0.1 * maps.mean((0, 2, 3))
        rate = torch.tensor([1e-3], dtype=torch.float64)
        stages.update_joint(stack, batch, rate)
        found = stack.nets["trunk"].buffers["shrink.1.running_mean"][0]
        torch.testing.assert_close(found, expected)


class TestMixedCodes:
    def test_are_convex_combinations_of_the_batch(self, hands, tiny):
        """Each mixed code is the stated weighted mean of codes of the batch."""
        stack, batch = stacked(hands, [tiny], "joint")
        nets = {n: stack.nets[n] for n in stages.RENDERING}
        one = {n: t[0] for n, t in batch.items()}
        alone = {
            n: type(net)(*({k: t[0] for k, t in part.items()} for part in net))
            for n, net in nets.items()
        }
        scene = stages.imagine(stack.modules, alone, one)
        code = scene["code"].numpy()
        shares = one["shares"].numpy()
        expected = np.stack(
            [
                sum(w * code[i] for w, i in zip(row, rows, strict=True)) / row.sum()
                for row, rows in zip(shares, one["partners"].numpy(), strict=True)
            ]
        )
        np.testing.assert_allclose(scene["mixed"].numpy(), expected, rtol=1e-12)


class TestVaeLearningRate:
    def test_follows_the_released_schedule(self, tiny):
        """0.95^(e (steps + 1) / 10000), e counting epochs before the last one."""
        paper = tiny.replace({"vae.learning_rate": 3e-4, "vae.decay": 0.95})
        rates = [
            stages.vae_learning_rate(paper, epoch, 363) for epoch in (0, 1, 2, 101)
        ]
        expected = [3e-4, 3e-4, 3e-4 * 0.95**0.0364, 3e-4 * 0.95**3.64]
        assert rates == pytest.approx(expected)
