import pytest
import torch

from cnets.config import TrainConfig
from cnets.networks import crossing_net, depth_gan


def count(module: torch.nn.Module) -> int:
    """Number of parameters."""
    return sum(p.numel() for p in module.parameters())


class TestPaperSizes:
    def test_generator_has_the_published_number_of_parameters(self):
        """161,665, as in the released weights."""
        assert count(crossing_net.build(TrainConfig())["generator"]) == 161_665

    def test_posterior_path_has_the_published_number_of_parameters(self):
        """Trunk and posterior head together hold 161,302."""
        networks = crossing_net.build(TrainConfig())
        assert count(networks["trunk"]) + count(networks["posterior"]) == 161_302

    def test_generator_doubles_from_4_to_128(self):
        """Five transposed convolutions, each twice the side, end at 128."""
        networks = crossing_net.build(TrainConfig())
        sides = []
        for layer in networks["generator"].modules():
            if isinstance(layer, torch.nn.ConvTranspose2d):
                layer.register_forward_hook(
                    lambda _, __, out: sides.append(tuple(out.shape[1:]))
                )
        image = networks["generator"](torch.zeros(2, 23))
        assert image.shape == (2, 1, 128, 128)
        expected = [(32, 8, 8), (32, 16, 16), (32, 32, 32), (32, 64, 64)]
        assert sides == [*expected, (1, 128, 128)]

    def test_discriminator_halves_from_128_to_4(self):
        """Two shared convolutions, then three a head, end at 4."""
        networks = crossing_net.build(TrainConfig())
        maps = networks["trunk"](torch.zeros(2, 1, 128, 128))
        assert maps.shape == (2, 32, 32, 32)
        features, logits = networks["real"](maps)
        assert features.shape == (2, 32, 4, 4)
        assert logits.shape == (2,)
        assert networks["posterior"](maps).shape == (2, 23)
        assert networks["smoother"](maps).shape == (2, 23)

    def test_dense_layers_have_the_published_sizes(self):
        """512 to 23 to 23 in the posterior head, 512 to 512 to 23 in the smoother."""
        networks = crossing_net.build(TrainConfig())
        shapes = {
            name: [
                tuple(layer.weight.shape)
                for layer in networks[name].modules()
                if isinstance(layer, torch.nn.Linear)
            ]
            for name in ("posterior", "smoother", "real", "alignment")
        }
        assert shapes["posterior"] == [(23, 512), (23, 23)]
        assert shapes["smoother"] == [(512, 512), (23, 512)]
        assert shapes["real"] == [(1, 512)]
        assert shapes["alignment"] == [(23, 23)]


@pytest.mark.parametrize("side_px", [32, 64, 128])
def test_every_side_ends_at_4(side_px):
    """Side and channels are configuration; the smallest map stays 4x4."""
    config = TrainConfig().replace(
        {"networks.side_px": side_px, "networks.channels": 8, "latent_size": 11}
    )
    networks = crossing_net.build(config)
    image = networks["generator"](torch.zeros(2, 14))
    assert image.shape == (2, 1, side_px, side_px)
    features, _ = networks["real"](networks["trunk"](image))
    assert features.shape == (2, 8, 4, 4)


class TestInitialise:
    def test_draws_the_released_distributions(self):
        """Weights N(0, 0.05), scales N(1, 0.02), last bias 0.8, other biases 0."""
        generator = depth_gan.Generator(23, 128, 32)
        depth_gan.initialise(generator, torch.Generator().manual_seed(1), std=0.05)
        weights = generator.dense.weight
        assert abs(weights.std().item() - 0.05) < 0.002
        scales = generator.dense_norm.weight
        assert abs(scales.mean().item() - 1) < 0.005
        assert abs(scales.std().item() - 0.02) < 0.003
        assert generator.paint.bias.item() == pytest.approx(0.8)
        head = depth_gan.CodeHead(128, 32, 23, 23)
        depth_gan.initialise(head, torch.Generator(), std=0.05)
        assert not head.read.bias.any()

    def test_is_a_function_of_the_generator(self):
        """Two draws from one seed are equal, whatever torch's own state."""
        first, second = (depth_gan.Trunk(8) for _ in range(2))
        for trunk in (first, second):
            depth_gan.initialise(trunk, torch.Generator().manual_seed(3), std=0.05)
        for a, b in zip(first.parameters(), second.parameters(), strict=True):
            assert torch.equal(a, b)
