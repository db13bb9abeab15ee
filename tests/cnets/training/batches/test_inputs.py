"""Tests of `cnets.training.batches.inputs`: which frames an update sees."""

import dataclasses

import numpy as np
import pytest
import torch

from cnets import presets
from cnets.config import TrainConfig
from cnets.data.hand_data import HandData
from cnets.training.batches import inputs
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
