"""Small networks, crops, and the path to joints in float64, for several tests."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from cnets import presets
from cnets.hands.skeleton import HAND21
from cnets.inference import published
from cnets.inference.model import Model
from cnets.networks import crossing_net


WEIGHTS = "crossingnet_weights/NYU_pretrained"


@pytest.fixture
def model() -> Model:
    """Small networks whose every number is random, running statistics too."""
    small = presets.preset("tiny").replace({"networks.joints": 21, "latent_size": 7})
    modules = crossing_net.build(small)
    for module in modules.values():
        for name, tensor in module.state_dict().items():
            if tensor.is_floating_point():
                low = 0.5 if "running_var" in name else -0.3
                tensor.uniform_(low, low + 0.6)
        module.eval().requires_grad_(False)
    return Model(
        name="test", config=small, skeleton=HAND21, camera=None, modules=modules
    )


@pytest.fixture
def authors(realdata) -> Model:
    """The authors' networks for NYU."""
    return published.load(str(realdata / WEIGHTS))


@pytest.fixture
def crops() -> Callable:
    """Makes crops and their centres."""

    def make(frames: int, side_px: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Crops with a smooth foreground, and centres as a camera sees them."""
        y, x = torch.meshgrid(*[torch.linspace(-1, 1, side_px)] * 2, indexing="ij")
        turn = torch.linspace(0, 3, frames)[:, None, None]
        shape = torch.sin(3 * x + turn) * torch.cos(2 * y - turn)
        depth = torch.where(x**2 + y**2 < 0.6, shape, torch.ones(())).unsqueeze(1)
        return depth, torch.tensor([[20.0, -30.0, 700.0]]) * (1 + turn[:, :, 0])

    return make


@pytest.fixture
def in_float64() -> Callable:
    """Gives the joints of a model in float64."""

    def read(model: Model, depth: torch.Tensor, centres: torch.Tensor):
        """The same joints, layer by layer in float64, nothing folded."""
        parts = {
            name: copy.deepcopy(model.modules[name]).double()
            for name in ("trunk", "posterior", "decoder")
        }
        maps = parts["trunk"].shrink(depth.double())
        head = parts["posterior"]
        hidden = head.norm(head.dense(head.shrink(maps).flatten(1)))
        code = head.read(nn.functional.leaky_relu(hidden, 0.2))
        pose = parts["decoder"]
        first = nn.functional.leaky_relu(pose.hidden(code[:, :-3]), 0.01)
        joints = pose.pose(first).unflatten(1, (-1, 3)) + code[:, None, -3:]
        return joints * 50 + centres.double()[:, None]

    return read
