import copy
import platform

import pytest
import torch
from jaxtyping import TypeCheckError
from torch import nn

from cnets import geometry, presets
from cnets.hands.skeleton import HAND21
from cnets.inference import folded, published
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


def crops(frames: int, side_px: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Crops with a smooth foreground, and centres as a camera sees them."""
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, side_px)] * 2, indexing="ij")
    turn = torch.linspace(0, 3, frames)[:, None, None]
    shape = torch.sin(3 * x + turn) * torch.cos(2 * y - turn)
    depth = torch.where(x**2 + y**2 < 0.6, shape, torch.ones(())).unsqueeze(1)
    return depth, torch.tensor([[20.0, -30.0, 700.0]]) * (1 + turn[:, :, 0])


def in_float64(model: Model, depth: torch.Tensor, centres: torch.Tensor):
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


class TestFolded:
    def test_gives_the_joints_of_the_whole_network(self, model):
        """In float64, every layer one by one gives the same to 1e-3 mm."""
        depth, centres = crops(5, 32)
        found = folded.Folded(model)(depth, centres)
        assert found.shape == (5, 21, 3)
        wanted = in_float64(model, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_has_no_batch_norm_and_leaves_the_model_alone(self, model):
        """Convolutions, rectifiers and dense layers are left; nothing is shared."""
        before = {n: p.clone() for n, p in model.modules["trunk"].named_parameters()}
        made = folded.Folded(model)
        kinds = {type(part) for part in made.modules() if not list(part.children())}
        assert kinds == {nn.Conv2d, nn.LeakyReLU, nn.Linear}
        for parameter in made.parameters():
            parameter.data.zero_()
        for name, parameter in model.modules["trunk"].named_parameters():
            torch.testing.assert_close(parameter, before[name], rtol=0, atol=0)

    def test_a_batch_norm_in_training_mode_does_not_matter(self, model):
        """Running statistics are what is folded, whatever the mode."""
        depth, centres = crops(3, 32)
        wanted = model.predict(depth, centres)
        for module in model.modules.values():
            module.train()
        found = folded.Folded(model)(depth, centres)
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)


class TestFast:
    @pytest.mark.parametrize("frames", [1, 2, 40])
    def test_equals_the_model_on_the_authors_weights(self, authors, frames):
        """Alone and in a batch, every coordinate is the same to 1e-3 mm."""
        depth, centres = crops(frames, 128)
        found = folded.fast(authors)(depth, centres)
        wanted = authors.predict(depth, centres)
        assert wanted.std() > 10
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)

    def test_equals_the_network_in_float64(self, authors):
        """The authors' weights, layer by layer in float64: 1e-3 mm."""
        depth, centres = crops(4, 128)
        found = folded.fast(authors)(depth, centres)
        wanted = in_float64(authors, depth, centres)
        torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-3)

    def test_without_packed_convolutions_it_is_the_same(self, model, monkeypatch):
        """On another processor the folded network runs in channels-last order."""
        depth, centres = crops(3, 32)
        packed = folded.fast(model)(depth, centres)
        monkeypatch.setattr(platform, "machine", lambda: "another")
        assert not folded.can_pack()
        other = folded.fast(model)(depth, centres)
        torch.testing.assert_close(other, packed, rtol=0, atol=1e-3)
        torch.testing.assert_close(
            other, model.predict(depth, centres), rtol=0, atol=1e-3
        )

    def test_moving_the_centre_moves_the_joints(self, model, device):
        """Joints follow the centre of the cube, millimetre by millimetre."""
        depth, centres = (part.to(device) for part in crops(2, 32))
        predict = folded.fast(model, device)
        shift = torch.tensor([1.0, -2.0, 3.0], device=device)
        moved = predict(depth, centres + shift) - predict(depth, centres)
        wanted = shift.expand(2, 21, 3)
        torch.testing.assert_close(moved, wanted, rtol=0, atol=1e-3)

    def test_every_part_of_the_path_is_in_it(self, model):
        """Changing any tensor that prediction uses changes what comes out."""
        depth, centres = crops(1, 32)
        before = folded.fast(model)(depth, centres)
        for part in ("trunk", "posterior", "decoder"):
            for name, tensor in model.modules[part].state_dict().items():
                if not tensor.is_floating_point():
                    continue
                kept = tensor.clone()
                tensor.add_(1.0)
                after = folded.fast(model)(depth, centres)
                assert (after - before).abs().max() > 1e-2, f"{part}.{name}"
                tensor.copy_(kept)

    def test_crops_and_centres_must_be_of_the_same_frames(self, model):
        """Two crops and three centres are refused, not broadcast."""
        depth, _ = crops(2, 32)
        _, centres = crops(3, 32)
        with pytest.raises((TypeCheckError, RuntimeError)):
            folded.fast(model)(depth, centres)

    def test_units_are_those_of_the_crop(self, model):
        """With weights of zero the joints lie where the biases put them."""
        for part in ("trunk", "posterior", "decoder"):
            for tensor in model.modules[part].state_dict().values():
                tensor.zero_()
        model.modules["posterior"].read.bias[-3:] = torch.tensor([1.0, 0.0, -2.0])
        model.modules["decoder"].pose.bias[3:6] = torch.tensor([0.5, 0.0, 0.0])
        depth, centres = crops(1, 32)
        found = folded.fast(model)(depth, centres)[0] - centres
        unit = geometry.MM_PER_UNIT
        wanted = torch.tensor([unit, 0.0, -2 * unit]).repeat(21, 1)
        wanted[1, 0] += unit / 2
        torch.testing.assert_close(found, wanted, rtol=0, atol=1e-3)
