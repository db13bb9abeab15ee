"""Tests of `cnets.training.lanes.lane`: a network as numbers, and the way of a lane."""

import pytest
import torch

from cnets import presets
from cnets.training.lanes import optimiser
from cnets.training.lanes.lane import Lane, move_on, run, take, unflatten


@pytest.fixture
def module() -> torch.nn.Module:
    """A layer with running statistics behind it."""
    return torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))


@pytest.fixture
def lane(module) -> Lane:
    """A lane that has it."""
    lane = Lane(presets.preset("tiny"))
    take(lane, "part", module)
    return lane


class TestNumbers:
    def test_there_and_back(self, lane, module):
        """The vector holds every parameter in its order and its shape."""
        views = unflatten(lane.flat["part"], module)
        parameters = dict(module.named_parameters())
        assert views.keys() == parameters.keys()
        for name, parameter in parameters.items():
            assert torch.equal(views[name], parameter)

    def test_a_taken_network_is_a_copy(self, lane, module):
        """Later changes of the module do not reach the lane."""
        with torch.no_grad():
            module[0].weight.zero_()
            module[1].running_mean.fill_(7.0)
        assert lane.flat["part"].abs().sum() > 0
        assert lane.buffers["part"]["1.running_mean"].abs().sum() == 0


class TestNets:
    def test_a_copy_has_statistics_of_its_own(self, lane, module):
        """The parameters are the same; running it leaves the lane's as they are."""
        net = lane.net("part", module)
        copy = net.copied()
        run(module, copy, 5 + torch.randn(6, 3))
        assert copy.params is net.params
        assert lane.buffers["part"]["1.running_mean"].abs().sum() == 0
        assert copy.buffers["1.running_mean"].abs().sum() > 0


class TestRun:
    def test_uses_the_lanes_numbers(self, lane, module):
        """The module gives structure only; its own weights may be anything."""
        inputs = torch.randn(6, 3)
        expected = module(inputs)
        lane.buffers["part"]["1.running_mean"].zero_()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.fill_(7.0)
        found = run(module, lane.net("part", module), inputs)
        torch.testing.assert_close(found, expected)

    @pytest.mark.parametrize("keep", [True, False])
    def test_statistics_are_kept_or_left_alone(self, lane, module, keep):
        """They move towards the batch's only where that is asked for."""
        net = lane.net("part", module)
        run(module, net, torch.randn(6, 3), keep_statistics=keep)
        moved = lane.buffers["part"]["1.running_mean"].abs().sum() > 0
        assert bool(moved) == keep

    def test_no_gradient_flows_through_a_detached_net(self, lane, module):
        """The output still depends on its inputs."""
        inputs = torch.randn(6, 3).requires_grad_()
        run(module, lane.net("part", module).detached(), inputs).sum().backward()
        assert inputs.grad is not None


class TestMoveOn:
    def test_a_stage_that_is_not_over_goes_on(self, lane):
        """Nothing of the lane changes."""
        lane.epoch = 3
        move_on(lane)
        assert (lane.stage, lane.epoch) == ("vae", 3)

    @pytest.mark.parametrize(
        ("changes", "stage"),
        [
            ({}, "gan"),
            ({"gan.epochs": 0}, "warm_up"),
            ({"gan.epochs": 0, "joint.warm_up_epochs": 0}, "joint"),
        ],
    )
    def test_stages_without_epochs_are_passed_over(self, changes, stage):
        """The next stage starts afresh: no optimiser, no figures, epoch 0."""
        lane = Lane(presets.preset("tiny").replace(changes), epoch=20)
        lane.moments = {"vae": {"encoder": optimiser.fresh(torch.zeros(2))}}
        lane.recent = ({"kl": 1.0},)
        move_on(lane)
        assert (lane.stage, lane.epoch) == (stage, 0)
        assert (lane.moments, lane.recent) == ({}, ())

    def test_the_last_stage_is_the_end(self):
        """A lane that has finished stays where it is."""
        lane = Lane(presets.preset("tiny"), "joint", 9)
        move_on(lane)
        assert lane.finished
        assert (lane.stage, lane.epoch) == ("joint", 9)
