"""Tests of `cnets.training.batches.inputs`: which frames an update sees."""

import dataclasses

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.training.batches import copies, draws, inputs
from cnets.training.batches.frames import Frames


@pytest.fixture
def more(hands) -> HandData:
    """The small set with fifty crops of one value beside it."""
    extra = np.full((50, 32, 32), 0.25, np.float16)
    return dataclasses.replace(hands, unlabelled=extra)


@pytest.fixture
def run() -> TrainConfig:
    """A run of three updates a stage."""
    changes = {
        "networks.joints": 5,
        "gan.steps": 3,
        "gan.batch_size": 40,
        "joint.steps": 3,
        "joint.batch_size": 10,
    }
    return presets.preset("tiny").replace(changes)


def seen(data: HandData, run: TrainConfig, stage: str, name: str) -> torch.Tensor:
    """All crops of one kind in an epoch."""
    frames = Frames(data, torch.device("cpu"), torch.float32)
    return torch.cat([b[name] for b in inputs.of_epoch(frames, run, stage, 0)])


def of_extra(crops: torch.Tensor) -> int:
    """How many of some crops are those beside the set."""
    return int((crops == 0.25).all(dim=(1, 2, 3)).sum())


def quarter_turned(
    data: HandData, run: TrainConfig, stage: str
) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
    """The first batch of a stage, and the same with all hands turned to the left."""
    frames = Frames(data, torch.device("cpu"), torch.float32)
    drawn = {n: v[0] for n, v in draws.of_epoch(frames, run, stage, 0).items()}
    one = torch.tensor([torch.pi / 2, 1.0, 0.0, 0.0, 0.0])
    moves = {
        inputs.MOVES[name]: one.expand(len(drawn[rows]), 5)
        for name, rows in inputs.IMAGES.items()
        if rows in drawn
    }
    return (
        inputs.of_update(frames, stage, drawn),
        inputs.of_update(frames, stage, drawn | moves),
    )


class TestUnlabelled:
    def test_the_gan_sees_them(self, more, run):
        """A shuffle of 60 training and 50 unlabelled frames holds each once."""
        crops = seen(more, run, "gan", "measured")
        first = crops[:110]
        assert of_extra(first) == 50
        assert len(torch.unique(first.flatten(1), dim=0)) == 61

    @pytest.mark.parametrize("ratio", [0.2, 1.0])
    def test_the_joint_stage_sees_them(self, more, run, ratio):
        """They are among the unlabelled half and never among the labelled one."""
        some = run.replace({"labelled_ratio": ratio})
        assert 0 < of_extra(seen(more, some, "joint", "unlabelled")) < 30
        assert of_extra(seen(more, some, "joint", "measured")) == 0

    def test_without_them(self, hands, run):
        """A set without such frames draws what it always drew."""
        none = dataclasses.replace(hands, unlabelled=hands.crops[:0])
        for stage, name in (("gan", "measured"), ("joint", "unlabelled")):
            both = [seen(data, run, stage, name) for data in (hands, none)]
            assert torch.equal(*both)


class TestCopies:
    @pytest.mark.parametrize("shift_mm", [0.0, 10.0])
    def test_are_of_the_crops_that_are_fed(self, hands, run, shift_mm):
        """Changed already or not, about the centre that they have by then."""
        frames = Frames(hands, torch.device("cpu"), torch.float32)
        changes = {"losses.consistency": 1.0, "augment.shift_mm": shift_mm}
        one = run.replace(changes)
        drawn = {n: v[0] for n, v in draws.of_epoch(frames, one, "joint", 0).items()}
        batch = inputs.of_update(frames, "joint", drawn)
        centres = torch.tensor(hands.centres_mm)[drawn["others"]]
        if shift_mm:
            centres = centres + drawn["other_moves"][:, 2:]
        assert torch.equal(batch["copy_centres"], centres)
        wanted = copies.of_update(batch["unlabelled"], centres, drawn["copy_moves"])
        assert torch.equal(batch["copy"], wanted["copy"])


class TestAugmented:
    """Hands that are turned, in all that a stage trains on."""

    @pytest.mark.parametrize("stage", ["gan", "joint"])
    def test_every_crop_is_turned(self, more, run, stage):
        """Labelled, unlabelled and those of the GAN."""
        plain, found = quarter_turned(more, run, stage)
        names = {"measured", "unlabelled"} & plain.keys()
        assert len(names) == 1 + (stage == "joint")
        for name in names:
            expected = plain[name].rot90(1, (2, 3))
            assert ((found[name] < 1) == (expected < 1)).all()
            assert not torch.equal(plain[name], found[name])

    @pytest.mark.parametrize("stage", ["vae", "joint"])
    def test_poses_are_turned_with_them(self, hands, run, stage):
        """Joints of a hand on the camera's axis: right becomes up; depth stays."""
        centres = hands.centres_mm * np.float32([0, 0, 1])
        flat = hands.joints_mm - (hands.centres_mm - centres)[:, None]
        flat[..., 2] = centres[:, None, 2]  # without depth no perspective
        data = dataclasses.replace(hands, joints_mm=flat, centres_mm=centres)
        plain, found = quarter_turned(data, run, stage)
        assert plain.keys() == found.keys()
        for name in {"pose", "origin"} & plain.keys():
            x, y, z = plain[name].unflatten(1, (-1, 3)).unbind(-1)
            expected = torch.stack([-y, x, z], -1).flatten(1)
            torch.testing.assert_close(found[name], expected, atol=1e-4, rtol=0)

    def test_a_joint_that_is_not_known_stays_at_the_root(self, gappy, run):
        """The encoder tells it by that, whatever the change."""
        frames = Frames(gappy, torch.device("cpu"), torch.float32)
        turned = run.replace({"augment.rotation_deg": 90.0, "augment.scale_std": 0.1})
        batch = next(inputs.of_epoch(frames, turned, "vae", 0))
        hidden = batch["weight"] == 0
        assert hidden.any()
        assert (batch["pose"][hidden] == 0).all()

    def test_lanes_have_their_own(self, hands, run):
        """An axis of lanes in front: each is changed as it would be alone."""
        frames = Frames(hands, torch.device("cpu"), torch.float32)
        runs = [
            run.replace({"augment.rotation_deg": 30.0}),
            run.replace({"augment.shift_mm": 9.0, "augment.scale_std": 0.1, "seed": 1}),
        ]
        every = [draws.of_epoch(frames, one, "joint", 0) for one in runs]
        drawn = {n: torch.stack([d[n][0] for d in every]) for n in every[0]}
        both = inputs.of_update(frames, "joint", drawn)
        for lane, one in enumerate(runs):
            alone = next(inputs.of_epoch(frames, one, "joint", 0))
            assert alone.keys() == both.keys()
            for name, value in alone.items():
                torch.testing.assert_close(both[name][lane], value)
