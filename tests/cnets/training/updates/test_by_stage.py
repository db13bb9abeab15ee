"""Tests of `cnets.training.updates.by_stage`: which update a stack takes."""

import pytest

from cnets.training import schedule
from cnets.training.fast.joint import JointUpdate
from cnets.training.updates import by_stage


def test_every_stage_has_one():
    """The table names the stages, in their order."""
    assert tuple(by_stage.UPDATES) == schedule.STAGES


@pytest.mark.parametrize("stage", schedule.STAGES)
@pytest.mark.parametrize(("fast", "lanes"), [(0, 1), (1, 1), (1, 2)])
def test_only_a_lane_alone_takes_the_fast_one(stacked, tiny, stage, fast, lanes):
    """And only where it asks for it, in the joint stage."""
    stack, _ = stacked([tiny.replace({"joint.fast": fast})] * lanes, stage)
    update = by_stage.update_for(stack, stage)
    quick = isinstance(update, JointUpdate)
    assert quick == (stage == "joint" and fast == 1 and lanes == 1)
    assert quick or update is by_stage.UPDATES[stage]
