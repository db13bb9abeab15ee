"""Tests of `cnets.networks.crossing_net`: sizes that fit, and first weights."""

import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.networks import crossing_net


@pytest.fixture
def tiny() -> TrainConfig:
    """Networks of a few channels, for codes of 6 + 3 numbers."""
    changes = {"networks.joints": 5, "latent_size": 6}
    return presets.preset("tiny").replace(changes)


def initialised(config: TrainConfig, seed: int) -> dict[str, torch.nn.Module]:
    """Networks with first weights from sources of one seed."""
    modules = crossing_net.build(config)
    sources = [torch.Generator().manual_seed(seed + n) for n in range(len(modules))]
    poses = torch.randn(30, 15, generator=torch.Generator().manual_seed(1))
    crossing_net.initialise(modules, poses, sources)
    return modules


class TestBuild:
    @pytest.mark.parametrize("side_px", [32, 64, 128])
    def test_each_network_takes_what_the_one_before_gives(self, tiny, side_px):
        """Pose to code, code to image, image to code and back to a pose."""
        config = tiny.replace({"networks.side_px": side_px})
        modules = crossing_net.build(config)
        mean, _ = modules["encoder"](torch.randn(2, 15))
        code = torch.cat([mean, torch.randn(2, 3)], 1)
        image = modules["generator"](modules["alignment"](code))
        assert image.shape == (2, 1, side_px, side_px)
        maps = modules["trunk"](image)
        assert modules["real"](maps)[1].shape == (2,)
        for head in crossing_net.CODE_HEADS:
            assert modules[head](maps).shape == code.shape
        read = modules["posterior"](maps)
        assert modules["decoder"](read[:, :6]).shape == (2, 15)

    def test_the_groups_name_every_network(self, tiny):
        """VAE, generator and discriminator share none, and there is no other."""
        groups = (crossing_net.VAE, crossing_net.GENERATOR, crossing_net.DISCRIMINATOR)
        names = [name for group in groups for name in group]
        assert sorted(names) == sorted(crossing_net.build(tiny))


class TestInitialise:
    def test_repeats_and_follows_its_sources(self, tiny):
        """Sources of one seed give the same weights, others give others."""
        first, same, other = (initialised(tiny, seed) for seed in (0, 0, 50))
        for name, module in first.items():
            for key, tensor in module.state_dict().items():
                assert torch.equal(tensor, same[name].state_dict()[key]), name
            weights = torch.cat([p.flatten() for p in module.parameters()])
            others = torch.cat([p.flatten() for p in other[name].parameters()])
            assert not torch.equal(weights, others), name

    def test_scales_are_the_released_ones(self, tiny):
        """0.02 for the alignment, 0.05 for the GAN; the last bias is near the background."""
        wide = tiny.replace({"networks.channels": 32, "latent_size": 60})
        modules = initialised(wide, 3)
        assert modules["alignment"].dense.weight.std().item() == pytest.approx(
            0.02, rel=0.1
        )
        for name in ("generator", "smoother"):
            std = modules[name].dense.weight.std().item()
            assert std == pytest.approx(0.05, rel=0.1)
        assert modules["generator"].paint.bias.item() == pytest.approx(0.8)

    def test_one_source_a_network(self, tiny):
        """A list that is too short is refused."""
        modules = crossing_net.build(tiny)
        with pytest.raises(ValueError, match="zip"):
            crossing_net.initialise(modules, torch.randn(9, 15), [torch.Generator()])
