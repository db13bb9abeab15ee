"""The job of a trial, made from what all jobs of a search have in common."""

import dataclasses
from pathlib import Path

import pytest

from cnets import presets
from harness.definition.data_choice import DataChoice
from harness.definition.job import Plan


PLAN = Plan(
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
    logs="logs",
)


TINY = presets.preset("tiny")


def test_a_job_has_a_folder_of_its_own():
    """It trains what it is given, in a folder of its name."""
    job = PLAN.job("t-00002", TINY)
    assert (job.trial, job.config) == ("t-00002", TINY)
    assert Path(job.checkpoints) == Path("folder/t-00002")


def test_everything_in_common_is_passed_on():
    """Every field of a plan but the folder is the same in the job."""
    job = PLAN.job("t-00001", TINY)
    for field in dataclasses.fields(Plan):
        if field.name != "checkpoints":
            assert getattr(job, field.name) == getattr(PLAN, field.name), field.name


@pytest.mark.parametrize("trial", ["../t", "a/b", "", "."])
def test_a_name_that_is_a_path_is_refused(trial):
    """A job's folder lies in that of its search."""
    with pytest.raises(ValueError, match="`trial`"):
        PLAN.job(trial, TINY)
