"""The job of a trial, made from what all jobs of a search have in common."""

import dataclasses
from pathlib import Path

import pytest

from cnets import presets
from harness.definition.data_choice import DataChoice
from harness.definition.job import Job, Plan


PLAN = Plan(
    base=presets.preset("tiny"),
    data=DataChoice(spec="synthetic", side_px=32, split=None, cache="cache"),
    checkpoints="folder",
    picture_steps=(1, 3),
    test=True,
    device="cuda",
    init="published:d",
    hang_after_s=7.0,
    search="s",
    stages="stages",
    rows=4,
)


def test_the_configuration_is_the_base_with_the_values():
    """A value that was proposed is set, and the rest is the base's."""
    job = PLAN.job("t-00002", {"losses.kl": 0.25, "seed": 5})
    assert job.config == PLAN.base.replace({"losses.kl": 0.25, "seed": 5})
    assert job.trial == "t-00002"
    assert Path(job.checkpoints) == Path("folder/t-00002")


def test_everything_in_common_is_passed_on():
    """Every field that a plan and a job both have is the same in the job."""
    job = PLAN.job("t-00001", {})
    common = {f.name for f in dataclasses.fields(Plan)} - {
        "base",
        "checkpoints",
        "logs",
    }
    assert common == {f.name for f in dataclasses.fields(Job)} - {
        "trial",
        "config",
        "checkpoints",
    }
    for name in common:
        assert getattr(job, name) == getattr(PLAN, name), name


@pytest.mark.parametrize("trial", ["../t", "a/b", "", "."])
def test_a_name_that_is_a_path_is_refused(trial):
    """A job's folder lies in that of its search."""
    with pytest.raises(ValueError, match="`trial`"):
        PLAN.job(trial, {})


def test_an_unknown_field_is_refused():
    """What is no field of a run cannot be set."""
    with pytest.raises(ValueError, match=r"losses\.nothing"):
        PLAN.job("t-00001", {"losses.nothing": 1.0})
