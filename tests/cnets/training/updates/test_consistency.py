"""Tests of `cnets.training.updates.consistency`: teacher, student, and what is compared."""

import pytest
import torch
from torch import nn

from cnets.networks import crossing_net
from cnets.training.batches import copies
from cnets.training.lanes.lane import Net
from cnets.training.lanes.stack import Stack
from cnets.training.updates import by_stage, consistency, joint, parts


RATE = torch.tensor([1e-2], dtype=torch.float64)


@pytest.fixture
def on(tiny):
    """A run whose posterior head is taught by an average."""
    return tiny.replace({"losses.consistency": 2.0})


def built(run, flats, name, lane) -> nn.Module:
    """A network with weights of its own, as one trains it."""
    module = crossing_net.build(run)[name].double().train()
    nn.utils.vector_to_parameters(
        flats(name)[lane].detach().clone(), module.parameters()
    )
    return module


class TestTermsOf:
    def test_each_lane_by_plain_modules(self, stacked, on):
        """Squared differences in units of the joints in copies, moved 10 mm to the left."""
        runs = [on, on.replace({"seed": 1, "losses.consistency": 3.0})]
        stack, batch = stacked(runs, "joint")
        batch["copy_moves"] = torch.tensor([0.0, 1.0, 10.0, 0.0, 0.0]).double()
        batch["copy_moves"] = batch["copy_moves"].expand(2, 8, 5)
        for name in consistency.READERS:
            stack.average(name).mul_(0.9)  # a teacher unlike its student
        nets = parts.pick(stack, crossing_net.DISCRIMINATOR)
        found = consistency.terms_of(stack, nets, batch)["consistency"]
        gradients = stack.gradients(consistency.READERS, found)
        for lane, run in enumerate(runs):
            poses, learning = [], []
            for flats, crops in (
                (stack.average, "unlabelled"),
                (stack.flat.get, "copy"),
            ):
                trunk, head = (built(run, flats, n, lane) for n in consistency.READERS)
                decoder = built(run, stack.flat.get, "decoder", lane)
                code = head(trunk(batch[crops][lane]))
                pose = decoder(code[:, : run.latent_size]).view(8, 5, 3)
                poses.append(pose + code[:, None, run.latent_size :])
                learning = [trunk, head]
            wanted = poses[0].detach() - torch.tensor([0.2, 0.0, 0.0]).double()
            loss = ((poses[1] - wanted) ** 2).sum() / (8 * 5 * 3)
            torch.testing.assert_close(found[lane], loss)
            for name, module in zip(consistency.READERS, learning, strict=True):
                own = torch.autograd.grad(
                    loss, list(module.parameters()), retain_graph=True
                )
                expected = torch.cat([part.flatten() for part in own])
                torch.testing.assert_close(gradients[name][lane], expected)

    def test_it_keeps_no_running_statistics(self, stacked, on):
        """Those of the readers describe labelled images."""
        stack, batch = stacked([on], "joint")
        nets = parts.pick(stack, crossing_net.DISCRIMINATOR)
        before = {n: {k: b.clone() for k, b in nets[n].buffers.items()} for n in nets}
        consistency.terms_of(stack, nets, batch)
        for name, buffers in before.items():
            for key, buffer in buffers.items():
                assert torch.equal(buffer, nets[name].buffers[key])


class Middles(nn.Module):
    """A posterior head that finds two joints, in pixels of hand and of near hand."""

    def forward(self, crops):
        """Where the near part is from the whole hand's middle, and that middle."""
        side = crops.shape[-1]
        along = ((2 * torch.arange(side) + 1) / side - 1) * 2.5  # units of 50 mm
        found = []
        for limit in (1.0, -0.5):
            hand = (crops[:, 0] < limit).to(crops)
            size = hand.sum((1, 2))
            across = (hand.sum(1) * along).sum(1) / size
            up = (hand.sum(2) * -along).sum(1) / size
            found.append(torch.stack([across, up, torch.zeros_like(up)], 1))
        whole, near = found
        return torch.cat([near - whole, whole], 1)


class OfRoot(nn.Module):
    """A decoder of two joints: the root, and where the code says from there."""

    def forward(self, code):
        """Six numbers."""
        return torch.cat([torch.zeros_like(code), code], 1)


class TestTerm:
    def test_a_reader_that_turns_with_the_crop_costs_nothing(self):
        """But for the sampling of pixels, wherever the crop was cut."""
        crops = torch.ones(16, 1, 64, 64)
        crops[:, :, 20:40, 28:44] = 0.0
        crops[:, :, 22:28, 30:42] = -1.0
        moves = copies.drawn(16, torch.Generator().manual_seed(0))
        centres = torch.tensor([50.0, -30.0, 600.0]).expand(16, 3)
        modules = {"trunk": nn.Identity(), "posterior": Middles(), "decoder": OfRoot()}
        nets = {name: Net({}, {}) for name in modules}
        batch = {"unlabelled": crops, "copy_moves": moves}
        batch |= copies.of_update(crops, centres, moves)
        found = consistency.term(modules, nets, nets, batch)["consistency"].item()
        assert found < 1e-3  # (1.6 mm) squared
        still = batch | {"copy_moves": torch.tensor([[0.0, 1.0, 0, 0, 0]] * 16)}
        apart = consistency.term(modules, nets, nets, still)["consistency"].item()
        assert apart > 50 * found


class TestFollow:
    def test_by_hand(self, stacked, on):
        """The mean of three weights after two updates; later 0.99 of the old average."""
        stack, batch = stacked([on], "joint")
        seen = {name: [stack.flat[name].clone()] for name in consistency.READERS}
        for _ in range(2):
            joint.update(stack, batch, RATE)
            for name, flats in seen.items():
                flats.append(stack.flat[name].clone())
        for name, flats in seen.items():
            assert not torch.equal(flats[0], flats[2])
            expected = (flats[0] + flats[1] + flats[2]) / 3
            torch.testing.assert_close(stack.average(name), expected)
        before = {name: stack.average(name).clone() for name in seen}
        for moments in stack.moments["discriminator"].values():
            moments.count.fill_(500)
        joint.update(stack, batch, RATE)
        for name, average in before.items():
            expected = 0.99 * average + 0.01 * stack.flat[name]
            torch.testing.assert_close(stack.average(name), expected)

    def test_the_lane_gets_it_back(self, stacked, on):
        """It is what a checkpoint holds, and where the next epoch goes on."""
        stack, batch = stacked([on], "joint")
        joint.update(stack, batch, RATE)
        average = stack.average("trunk")[0].clone()
        (lane,) = stack.lanes
        stack.unstack()
        assert lane.averages.keys() == set(consistency.READERS)
        assert torch.equal(lane.averages["trunk"], average)
        assert not torch.equal(lane.flat["trunk"], average)
        later = Stack([lane], stack.modules)
        assert torch.equal(later.average("trunk")[0], average)


@pytest.mark.parametrize("stage", ["warm_up", "joint"])
def test_is_on_in_the_joint_stage_alone(stacked, on, tiny, stage):
    """Without a weight nobody is averaged, and no decoder is run."""
    for run in (on, tiny):
        stack, batch = stacked([run], stage)
        assert consistency.is_on(stack) == (run == on)
        wanted = stage == "joint" and run == on
        assert ("copy" in batch) == ("decoder" in stack.modules) == wanted
        by_stage.UPDATES[stage](stack, batch, RATE)
        stack.unstack()
        assert bool(stack.lanes[0].averages) == wanted
