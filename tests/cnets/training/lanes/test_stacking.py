"""Tests of `cnets.training.lanes.stacking`: who runs together, and in which shape."""

import pytest
import torch
from torch import Tensor

from cnets.config import TrainConfig
from cnets.training.bank import Bank
from cnets.training.batches import inputs
from cnets.training.lanes.lane import Lane
from cnets.training.updates import consistency, joint


def tensors(lane: Lane) -> dict[str, Tensor]:
    """All numbers of a lane, by name."""
    found = dict(lane.flat)
    for name, buffers in lane.buffers.items():
        found |= {f"{name}/{n}": buffer for n, buffer in buffers.items()}
    for update, by_name in lane.moments.items():
        for name, moments in by_name.items():
            for part, tensor in vars(moments).items():
                found[f"{update}/{name}/{part}"] = tensor
    return found


def at_joint(bank: Bank, one: TrainConfig) -> Lane:
    """A lane that is about to begin the joint stage, trained alone."""
    lane = bank.lane(one)
    while lane.stage != "joint":
        bank.advance([lane])
    return lane


class TestStacking:
    @pytest.mark.parametrize(
        ("width", "sizes"), [(None, [2, 1, 1]), (1, [1, 1, 1, 1]), (3, [3, 1])]
    )
    def test_who_runs_together(self, hands, short, width, sizes):
        """No width: by code. Width 1: nobody. Width 3: codes mix, three a stack."""
        bank = Bank(hands, width=width)
        lanes = [bank.lane(short.replace({"latent_size": n})) for n in (6, 9, 6, 20)]
        groups = bank._stacking.groups(lanes)
        assert sorted(map(len, groups), reverse=True) == sizes
        assert sorted(index for group in groups for index in group) == [0, 1, 2, 3]

    def test_different_stages_never_mix(self, hands, short):
        """A lane that is further has a stack of its own."""
        bank = Bank(hands, width=4)
        lanes = [bank.lane(short), bank.lane(short)]
        bank.advance(lanes[:1])
        assert bank._stacking.groups(lanes) == [[0], [1]]

    @pytest.mark.parametrize("stage", ["warm_up", "joint"])
    def test_what_is_fed_decides_too(self, hands, short, stage):
        """Lanes with a teacher run beside others only where it does not teach yet."""
        bank = Bank(hands, width=3)
        weights = (0.0, 1.0, 2.0)
        lanes = [bank.lane(short.replace({"losses.consistency": w})) for w in weights]
        for lane in lanes:
            lane.stage = stage
        wanted = [[0], [1, 2]] if stage == "joint" else [[0, 1, 2]]
        assert bank._stacking.groups(lanes) == wanted

    @pytest.mark.parametrize("width", [0, -1])
    def test_a_width_below_one_is_refused(self, hands, width):
        """The sentence names the argument and the value."""
        with pytest.raises(ValueError, match=f"`width` must be 1 or more.*{width}"):
            Bank(hands, width=width)

    def test_a_checkpoint_does_not_know_the_stack(self, hands, short):
        """After an epoch in a wide stack every number has the solo run's shape."""
        shapes = []
        for width in (1, 3):
            bank = Bank(hands, width=width)
            lane = bank.lane(short)
            while not lane.finished:
                bank.advance([lane])
            shapes.append({n: tensor.shape for n, tensor in tensors(lane).items()})
        assert shapes[0] == shapes[1]

    def test_what_is_beyond_a_lane_stays_zero(self, hands, short):
        """Training moves no number outside a lane's own part of the stack."""
        bank = Bank(hands, dtype=torch.float64, width=2)
        lane = at_joint(bank, short.replace({"losses.consistency": 1.0}))
        stack = bank._stacking.stack([lane])
        drawn = bank._stacking.draws(stack, bank.frames)
        part = {n: value[:, 0] for n, value in drawn.items()}
        rate = stack.numbers("joint.learning_rate")
        batch = inputs.of_update(bank.frames, "joint", part)
        joint.update(stack, batch, rate)
        for name, layout in stack._layouts[0].items():
            if name in stack.flat:
                wide = stack.flat[name][0]
                ours = layout.widen(torch.ones_like(lane.flat[name])).bool()
                assert not wide[~ours].any()
                assert wide[ours].any()
                if name in consistency.READERS:
                    assert not stack.average(name)[0][~ours].any()
