import pytest

from cnets.networks import crossing_net
from cnets.presets import preset
from cnets.training import sizes


CONFIG = preset("tiny").replace({"networks.joints": 5, "latent_size": 3})


def test_of_networks_counts_every_number_of_the_real_ones():
    """Weights and buffers of networks that are really made, in bytes."""
    modules = crossing_net.build(CONFIG).values()
    weights = sum(p.numel() * p.element_size() for m in modules for p in m.parameters())
    buffers = sum(b.numel() * b.element_size() for m in modules for b in m.buffers())
    assert sizes.of_networks(CONFIG) == (weights, buffers)


@pytest.mark.parametrize(
    ("stage", "names"),
    [("vae", ("encoder", "decoder")), ("gan", ("generator", "trunk", "real"))],
)
def test_of_product_counts_the_networks_of_the_stage(stage, names):
    """Those that later stages take from it, and no others."""
    modules = crossing_net.build(CONFIG)
    wanted = sum(
        tensor.numel() * tensor.element_size()
        for name in names
        for tensor in modules[name].state_dict().values()
    )
    assert sizes.of_product(CONFIG, stage) == wanted
