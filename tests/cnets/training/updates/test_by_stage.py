"""Tests of `cnets.training.updates.by_stage`: which update a stack takes."""

from cnets.training import schedule
from cnets.training.updates import by_stage


def test_every_stage_has_one():
    """The table names the stages, in their order."""
    assert tuple(by_stage.UPDATES) == schedule.STAGES
