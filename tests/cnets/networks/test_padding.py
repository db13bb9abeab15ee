"""Tests of `cnets.networks.padding`: layouts by hand, and there and back."""

import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.networks import crossing_net, padding
from cnets.networks.padding import Layout


@pytest.fixture
def short() -> TrainConfig:
    """Networks of a few channels."""
    changes = {"networks.joints": 5, "networks.channels": 4, "latent_size": 6}
    return presets.preset("tiny").replace(changes)


class TestPadding:
    @pytest.mark.parametrize(
        ("latent_size", "expected"), [(1, 125), (64, 125), (125, 125), (126, 189)]
    )
    def test_room_by_hand(self, latent_size, expected):
        """With three numbers of the origin a code has 128 or 192."""
        assert padding.room(latent_size, 3) == expected

    def test_widened_by_hand(self):
        """Two numbers of a pose code, three of an origin, room for four."""
        code = torch.tensor([[1.0, 2.0, 7.0, 8.0, 9.0]])
        expected = torch.tensor([[1.0, 2.0, 0.0, 0.0, 7.0, 8.0, 9.0]])
        assert torch.equal(padding.widened(code, 2, 4), expected)
        assert torch.equal(padding.widened(code[:, :2], 2, 4), expected[:, :4])

    def test_a_layout_by_hand(self):
        """A square layer for a code of 1 + 3 inside one for 2 + 3."""
        small, wide = (
            torch.nn.Linear(size, size, bias=False, device="meta") for size in (4, 5)
        )
        flat = torch.arange(1.0, 17)
        expected = torch.zeros(5, 5)
        index = torch.tensor([0, 2, 3, 4])
        expected[index.unsqueeze(1), index] = flat.view(4, 4)
        layout = Layout(small, wide, 1, 2)
        assert torch.equal(layout.widen(flat), expected.flatten())
        assert torch.equal(layout.narrow(expected.flatten()), flat)

    def test_every_network_comes_back(self, short):
        """Narrowing undoes widening, for parameters and running statistics."""
        small, wide = (
            crossing_net.build(short.replace({"latent_size": size}))
            for size in (6, 125)
        )
        for name, module in small.items():
            layout = Layout(module, wide[name], 6, 125)
            flat = torch.cat([p.detach().flatten() for p in module.parameters()])
            assert torch.equal(layout.narrow(layout.widen(flat)), flat)
            buffers = dict(module.named_buffers())
            back = layout.narrow_buffers(layout.widen_buffers(buffers))
            assert back.keys() == buffers.keys()
            for key, buffer in buffers.items():
                assert torch.equal(back[key], buffer)
